"""Sources as witnesses: who bills, whose word it is, and what a map of others' prices is believed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from history import tables as t
from history.db import reading as reading_from
from history.db import recording
from history.model import Offer, Provider, Reading, Source, Witness
from history.queries import Scope, Wanted, as_of, changes_after, models, providers, stories
from history.recorder import record
from history.rederive import correct
from tests.history.pages import LAB, day, offer, price, reading, simple

OTHER = Provider("other", "Other", "cloud")
MAP = Source(
    "map", Provider("map", "A map", "map"), "https://map.example/prices.json", frozenset({"USD"}), range(1, 100), 86400,
    witness="imported", billers={"acme": LAB, "other": OTHER},
)  # fmt: skip


def take(engine: Engine, number: float, *offers: Offer, source: Source = MAP) -> None:
    with recording(engine) as connection:
        record(connection, reading(day(number), *offers, source=source), day(number))


def billed(provider: str, model: str, amount: str) -> Offer:
    return Offer(provider, model, (price("input_tokens", amount),))


def told(engine: Engine, **scope: Any) -> list[tuple[str, str, str, str]]:
    with reading_from(engine) as connection:
        found = as_of(connection, Scope(**scope), day(1000), day(1000))
    return [(one.provider, one.source, one.model, str(one.amount)) for one in found]


def test_the_offers_of_a_map_are_found_under_who_bills_them(engine: Engine) -> None:
    take(engine, 0, billed("acme", "acme/a", "3"), billed("other", "other/a", "4"))
    assert told(engine, provider="other") == [("other", "map", "other/a", "4")]
    with reading_from(engine) as connection:
        assert [(one.provider, one.model) for one in models(connection)] == [("acme", "acme/a"), ("other", "other/a")]
        listed = {
            one.slug: (one.kind, one.offers, [source.name for source in one.sources]) for one in providers(connection)
        }
    assert listed == {"acme": ("lab", 1, ["map"]), "map": ("map", 0, ["map"]), "other": ("cloud", 1, ["map"])}


def test_two_billers_of_a_map_may_call_their_models_the_same(engine: Engine) -> None:
    take(engine, 0, billed("acme", "a", "3"), billed("other", "a", "4"), billed("map", "a", "5"))
    take(engine, 14, billed("acme", "a", "2"), billed("other", "a", "4"), billed("map", "a", "5"))
    assert sorted(told(engine)) == [("acme", "map", "a", "2"), ("map", "map", "a", "5"), ("other", "map", "a", "4")]
    with reading_from(engine) as connection:
        changes = connection.execute(select(t.change_event.c.old_amount, t.change_event.c.new_amount)).all()
    assert [tuple(map(str, row)) for row in changes] == [("3", "2")]


def test_a_slip_at_one_biller_holds_nothing_of_another_and_each_has_its_own_story(engine: Engine) -> None:
    take(engine, 0, billed("acme", "a", "3"), billed("other", "a", "4"), billed("map", "a", "5"))
    take(engine, 14, billed("acme", "a", "300"), billed("other", "a", "5"), billed("map", "a", "6"))
    assert sorted(told(engine)) == [("acme", "map", "a", "3"), ("map", "map", "a", "6"), ("other", "map", "a", "5")]
    with reading_from(engine) as connection:
        stories = connection.execute(select(t.change_event.c.story_id)).scalars().all()
    assert len(stories) == len(set(stories)) == 2


def test_an_edit_of_a_map_is_a_story_only_to_who_asks_for_that_map(engine: Engine) -> None:
    for number, amount in ((0, "3"), (14, "2")):
        take(engine, number, billed("acme", "a", amount))
    with reading_from(engine) as connection:
        assert stories(connection, Wanted(), None, 10) == []
        [told_to_who_asks] = stories(connection, Wanted(Scope(source="map")), None, 10)
        assert [change.kind for change in changes_after(connection, Wanted(), 0, 10)] == ["price_lowered"]
    assert [change.kind for change in told_to_who_asks.changes] == ["price_lowered"]


def test_a_parser_fix_reads_a_maps_past_again_under_who_bills(engine: Engine) -> None:
    take(engine, 0, billed("acme", "a", "3"), billed("other", "a", "4"))
    again = reading(day(0), billed("acme", "a", "2"), billed("other", "a", "4"), billed("other", "b", "9"), source=MAP)
    with recording(engine) as connection:
        assert correct(connection, MAP, [(1, again)], "newer", day(1)).events == 2
    assert sorted(told(engine)) == [("acme", "map", "a", "2"), ("other", "map", "a", "4"), ("other", "map", "b", "9")]


def test_a_biller_that_the_source_does_not_declare_is_refused(engine: Engine) -> None:
    take(engine, 0, billed("acme", "a", "3"), billed("nobody", "b", "4"))
    with reading_from(engine) as connection:
        refused = connection.execute(select(t.rejection.c.rule, t.rejection.c.model)).all()
    assert [tuple(row) for row in refused] == [("other_provider", "b")]
    assert told(engine) == [("acme", "map", "a", "3")]


def test_a_first_party_page_and_a_map_keep_their_own_prices(engine: Engine) -> None:
    with recording(engine) as connection:
        record(connection, reading(day(0), simple("a", "3")), day(0))
    take(engine, 1, billed("acme", "a", "2.5"))
    assert {(source, amount) for _, source, _, amount in told(engine, unit="input_tokens")} == {
        ("acme_page", "3"), ("map", "2.5"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("witness", "basis"), [("first_party", "first_seen"), ("documented", "documented"), ("imported", "imported")]
)
def test_a_version_says_whose_word_it_is(engine: Engine, witness: Witness, basis: str) -> None:
    source = replace(MAP, witness=witness)
    for number, amount in ((0, "3"), (1, "2.9")):
        take(engine, number, billed("acme", "a", amount), source=source)
    with reading_from(engine) as connection:
        assert set(connection.execute(select(t.price.c.basis)).scalars()) == {basis}
        assert connection.execute(select(t.source.c.witness)).scalar_one() == witness


def test_a_stated_start_in_a_map_is_still_the_maps_word(engine: Engine) -> None:
    take(engine, 0, offer("a", price("input_tokens", "3", valid_from=day(-30)), price("output_tokens", "9")))
    with reading_from(engine) as connection:
        rows = connection.execute(select(t.price.c.valid_from, t.price.c.basis).order_by(t.price.c.valid_from)).all()
    assert [tuple(row) for row in rows] == [(day(-30), "imported"), (day(0), "imported")]


def test_a_slip_in_a_map_is_held_however_often_it_repeats_itself(engine: Engine) -> None:
    take(engine, 0, billed("acme", "a", "3"))
    for number in (14, 28, 42):
        take(engine, number, billed("acme", "a", "0.000003"))
    assert told(engine) == [("acme", "map", "a", "3")]
    with reading_from(engine) as connection:
        held = connection.execute(select(t.held.c.rule, t.held.c.first_seen_at)).all()
    assert [tuple(row) for row in held] == [("implausible_factor", day(14))]


def test_a_map_that_takes_its_slip_back_goes_on_as_if_nothing_had_been(engine: Engine) -> None:
    for number, amount in ((0, "3"), (14, "3000"), (28, "2.8")):
        take(engine, number, billed("acme", "a", amount))
    assert told(engine) == [("acme", "map", "a", "2.8")]
    with reading_from(engine) as connection:
        assert connection.execute(select(t.held)).first() is None


def test_a_map_may_follow_a_cut_that_would_make_a_page_wait(engine: Engine) -> None:
    """Sevenfold: a page is fetched again after ten minutes, a map only has its next version."""
    take(engine, 0, billed("acme", "a", "7"))
    take(engine, 14, billed("acme", "a", "1"))
    assert told(engine) == [("acme", "map", "a", "1")]


def recorded_times(engine: Engine) -> list[datetime]:
    with reading_from(engine) as connection:
        return list(connection.execute(select(t.run.c.recorded_at).order_by(t.run.c.id)).scalars())


def test_recorded_time_never_runs_backwards_though_the_clock_is_set_back(engine: Engine) -> None:
    readings: list[Reading] = [reading(day(number), simple("a", amount)) for number, amount in ((0, "3"), (1, "2.9"))]
    with recording(engine) as connection:
        record(connection, readings[0], day(2))
        record(connection, readings[1], day(1.5))
    first, second = recorded_times(engine)
    assert second == first + timedelta(microseconds=1)
    with reading_from(engine) as connection:
        (known,) = as_of(connection, Scope(unit="input_tokens"), day(3), first)
    assert str(known.amount) == "3"
