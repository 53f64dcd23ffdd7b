"""The other formats of `tokentape import`: a history inside one file becomes the versions that it dates."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from crawler.failures import PageChanged
from crawler.formats import FORMATS
from crawler.importing import Unreadable, import_all, versions
from crawler.page import Page
from history import tables as t
from history.columns import OPEN
from history.db import reading as reading_from
from history.evidence import pages_of
from history.model import Conditions, Offer, PriceComponent
from history.place import Place
from history.recorder import Recorded
from tests.crawler.reading_places import numbers_at

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MILLION = 1_000_000


def page(stated: Any, at: datetime = NOW) -> Page:
    return Page("https://map.example/data.json", json.dumps(stated).encode(), "application/json", at)


def read(form: str, asked: Page) -> list[Offer]:
    return [offer for offer in FORMATS[form]().extract(asked) if isinstance(offer, Offer)]


def dollars(unit: str, amount: str, since: str = "", per: int = MILLION, **when: Any) -> PriceComponent:
    start = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
    return PriceComponent(unit, Decimal(amount), "USD", per, Conditions(**when), valid_from=start)


def price(**fields: Any) -> dict[str, Any]:
    return {"id": "deepseek-chat", "vendor": "deepseek", "name": "DeepSeek Chat", "output": None, **fields}


def model(prices: Any, provider: str = "deepseek", **more: Any) -> list[dict[str, Any]]:
    return [{"id": provider, "name": provider, "models": [{"id": "m", "match": {}, "prices": prices, **more}]}]


HISTORY = [
    price(input=0.27, output=1.1, from_date="2025-02-08", to_date="2025-09-05"),
    price(input=0.56, output=1.68, from_date="2025-09-05", to_date=None),
    price(input=0.14, output=0.28, from_date=None, to_date="2025-02-08"),
]


def test_llm_prices_gives_every_price_with_the_day_from_which_it_holds() -> None:
    asked = page({"prices": HISTORY})
    assert read("llm-prices", asked) == [
        Offer(
            "deepseek",
            "deepseek-chat",
            (
                dollars("input_tokens", "0.27", "2025-02-08"),
                dollars("output_tokens", "1.1", "2025-02-08"),
                dollars("input_tokens", "0.56", "2025-09-05"),
                dollars("output_tokens", "1.68", "2025-09-05"),
            ),
        )
    ]
    assert dict(asked.unread) == {"a price without from_date, before another": 1}


def test_llm_prices_of_today_have_no_day_and_a_vendor_that_nobody_knows_is_named() -> None:
    known = price(input=1, input_cached=0.1)
    asked = page({"updated_at": "2026-11-20", "prices": [known, price(vendor="nobody", input=1)]})
    [offer] = read("llm-prices", asked)
    assert offer.components == (dollars("input_tokens", "1"), dollars("cache_read_tokens", "0.1"))
    assert dict(asked.unread) == {"vendor 'nobody'": 1}


def test_a_price_that_begins_after_the_file_or_has_ended_is_left_out() -> None:
    later = [price(input=1, to_date="2026-12-01"), price(input=2, from_date="2026-12-01")]
    assert read("llm-prices", page({"prices": later})) == []
    asked = page({"prices": [price(input=1, from_date="2026-01-01", to_date="2026-02-01")]})
    assert read("llm-prices", asked) == []
    assert dict(asked.unread) == {"deepseek-chat: nobody says what it costs from 2026-02-01 on": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [("2025-03-01", "2025-02-01"), ("2025-01-01", "2025-02-01"), (None, "2025-02-01")],
)
def test_periods_that_overlap_or_leave_a_gap_reject_the_model_by_name(first: str | None, second: str) -> None:
    prices = [price(input=1, from_date="2024-01-01", to_date=first), price(input=2, from_date=second)]
    asked = page({"prices": prices})
    [offer] = read("llm-prices", asked)
    assert all(one.amount.is_nan() for one in offer.components)
    assert dict(asked.unread) == {"deepseek-chat: its periods overlap or leave a gap": 1}


def test_a_string_where_a_number_belongs_rejects_the_model_by_name() -> None:
    asked = page({"prices": [price(input="0.27")]})
    assert read("llm-prices", asked)[0].components[0].amount.is_nan()
    assert dict(asked.unread) == {"deepseek-chat: input is '0.27', not a number": 1}


@pytest.mark.parametrize("day", ["0001-01-01", "2025-02-30", "last spring", "2025-02-08T00:00:00"])
def test_a_day_that_cannot_be_fails_the_file_by_name(day: str) -> None:
    with pytest.raises(PageChanged, match="no day from which a price could hold"):
        read("llm-prices", page({"prices": [price(input=1, from_date=day)]}))
    with pytest.raises(PageChanged, match="no day from which a price could hold"):
        read("genai-prices", page(model([{"constraint": {"start_date": day}, "prices": {"input_mtok": 1}}])))


def test_genai_prices_have_tiers_of_all_input_that_is_more() -> None:
    tiered = {"base": 2.5, "tiers": [{"start": 272_000, "price": 5}]}
    asked = page(model({"input_mtok": tiered, "requests_kcount": "12", "input_video_mtok": 1}))
    assert read("genai-prices", asked)[0].components == (
        dollars("input_tokens", "2.5"),
        dollars("input_tokens", "5", min_input_tokens=272_001),
        dollars("requests", "12", per=1000),
    )
    assert dict(asked.unread) == {"input_video_mtok": 1}


def test_genai_prices_by_the_day_leave_out_what_is_no_longer_sold() -> None:
    stated = [
        {"prices": {"input_mtok": 3}},
        {"constraint": {"start_date": "2025-06-10"}, "prices": {"input_mtok": 2, "cache_read_mtok": 0.5}},
        {"constraint": {"start_date": "2025-08-01"}, "prices": {"input_mtok": 1}},
        {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 9}},
    ]
    asked = page(model(stated))
    assert read("genai-prices", asked)[0].components == (
        dollars("input_tokens", "2", "2025-06-10"),
        dollars("input_tokens", "1", "2025-08-01"),
    )
    assert dict(asked.unread) == {"a price without start_date, before another": 1}


def test_genai_prices_by_the_hour_are_conditions() -> None:
    hours = {"start_time": "16:30:00Z", "end_time": "00:30:00Z"}
    stated = [{"prices": {"input_mtok": 0.27}}, {"constraint": hours, "prices": {"input_mtok": 0.135}}]
    assert read("genai-prices", page(model(stated)))[0].components == (
        dollars("input_tokens", "0.27"),
        dollars("input_tokens", "0.135", hours_utc=("16:30-00:30",)),
    )


@pytest.mark.parametrize("constraint", [{"start_time": "16:30"}, {"start_time": "25:00:00Z", "end_time": "00:30:00Z"}])
def test_hours_that_are_none_fail_the_file_by_name(constraint: dict[str, str]) -> None:
    with pytest.raises(PageChanged, match="no hours"):
        read("genai-prices", page(model([{"constraint": constraint, "prices": {"input_mtok": 1}}])))


def test_days_and_hours_at_once_a_provider_and_a_variant_are_named() -> None:
    both = [{"constraint": {"start_date": "2026-01-01", "start_time": "00:30:00Z"}, "prices": {"input_mtok": 1}}]
    asked = page([*model(both), *model({}, provider="nobody"), *model({"input_mtok": 1}, price_variants=[{}])])
    assert len(read("genai-prices", asked)) == 1
    assert dict(asked.unread) == {
        "m: constraint start_date and start_time": 1, "provider 'nobody'": 1, "price_variants": 1,
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_of_another_format_is_refused_by_name(form: str, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "2026-05-01.json"
    others: list[Any] = [{}, [], {"data": []}, {"price": 1}, "prices", {"prices": {}}, [{"models": []}]]
    for stated in others:
        file.write_text(json.dumps(stated))
        with pytest.raises(Unreadable):
            list(import_all(engine, form, versions([file], None, NOW), NOW))
    with reading_from(engine) as connection:
        assert connection.execute(select(t.run)).first() is None


def taken(engine: Engine, form: str, file: Path, stated: Any) -> Recorded:
    file.write_text(json.dumps(stated))
    [recorded] = import_all(engine, form, versions([file], None, NOW), NOW)
    assert isinstance(recorded, Recorded), recorded
    return recorded


def of_input(engine: Engine) -> list[tuple[str, str, str]]:
    """Day, amount and basis of every version of a price of input."""
    rows = select(t.price).join(t.series).where(t.series.c.unit == "input_tokens", t.price.c.superseded_at == OPEN)
    with reading_from(engine) as connection:
        found = connection.execute(rows.order_by(t.price.c.valid_from)).all()
    return [(row.valid_from.date().isoformat(), f"{row.amount:f}", row.basis) for row in found]


FILLERS = [price(id=f"other-{n}", input=1) for n in range(12)]
ROUTES = [
    {"id": f"author/m{n}", "canonical_slug": f"author/m{n}", "name": f"M{n}", "pricing": {"prompt": f"0.00000{n}"}}
    for n in range(1, 13)
]


@pytest.mark.parametrize(
    ("form", "stated", "many"),
    [
        ("litellm", {f"m{n}": {"litellm_provider": "openai", "input_cost_per_token": 1e-6} for n in range(60)}, 60),
        ("llm-prices", {"prices": [*HISTORY, *FILLERS]}, 16),
        ("genai-prices", [*model({"input_mtok": 1, "output_mtok": 1}), *model({"input_mtok": 3}, "openai")], 3),
        ("openrouter", {"data": ROUTES}, 12),
    ],
    ids=FORMATS,
)
def test_every_price_of_a_map_is_at_a_byte_of_its_file(
    form: str, stated: Any, many: int, engine: Engine, tmp_path: Path
) -> None:
    taken(engine, form, tmp_path / "2026-05-01.json", stated)
    prices = select(t.price.c.amount, t.price.c.place).where(t.price.c.amount.is_not(None))
    with reading_from(engine) as connection:
        rows = connection.execute(prices).all()
        [file] = pages_of(connection, 1)
    assert len(rows) == many
    assert len({row.place for row in rows}) == many
    assert all(numbers_at(Place.of_code(row.place), file.body, file.media_type) == [row.amount] for row in rows)


def test_a_history_inside_a_file_is_recorded_as_the_versions_that_it_dates(engine: Engine, tmp_path: Path) -> None:
    one = price(id="deepseek-chat", input=0.27, from_date="2025-02-08", to_date="2025-09-05")
    others = [{**filler, "input": None, "output": 1} for filler in FILLERS]
    before = [{**one, "to_date": None}]
    taken(engine, "llm-prices", tmp_path / "2025-06-01.json", {"prices": [*before, *others]})
    assert of_input(engine) == [("2025-02-08", "0.27", "imported")]
    after = [
        one,
        price(input=0.56, from_date="2025-09-05", to_date="2025-09-29"),
        price(input=0.28, from_date="2025-09-29"),
    ]
    recorded = taken(engine, "llm-prices", tmp_path / "2026-06-01.json", {"prices": [*after, *others]})
    assert recorded.events == 1
    history = [("2025-02-08", "0.27"), ("2025-09-05", "0.56"), ("2025-09-29", "0.28")]
    assert of_input(engine) == [(*each, "imported") for each in history]
    taken(engine, "llm-prices", tmp_path / "2026-07-01.json", {"prices": [*after, *others]})
    assert of_input(engine) == [(*each, "imported") for each in history]


def test_a_first_file_with_a_history_gives_all_of_it(engine: Engine, tmp_path: Path) -> None:
    others = [{**filler, "input": None, "output": 1} for filler in FILLERS]
    taken(engine, "llm-prices", tmp_path / "2026-06-01.json", {"prices": [*HISTORY, *others]})
    assert of_input(engine) == [("2025-02-08", "0.27", "imported"), ("2025-09-05", "0.56", "imported")]


def test_copies_of_openrouters_answer_are_somebodys_word(engine: Engine, tmp_path: Path) -> None:
    models = [{"id": f"a/m{n}", "pricing": {"prompt": "0.000001", "completion": "0"}} for n in range(12)]
    taken(engine, "openrouter", tmp_path / "2026-05-01.json", {"data": models})
    with reading_from(engine) as connection:
        [source] = connection.execute(select(t.source.c.name, t.source.c.witness)).all()
        billed = connection.execute(select(t.provider.c.slug).join(t.offer)).scalars().all()
    assert tuple(source) == ("imported_openrouter", "imported")
    assert set(billed) == {"openrouter"}
    assert set(of_input(engine)) == {("2026-05-01", "0.000001", "imported")}
