"""Filters: what matters to a subscriber, what never can, and that they mean what the same question to the API means."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine

from feed.alerts.filters import Filter
from feed.alerts.impossible import Impossible, Known, check
from history.db import reading
from history.model import EventKind, Quote
from history.queries import Change, Scope, Story, Wanted, changes_after
from tests.feed.rows import DAY, HOUR, NOW, Rows, basis_points, flash_cut, moved, usd

KNOWN = Known(
    {"deepseek": "lab", "zai": "lab", "azure": "cloud", "openrouter": "gateway"},
    frozenset({"deepseek", "openrouter_models"}),
    frozenset({"acme/new-model"}),
)
BASE = Change(
    1, 1, 1, EventKind.PRICE_LOWERED, "deepseek", "DeepSeek", "lab", "deepseek", "deepseek-v4-flash", "standard", "",
    "input_tokens", "", usd("0.27"), usd("0.12"), -5555, None, None, NOW, NOW,
)  # fmt: skip


def asking(**fields: Any) -> Filter:
    return Filter.model_validate(fields)


def change(old: str | Quote | None = "0.27", new: str | Quote | None = "0.12", **fields: Any) -> Change:
    before, after = (usd(amount) if isinstance(amount, str) else amount for amount in (old, new))
    stated: dict[str, Any] = {"old": before, "new": after, "change_bp": basis_points(before, after)}
    if before and after and "kind" not in fields:
        rose = after.unit_price > before.unit_price
        stated["kind"] = EventKind.PRICE_RAISED if rose else EventKind.PRICE_LOWERED
    return BASE._replace(**{**stated, **fields})


def test_a_filter_that_asks_for_nothing_is_told_all_that_first_parties_charge() -> None:
    assert asking().matches(change())
    assert asking().matches(change(None, None, kind=EventKind.OFFER_ADDED, unit=None))
    assert not asking().matches(change(seller="gateway"))
    assert asking(seller="any").matches(change(seller="gateway"))
    assert asking(seller="cloud").matches(change(seller="cloud"))
    assert not asking(seller="gateway").matches(change())


@pytest.mark.parametrize(
    ("field", "name", "other"),
    [
        ("provider", "deepseek", "zai"),
        ("source", "deepseek", "openrouter_models"),
        ("model", "deepseek-v4-flash", "deepseek-v4"),
        ("tier", "standard", "batch"),
        ("unit", "input_tokens", "output_tokens"),
        ("kind", "price_lowered", "price_raised"),
        ("author", "deepseek", "z-ai"),
        ("country", "cn", "US"),
        ("canonical", "deepseek/deepseek-v4-flash", "z-ai/glm-5.2"),
    ],
)
def test_a_list_is_any_of_and_fields_are_all_of(field: str, name: str, other: str) -> None:
    assert asking(**{field: [name]}).matches(change())
    assert asking(**{field: name}).matches(change())
    assert asking(**{field: [other, name]}).matches(change())
    assert not asking(**{field: [other]}).matches(change())
    assert not asking(**{field: [name]}, direction="up").matches(change())


def test_what_a_model_is_depends_on_when() -> None:
    """A name that nobody knows is of no author."""
    assert not asking(author="deepseek").matches(change(model="no-such-model"))
    assert not asking(country="CN").matches(change(model="no-such-model"))


def test_directions_and_percentages() -> None:
    assert asking(direction="down", min_pct=55).matches(change())
    assert not asking(min_pct="55.56").matches(change())
    assert asking(min_pct="55.55").matches(change())
    assert not asking(direction="up").matches(change())
    assert asking(direction="up", min_pct=100).matches(change("1", "2"))
    assert asking(direction="up", min_pct=10_000).matches(change("0", "2"))
    assert asking(min_pct=10_000).matches(change(usd("1"), usd("2", currency="CNY")))
    assert not asking(min_pct=1).matches(change(None, "2", kind=EventKind.PRICE_ADDED))
    assert not asking(min_pct=1).matches(change(None, None, kind=EventKind.OFFER_ADDED))


def test_rounding_alone_matters_to_nobody() -> None:
    assert not asking(seller="any").matches(change("0.2700000", "0.2700001", change_bp=0))
    assert asking().matches(change("0.27", "0.27", change_bp=0, kind=EventKind.TERMS_CHANGED))


def below(amount: str, **more: str) -> Filter:
    return asking(threshold={"below": amount, **more})


def test_below_is_told_when_a_price_comes_below_and_not_while_it_is() -> None:
    assert below("0.20").matches(change("0.27", "0.12"))
    assert below("0.27").matches(change("0.27", "0.12"))
    assert below("0.20").matches(change(None, "0.12", kind=EventKind.PRICE_ADDED))
    assert below("0.01").matches(change("0.27", "0"))
    assert not below("0.12").matches(change("0.27", "0.12"))
    assert not below("0.20").matches(change("0.19", "0.12"))
    assert not below("0.20").matches(change("0.12", None, kind=EventKind.PRICE_REMOVED))


def test_above_is_told_when_a_price_comes_above() -> None:
    above = asking(threshold={"above": "0.20"})
    assert above.matches(change("0.20", "0.21"))
    assert above.matches(change(None, "0.21", kind=EventKind.PRICE_ADDED))
    assert not above.matches(change("0.12", "0.20"))
    assert not above.matches(change("0.21", "0.22"))


def test_both_are_told_when_a_price_leaves_what_lies_between() -> None:
    band = asking(threshold={"below": "0.10", "above": "0.20"})
    assert band.matches(change("0.15", "0.09"))
    assert band.matches(change("0.15", "0.21"))
    assert band.matches(change("0.30", "0.09"))
    assert not band.matches(change("0.11", "0.19"))
    assert not band.matches(change("0.30", "0.15"))


def test_crossing_is_told_either_way() -> None:
    crossing = asking(threshold={"crossing": "0.20"})
    assert crossing.matches(change("0.27", "0.12"))
    assert crossing.matches(change("0.12", "0.20"))
    assert not crossing.matches(change("0.20", "0.27"))
    assert not crossing.matches(change(None, "0.12", kind=EventKind.PRICE_ADDED))


def test_a_threshold_counts_in_millions_of_tokens_or_in_one_of_anything_else() -> None:
    assert below("0.20").matches(change(usd("0.00027", 1_000), usd("0.00012", 1_000)))
    assert not below("0.0002").matches(change(usd("0.00027", 1_000), usd("0.00012", 1_000)))
    assert below("0.20").matches(change(usd("27", 100), usd("12", 100), unit="images"))


def test_a_threshold_in_another_currency_goes_by_the_rate_of_the_day() -> None:
    yuan = change(usd("2", currency="CNY"), usd("1", currency="CNY"))
    assert below("0.20").matches(yuan)
    assert not below("0.10").matches(yuan)
    assert below("1.5", currency="CNY").matches(yuan)
    assert below("0.15", currency="EUR").matches(change("0.27", "0.12"))


def test_where_there_is_no_rate_nothing_matches() -> None:
    assert not below("1000").matches(change(None, usd("1", currency="XAU"), kind=EventKind.PRICE_ADDED))
    early = NOW.replace(year=1990)
    assert not below("1000").matches(change(None, usd("1", currency="CNY"), recorded_at=early))


def test_only_what_was_doubted_first() -> None:
    confirmed = change(held_since=NOW - HOUR)
    assert asking(confirmed=True).matches(confirmed)
    assert not asking(confirmed=True).matches(change())
    assert asking().matches(confirmed)


def test_announcements_plans_and_corrections_are_had_alone_or_not_at_all() -> None:
    announced = change(kind=EventKind.PRICE_SCHEDULED)
    cancelled = change(kind=EventKind.PRICE_CANCELLED)
    plan = change(usd("10", 1), usd("8", 1), unit="plan_months", tier="plan")
    corrected = change(kind=EventKind.PRICE_CORRECTED)
    for one in (announced, cancelled):
        assert asking().matches(one)
        assert asking(scheduled="only").matches(one)
        assert not asking(scheduled="exclude").matches(one)
    assert not asking(scheduled="only").matches(change())
    assert asking(plans="only").matches(plan)
    assert asking(plans="only").matches(change(None, None, unit=None, tier="plan", kind=EventKind.OFFER_WITHDRAWN))
    assert not asking(plans="exclude").matches(plan)
    assert not asking(plans="only").matches(change())
    assert asking().matches(corrected)
    assert not asking(corrections="exclude").matches(corrected)


def test_a_story_is_wanted_for_any_of_its_changes() -> None:
    story = Story(1, (change("1", "2"), change()), ())
    assert asking(direction="down").wants(story)
    assert not asking(direction="down").wants(Story(1, (change("1", "2"),), ()))


def test_jumps_of_volumes_are_told_to_who_asks_for_them() -> None:
    flash = ("openrouter", "deepseek/deepseek-v4-flash")
    assert not asking().wants_jump(*flash, 50_000)
    assert asking(volume_pct=100).wants_jump(*flash, 10_000)
    assert asking(volume_pct=50).wants_jump(*flash, -5_000)
    assert not asking(volume_pct=100).wants_jump(*flash, 9_999)
    assert not asking(volume_pct=50, direction="up").wants_jump(*flash, -5_000)
    assert asking(volume_pct=50, author="deepseek", country="CN").wants_jump(*flash, 5_000)
    assert not asking(volume_pct=50, author="z-ai").wants_jump(*flash, 5_000)
    assert not asking(volume_pct=50, provider="deepseek").wants_jump(*flash, 5_000)
    assert not asking(volume_pct=50, model="deepseek-v4-flash").wants_jump(*flash, 5_000)
    only = asking(volume_pct=50, kind=["volume_jumped"])
    assert only.wants_jump(*flash, 5_000)
    assert not only.matches(change())
    assert not asking(volume_pct=50, kind=["price_raised"]).wants_jump(*flash, 5_000)


def test_equal_filters_have_one_text_and_come_back_from_it() -> None:
    one = asking(country=["us", "CN", "CN"], min_pct="10.0", threshold={"below": "1E+1"}, seller="first_party")
    other = asking(threshold={"below": 10, "currency": "USD"}, min_pct=10, country=["CN", "US"])
    assert one.text == other.text == '{"country":["CN","US"],"min_pct":"10","threshold":{"below":"10"}}'
    assert Filter.parse(one.text) == one == other
    assert Filter.parse(one.text) is Filter.parse(one.text)
    assert asking().text == "{}"


@pytest.mark.parametrize(
    "fields",
    [
        {"modle": "x"},
        {"provider": []},
        {"provider": [""]},
        {"provider": ["a\x00b"]},
        {"provider": ["x"] * 101},
        {"model": [f"a-model-with-a-long-name-{number}" for number in range(99)]},
        {"unit": "tokens"},
        {"kind": "price_moved"},
        {"country": "China"},
        {"direction": "sideways"},
        {"min_pct": 0},
        {"min_pct": "NaN"},
        {"volume_pct": -1},
        {"seller": "map"},
        {"threshold": {}},
        {"threshold": {"below": 1, "crossing": 2}},
        {"threshold": {"below": -1}},
        {"threshold": {"below": 1, "currency": "XYZ"}},
        {"threshold": {"below": "Infinity"}},
    ],
    ids=str,
)
def test_what_is_not_a_filter_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asking(**fields)


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "nobody here is called 'deepsek'": {"provider": "deepsek"},
    "no alerts of a source 'gazette'": {"source": "gazette"},
    "no model is called 'z-ai/nothing'": {"canonical": "z-ai/nothing"},
    "we know no author 'nobody'": {"author": "nobody"},
    "no author of a model in 'AQ'": {"country": "AQ"},
    "what is down is never price_raised": {"kind": "price_raised", "direction": "down"},
    "what is up is never price_lowered": {"kind": "price_lowered", "direction": "up"},
    "offer_added and terms_changed has no price that min_pct": {"kind": ["terms_changed", "offer_added"], "min_pct": 5},
    "has no price that threshold": {"kind": "offer_added", "threshold": {"below": 1}},
    "has no price that direction": {"kind": "offer_withdrawn", "direction": "up"},
    "of a whole offer": {"kind": "offer_added", "unit": "input_tokens"},
    "kind leaves them out": {"kind": "price_raised", "scheduled": "only"},
    "those are excluded": {"kind": "price_scheduled", "scheduled": "exclude"},
    "a correction, and those": {"kind": "price_corrected", "corrections": "exclude"},
    "no plan is paid by input_tokens": {"plans": "only", "unit": "input_tokens"},
    "tier leaves it out": {"plans": "only", "tier": "standard"},
    "only plans are left": {"plans": "exclude", "unit": "plan_months"},
    "plans are excluded": {"plans": "exclude", "tier": "plan"},
    "openrouter is a gateway, not first_party, which is what is asked for": {"provider": "openrouter"},
    "azure is a cloud, not gateway; set seller to any": {"provider": "azure", "seller": "gateway"},
    "needs volume_pct": {"kind": "volume_jumped"},
    "kind leaves volume_jumped out": {"kind": "price_raised", "volume_pct": 10},
    "nothing falls by more than 100 %": {"direction": "down", "min_pct": 101},
    "filter.volume_pct: nothing falls": {"direction": "down", "volume_pct": 101},
    "no price is below 0": {"threshold": {"below": 0}},
    "filter.threshold: no price": {"threshold": {"crossing": 0}},
    "below has to be less than above": {"threshold": {"below": 2, "above": 2}},
    "never rises above": {"threshold": {"above": 2}, "direction": "down"},
    "never falls below": {"threshold": {"below": 2}, "direction": "up"},
    "z-ai in CN, not in US": {"author": "z-ai", "country": "US"},
    "is by z-ai, not by deepseek": {"canonical": "z-ai/glm-5.2", "author": "deepseek"},
    "is by z-ai, of CN": {"canonical": "z-ai/glm-5.2", "country": "US"},
}


@pytest.mark.parametrize("sentence", IMPOSSIBLE)
def test_a_filter_that_can_match_nothing_is_refused_in_a_sentence(sentence: str) -> None:
    with pytest.raises(Impossible) as refused:
        check(asking(**IMPOSSIBLE[sentence]), KNOWN)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("filter.")


def test_who_is_misspelled_is_told_close_names() -> None:
    with pytest.raises(Impossible) as refused:
        check(asking(provider="deepsek", author="deepsek"), KNOWN)
    assert refused.value.close_names == ["deepseek"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"provider": ["deepseek", "openrouter"]},
        {"provider": "openrouter", "seller": "any"},
        {"provider": "openrouter", "kind": "volume_jumped", "volume_pct": 50},
        {"canonical": "acme/new-model", "seller": "gateway"},
        {"canonical": ["z-ai/glm-5.2", "deepseek/deepseek-v4-flash"], "author": "deepseek"},
        {"author": ["deepseek", "openai"], "country": "us"},
        {"kind": ["offer_added", "price_lowered"], "min_pct": 5},
        {"plans": "only", "unit": ["plan_years", "input_tokens"]},
        {"threshold": {"below": "0.1", "above": 1}},
    ],
    ids=str,
)
def test_what_can_match_something_is_not_refused(fields: dict[str, Any]) -> None:
    check(asking(**fields), KNOWN)


def world(rows: Rows) -> None:
    flash_cut(rows)
    rows.source("zai")
    rows.source("openrouter_models", "gateway", "openrouter")
    rows.story(None, moved("output_tokens", "1", "4"), moved("images", usd("2", 1), usd("1", 1)), at=NOW + HOUR,
               model="glm-5.2", source="zai")  # fmt: skip
    rows.story(None, moved("input_tokens", "0", "3"), {"kind": "offer_added"}, at=NOW + 2 * HOUR,
               model="z-ai/glm-5.2:free", source="openrouter_models")  # fmt: skip
    rows.story(None, moved("input_tokens", "1", usd("7", currency="CNY"), kind="price_raised"), at=NOW + DAY)


QUESTIONS: list[tuple[dict[str, Any], Wanted]] = [
    ({}, Wanted(Scope(seller="lab"))),
    ({"seller": "any"}, Wanted()),
    ({"seller": "gateway"}, Wanted(Scope(seller="gateway"))),
    ({"seller": "any", "author": "z-ai"}, Wanted(Scope(author="z-ai"))),
    ({"seller": "any", "country": "CN"}, Wanted(Scope(country="CN"))),
    ({"seller": "any", "canonical": "z-ai/glm-5.2"}, Wanted(Scope(canonical="z-ai/glm-5.2"))),
    ({"seller": "any", "unit": "input_tokens"}, Wanted(Scope(unit="input_tokens"))),
    ({"seller": "any", "direction": "up"}, Wanted(direction="up")),
    ({"seller": "any", "direction": "down"}, Wanted(direction="down")),
    ({"seller": "any", "min_pct": 60}, Wanted(min_bp=6000)),
    ({"seller": "any", "kind": "price_removed"}, Wanted(kind=EventKind.PRICE_REMOVED)),
]


@pytest.mark.parametrize(("fields", "wanted"), QUESTIONS, ids=str)
def test_a_filter_means_what_the_same_question_to_the_api_means(
    engine: Engine, rows: Rows, fields: dict[str, Any], wanted: Wanted
) -> None:
    world(rows)
    with reading(engine) as connection:
        everything = changes_after(connection, Wanted(), 0, 100)
        found = changes_after(connection, wanted, 0, 100)
    assert [one.id for one in everything if asking(**fields).matches(one)] == [one.id for one in found]
    assert found


AMOUNTS = st.none() | st.decimals("0", "10", places=3)


@given(AMOUNTS, AMOUNTS, st.decimals("0.001", "10", places=3))
def test_a_crossing_is_a_fall_below_or_its_way_back(old: Decimal | None, new: Decimal | None, limit: Decimal) -> None:
    one = change(*(None if amount is None else usd(str(amount)) for amount in (old, new)), kind=EventKind.TERMS_CHANGED)
    back = one._replace(old=one.new, new=one.old)
    crosses = asking(threshold={"crossing": limit})
    fell, returned = (below(str(limit)).matches(way) for way in (one, back))
    assert crosses.matches(one) == crosses.matches(back) == (None not in (old, new) and (fell or returned))


def test_a_filter_is_compiled_once() -> None:
    asked = asking(provider="deepseek")
    assert asked._checks is asked._checks
    assert asked.matches(change(effective_at=NOW + timedelta(days=400)))


def test_every_field_is_told_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    _, table, _ = re.split(r"\n## (?:Filters|States)\n", page)
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Filter.model_fields)
