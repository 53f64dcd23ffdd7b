"""The formats of `tokentape import`: sources of their own, fed with files in place of fetches."""

from collections.abc import Mapping

from crawler.spider import PricingSpider
from crawler.spiders.litellm import LiteLLM


class ImportedLiteLLM(LiteLLM):
    """Beside the scheduled one, whose newest run would otherwise shut out every version before it."""

    name = "imported_litellm"
    # LiteLLM itself takes no map with fewer entries (MODEL_COST_MAP_MIN_MODEL_COUNT).
    offers_expected = range(50, 50_000)


FORMATS: Mapping[str, type[PricingSpider]] = {"litellm": ImportedLiteLLM}
