"""Usage types: what a row of Amazon Bedrock's price lists bills: "USE1-NovaLite-cache-read-input-token-count"."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_REGION = r"[A-Z]{2,4}[0-9]?"
# What is billed, and behind it, in any order, what else there is to say of it. As they stood in the lists of 2026:
# "input-tokens-flex-cross-region-global" and "output-tokens-cross-region-global-batch" (Nova),
# "cache-write-tokens-30m-long-ctx-global-standard" (-mantle), "input-image-token-count" (Nova 2.0 Omni).
_BILLED = (
    r"(?:(?P<before>text|speech|audio|image|video)-)?(?P<kind>input|output|cache-?read|cache-?write)(?:-?(?P<life>1h))?"
    r"(?:-input)?(?:-(?P<behind>text|speech|audio|image|video))?-(?:tokens|token-count)(?P<said>(?:-[a-z0-9]+)*)"
)
_OWN = re.compile(rf"{_REGION}-(?P<model>[\w.:-]+?)(?P<fast>-latency-optimized)?-{_BILLED}")
# Claude and other makers' models, in services named after them: "USE1-MP:USE1_CacheReadInputTokenCount_Global-Units"
# until Claude Opus 4.6, and since "USE1-MP:USE1_cache_read_tokens_global_standard-Units"; Claude 3.5's batches are
# "APN1-MP:APN1_MillionBatchInputTokens-Units".
_PARTNER = re.compile(rf"{_REGION}-MP:{_REGION}_(?P<billed>\w+)-Units")
_PARTNER_BILLED = re.compile(rf"(?:million-)?(?P<batch>batch-)?{_BILLED}")
_EDITION = " (Amazon Bedrock Edition)"
_WORDS = {
    **{tier: ("tier", tier) for tier in ("standard", "batch", "flex", "priority", "latency-optimized")},
    **dict.fromkeys(("cross-region-global", "global"), ("zone", "global")),
    "cross-region-geo": ("zone", "geo"),
    **dict.fromkeys(("long-context", "long-ctx", "lctx"), ("context", "long")),
    # How long what was written is kept: OpenAI's models have one price for it, Claude has two.
    **dict.fromkeys(("5m", "30m"), ("life", "")),
    **dict.fromkeys(("1h", "1-hour"), ("life", "_1h")),
}
_SAID = re.compile("-(" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")(?=-|$)")
_MODALITIES = {"text": "", "speech": "audio"}
# Words that are no part of a model's name: with one of them left in it, the usage type was not understood.
_FOREIGN = re.compile(
    r"cache|batch|flex|priority|custom|train|import|provision|latency|context|guardrail|global|evaluat|distil|reserved"
    r"|-(?:read|write|1h|input|output)\b",
    re.IGNORECASE,
)
# The unit changes within one list: 12 of 840 token prices of us-east-1 are per million (2026-08).
_PER = {
    **dict.fromkeys(("1k tokens", "1000 tokens"), 1_000),
    **dict.fromkeys(("1m tokens", "millionbatchinputtokens", "millionbatchoutputtokens"), 1_000_000),
}
# Until summer 2026 partners' models were billed in "Units", for which the descriptions have three forms:
# "AWS Marketplace software usage|us-east-1|Million Input Tokens Regional", "…|Price per 1 million input tokens", and
# since Claude Opus 4.7 "…|Input Tokens - Standard, Global", the same numbers as later per "1M tokens".
_MILLION = re.compile(
    r"(?:Million|Price per 1 million) .+|[A-Z][a-z]+(?: [A-Z][a-z]+)? Tokens(?: \(1h TTL\))? - [A-Z].+"
)
_TIERS = {"batch", "flex", "priority", "latency-optimized"}
_OTHER_FEATURES = ("modelcustomization", "provisionedthroughput", "reserved")


class Usage(NamedTuple):
    """The model as the list spells it, what is billed of it, in which tier, and "global" where it may run anywhere."""

    model: str
    unit: str
    tier: str
    zone: str


def usage(usagetype: str, service: str) -> Usage | None:
    """What a usage type bills; None where it is not a meter of a model's tokens that is known."""
    if partner := _PARTNER.fullmatch(usagetype):
        spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", partner["billed"]).replace("_", "-").lower()
        match, model = _PARTNER_BILLED.fullmatch(spelled), service.removesuffix(_EDITION)
        if match is None or model == service:
            return None
        return _read(model, match, ("-batch" if match["batch"] else "") + match["said"])
    match = _OWN.fullmatch(usagetype)
    if match is None or _FOREIGN.search(match["model"]):
        return None
    return _read(match["model"], match, (match["fast"] or "") + match["said"])


def per(unit: str, description: str) -> int | None:
    """How many tokens a price is of; None where the list does not say."""
    if unit == "Units" and _MILLION.fullmatch(description.rpartition("|")[2]):
        return 1_000_000
    return _PER.get(unit.lower())


def agrees(billed: Usage, said: Mapping[str, str]) -> bool:
    """Whether what else the list says of a row leaves it a price of the model itself, in the usage type's tier."""
    feature = said.get("feature", "").lower().replace(" ", "")
    tiers = {
        said.get("service_tier", "").lower(),
        said.get("inferenceType", "").lower().rpartition(" ")[2],
        feature.removesuffix("inference"),
        "latency-optimized" if said.get("model", "").lower().endswith(" latency optimized") else "",
    }
    return not feature.startswith(_OTHER_FEATURES) and not tiers & (_TIERS - {billed.tier})


def _read(model: str, match: re.Match[str], said: str) -> Usage | None:
    words = [_WORDS[word] for word in _SAID.findall(said)]
    roles = dict(words)
    if _SAID.sub("", said) or len(roles) < len(words) or (match["before"] and match["behind"]):
        return None
    kind = match["kind"].replace("-", "").replace("cache", "cache_")
    life = roles.get("life", f"_{match['life']}" if match["life"] else "")
    modality = match["before"] or match["behind"] or "text"
    modality = _MODALITIES.get(modality, modality)
    cached = kind.startswith("cache")
    if (modality and cached) or (kind != "cache_write" and ("life" in roles or match["life"])):
        return None
    # The list does not say from how many tokens on a context is long: so it stays in the name (docs/decisions/009).
    name = f"{model} (long context)" if "context" in roles else model
    unit = f"{kind}{life}_tokens" if cached or not modality else f"{kind}_{modality}_tokens"
    return Usage(name, unit, roles.get("tier", "standard"), roles.get("zone", ""))
