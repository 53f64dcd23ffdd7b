"""Meters: what the abbreviated name of a cloud's meter bills: "gpt 4o mini0718 BatchOutp DataZone Tokens"."""

import re
from dataclasses import dataclass

from crawler.failures import PageChanged

# Every spelling that was seen in meters from 2024 to 2026-10 (prices.azure.com, productName "Azure OpenAI" and others).
_WORDS = {
    **dict.fromkeys(("inp", "inpt", "input", "in", "prompt"), "input"),
    **dict.fromkeys(("outp", "outpt", "output", "opt", "out", "completion"), "output"),
    **dict.fromkeys(("glbl", "global", "gl", "glb"), "global"),
    **dict.fromkeys(("dzone", "dz", "dzn", "data_zone", "datazone"), "datazone"),
    **dict.fromkeys(("regnl", "rgnl", "regional", "reg", "regn", "rgn", "rg"), "regional"),
    **dict.fromkeys(("pp", "prty", "priority"), "priority"),
    **dict.fromkeys(("batch", "btch"), "batch"),
    **dict.fromkeys(("flex", "fl"), "flex"),
    **dict.fromkeys(("write", "writes", "wr"), "write"),
}
# "cached", "cache", "cchd", "cachd", "cach", "cch", "cd", and since 2026 "Ch" (Fireworks) and "ccchd" (gpt-5-codex).
_CACHED = re.compile(r"c[ached]+")
# Since 2026-07 a meter says all it is: "5.6 terra ShortCo Cd Wr Std Gl"; elsewhere Std is a part of the name.
_CONTEXTS = {"shortco", "longco", "shco", "loco"}
_DIRECTIONS, _ZONES, _TIERS = {"input", "output"}, {"global", "datazone", "regional"}, {"batch", "priority", "flex"}
_MODALITIES = {"aud": "audio", "audio": "audio", "txt": "text", "text": "text", "img": "image", "image": "image"}
# With one of these in the name, the modality that follows is what is billed and not a part of the name; txt always is.
_SPLIT_BY_MODALITY = {
    "rt",
    "rtime",
    "realtime",
    "realtimeprvw",
    "voice",
    "embed",
    "tcrb",
    "trscb",
    "transcribe",
    "tts",
    "txt",
    "mm",
}
# A name that begins so ("Image 2.5 Flash Text Input", "Image 2 Output") is one of a model whose tokens are images'.
_OF_IMAGES = {"image", "img"}
# How long what was written is kept: OpenAI's models have one price for it, Anthropic's have two.
_LIFETIMES = {"5m": "written", "5min": "written", "1h": "written for an hour", "1hr": "written for an hour"}
_EMBEDDINGS = {"embed", "embedding", "embeddings"}
_UNITS = {
    ("input", "text"): "input_tokens",
    ("output", "text"): "output_tokens",
    ("input", "audio"): "input_audio_tokens",
    ("output", "audio"): "output_audio_tokens",
    ("input", "image"): "input_image_tokens",
    ("output", "image"): "output_image_tokens",
    ("cached", "text"): "cache_read_tokens",
    ("cached", "audio"): "cache_read_audio_tokens",
    ("cached", "image"): "cache_read_image_tokens",
    ("written", "text"): "cache_write_tokens",
    ("written for an hour", "text"): "cache_write_1h_tokens",
}


@dataclass(frozen=True, slots=True)
class Meter:
    """The model as the name spells it ("gpt-4o-mini-0718"), what is billed of it, in which tier and zone."""

    model: str
    unit: str
    tier: str
    zone: str


def meter(name: str, product: str = "") -> Meter | None:
    """The product's meter of that name, without its last word "Tokens"; None where it says neither input nor output
    (training, routing) or bills the writing of a cache, whose lifetime it does not say."""
    name = re.sub(r"Data ?Zone", "Data_Zone", name)
    # "BatchOutp", "realtimePrvwTxtOutp", "mini0718".
    name = re.sub(r"(Batch|Prvw|Txt|Aud)(?=[A-Z])", r"\1 ", re.sub(r"(?<=[a-z])(?=[0-9]{4}\b)", " ", name))
    words = [word for word in re.split(r"[ -]+", name.lower().strip()) if word]
    if not _CONTEXTS.isdisjoint(words):
        words = [word for word in words if word != "std"]
    roles = [role for word in words if (role := _role(word))]
    direction = [role for role in roles if role in _DIRECTIONS] or (["input"] if "cached" in roles else [])
    if not direction and not _EMBEDDINGS.isdisjoint(words):
        direction = ["input"]
    kind = _kind(words, roles, direction)
    lifetimes = _LIFETIMES if "write" in roles else {}
    rest, modality = _modality([word for word in words if word not in lifetimes and not _role(word)])
    if not direction or not rest or kind is None:
        return None
    zones, tiers = ([role for role in roles if role in known] for known in (_ZONES, _TIERS))
    contrary = kind != direction[0] and direction == ["output"]
    if len(direction) > 1 or len(zones) > 1 or len(tiers) > 1 or contrary or (kind, modality) not in _UNITS:
        raise PageChanged(f"the meter {name!r} can be read in two ways")
    return Meter(_model(rest, product), _UNITS[kind, modality], "".join(tiers) or "standard", "".join(zones))


def _model(words: list[str], product: str) -> str:
    """The model as the name spells it; one that is only a version, or an image, is OpenAI's unless its product is
    another maker's: "4.7 Inp glbl" of Azure Grok Models, "Image 2 Output" of MAI Models beside OpenAI's "Image 2"."""
    maker = product.lower().removeprefix("azure ").partition(" ")[0]
    bare = words[0][0].isdigit() or words[0] in _OF_IMAGES
    return "-".join([maker, *words] if bare and maker not in ("", "openai") else words)


def _role(word: str) -> str | None:
    return _WORDS.get(word) or ("cached" if _CACHED.fullmatch(word) else None)


def _kind(words: list[str], roles: list[str], direction: list[str]) -> str | None:
    """Whether tokens come in, go out, are read from a cache or written to it; None where that is not said."""
    if "write" in roles:
        said = [_LIFETIMES[word] for word in words if word in _LIFETIMES]
        return said[0] if len(said) == 1 else "written" if not said and "claude" not in words else None
    return "cached" if "cached" in roles else direction[0] if direction else None


def _modality(words: list[str]) -> tuple[list[str], str]:
    """The words of the model's name, and what its tokens are: of several modalities the last; text, if none is said."""
    at = [index for index, word in enumerate(words) if word in _MODALITIES and index > 0]
    of_images = not _OF_IMAGES.isdisjoint(words[:1])
    if not at:
        return words, "image" if of_images else "text"
    billed = at[-1]
    is_name = len(at) == 1 and not of_images and _SPLIT_BY_MODALITY.isdisjoint(words)
    return words if is_name else words[:billed] + words[billed + 1 :], _MODALITIES[words[billed]]
