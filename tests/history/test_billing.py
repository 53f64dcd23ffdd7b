"""What usages cost by a history: its versions, its witnesses, its conditions, and what it does not know."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Engine

from history.billing import Billing
from history.cost import EXACT, Cost, PriceVersion, Tariff, cost_of, price_of_one
from history.db import reading as reading_from
from history.db import recording
from history.model import Conditions, Offer, Provider, Source
from history.recorder import record
from history.usage import Count, Usage
from tests.history.pages import LAB, SOURCE, day, offer, price, reading, simple

LONG = Conditions(min_input_tokens=200_001)
DOLLARS = replace(SOURCE, name="acme_usd")
YUAN = replace(SOURCE, name="acme_yuan", currencies=frozenset({"CNY"}))
MAP = Source(
    "a_map", Provider("map", "A map", "map"), "https://map.example/", frozenset({"USD"}), range(1, 100), 86400,
    witness="imported", billers={"acme": LAB},
)  # fmt: skip


def take(engine: Engine, number: float, *offers: Offer, source: Source = SOURCE) -> None:
    with recording(engine) as connection:
        record(connection, reading(day(number), *offers, source=source), day(number))


def used(model: str = "a", number: float = 1, **stated: Any) -> Usage:
    counts: dict[str, Count] = {"input_tokens": 1_000_000}
    return Usage("acme", model, day(number), counts)._replace(**stated)


def bills(engine: Engine, *usages: Usage, known_at: datetime | None = None) -> list[Cost]:
    with reading_from(engine) as connection:
        billing = Billing(known_at) if known_at else Billing.now(connection)
        return list(billing.costs(connection, usages))


def costs(engine: Engine, *usages: Usage, known_at: datetime | None = None) -> list[str | None]:
    found = bills(engine, *usages, known_at=known_at)
    return [None if cost.amount is None else f"{cost.amount.normalize():f}" for cost in found]


def money(cost: Cost) -> str:
    return f"{cost.amount} {cost.currency}" if cost.amount is None else f"{cost.amount.normalize():f} {cost.currency}"


def reasons(found: Sequence[Cost]) -> list[list[str]]:
    return [[missing.reason for missing in cost.missing] for cost in found]


def test_each_usage_is_charged_the_price_of_its_moment(engine: Engine) -> None:
    for number, amount in ((0, "3"), (2, "2"), (4, "2.5")):
        take(engine, number, simple("a", amount))
    moments = (0, 1.99, 2, 3, 4, 100)
    assert costs(engine, *(used(number=number) for number in moments)) == ["3", "3", "2", "2", "2.5", "2.5"]
    assert reasons(bills(engine, used(number=-1))) == [["no_price_then"]]


def test_what_was_known_then_gives_the_cost_of_then(engine: Engine) -> None:
    take(engine, 0, simple("a", "3"))
    take(engine, 5, simple("a", "2"))
    assert costs(engine, used(number=6), known_at=day(4)) == ["3"]
    assert costs(engine, used(number=6)) == ["2"]
    assert reasons(bills(engine, used(number=6), known_at=day(-1))) == [["unknown_model"]]


def test_a_scheduled_price_is_charged_from_its_day_on(engine: Engine) -> None:
    take(engine, 0, simple("a", "3"))
    take(engine, 1, offer("a", price("input_tokens", "3"), price("input_tokens", "5", valid_from=day(10))))
    assert costs(engine, used(number=9), used(number=10)) == ["3", "5"]


def test_a_withdrawn_offer_has_no_price(engine: Engine) -> None:
    take(engine, 0, simple("a", "3"), simple("b", "1"))
    for number in (1, 2, 3):
        take(engine, number, simple("b", "1"))
    cost, other = bills(engine, used(number=5), used(number=0.5))
    assert (cost.amount, cost.missing[0].reason) == (None, "no_price_then")
    assert "was not offered" in cost.missing[0].detail
    assert other.amount == 3


def test_the_whole_prompt_decides_and_is_charged_at_one_price(engine: Engine) -> None:
    take(engine, 0, offer(
        "a", price("input_tokens", "1"), price("input_tokens", "2", conditions=LONG), price("cache_read_tokens", "0.1"),
        price("cache_read_tokens", "0.2", conditions=LONG),
    ))  # fmt: skip
    short, long = ({"input_tokens": 100_000, "cache_read_tokens": 100_000 + more} for more in (0, 1))
    assert costs(engine, used(counts=short), used(counts=long)) == ["0.11", "0.2200002"]


def test_the_first_party_page_is_believed_before_a_map_and_the_map_where_the_page_knows_nothing(engine: Engine) -> None:
    take(engine, 0, simple("a", "3"), source=MAP)
    take(engine, 5, simple("a", "2.5"))
    early, late, asked = bills(engine, used(number=1), used(number=6), used(number=6, source="a_map"))
    assert [cost.tariff.source for cost in (early, late, asked) if cost.tariff] == ["a_map", "acme_page", "a_map"]
    assert [cost.amount for cost in (early, late, asked)] == [3, Decimal("2.5"), 3]
    assert {line.price.basis for line in early.lines} == {"imported"}


def test_of_two_books_the_one_in_dollars_is_meant_and_the_other_can_be_named(engine: Engine) -> None:
    take(engine, 0, offer("a", price("input_tokens", "6", currency="CNY")), source=YUAN)
    assert [money(cost) for cost in bills(engine, used())] == ["6 CNY"]
    take(engine, 5, simple("a", "1"), source=DOLLARS)
    found = bills(engine, used(number=6), used(number=6, source="acme_yuan"), used(number=1))
    assert [money(cost) for cost in found] == ["1 USD", "6 CNY", "None None"]


def test_dollars_of_a_map_are_no_second_book_of_a_provider_in_yuan(engine: Engine) -> None:
    take(engine, 0, simple("a", "0.9"), source=MAP)
    take(engine, 0, offer("a", price("input_tokens", "6", currency="CNY")), source=YUAN)
    assert [money(cost) for cost in bills(engine, used())] == ["6 CNY"]


def test_two_sources_of_the_same_rank_are_not_chosen_between(engine: Engine) -> None:
    take(engine, 0, simple("a", "3"))
    take(engine, 0, simple("a", "2"), source=DOLLARS)
    (cost,) = bills(engine, used())
    assert (cost.amount, cost.missing[0].reason) == (None, "ambiguous_source")
    assert "acme_page and acme_usd" in cost.missing[0].detail


@pytest.mark.parametrize(
    ("changed", "reason", "close"),
    [
        ({"provider": "acne"}, "unknown_provider", ("acme",)),
        ({"model": "model-2"}, "unknown_model", ("model-1",)),
        ({"model": "model-1-mini"}, "unknown_model", ("model-1",)),
        ({"tier": "bach"}, "unknown_tier", ("batch",)),
        ({"region": "eu"}, "unknown_region", ()),
        ({"source": "acme_pages"}, "unknown_source", ("acme_page",)),
    ],
)
def test_an_unknown_name_offers_close_ones_and_no_price(
    engine: Engine, changed: dict[str, Any], reason: str, close: tuple[str, ...]
) -> None:
    take(engine, 0, simple("model-1", "3"), structs.replace(simple("model-1", "1.5"), tier="batch"))
    (cost,) = bills(engine, used("model-1")._replace(**changed))
    assert (cost.amount, cost.lines, cost.tariff) == (None, [], None)
    assert [(missing.reason, missing.close) for missing in cost.missing] == [(reason, close)]


MISTRAL = replace(SOURCE, name="mistral", provider=Provider("mistral", "Mistral AI", "lab"))
MISTRAL_MAP = replace(MAP, billers={"mistral": MISTRAL.provider})
BEFORE, REPOINTED = datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC)


def sold_by_mistral(engine: Engine, *models: tuple[str, str], at: datetime, source: Source = MISTRAL) -> None:
    offers = [structs.replace(simple(name, amount), provider="mistral") for name, amount in models]
    with recording(engine) as connection:
        record(connection, reading(at, *offers, source=source), at)


def sold_since_january(engine: Engine) -> None:
    for month in (1, 6):
        at = datetime(2026, month, 1, tzinfo=UTC)
        sold_by_mistral(engine, ("Mistral Small 3.2", "1"), ("Mistral Small 4", "3"), at=at)


def asked(model: str, at: datetime, **stated: Any) -> Usage:
    return used(model, provider="mistral", at=at, **stated)


def priced_as(found: Sequence[Cost]) -> list[tuple[str | None, str | None]]:
    """What each cost, and under which other name."""
    return [(f"{cost.amount.normalize():f}" if cost.amount is not None else None, cost.synonym and cost.synonym.model)
            for cost in found]  # fmt: skip


def test_a_repointed_alias_is_priced_by_where_it_pointed_at_its_time(engine: Engine) -> None:
    sold_since_january(engine)
    moments = (datetime(2025, 1, 1, tzinfo=UTC), BEFORE, REPOINTED)
    found = bills(engine, *(asked("mistral-small-latest", at) for at in moments))
    assert priced_as(found) == [(None, None), ("1", "Mistral Small 3.2"), ("3", "Mistral Small 4")]
    assert reasons(found) == [["unknown_model"], [], []]
    assert found[2].synonym is not None
    assert found[2].synonym.canonical == "mistralai/mistral-small-2603"
    assert "https://docs.mistral.ai/getting-started/changelog" in found[2].synonym.source
    assert {line.price.amount for line in found[2].lines} == {3}


def test_an_alias_that_turned_after_what_was_known_points_where_it_did(engine: Engine) -> None:
    sold_since_january(engine)
    later = asked("mistral-small-latest", datetime(2026, 6, 2, tzinfo=UTC))
    assert priced_as(bills(engine, later, known_at=BEFORE)) == [("1", "Mistral Small 3.2")]
    assert priced_as(bills(engine, later)) == [("3", "Mistral Small 4")]


def test_the_name_itself_is_priced_before_any_alias(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), ("mistral-small-latest", "2"), at=REPOINTED)
    assert priced_as(bills(engine, asked("mistral-small-latest", REPOINTED))) == [("2", None)]
    assert priced_as(bills(engine, asked("Mistral Small 4", REPOINTED))) == [("3", None)]


def test_a_map_that_spells_the_name_does_not_touch_the_first_partys_price(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), at=REPOINTED)
    sold_by_mistral(engine, ("mistral-small-2603", "9"), at=REPOINTED, source=MISTRAL_MAP)
    plainly, named = asked("mistral-small-2603", REPOINTED), asked("mistral-small-2603", REPOINTED, source="a_map")
    assert priced_as(bills(engine, plainly, named)) == [("3", "Mistral Small 4"), ("9", None)]


def test_a_canonical_name_is_priced_as_what_the_provider_calls_it(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), at=REPOINTED)
    cost, gateway = bills(
        engine, asked("mistralai/mistral-small-2603", REPOINTED), used("mistralai/mistral-small-2603")
    )
    assert priced_as([cost, gateway]) == [("3", "Mistral Small 4"), (None, None)]
    assert reasons([gateway]) == [["unknown_provider"]]


def test_of_two_names_that_differ_none_is_chosen(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), ("mistral-small-2603", "3"), at=REPOINTED)
    use = asked("mistral-small-latest", datetime(2026, 5, 1, tzinfo=UTC))
    assert priced_as(bills(engine, use)) == [("3", "Mistral Small 4")]
    sold_by_mistral(engine, ("Mistral Small 4", "3"), ("mistral-small-2603", "4"), at=datetime(2026, 4, 1, tzinfo=UTC))
    (cost,) = bills(engine, use)
    names = ("Mistral Small 4", "mistral-small-2603")
    assert [(one.reason, one.close) for one in cost.missing] == [("ambiguous_alias", names)]
    assert cost.amount is None


def test_a_relative_is_never_priced_and_names_are_offered(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), ("mistral-large-2512", "5"), at=REPOINTED)
    # Where mistral-large-latest points nobody dates (docs/rules.md, "Identity").
    found = bills(engine, asked("mistral-large-latest", REPOINTED), asked("mistral-small-4-turbo", REPOINTED))
    assert priced_as(found) == [(None, None)] * 2
    assert found[0].missing[0].close == ("mistral-large-2512",)
    assert reasons(found) == [["unknown_model"]] * 2


def test_an_alias_has_the_tiers_of_the_name_that_is_priced(engine: Engine) -> None:
    sold_by_mistral(engine, ("Mistral Small 4", "3"), at=REPOINTED)
    found = bills(engine, asked("mistral-small-latest", REPOINTED, tier="batch"))
    assert (reasons(found), found[0].missing[0].detail) == (
        [["unknown_tier"]], "it has no tier 'batch'; there are 'standard'",
    )  # fmt: skip


def test_a_unit_without_a_price_is_missing_unless_there_is_none_of_it(engine: Engine) -> None:
    take(engine, 0, offer("a", price("input_tokens", "3")))
    some, none = ({"input_tokens": 10, "cache_read_tokens": count} for count in (1, 0))
    missing, whole = bills(engine, used(counts=some), used(counts=none))
    assert (missing.amount, [one.unit for one in missing.missing]) == (None, ["cache_read_tokens"])
    assert len(missing.lines) == 1
    assert (whole.amount, whole.missing) == (Decimal("0.00003"), ())


def test_free_is_a_price(engine: Engine) -> None:
    take(engine, 0, offer("a", price("input_tokens", "0")))
    (cost,) = bills(engine, used())
    assert (money(cost), len(cost.lines)) == ("0 USD", 1)


def test_reasoning_is_output_unless_it_has_a_price(engine: Engine) -> None:
    own = offer("own", price("output_tokens", "2"), price("output_reasoning_tokens", "5"))
    take(engine, 0, offer("a", price("output_tokens", "2")), own)
    counts = {"output_reasoning_tokens": 1_000_000}
    plain, apart = bills(engine, used(counts=counts), used("own", counts=counts))
    assert [(line.unit, line.price.unit, int(line.amount)) for line in (*plain.lines, *apart.lines)] == [
        ("output_reasoning_tokens", "output_tokens", 2), ("output_reasoning_tokens", "output_reasoning_tokens", 5),
    ]  # fmt: skip


def test_a_record_is_one_request_unless_it_says_otherwise(engine: Engine) -> None:
    take(engine, 0, offer("a", price("input_tokens", "3"), price("requests", "5", per=1000)))
    assert costs(engine, used(), used(counts={"requests": 3})) == ["3.005", "0.015"]


def test_whether_it_thought_has_to_be_said_where_it_matters(engine: Engine) -> None:
    take(engine, 0, offer("a", price("output_tokens", "2", conditions=Conditions(thinking=False)),
                          price("output_tokens", "8", conditions=Conditions(thinking=True))))  # fmt: skip
    counts = {"output_tokens": 1_000_000}
    found = bills(engine, *(used(counts=counts, thinking=said) for said in (None, False, True)))
    assert [cost.amount for cost in found] == [None, 2, 8]
    assert reasons(found)[0] == ["thinking_not_said"]


def test_prices_that_nobody_can_choose_between_are_not_chosen_between(engine: Engine) -> None:
    answered = price("input_tokens", "8", conditions=Conditions(min_output_tokens=5))
    take(engine, 0, offer("a", price("input_tokens", "2", conditions=LONG), price("output_tokens", "1"), answered))
    tokens = {"input_tokens": 300_000, "output_tokens": 9}
    both, neither = bills(engine, used(number=2, counts=tokens), used(number=2, counts={"input_tokens": 1}))
    assert reasons([both, neither]) == [["ambiguous_price"], ["no_price_applies"]]


def test_a_note_says_where_days_off_were_not_yet_announced(engine: Engine) -> None:
    peak = Conditions(hours_utc=("01:00-04:00",), weekdays=(1, 2, 3, 4, 5), holidays="CN", period="peak")
    take(engine, 0, offer("a", price("input_tokens", "1", conditions=Conditions(period="off_peak")),
                          price("input_tokens", "2", conditions=peak)))  # fmt: skip
    now, later = bills(engine, used(number=1), used(number=5000))
    assert (now.notes, len(later.notes)) == ((), 1)
    assert "had not" in later.notes[0] or "not yet announced" in later.notes[0]


def test_more_models_than_are_kept_are_priced_all_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("history.billing._AT_ONCE", 3)
    monkeypatch.setattr("history.billing._KEPT", 4)
    take(engine, 0, *(simple(f"m{number}", str(number + 1)) for number in range(9)))
    usages = [used(f"m{number % 9}") for number in range(40)]
    assert costs(engine, *usages) == [str(number % 9 + 1) for number in range(40)]


AMOUNTS = st.decimals(0, 1000, places=18)


@given(
    st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "audio_seconds"]), AMOUNTS, min_size=1),
    st.data(), st.sampled_from([1, 1000, 10_000, 1_000_000]),
)  # fmt: skip
def test_a_cost_is_exact_to_the_last_digit(prices: dict[str, Decimal], data: st.DataObject, per: int) -> None:
    versions = [
        PriceVersion(number, unit, "", day(0), amount, "USD", per, "stated", day(0), 1, price_of_one(amount, per))
        for number, (unit, amount) in enumerate(prices.items())
    ]
    counts: dict[str, Count] = {
        unit: data.draw(st.decimals(0, 10**6, places=6))
        if unit == "audio_seconds"
        else data.draw(st.integers(0, 10**15))
        for unit in prices
    }
    usage = Usage("acme", "a", day(1), counts)
    with localcontext(EXACT):
        cost = cost_of(usage, Tariff("page", "first_party", "standard", "", versions))
    expected = sum(Fraction(prices[unit]) * Fraction(counted) / per for unit, counted in counts.items())
    assert cost.amount is not None
    assert Fraction(cost.amount) == expected
    assert sum(Fraction(line.amount) for line in cost.lines) == expected
