"""Google's cells: several prices in one, by modality, prompt size, thinking and date, with storage beside them."""

import re
from datetime import datetime, timedelta
from functools import lru_cache

from crawler import moments
from crawler.failures import PageChanged
from crawler.marks import exact
from history.model import ALWAYS, Conditions, PriceComponent

_UNITS = {
    ("input", "text"): "input_tokens", ("input", "audio"): "input_audio_tokens",
    ("input", "image"): "input_image_tokens", ("input", "video"): "input_video_tokens",
    ("output", "text"): "output_tokens", ("output", "audio"): "output_audio_tokens",
    ("output", "image"): "output_image_tokens", ("output", "video"): "output_video_tokens",
    ("context", "text"): "cache_read_tokens", ("context", "audio"): "cache_read_audio_tokens",
    ("context", "image"): "cache_read_image_tokens",
}  # fmt: skip
_NOTHING, _TEXT = frozenset[str](), frozenset({"text"})
_STORED = ("cache_storage_token_hours",)
_WORD = "(?:text|images?|video|audio|thinking)"
_EACH = re.compile(_WORD)
_WORDS = rf"{_WORD}(?: ?[/,] ?{_WORD}| and {_WORD})*"
# Of the tokens that a speech model is given, all of them text (2026-10-04).
_CACHED = "input caching"
# A footnote's mark: a star in the text of the HTML page, "^\\*^" in the Markdown.
_STARS = r"\^?\*{1,4}\^?"
_MARK = rf"(?:{_STARS})?"
_UNTIL = rf"(?: through (?P<until>{moments.DAY})\.?)"
_SINCE = rf"(?: starting (?P<since>{moments.DAY})\.?)"
# What may be missing is the other branch, "(?:…|)": a branch is passed over at once, a repeat, "(?:…)?", is not.
_PRICE = re.compile(
    r"(?:(?P<thinking>(?:Non-t|T)hinking): |)\$(?P<amount>[0-9]+(?:\.[0-9]+|))"
    r"(?:(?P<hourly>(?: / 1,000,000 tokens|) per hour(?: \(storage price\)|))|)(?: (?:/|per) 1,000,000 tokens|)"
    rf"(?: or \$[0-9.]+ ?/ ?min{_MARK}|)(?: \((?P<words>{_WORDS}|{_CACHED})\){_MARK}|)"
    r"(?:, prompts (?P<sign><=|≤|>) ?(?P<size>[0-9]+)k(?: tokens?|)|)"
    rf"(?:{_UNTIL}|{_SINCE}|)(?:(?P<storage> \(storage price\))|)"
    r"(?: \(\$[0-9.]+ per \w+\)|)(?:,? ?(?=\$)|,? |$)"
)
_ROW = re.compile(
    r"(?:(?P<named>Text|Image|Audio|Video) )?(?P<what>[Ii]nput price|[Oo]utput price|Context caching(?: price)?)"
    r"(?: \((?:including thinking tokens|text, image, video|storage)\))?"
)
# Of a speech model with the days of its prices: "Equivalent to $0.00225 per 10s audio* through December 31, 2026."
_EQUIVALENT = re.compile(
    rf"(?:,? [Ee]quivalent to(?:,?(?: and)? \$[0-9.]+ per(?: [\w./]+){{0,2}} (?:image|audio){_MARK})+"
    rf"(?:{_UNTIL}|{_SINCE}|\.?))+$"
)
_IN_BRACKETS = re.compile(r"\([a-z]+\)")
# Until 2026-05 it said why: "Same as Standard, Batch pricing not yet implemented".
_SAME = re.compile(r"_?Same as Standard(?:, [A-Z][a-z]+ pricing not yet implemented|)_?\s*")
# Prices for something else than a million tokens: "$0.067 per 1K/2K image**", and "$0.0006 (image)*", which its note
# explains as 560 tokens: no million tokens ever cost less than a cent, while "$17.50 (video)*" is for a million.
_OTHER_UNIT = re.compile(
    rf"(?<![($0-9.])(?:\$?[0-9.]+ per(?: [\w./]+){{0,2}} image{_MARK}"
    rf"|\$0\.00[0-9]* \([a-z]+\){_MARK}|[0-9.]+ \([a-z]+\){_STARS})"
)


