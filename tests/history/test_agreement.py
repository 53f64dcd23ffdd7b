"""A price that is doubted is believed when another witness says the same; on both databases."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Engine, event

from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Conditions, Offer, PriceComponent, Provider, Reading, Source, Witness
from history.queries import Scope, Wanted, as_of, changes_after
from history.recorder import Recorded, record
from history.rederive import correct
from tests.history.pages import day, price
from tests.postgres import forget

DEEPSEEK = Provider("deepseek", "DeepSeek", "lab")
ROUTER, OTHER = Provider("openrouter", "OpenRouter", "gateway"), Provider("vercel", "Vercel", "gateway")
MAPS = {name: Provider(name, name.title(), "map") for name in ("litellm", "llm_prices")}
FLASH, ROUTED = "deepseek-v4-flash", "deepseek/deepseek-v4-flash"
LONG = Conditions(min_input_tokens=200_001)


def source(name: str, provider: Provider, witness: Witness, currencies: str = "USD CNY") -> Source:
    billers = {"deepseek": DEEPSEEK} if witness == "imported" else {}
    url = f"https://{name}.example/"
    return Source(
        name, provider, url, frozenset(currencies.split()), range(1, 100), 3600, witness=witness, billers=billers
    )


PAGE, PRICE_LIST = source("deepseek", DEEPSEEK, "first_party"), source("deepseek_list", DEEPSEEK, "first_party")
FACTS = source("documented_deepseek", DEEPSEEK, "documented")
ROUTES, HEADLINES = source("routes", ROUTER, "gateway"), source("openrouter", ROUTER, "gateway")
GATEWAY = source("vercel", OTHER, "gateway")
LITELLM, LLM_PRICES = (source(name, provider, "imported") for name, provider in MAPS.items())


class World:
    """What each source says of DeepSeek's model on that day, in its own words."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def says(self, number: float, source: Source, amount: str, *more: PriceComponent, **stated: Any) -> Recorded:
        priced = (price("input_tokens", amount, per=stated.pop("per", 1_000_000)), *more)
        with recording(self.engine) as connection:
            return record(connection, _reading(number, source, priced, **stated), day(number))

    def told(self, source: Source = PAGE) -> list[tuple[str, str, datetime, datetime, datetime | None]]:
        """(old, new, in effect, recorded, held since) of what moved, by that source."""
        with reading_from(self.engine) as connection:
            changes = changes_after(connection, Wanted(Scope(source=source.name)), 0, 100)
        return [
            (f"{one.old.amount:f}", f"{one.new.amount:f}", one.effective_at, one.recorded_at, one.held_since)
            for one in changes
            if one.old and one.new
        ]


def _reading(number: float, source: Source, priced: tuple[PriceComponent, ...], **stated: Any) -> Reading:
    gateway = source.witness == "gateway"
    seller = source.provider.slug if gateway else "deepseek"
    region = "deepseek" if gateway else ""
    offer = Offer(seller, ROUTED if gateway else FLASH, priced, region=region)
    return Reading(source, "hand", day(number), offers=(replace(offer, **stated),))


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


@pytest.mark.parametrize("witness", [PRICE_LIST, FACTS, ROUTES, LITELLM], ids=lambda source: source.witness)
def test_a_cut_that_another_witness_has_too_is_told_at_once(world: World, witness: Source) -> None:
    world.says(0, PAGE, "3")
    world.says(1, witness, "0.03")
    assert world.says(2, PAGE, "0.03").held == 0
    assert world.told() == [("3", "0.03", day(2), day(2), day(2))]


def test_a_cut_that_was_held_is_told_when_a_witness_agrees_though_minutes_have_passed(world: World) -> None:
    world.says(0, PAGE, "3")
    assert world.says(1, PAGE, "0.03").held == 1
    world.says(1.001, ROUTES, "0.03")
    world.says(1.002, PAGE, "0.03")
    assert world.told() == [("3", "0.03", day(1), day(1.002), day(1))]


def test_what_waits_with_it_is_told_with_it(world: World) -> None:
    world.says(0, PAGE, "3", price("output_tokens", "9"))
    world.says(1, PAGE, "0.03", price("output_tokens", "8"))
    world.says(1.001, ROUTES, "0.03")
    world.says(1.002, PAGE, "0.03", price("output_tokens", "8"))
    assert [(old, new, since) for old, new, _, _, since in world.told()] == [
        ("3", "0.03", day(1)),
        ("9", "8", day(1)),
    ]


