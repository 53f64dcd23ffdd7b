"""Volcengine Ark's price document: by prompt and answer length, low latency, low priority, batch, embeddings."""

from collections.abc import Iterator

from crawler import ark, beijing
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider

# Fine-tuned models (推理-在线推理), TPM packages, videos, images and 3D have other tables: reported as unread.
_TIERS = {
    "在线推理": "standard",
    "在线推理(常规)": "standard",
    "在线推理(低延迟)": "fast",
    # About half of the usual price, since 2026-09; BytePlus calls it flex.
    "在线推理(低优)": "flex",
    "批量推理": "batch",
    "向量模型": "standard",
    "文本向量模型": "standard",
    "图文向量模型": "standard",
}
_UNITS = {
    "输入": "input_tokens",
    "输入(非音频)": "input_tokens",
    "输入(音频)": "input_audio_tokens",
    "文本输入": "input_tokens",
    "图片输入": "input_image_tokens",
    "缓存存储": "cache_storage_token_hours",
    "缓存命中": "cache_read_tokens",
    # In 2025 and until 2026-05.
    "缓存输入": "cache_read_tokens",
    "输入命中缓存": "cache_read_tokens",
    "缓存命中(非音频)": "cache_read_tokens",
    "缓存命中(音频)": "cache_read_audio_tokens",
    "输出": "output_tokens",
}


class Volcengine(PricingSpider):
    name = "volcengine"
    provider = Provider("volcengine", "Volcengine Ark", "cloud")
    start_urls = ["https://docs.volcengine.com/docs/82379/1544106?lang=zh"]
    currency = "CNY"
    offers_expected = range(20, 200)
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        yield from ark.offers(page, self.provider, self.currency, _TIERS, _UNITS, beijing.peak_hours)