# The same few rows stand in the table of every model.
@lru_cache(maxsize=256)
def asked(what: str) -> tuple[str, str] | None:
    """Which way the tokens of a row go, and the modality that it names."""
    match = _ROW.fullmatch(what)
    return (match["what"].split()[0].lower(), match["named"] or "") if match else None


def other_units(text: str) -> tuple[str, list[str]]:
    """The cell without the prices that are not for tokens, and these: "$0.067 per 1K/2K image**"."""
    if " image" not in text and _IN_BRACKETS.search(text) is None:
        # Every other unit has one or the other; to look for them at each place of a cell costs more than its prices.
        return text.strip(" ,"), []
    text = _EQUIVALENT.sub("", text)
    return _OTHER_UNIT.sub("", text).strip(" ,"), _OTHER_UNIT.findall(text)


def components(direction: str, text: str, named: str = "") -> list[PriceComponent]:
    """Every price of a cell that is for a million tokens, or PageChanged; `named` is the modality that its row names,
    text where neither says another.

    Google states days without a zone; they are taken as days of UTC, "through December 31" as until January 1.
    """
    found: list[PriceComponent] = []
    usual: tuple[str, ...] = ()
    # "$2.10 (audio / image [video])", the live models of 2025.
    cell = _SAME.sub("", text).replace(" [video]", " / video").strip() if "Same" in text or "[" in text else text
    at, place_before, ended = 0, None, None
    while at < len(cell):
        if (match := _PRICE.match(cell, at)) is None:
            raise PageChanged(f"{text!r} cannot be read from {cell[at : at + 60]!r}")
        at = match.end()
        thinking, amount, hourly, words, sign, size, until, since, storage = match.groups()
        if (storage and not hourly) or ((hourly or words == _CACHED) and direction != "context"):
            raise PageChanged(f"{match[0]!r} is a price of no known unit for {direction}")
        meant = _meant(words) if words else _NOTHING
        when = _when(thinking, sign, size) if thinking or sign else ALWAYS
        place = (meant, when, hourly is None) if until or ended else None
        # "$0.75 through December 31, 2026. $1.50" as the HTML page had it on 2026-08-18: the second price comes then.
        begins = moments.day(since) if since else ended if place == place_before else None
        place_before, ended = place, _after(until) if until else None
        if hourly or meant:
            units = _STORED if hourly else _units(direction, meant)
        else:
            units = usual = usual or _units(direction, _meant(named.lower()) if named else _TEXT)
        for unit in units:
            # A comprehension is a function in 3.11; sharing the loop's variables with it costs a sixth of each price.
            found.append(PriceComponent(unit, exact(amount), "USD", 1_000_000, when, None, begins, ended))  # noqa: PERF401
    return found


@lru_cache(maxsize=256)
def _units(direction: str, words: frozenset[str]) -> tuple[str, ...]:
    """One unit where text is meant (images and video count as its tokens), else one for each modality."""
    if "text" in words:
        return (_UNITS[direction, "text"],)
    if unknown := [word for word in sorted(words) if (direction, word) not in _UNITS]:
        raise PageChanged(f"there is no unit for {direction} of {unknown[0]}")
    return tuple([_UNITS[direction, word] for word in sorted(words)])


@lru_cache(maxsize=256)
def _after(day: str) -> datetime:
    return moments.day(day) + timedelta(days=1)


@lru_cache(maxsize=256)
def _meant(words: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in _EACH.findall(words))


@lru_cache(maxsize=256)
def _when(thinking: str | None, sign: str | None, size: str | None) -> Conditions:
    most = int(size) * 1000 if size else None
    thinks = {"Thinking": True, "Non-thinking": False}.get(thinking or "")
    if most is not None and sign == ">":
        return Conditions(min_input_tokens=most + 1, thinking=thinks)
    return Conditions(max_input_tokens=most, thinking=thinks)
