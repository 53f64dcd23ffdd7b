"""Usage types: what a row of Amazon Bedrock's price list bills: "USE1-NovaLite-cache-read-input-token-count"."""

import re
from typing import NamedTuple

_REGION = r"[A-Z]{2,4}[0-9]?"
# Nova, Llama, Qwen, …: the tier is a suffix, and so is global routing (awsdocs, price list of us-east-1, 2026-08).
_OWN = re.compile(
    rf"{_REGION}-(?P<model>[\w.:-]+?)(?:-(?P<modality>(?i:text|speech|audio|image|video)))?"
    r"-(?P<kind>input|output|cache-read|cache-write)(?:-input)?-(?:tokens|token-count)"
    r"(?:-(?P<tier>standard|batch|flex|priority))?(?P<zone>-cross-region-global)?"
)
# Claude and other makers' models: "USE1-MP:USE1_CacheReadInputTokenCount_Global-Units" of a service named after them.
_PARTNER = re.compile(
    rf"{_REGION}-MP:{_REGION}_(?P<kind>Input|Output|CacheReadInput|CacheWriteInput|CacheWrite1hInput)TokenCount"
    r"(?:_(?P<tier>Batch))?(?P<zone>_Global)?-Units"
)
_EDITION = " (Amazon Bedrock Edition)"
_KINDS = {
    **dict.fromkeys(("input", "Input"), "input_tokens"),
    **dict.fromkeys(("output", "Output"), "output_tokens"),
    **dict.fromkeys(("cache-read", "CacheReadInput"), "cache_read_tokens"),
    **dict.fromkeys(("cache-write", "CacheWriteInput"), "cache_write_tokens"),
    "CacheWrite1hInput": "cache_write_1h_tokens",
}
_MODALITIES = {"text": "", "speech": "audio", "audio": "audio", "image": "image", "video": "video"}
# Words that are no part of a model's name: with one of them left in it, the usage type was not understood.
_FOREIGN = re.compile(
    r"cache|batch|flex|priority|custom|train|import|provision|latency|context|guard|global|evaluat|distil|reserved"
    r"|-(?:read|write|1h|input|output)\b",
    re.IGNORECASE,
)


class Usage(NamedTuple):
    """The model as the list spells it, what is billed of it, in which tier, and "global" where it may run anywhere."""

    model: str
    unit: str
    tier: str
    zone: str


def usage(usagetype: str, service: str) -> Usage | None:
    """What a usage type bills; None where it is not a meter of a model's tokens that is known."""
    if match := _PARTNER.fullmatch(usagetype):
        model = service.removesuffix(_EDITION)
        known = model != service
        return Usage(model, *_billed(match, "")) if known else None
    match = _OWN.fullmatch(usagetype)
    if match is None or _FOREIGN.search(match["model"]):
        return None
    modality = _MODALITIES[(match["modality"] or "text").lower()]
    if modality and match["kind"] not in ("input", "output"):
        return None
    return Usage(match["model"], *_billed(match, modality))


def _billed(match: re.Match[str], modality: str) -> tuple[str, str, str]:
    unit = f"{match['kind']}_{modality}_tokens" if modality else _KINDS[match["kind"]]
    return unit, (match["tier"] or "standard").lower(), "global" if match["zone"] else ""