def test_one_price_that_is_confirmed_waits_for_another_of_its_model_that_is_not(world: World) -> None:
    world.says(0, PAGE, "3", price("output_tokens", "9"))
    world.says(1, ROUTES, "0.03")
    assert world.says(2, PAGE, "0.03", price("output_tokens", "0.09")).held == 2
    world.says(3, PAGE, "0.03", price("output_tokens", "0.09"))
    assert [told[2:] for told in world.told()] == [(day(2), day(3), day(2))] * 2


@pytest.mark.parametrize(
    "stated",
    [
        {"model": "deepseek/deepseek-v4-pro"},
        {"tier": "batch"},
        {"region": "novita"},
        {"region": "deepseek/eu"},
        {"region": ""},
        {"components": (price("output_tokens", "0.03"),)},
        {"components": (price("input_tokens", "0.03", conditions=LONG),)},
        {"components": (price("input_tokens", "0.03", currency="CNY"),)},
        {"components": (price("input_tokens", "0.0301"),)},
    ],
    ids=["model", "tier", "host", "place", "no route", "unit", "conditions", "currency", "amount"],
)
def test_a_witness_of_anything_else_confirms_nothing(world: World, stated: dict[str, Any]) -> None:
    world.says(0, PAGE, "3")
    world.says(1, ROUTES, "0.03", **stated)
    assert world.says(2, PAGE, "0.03").held == 1


def test_the_same_price_for_another_quantity_and_a_list_price_behind_a_discount_agree(world: World) -> None:
    world.says(0, PAGE, "3")
    world.says(1, ROUTES, "0.00000003", per=1)
    assert world.says(2, PAGE, "0.03").held == 0
    listed = price("input_tokens", "0.002", list_amount=Decimal("0.004"))
    world.says(3, ROUTES, "1", components=(listed,))
    world.says(4, ROUTES, "1", components=(listed,))
    assert world.says(5, PAGE, "0.002").held == 1
    assert world.says(6, PAGE, "0.004").held == 0


def test_nothing_is_said_by_a_price_of_nothing(world: World) -> None:
    """A route that is free for a while is no witness that the seller is."""
    world.says(0, PAGE, "3")
    world.says(1, ROUTES, "0")
    assert world.says(2, PAGE, "0").held == 1


def test_who_still_says_what_was_said_before_confirms_no_way_back(world: World) -> None:
    """A cache serves the page of last month, and a map that nobody keeps has its price."""
    world.says(0, LITELLM, "0.03")
    world.says(1, PAGE, "3")
    assert world.says(2, PAGE, "0.03").held == 1


def test_a_witness_whose_own_price_is_held_is_no_witness(world: World) -> None:
    world.says(0, PAGE, "3")
    world.says(0.5, ROUTES, "3")
    assert world.says(1, ROUTES, "0.03").held == 1
    assert world.says(2, PAGE, "0.03").held == 1


def test_a_witness_that_has_left_is_none(world: World) -> None:
    world.says(0, PAGE, "3")
    world.says(0.1, ROUTES, "0.03", price("output_tokens", "1"))
    world.says(1, ROUTES, "0", components=(price("output_tokens", "1"),))
    assert world.says(2, PAGE, "0.03").held == 1


@pytest.mark.parametrize("witness", [PAGE, FACTS, ROUTES], ids=lambda source: source.witness)
@pytest.mark.parametrize("first", [True, False], ids=["said before the map", "said after the map"])
def test_a_jump_of_a_map_is_believed_with_the_next_version_when_a_better_witness_says_so(
    world: World, witness: Source, first: bool
) -> None:
    if first:
        world.says(-1, witness, "0.03")
    world.says(0, LITELLM, "3")
    held = world.says(1, LITELLM, "0.03").held
    assert held == (not first)
    if not first:
        world.says(2, LITELLM, "0.03")
        assert world.told(LITELLM) == []
        world.says(2.5, witness, "0.03")
        world.says(3, LITELLM, "0.03")
    assert world.told(LITELLM) == [("3", "0.03", day(1), day(1 if first else 3), day(1))]


def test_maps_are_written_off_from_each_other(world: World) -> None:
    world.says(0, LITELLM, "3")
    world.says(1, LLM_PRICES, "0.03")
    for number in (2, 3):
        assert world.says(number, LITELLM, "0.03").held == (number == 2)
    assert world.told(LITELLM) == []


