"""The closed list of billable units: what is counted, in which direction, of which modality."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Quantity = Literal[
    "tokens", "token_hours", "requests", "images", "seconds", "characters", "pages", "hours",
    "months", "quarters", "years",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """One billable unit. `label` is how a sentence names it; `ceiling` is USD for one unit: more is a slip."""

    name: str
    label: str
    quantity: Quantity
    ceiling: Decimal
    direction: Literal["input", "output", ""] = ""
    modality: Literal["text", "audio", "image", "video", ""] = ""
    cache: Literal["read", "write", "storage", ""] = ""


# The dearest tokens ever listed were o1-pro's output: 600 USD per million (2025-03-19, openai.com/api/pricing).
_TOKEN = Decimal("0.0015")
_EACH = Decimal("100")
_MINUTE = Decimal("1")
_MONTH = Decimal("5000")

_ALL = (
    Unit("input_tokens", "input", "tokens", _TOKEN, "input", "text"),
    Unit("output_tokens", "output", "tokens", _TOKEN, "output", "text"),
    Unit("output_multimodal_tokens", "output for multimodal input", "tokens", _TOKEN, "output", "text"),
    Unit("output_reasoning_tokens", "reasoning", "tokens", _TOKEN, "output", "text"),
    Unit("citation_tokens", "citation", "tokens", _TOKEN, "input", "text"),
    Unit("cache_read_tokens", "cache hit", "tokens", _TOKEN, "input", "text", "read"),
    Unit("cache_write_tokens", "cache write", "tokens", _TOKEN, "input", "text", "write"),
    Unit("cache_write_1h_tokens", "cache write 1h", "tokens", _TOKEN, "input", "text", "write"),
    Unit("cache_storage_token_hours", "cache storage", "token_hours", _TOKEN, "input", "text", "storage"),
    Unit("input_audio_tokens", "audio input", "tokens", _TOKEN, "input", "audio"),
    Unit("output_audio_tokens", "audio output", "tokens", _TOKEN, "output", "audio"),
    Unit("cache_read_audio_tokens", "audio cache hit", "tokens", _TOKEN, "input", "audio", "read"),
    Unit("cache_read_image_tokens", "image cache hit", "tokens", _TOKEN, "input", "image", "read"),
    Unit("input_image_tokens", "image input", "tokens", _TOKEN, "input", "image"),
    Unit("output_image_tokens", "image output", "tokens", _TOKEN, "output", "image"),
    Unit("input_video_tokens", "video input", "tokens", _TOKEN, "input", "video"),
    Unit("output_video_tokens", "video output", "tokens", _TOKEN, "output", "video"),
    Unit("input_images", "image in", "images", _EACH, "input", "image"),
    Unit("images", "image", "images", _EACH, "output", "image"),
    Unit("audio_seconds", "audio second", "seconds", _MINUTE, "", "audio"),
    Unit("video_seconds", "video second", "seconds", _EACH, "output", "video"),
    Unit("characters", "character", "characters", _TOKEN),
    Unit("pages", "page", "pages", _EACH),
    Unit("requests", "request", "requests", _EACH),
    Unit("web_searches", "web search", "requests", _EACH),
    Unit("session_hours", "session hour", "hours", _EACH),
    Unit("plan_months", "monthly price", "months", _MONTH),
    Unit("plan_months_billed_quarterly", "monthly price billed quarterly", "months", _MONTH),
    Unit("plan_months_billed_yearly", "monthly price billed yearly", "months", _MONTH),
    Unit("plan_quarters", "quarterly price", "quarters", 3 * _MONTH),
    Unit("plan_years", "yearly price", "years", 12 * _MONTH),
)
UNITS: dict[str, Unit] = {unit.name: unit for unit in _ALL}

# What a subscription is paid in: for how many months the price is, and how many are paid at once.
PLAN_UNITS: dict[str, tuple[int, int]] = {
    "plan_months": (1, 1),
    "plan_months_billed_quarterly": (1, 3),
    "plan_months_billed_yearly": (1, 12),
    "plan_quarters": (3, 3),
    "plan_years": (12, 12),
}
