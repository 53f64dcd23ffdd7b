"""Baidu Qianfan's price page, trap by trap; no capture holds its own bytes yet."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, saved

NAME, SAVED, OLD = "baidu", "baidu/2026-09-20", "baidu/2024-01-19"
SALE = "baidu/2026-10-09"
FROM_32K = Conditions(min_input_tokens=32_001, max_input_tokens=128_000)


def test_each_row_is_one_item_of_a_version_for_a_thousand_tokens() -> None:
    price = cell(extract(saved(SAVED), NAME), "ERNIE-5.1", "standard", "output_tokens", FROM_32K)
    assert (price.amount, price.per, price.currency) == (Decimal("0.024"), 1_000, "CNY")
    old = cell(extract(saved(OLD), NAME), "ERNIE-Bot-8k", "standard", "output_tokens")
    assert (old.amount, old.per) == (Decimal("0.048"), 1_000)


def test_every_version_in_the_cell_has_the_price_and_batch_is_another_tier() -> None:
    offers = extract(saved(SAVED), NAME)
    for model in ("ERNIE-4.5-Turbo-128K", "ERNIE-4.5-Turbo-128K-Preview"):
        assert cell(offers, model, "standard", "output_tokens").amount == Decimal("0.0032")
        assert cell(offers, model, "batch", "output_tokens").amount == Decimal("0.0013")


def test_a_row_without_its_tr_is_a_row() -> None:
    assert "<td>命中缓存</td><td>0.0002" in saved(SAVED).body.decode()
    offers = extract(saved(SAVED), NAME)
    assert cell(offers, "ERNIE-4.5-Turbo-128K", "standard", "cache_read_tokens", ALWAYS).amount == Decimal("0.0002")


def test_free_is_a_term() -> None:
    [free] = [offer for offer in extract(saved(SAVED), NAME) if offer.model == "ERNIE-Speed-128K"]
    assert (free.components, free.terms) == ((), ("input: free", "output: free"))


def test_packages_pages_and_evaluations_are_reported() -> None:
    new, old = saved(SAVED), saved(OLD)
    extract(new, NAME)
    extract(old, NAME)
    assert new.unread == {"price per pages": 1, "table: Tokens量包预付费": 1}
    assert old.unread == {"table: 模型评估": 1}


def test_the_data_file_of_the_page_says_the_same() -> None:
    page = saved(SALE)
    html = page.body.decode()
    article = html[html.index("<article>") : html.index("</body>")]
    body = json.dumps({"result": {"data": {"markdownRemark": {"html": article}}}}).encode()
    assert extract(replace(page, body=body, media_type="application/json"), NAME) == extract(page, NAME)


def test_hours_and_days_stand_in_the_item_or_behind_the_name() -> None:
    offers = extract(saved(SALE), NAME)
    [flash] = [offer for offer in offers if offer.model == "DeepSeek-V4-Flash-0731"]
    cached = {(price.conditions.period, price.valid_from): price.amount
              for price in flash.components if price.unit == "cache_read_tokens"}  # fmt: skip
    assert cached == {
        ("peak", None): Decimal("0.00022"),
        ("peak", datetime(2026, 9, 8, 16, tzinfo=UTC)): Decimal("0.00012"),
        ("off_peak", datetime(2026, 8, 24, 16, tzinfo=UTC)): Decimal("0.00006"),
    }
    assert {price.conditions.hours_utc for price in flash.components} == {("00:00-14:00",), ("14:00-00:00",)}
    limited = cell(offers, "DeepSeek-V4-Pro", "standard", "cache_read_tokens")
    assert (limited.valid_from, limited.valid_to) == (
        datetime(2026, 9, 8, 16, tzinfo=UTC), datetime(2026, 10, 30, 16, tzinfo=UTC),
    )  # fmt: skip


def test_a_day_without_its_year_has_been_unless_it_is_near() -> None:
    late = replace(altered(SALE, "9月9日起生效", "12月1日起生效"), fetched_at=datetime(2027, 1, 5, tzinfo=UTC))
    early = replace(altered(SALE, "9月9日起生效", "1月5日起生效"), fetched_at=datetime(2026, 12, 20, tzinfo=UTC))
    for page, day in ((late, datetime(2026, 11, 30, 16, tzinfo=UTC)), (early, datetime(2027, 1, 4, 16, tzinfo=UTC))):
        begins = {price.valid_from for offer in extract(page, NAME) for price in offer.components}
        assert day in begins


def test_the_regular_price_stands_beside_that_of_a_sale_which_ends() -> None:
    [glm] = [offer for offer in extract(saved(SALE), NAME) if offer.model == "GLM-5.3"]
    regular, sale = [price for price in glm.components if price.unit == "input_tokens"]
    assert (regular.amount, regular.list_amount, regular.valid_to) == (Decimal("0.0084"), None, None)
    assert (sale.amount, sale.list_amount) == (Decimal("0.0048"), regular.amount)
    assert sale.valid_to == datetime(2026, 10, 12, 16, tzinfo=UTC)


@pytest.mark.parametrize("days", ["2026年10月1日-10月12日", "2026年10月1日 00:00 至 2026年10月12日 24:00"])
def test_the_days_of_a_sale_are_written_in_more_than_one_way(days: str) -> None:
    page = altered(SALE, "2026年10月1日00:00:00-2026年10月12日23:59:59", days)
    assert extract(page, NAME) == extract(saved(SALE), NAME)


def test_the_banner_of_a_sale_that_has_ended_is_not_that_of_the_prices() -> None:
    over = "<div>活动时间：2026年8月1日-2026年8月9日</div>"
    page = altered(SALE, "<div><div>限定活动", f"{over}<div><div>限定活动")
    assert extract(page, NAME) == extract(saved(SALE), NAME)
    with pytest.raises(PageChanged, match="whose days are stated"):
        extract(replace(page, body=page.body.replace("8月9日".encode(), "12月9日".encode())), NAME)


def test_what_is_not_sold_by_the_token_and_sales_that_are_over_are_reported() -> None:
    page = saved(SALE)
    extract(page, NAME)
    assert page.unread == {
        "price per 元/次": 1, "price per 元/张": 1, "table: 按TPM付费": 1, "批量推理 （2月活动价）": 8
    }  # fmt: skip


def test_tokens_of_a_model_in_training_are_reported_and_sounds_have_their_own_price() -> None:
    page = altered(SALE, "<td>推理服务</td><td>输入</td><td>0.0005", "<td>模型精调（SFT）</td><td>输入</td><td>0.0005")
    extract(page, NAME)
    assert page.unread["prices of 模型精调（SFT）"] == 1
    page = altered(SALE, "<h2>文本向量</h2>", "<h2>模型精调</h2>")
    extract(page, NAME)
    assert page.unread["table: 模型精调"] == 1
    heard = altered(SALE, "<td>推理服务</td><td>输入</td><td>0.0005", "<td>推理服务</td><td>音频输入</td><td>0.0005")
    price = cell(extract(heard, NAME), "bge-large-zh", "standard", "input_audio_tokens")
    assert price.amount == Decimal("0.0005")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (SAVED, "<td>命中缓存</td><td>0.001<", "<td>思考</td><td>0.001<", "unknown billing item"),
        (SAVED, "输入（0&lt;tokens≤32k）", "输入（短）", "for how many tokens"),
        (SAVED, "输入（0&lt;tokens≤32k）", "输入", "beside one without"),
        (SAVED, "在线推理(元/千tokens)", "在线推理", "not a price for a stated number"),
        (SAVED, "在线推理(元/千tokens)", "在线推理(美元/千tokens)", "the prices \\['在线推理"),
        (SAVED, "<td>0.0008</td>", "<td></td>", "has the price ''"),
        (SAVED, "<td>0.0008</td>", "", "columns, but a row has|not one amount"),
        (SAVED, "0.0021元/千tokens", "0.0021元", "not a price for a stated number"),
        (OLD, "0.024元/千tokens", "0.024元/千tokens（优惠）", "not one amount"),
        (SAVED, "版本名称", "版本", "under unknown headers"),
        (SAVED, "推理服务</td><td>输入（0", "推理服务（≤32k）</td><td>输入（0", "two lengths"),
        (SAVED, "<th>子项</th>", "<th>项目</th>", "under unknown headers"),
        (OLD, "<th>类型</th><th>单价</th>", "<th>类别</th><th>单价</th>", "no price was found"),
        (SALE, "2月活动价", "10月活动价", "the prices"),
        (SALE, "2月活动价", "双节价", "the prices"),
        (SALE, "活动时间", "活动地点", "whose days are stated"),
        (SALE, "2026年10月12日", "活动结束", "whose days are stated"),
        (SALE, "2026年10月12日", "2026年9月12日", "whose days are stated"),
        (SALE, "国庆限定价：0.0048", "国庆限定价：0.048", "not a sale"),
        (SALE, "国庆限定价：0.0048", "国庆限定价 0.0048", "not one amount"),
        (SALE, "9月9日起生效）", "9月9日）", "for how many tokens"),
        (SALE, "高峰时段：8:00-22:00）", "高峰时段：8:00-26:00）", "no hours of one day"),
        (SALE, "空闲时段为限时活动，8月25日0点起生效", "空闲时段5折", "note that is not known"),
        (SALE, "<br>如开启思考模式，计费详情请查看说明", "<br>如开启思考模式，另收50%", "notes that are known"),
        (
            SALE,
            '<td rowspan="4">GLM-5.1</td><td rowspan="2">',
            '<td rowspan="4">GLM-5.1<br>GLM-5、GLM-4</td><td rowspan="2">',
            "neither a model nor",
        ),
        (
            SALE,
            '<td rowspan="4">ERNIE-4.5-Turbo-32K</td>',
            '<td rowspan="4">ERNIE-4.5-Turbo-32K / ERNIE-4.5</td>',
            "neither a model nor",
        ),
        (SALE, "DeepSeek-V4-Pro<br>", "深度求索<br>", "notes that are known"),
        (
            SALE,
            "<td>搜索增强</td><td>触发</td><td>0.004</td><td>0.0016</td><td>-</td><td>元/次",
            "<td>推理服务</td><td>触发</td><td>0.004</td><td>0.0016</td><td>-</td><td>元/千tokens",
            "unknown billing item",
        ),
        (SALE, "推理服务<br>输入Token数：[0,32k)", "推理服务<br>标准版", "for how many tokens"),
        (SALE, "<td>0.0005</td><td>元/千tokens", "<td>0.0005</td><td>", "columns, but|does not say|is for"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)