@pytest.mark.parametrize(("witness", "held"), [(PAGE, 0), (FACTS, 0), (LITELLM, 1)], ids=["page", "facts", "map"])
def test_a_gateways_jump_is_confirmed_by_who_charges_it_and_by_no_map(world: World, witness: Source, held: int) -> None:
    world.says(0, ROUTES, "3")
    world.says(1, witness, "0.03")
    assert world.says(2, ROUTES, "0.03").held == held


def test_a_gateway_does_not_confirm_itself_by_another_of_its_answers(world: World) -> None:
    world.says(0, ROUTES, "3")
    world.says(1, HEADLINES, "0.03")
    assert world.says(2, ROUTES, "0.03").held == 1


def test_a_currency_that_a_witness_has_too_is_believed(world: World) -> None:
    world.says(0, PAGE, "3")
    yuan = price("input_tokens", "0.2", currency="CNY")
    world.says(1, ROUTES, "1", components=(yuan,))
    assert world.says(2, PAGE, "1", components=(yuan,)).held == 0


def test_what_a_witness_says_later_changes_nothing_when_the_pages_are_read_again(world: World) -> None:
    amounts = ["3", "0.03", "0.3"]
    runs = [world.says(number, PAGE, amount).run_id for number, amount in enumerate(amounts)]
    world.says(3, ROUTES, "0.03")
    world.says(4, ROUTES, "0.3")
    with recording(world.engine) as connection:
        again = [
            (run_id, _reading(number, PAGE, (price("input_tokens", amount),)))
            for number, (run_id, amount) in enumerate(zip(runs, amounts, strict=True))
        ]
        assert correct(connection, PAGE, again, "two", day(9)).events == 0


def test_nobody_is_asked_where_nothing_is_doubted(world: World) -> None:
    asked: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    world.says(0, PAGE, "3")
    world.says(1, ROUTES, "2")
    event.listen(world.engine, "before_cursor_execute", note)
    world.says(2, PAGE, "2")
    assert [statement for statement in asked if "source.id !=" in statement] == []
    world.says(3, PAGE, "0.02")
    assert len([statement for statement in asked if "source.id !=" in statement]) == 1


AMOUNTS = st.sampled_from(["0.02", "0.2", "2", "20"])
SAYINGS = st.lists(st.tuples(st.sampled_from([PAGE, ROUTES, LITELLM]), AMOUNTS), min_size=3, max_size=12)


def believed(engine: Engine, source: Source) -> str | None:
    with reading_from(engine) as connection:
        found = as_of(connection, Scope(source=source.name), day(999), day(999))
    return f"{found[0].amount:f}" if found else None


class BruteForce:
    """The rules for one price of three witnesses, once more: what each is believed to say, and since when."""

    def __init__(self) -> None:
        self.now: dict[str, tuple[str, int]] = {}
        self.held: dict[str, tuple[str, int]] = {}

    def says(self, number: int, source: Source, amount: str) -> None:
        old, since = self.now.get(source.name, (None, -1))
        known, first = self.held.pop(source.name, (None, number))
        first = first if known == amount else number
        if old is None or old == amount:
            self.now[source.name] = (amount, since if old else number)
        elif (known == amount and source is not LITELLM) or self.agreed(source, amount, since):
            self.now[source.name] = (amount, first)
        else:
            self.held[source.name] = (amount, first)

    def agreed(self, source: Source, amount: str, since: int) -> bool:
        """Any two of these amounts are ten times apart, so that every move is doubted."""
        said = {name: found for name, found in self.now.items() if name != source.name}
        if source is PAGE:
            return any(theirs == amount and begun > since for theirs, begun in said.values())
        better = [PAGE.name] if source is ROUTES else [PAGE.name, ROUTES.name]
        return any(name in better and theirs == amount for name, (theirs, _) in said.items())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sayings=SAYINGS)
def test_what_is_believed_of_three_witnesses_is_what_brute_force_believes_and_reading_again_changes_nothing(
    engine: Engine, sayings: list[tuple[Source, str]]
) -> None:
    with writing(engine) as connection:
        forget(connection)
    world, force, pages = World(engine), BruteForce(), []
    for number, (source, amount) in enumerate(sayings):
        run_id = world.says(number, source, amount).run_id
        force.says(number, source, amount)
        pages.append((source, run_id, _reading(number, source, (price("input_tokens", amount),))))
    for source in (PAGE, ROUTES, LITELLM):
        assert believed(engine, source) == force.now.get(source.name, (None, 0))[0]
        with recording(engine) as connection:
            again = [(run_id, page) for told, run_id, page in pages if told is source]
            assert correct(connection, source, again, "two", day(99)).events == 0
