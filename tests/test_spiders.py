"""Every spider against its saved pages, against pages that went wrong, and against the real captures."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.reading import spider_class, spider_names
from crawler.replay import Capture, captures_in
from history.model import Host, Offer, PriceComponent, Statement, Volume, noun_of
from history.units import UNITS
from tests.spiders.reading import PAGES, altered, extract, saved, stated

FOLDERS = sorted(path.parent for path in PAGES.glob("*/*/capture.json"))
MILLION = 1_000_000


def components(offers: list[Offer], model: str, tier: str = "standard") -> dict[tuple[str, str], PriceComponent]:
    """Each price by its unit and by its conditions with the stated start."""
    found = next(offer for offer in offers if (offer.model, offer.tier) == (model, tier))
    return {
        (price.unit, json.dumps(price.conditions.as_dict()) + str(price.valid_from or "")): price
        for price in found.components
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_saved_page_says_exactly_what_lies_beside_it(folder: Path) -> None:
    """offers.json, volumes.json (with the notice) or hosts.json."""
    said = stated(Capture.load(folder).page(), folder.parent.name)
    expected = (folder / f"{noun_of(said)}.json").read_text(encoding="utf-8")
    assert [statement.as_dict() for statement in said] == json.loads(expected)


@pytest.mark.parametrize("name", spider_names())
def test_every_spider_has_a_saved_page_and_the_name_of_its_file(name: str) -> None:
    assert spider_class(name).name == name
    assert [folder for folder in FOLDERS if folder.parent.name == name]


@pytest.mark.parametrize("name", spider_names())
def test_every_spider_declares_what_it_reads(name: str) -> None:
    source = spider_class(name).source()
    assert source.url.startswith("https://")
    assert re.fullmatch(r"(?:20[0-9]{2}-[0-9]{2}-[0-9]{2})?", source.verified)
    assert len(source.offers_expected) > 1
    assert {len(code) for code in source.currencies} == {3}


def test_no_spider_imports_another() -> None:
    spiders = Path(__file__).parent.parent / "crawler" / "spiders"
    guilty = [path.name for path in spiders.glob("*.py") if "crawler.spiders" in path.read_text(encoding="utf-8")]
    assert guilty == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_unit_is_in_the_closed_list_and_no_amount_is_a_float(folder: Path) -> None:
    for offer in extract(Capture.load(folder).page(), folder.parent.name):
        for price in offer.components:
            assert price.unit in UNITS
            assert isinstance(price.amount, Decimal)
            assert price.amount >= 0


# Pages that went wrong: each ends in PageChanged with words that say where.
CHALLENGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Please wait</body></html>"
BAD_BODIES = {
    "a challenge page": (CHALLENGE, "challenge page"),
    "another page": (
        b"<!doctype html><html><body><h1>Welcome</h1><p>No prices here.</p></body></html>",
        "no price|not JSON|an HTML page",
    ),
    "an empty body": (b"", "not HTML|not JSON|no table|no price"),
    "a wrong charset": (b"<html>\xff\xfe price</html>", "byte 6"),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
@pytest.mark.parametrize("name", spider_names())
def test_a_body_that_is_not_the_page_is_refused(name: str, kind: str) -> None:
    body, words = BAD_BODIES[kind]
    folder = next(folder for folder in FOLDERS if folder.parent.name == name)
    with pytest.raises(PageChanged, match=words):
        extract(replace(Capture.load(folder).page(), body=body), name)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        # Renamed headers, missing columns, swapped headers that no longer fit.
        ("anthropic/2026-08-06", "Base Input Tokens", "Input Tokens", "no column 'Base Input Tokens'"),
        ("anthropic/2026-08-06", "Cache Hits & Refreshes", "Cache Reads", "its header is"),
        ("anthropic/2026-08-06", "| Model  ", "| Name   ", "no column 'Model'"),
        ("anthropic/2026-08-06", "Batch output", "Output", "Batch output"),
        ("anthropic/2026-08-06", "## Model pricing", "## Prices", "Model pricing"),
        ("anthropic/2026-08-06", "Output Tokens |", "Base Input Tokens |", "2 columns"),
        ("anthropic/2026-02-06", "> 200K input tokens", "> 400K input tokens", "no column '> 200K"),
        ("deepseek/2026-05-08", "1M OUTPUT TOKENS", "1M ANSWER TOKENS", "unknown price row"),
        ("deepseek/2026-05-08", ">MODEL<", ">NAME<", "does not begin with 'MODEL'"),
        ("deepseek/2026-08-21", ">PEAK<", ">BUSY<", "unknown price row"),
        ("deepseek/2026-05-08", "deepseek-v4-pro</td>", "deepseek-v4-pro (new)</td>", "models"),
        # Units.
        ("anthropic/2026-08-06", "$12.50 / MTok  ", "$12.50 / KTok  ", "KTok"),
        ("anthropic/2026-08-06", "$12.50 / MTok  ", "$12.50 / 1K tokens", "not for a million tokens"),
        ("deepseek/2026-05-08", "1M INPUT TOKENS (CACHE MISS)", "1K INPUT TOKENS (CACHE MISS)", "unknown price row"),
        # Amounts.
        ("anthropic/2026-08-06", "$12.50", "-$12.50", "not one amount"),
        ("anthropic/2026-08-06", "$12.50", "$NaN", "not one amount"),
        ("anthropic/2026-08-06", "$12.50", "€12.50", "not in USD"),
        ("anthropic/2026-08-06", "$12.50", "¥12.50", "not in USD"),
        ("anthropic/2026-08-06", "$12.50", "$12,50", "not one amount"),
        ("anthropic/2026-08-06", "$12.50 /", "from $12.50 /", "not one amount"),
        ("anthropic/2026-08-06", "$12.50 / MTok  ", "               ", "not one amount"),
        ("deepseek/2026-05-08", "$0.14", "-$0.14", "not one amount"),
        ("deepseek/2026-05-08", "$0.14", "$NaN", "not one amount"),
        ("deepseek/2026-05-08", "$", "€", "not in USD"),
        ("deepseek/2026-05-08", "$", "¥", "not in USD"),
        ("deepseek/2026-05-08", "<td>$0.14</td>", "<td></td>", "not a price"),
        ("deepseek/2026-05-08", "<del>$1.74</del>", "<del>$0.174</del>", "not a sale"),
        ("deepseek/2026-05-08", "<del>$1.74</del>", "$1.74", "not a price"),
        # A row or a cell is missing; the long prices are of another base; a model stands twice.
        ("deepseek/2026-05-22", "<tr><td>1M OUTPUT TOKENS</td><td>$0.28", "<tr hidden><td>", "models"),
        ("deepseek/2026-05-08", "<td>500</td>", "", "models"),
        ("anthropic/2026-02-06", "Input: $3 / MTok |", "Input: $4 / MTok |", "not its base price"),
        ("anthropic/2026-08-06", "Claude Opus 4.8   ", "Claude Opus 5     ", "two prices"),
        ("anthropic/2026-02-06", "| Claude Haiku 3    | $0.25", "| Junk | | | | | |\n| Claude Haiku 3 | $0.25", "Junk"),
        # When a price applies is not said in words that the spider knows.
        ("deepseek/2026-08-21", "Peak hours are 01:00-04:00", "Peak hours are mornings", "when peak hours are"),
        ("deepseek/2026-10-20", "Monday through Friday", "Monday through Saturday", "when peak hours are"),
        ("deepseek/2026-10-20", "(2) Peak", "Peak", r"points to the notes \['2'\]"),
        ("deepseek/2025-08-21", "on Sept 5th, 2025, we", "on some day, we", "it is not said when"),
        ("deepseek/2025-08-21", "The current price list", "The list", "it is not said when"),
        ("deepseek/2025-08-21", "(UTC 16:30-00:30)", "(at night)", "unknown price row"),
        ("anthropic/2026-08-06", "through August 31, 2026]", "through summer]", "does not name a model"),
        ("anthropic/2026-10-01", "prompts over 100,000 tokens", "long prompts", "for which prompts"),
        # OpenRouter: the model's id stands in the message.
        ("openrouter_models/2026-08-05", '"web_search"', '"web_seek"', "gemini-2.5-pro: unknown price key 'web_seek'"),
        ("openrouter_models/2026-08-05", '"0.014"', '"-0.014"', "gemini-2.5-pro: '-0.014'"),
        ("openrouter_models/2026-08-05", '"0.014"', '"NaN"', "gemini-2.5-pro: 'NaN'"),
        ("openrouter_models/2026-08-05", '"0.014"', '"1_000"', "gemini-2.5-pro"),
        ("openrouter_models/2026-08-05", '"0.014"', "null", "gemini-2.5-pro"),
        ("openrouter_models/2026-08-05", '"0.014"', "NaN", "not JSON"),
        ("openrouter_models/2026-08-05", '"0.014"', '"1e99999999"', "gemini-2.5-pro"),
        ("openrouter_models/2026-08-05", "utc_start", "weekday", "deepseek-v4-flash"),
        ("openrouter_models/2026-08-05", '"utc_end": 100', '"utc_end": 1000', "all day or never"),
        ("openrouter_models/2026-08-05", '"utc_end": 100', '"utc_end": 2360', "HHMM"),
        ("openrouter_models/2026-08-05", '"min_prompt_tokens": 32000, ', "", "without a condition"),
        ("openrouter_models/2026-08-05", '"data"', '"items"', "data"),
        ("openrouter_models/2026-08-05", '"slug"', '"model"', "slug"),
        ("openrouter_models/2026-08-05", "\n]}", "\n]", "not JSON"),
        ("openrouter_models/2026-08-05", '"id": "qwen/qwen3-max"', '"id": 3', "Expected `str`"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), name.partition("/")[0])


def test_an_empty_list_of_models_is_refused() -> None:
    page = replace(saved("openrouter_models/2026-08-05"), body=b'{"data": []}')
    with pytest.raises(PageChanged, match="empty"):
        extract(page, "openrouter_models")


@pytest.mark.parametrize("length", [1, 200, 1500])
def test_truncated_json_is_refused(length: int) -> None:
    page = saved("openrouter_models/2026-08-05")
    with pytest.raises(PageChanged, match="not JSON: Input data was truncated; it begins"):
        extract(replace(page, body=page.body[:length]), "openrouter_models")


def swapped_columns(page: Page, one: str, other: str) -> Page:
    """The Markdown page with two columns exchanged, headers and cells alike."""
    lines = page.body.decode().split("\n")
    header = next(index for index, line in enumerate(lines) if one in line and other in line)
    names = [cell.strip() for cell in lines[header].split("|")]
    left, right = names.index(one), names.index(other)
    for index in range(header, len(lines)):
        if not lines[index].startswith("|"):
            break
        cells = lines[index].split("|")
        cells[left], cells[right] = cells[right], cells[left]
        lines[index] = "|".join(cells)
    return replace(page, body="\n".join(lines).encode())


def test_columns_are_found_by_their_headers_wherever_they_stand() -> None:
    page = saved("anthropic/2026-08-06")
    moved = extract(swapped_columns(page, "Base Input Tokens", "Output Tokens"), "anthropic")
    assert moved == extract(page, "anthropic")


def test_columns_of_models_may_change_places() -> None:
    page = saved("deepseek/2026-10-20")
    body = re.sub(rb"(<td>[^<]+(?:<sup>\(1\)</sup>)?</td>)(<td>[^<]+</td>)</tr>", rb"\2\1</tr>", page.body)
    moved = extract(replace(page, body=body), "deepseek")
    assert body != page.body
    assert sorted(moved, key=lambda offer: offer.model) == extract(page, "deepseek")


def prices(said: Sequence[Statement]) -> set[tuple[str, str, PriceComponent]]:
    offers = [statement for statement in said if isinstance(statement, Offer)]
    return {(offer.model, offer.tier, price) for offer in offers for price in offer.components}


def figures(said: Sequence[Statement]) -> list[Volume | Host]:
    return [statement for statement in said if isinstance(statement, Volume | Host)]


PIECES = {
    "html": [
        r"<t[dh]\b.*?</t[dh]>",
        r"<tr>.*?</tr>",
        r"<sup>.*?</sup>|</?del>",
        r"(?:col|row)span=\"[0-9]\"",
        r"<p>.*?</p>",
    ],
    # MDX writes tables as HTML does.
    "markdown": [
        r"<t[dh]\b.*?</t[dh]>",
        r"<tr>.*?</tr>",
        r"(?<=\|)[^|\n]+\|",
        r"(?<=\n)\|[^\n]+\n",
        r" / MTok|#+ [^\n]+\n",
    ],
    "json": [r"\"[a-z_0-9]+\": [^,{}\[\]\n]+,?", r"\{[^{}\[\]]+\},?", r"[\[\]{},]|:(?= )"],
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: "/".join(path.parts[-2:]))
def test_losing_any_one_cell_or_row_never_puts_a_price_in_a_wrong_place(folder: Path) -> None:
    page, spider = Capture.load(folder).page(), folder.parent.name
    right, text = stated(page, spider), page.body.decode()
    kind = page.media_type.partition("/")[2].partition(";")[0]
    found = [piece for pattern in PIECES[kind] for piece in re.finditer(pattern, text, re.DOTALL)]
    assert found
    for piece in found:
        torn = replace(page, body=(text[: piece.start()] + text[piece.end() :]).encode(), unread=page.unread.copy())
        try:
            read = stated(torn, spider)
        except PageChanged:
            continue
        assert same_places(prices(read), prices(right)), piece[0]
        assert {*figures(read)} <= {*figures(right)}, piece[0]


def same_places(read: set[tuple[str, str, PriceComponent]], right: set[tuple[str, str, PriceComponent]]) -> bool:
    """Whether each price that is still read is one that the page states for that model, tier and unit."""
    stated = {(model, tier, price.unit, price.amount) for model, tier, price in right}
    return {(model, tier, price.unit, price.amount) for model, tier, price in read} <= stated


def test_a_junk_column_is_reported_and_moves_no_price() -> None:
    page = saved("anthropic/2026-10-01")
    offers = extract(page, "anthropic")
    assert page.unread == {"Released": 3}
    without = re.sub(r" (?:Released|2026|---|) \|\n| \|\n(?=\n|$)", " |\n", page.body.decode())
    assert extract(replace(page, body=without.encode(), unread=page.unread.copy()), "anthropic") == offers


def test_an_unknown_row_without_a_price_is_reported() -> None:
    page = saved("deepseek/2026-05-08")
    extract(page, "deepseek")
    assert page.unread == {"TRAINING CUTOFF": 1}


def test_prices_of_tools_are_reported_not_sold_as_models() -> None:
    old, runtime, search = saved("anthropic/2025-10-20"), saved("anthropic/2026-08-06"), saved("deepseek/2026-10-20")
    extract(old, "anthropic")
    extract(runtime, "anthropic")
    extract(search, "deepseek")
    assert old.unread == {"$ per session-hour": 1, "$ per 1,000 searches": 1}
    assert runtime.unread == {"table: Session runtime": 1}
    assert search.unread == {"table: Search and Fetch": 2}


def test_a_fast_table_that_names_no_model_is_reported() -> None:
    page = altered("anthropic/2026-05-01", "Currently supported on Opus 4.6:", "For some models:")
    assert "fast" not in {offer.tier for offer in extract(page, "anthropic")}
    assert page.unread == {"table: Fast mode pricing": 1}


def test_a_struck_price_is_the_list_price_not_the_price() -> None:
    prices = components(extract(saved("deepseek/2026-05-08"), "deepseek"), "deepseek-v4-pro")
    price = prices["input_tokens", "{}"]
    assert (price.amount, price.list_amount, price.per) == (Decimal("0.435"), Decimal("1.74"), MILLION)
    assert str(price.valid_to) == "2026-05-31 15:59:00+00:00"


def test_a_promotion_that_becomes_the_regular_price_has_no_end() -> None:
    prices = components(extract(saved("deepseek/2026-05-22"), "deepseek"), "deepseek-v4-pro")
    assert prices["input_tokens", "{}"].valid_to is None


def test_a_price_is_never_glued_to_its_footnote() -> None:
    offers = extract(saved("anthropic/2026-10-01"), "anthropic")
    cached = [components(offers, f"Claude {name}")["cache_read_tokens", "{}"] for name in ("Fable 5.1", "Mythos 5.1")]
    assert {price.amount for price in cached} == {Decimal("0.25")}
    assert extract(saved("deepseek/2026-10-20"), "deepseek")[0].model == "deepseek-flash"


def test_announced_and_current_prices_of_a_model_are_one_offer() -> None:
    offers = extract(saved("deepseek/2025-08-21"), "deepseek")
    assert [offer.model for offer in offers] == ["deepseek-chat", "deepseek-reasoner"]
    chat = components(offers, "deepseek-chat")
    assert chat["input_tokens", "{}2025-09-05 16:00:00+00:00"].amount == Decimal("0.56")
    assert chat["input_tokens", '{"hours_utc": ["16:30-00:30"]}'].amount == Decimal("0.135")


def test_a_later_override_wins_where_two_hold() -> None:
    flash = components(
        extract(saved("openrouter_models/2026-08-05"), "openrouter_models"), "deepseek/deepseek-v4-flash"
    )
    both = '{"min_input_tokens": 200001, "hours_utc": ["10:00-01:00"]}'
    assert flash["input_tokens", both].amount == Decimal("7e-8")
    assert ("output_tokens", both) not in flash


# The real captures.
def real_captures(recorded: Path, name: str) -> Iterator[tuple[str, Page]]:
    for capture in captures_in(recorded / name, [name]):
        stated = (capture.folder / "capture.json").read_text(encoding="utf-8")
        if "retyped" not in stated and "converted" not in stated:
            yield capture.folder.name, capture.page()


def test_the_real_captures_of_page_spiders_give_as_many_offers_as_they_list(recorded: Path) -> None:
    counts = {
        name: {date: len(extract(page, name)) for date, page in real_captures(recorded, name)}
        for name in ("anthropic", "deepseek")
    }
    assert counts == {
        "anthropic": {"2025-10-20": 20, "2026-02-06": 22, "2026-05-01": 27, "2026-08-06": 32},
        "deepseek": {"2026-05-08": 2},
    }


def test_all_real_captures_of_openrouter_give_every_model_and_every_price(recorded: Path) -> None:
    captures = list(real_captures(recorded, "openrouter_models"))
    assert len(captures) == 97
    for _, page in captures:
        models = json.loads(page.body)["data"]
        offers = extract(page, "openrouter_models")
        assert [offer.model for offer in offers] == [model["id"] for model in models]
        for model, offer in zip(models, offers, strict=True):
            stated = [price for key, price in model["pricing"].items() if key != "overrides" and price != "-1"]
            always = [price.amount for price in offer.components if not price.conditions.as_dict()]
            assert always == list(map(Decimal, stated))


CELLS: list[tuple[str, str, str, str, str, str]] = [
    # date, model, tier, unit, condition and start, amount: typed from the captures by hand.
    ("2025-10-20", "Claude Opus 4.1", "standard", "cache_write_tokens", "{}", "18.75"),
    ("2025-10-20", "Claude Sonnet 3.5", "standard", "cache_read_tokens", "{}", "0.30"),
    ("2025-10-20", "Claude Haiku 3.5", "standard", "cache_write_1h_tokens", "{}", "1.6"),
    ("2025-10-20", "Claude Haiku 3", "batch", "output_tokens", "{}", "0.625"),
    ("2025-10-20", "Claude Sonnet 4", "standard", "output_tokens", '{"min_input_tokens": 200001}', "22.50"),
    ("2025-10-20", "Claude Sonnet 4.5", "standard", "input_tokens", '{"min_input_tokens": 200001}', "6"),
    ("2026-02-06", "Claude Opus 4.6", "standard", "input_tokens", '{"min_input_tokens": 200001}', "10"),
    ("2026-02-06", "Claude Opus 4.6", "standard", "output_tokens", '{"min_input_tokens": 200001}', "37.50"),
    ("2026-02-06", "Claude Opus 4.5", "standard", "input_tokens", "{}", "5"),
    ("2026-02-06", "Claude Haiku 3", "standard", "cache_write_tokens", "{}", "0.30"),
    ("2026-02-06", "Claude Opus 3", "batch", "input_tokens", "{}", "7.50"),
    ("2026-05-01", "Claude Opus 4.6", "fast", "input_tokens", "{}", "30"),
    ("2026-05-01", "Claude Opus 4.6", "fast", "output_tokens", "{}", "150"),
    ("2026-05-01", "Claude Opus 4.7", "standard", "cache_write_1h_tokens", "{}", "10"),
    ("2026-05-01", "Claude Sonnet 4.6", "batch", "output_tokens", "{}", "7.50"),
    ("2026-08-06", "Claude Fable 5", "standard", "output_tokens", "{}", "50"),
    ("2026-08-06", "Claude Mythos 5", "batch", "input_tokens", "{}", "5"),
    ("2026-08-06", "Claude Opus 4.8", "fast", "output_tokens", "{}", "50"),
    ("2026-08-06", "Claude Opus 4", "standard", "cache_read_tokens", "{}", "1.50"),
    ("2026-08-06", "Claude Sonnet 5", "standard", "input_tokens", "{}", "2"),
    ("2026-08-06", "Claude Sonnet 5", "standard", "cache_read_tokens", "{}2026-09-01 00:00:00+00:00", "0.30"),
    ("2026-08-06", "Claude Sonnet 5", "batch", "output_tokens", "{}2026-09-01 00:00:00+00:00", "7.50"),
    ("2026-08-06", "Claude Haiku 3.5", "standard", "output_tokens", "{}", "4"),
]


def test_cells_of_the_real_anthropic_pages_read_by_hand(recorded: Path) -> None:
    offers = {date: extract(page, "anthropic") for date, page in real_captures(recorded, "anthropic")}
    for date, model, tier, unit, when, amount in CELLS:
        price = components(offers[date], model, tier)[unit, when]
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", MILLION), (date, model, unit)


def test_cells_of_the_real_deepseek_page_read_by_hand(recorded: Path) -> None:
    [(_, page)] = real_captures(recorded, "deepseek")
    since = "{}2026-04-26 12:15:00+00:00"
    flash, pro = (components(extract(page, "deepseek"), f"deepseek-v4-{name}") for name in ("flash", "pro"))
    assert {key: price.amount for key, price in flash.items()} == {
        ("cache_read_tokens", since): Decimal("0.0028"),
        ("input_tokens", "{}"): Decimal("0.14"),
        ("output_tokens", "{}"): Decimal("0.28"),
    }
    assert {key: (price.amount, price.list_amount) for key, price in pro.items()} == {
        ("cache_read_tokens", since): (Decimal("0.003625"), Decimal("0.0145")),
        ("input_tokens", "{}"): (Decimal("0.435"), Decimal("1.74")),
        ("output_tokens", "{}"): (Decimal("0.87"), Decimal("3.48")),
    }
    assert {str(price.valid_to) for price in pro.values()} == {"2026-05-31 15:59:00+00:00"}


def test_the_recorded_challenge_page_is_refused(recorded: Path) -> None:
    page = Capture.load(recorded / "openai" / "2026-05-08").page()
    with pytest.raises(PageChanged, match="challenge page"):
        _ = page.text


def test_no_real_price_page_is_taken_for_a_challenge(recorded: Path) -> None:
    for found in sorted(recorded.glob("*/*/capture.json")):
        if found.parent.parts[-2:] != ("openai", "2026-05-08") and not found.parent.parent.name.startswith(
            "openrouter"
        ):
            assert Capture.load(found.parent).page().text
