"""Every story that everyone tells of prices, from a hand-made page to the line in a feed: as it is told elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from crawler.page import Page
from crawler.reading import read, spider_class
from feed.app import create_app
from feed.headlines import headline
from feed.wording import sentences
from history import evidence, queries
from history.db import reading as reading_from
from history.db import recording
from history.model import ALWAYS, Conditions, Fetched, Offer, PriceComponent, Provider, Reading, Source
from history.queries import Scope, Wanted
from history.recorder import Recorded, record
from tests.spiders.reading import saved

UNITS = {"in": "input_tokens", "out": "output_tokens", "hit": "cache_read_tokens"}
LONG = Conditions(min_input_tokens=256_001)
OVER_200K = Conditions(min_input_tokens=200_001)
OFF_PEAK, PEAK = Conditions(period="off_peak"), Conditions(hours_utc=("01:00-04:00", "06:00-10:00"), period="peak")
NIGHT = Conditions(hours_utc=("16:30-00:30",), period="off_peak")
THINKING, PLAIN = Conditions(thinking=True), Conditions(thinking=False)
SOON = timedelta(minutes=15)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def usd(unit: str, amount: str, when: Conditions = ALWAYS, *, currency: str = "USD", **stated: Any) -> PriceComponent:
    if "list" in stated:
        stated["list_amount"] = Decimal(stated.pop("list"))
    return PriceComponent(UNITS[unit], Decimal(amount), currency, 1_000_000, when, **stated)


def prices(text: str, when: Conditions = ALWAYS, **stated: Any) -> list[PriceComponent]:
    """'in 1 out 3 hit 0.2': a row of a page."""
    words = text.split()
    return [usd(unit, amount, when, **stated) for unit, amount in zip(words[::2], words[1::2], strict=True)]


class World:
    """A seller's page, fetched as it changes; and what a reader is told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def page(
        self, when: str, model: str, *rows: list[PriceComponent], seller: Provider | None = None, again: bool = True
    ) -> Recorded:
        """What stands on the page from then on; fetched twice, so that what needs a second look has had it."""
        seller = seller or Provider("acme", "Acme", "lab")
        components = tuple(component for row in rows for component in row)
        currencies = frozenset({"USD", "CNY"})
        source = Source(seller.slug, seller, f"https://{seller.slug}.example/", currencies, range(1, 100), 3600)
        offers = (Offer(seller.slug, model, components),)
        first = self._take(Reading(source, "hand", at(when), offers=offers))
        return self._take(Reading(source, "hand", at(when) + SOON, offers=offers)) if again else first

    def captured(self, when: str, spider: str, page: Page) -> None:
        """The same with a page of a real spider's shape."""
        for moment in (at(when), at(when) + SOON):
            with recording(self.engine) as connection:
                digest = evidence.keep(connection, page.body, page.media_type, moment)
            fetched = Fetched(page.url, digest, moment)
            whole = read(spider_class(spider)(), [(replace(page, fetched_at=moment), fetched)], moment)
            # A hand-made page is as long as its story needs.
            self._take(replace(whole, source=replace(whole.source, offers_expected=range(1, 1000))))

    def _take(self, reading: Reading) -> Recorded:
        with recording(self.engine) as connection:
            return record(connection, reading, reading.observed_at)

    def stories(self, model: str | None = None) -> list[queries.Story]:
        """The oldest first."""
        with reading_from(self.engine) as connection:
            return queries.stories(connection, Wanted(Scope(model=model)), None, 50)[::-1]

    def headlines(self, model: str | None = None) -> list[str]:
        return [headline(story) for story in self.stories(model)]

    def told(self, model: str | None = None) -> list[str]:
        return [sentence for story in self.stories(model) for sentence in sentences(story)]

    def events(self, model: str | None = None) -> list[tuple[str, str, str, str, str]]:
        with reading_from(self.engine) as connection:
            changes = queries.changes_after(connection, Wanted(Scope(model=model)), 0, 500)
        return [
            (one.kind.value, one.unit or "", _text(one.old), _text(one.new), f"{one.effective_at:%F %H:%M}")
            for one in changes
        ]

    def price(self, when: str, unit: str, conditions: str = "") -> str | None:
        with reading_from(self.engine) as connection:
            found = queries.as_of(connection, Scope(unit=UNITS[unit]), at(when), at("2030-01-01"))
        return next((f"{one.amount:f}" for one in found if one.conditions == conditions), None)


def _text(quote: Any) -> str:
    return "" if quote is None else f"{quote.amount:f}"


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def test_one_component_is_cut_and_the_others_stay(world: World) -> None:
    """Claude Sonnet 5.5 on 2026-10-07."""
    world.page("2026-10-01", "claude-sonnet-5.5", prices("in 2 out 10 hit 0.2"))
    world.page("2026-10-07", "claude-sonnet-5.5", prices("in 2 out 10 hit 0.1"))
    assert world.events() == [("price_lowered", "cache_read_tokens", "0.2", "0.1", "2026-10-07 00:00")]
    assert world.headlines() == ["claude-sonnet-5.5: cache hit −50 %"]


def test_the_99_percent_cut_is_told_by_component_and_never_averaged(world: World) -> None:
    """MiMo on 2026-05-27: −99.1 % is true of one component of the tier that went."""
    world.page("2026-05-26", "mimo-v2.5-pro", prices("in 1 out 3 hit 0.2"), prices("in 2 out 6 hit 0.4", LONG))
    world.page("2026-05-27", "mimo-v2.5-pro", prices("in 0.435 out 0.87 hit 0.0036"))
    assert world.headlines() == ["mimo-v2.5-pro: cache hit −98.2 %, output −71 %, input −56 %, >256K tier removed"]
    assert world.events() == [
        ("price_removed", "cache_read_tokens", "0.4", "0.0036", "2026-05-27 00:00"),
        ("price_removed", "input_tokens", "2", "0.435", "2026-05-27 00:00"),
        ("price_removed", "output_tokens", "6", "0.87", "2026-05-27 00:00"),
        ("price_lowered", "cache_read_tokens", "0.2", "0.0036", "2026-05-27 00:00"),
        ("price_lowered", "input_tokens", "1", "0.435", "2026-05-27 00:00"),
        ("price_lowered", "output_tokens", "3", "0.87", "2026-05-27 00:00"),
    ]
    assert "cache hit (>256K): has no price of its own any more, was $0.40, now $0.0036 per 1M tokens (−99.1 %)" in (
        world.told()
    )
    answer = TestClient(create_app(world.engine, "http://t")).get("/v1/changes?direction=down&min_pct=99").json()
    assert [(change["unit"], change["change_percent"]) for change in answer["changes"]] == [
        ("cache_read_tokens", "-99.1")
    ]


def test_a_rise_and_a_cut_at_the_same_time(world: World) -> None:
    """Gemini 2.5 Flash on 2025-06-17: two output prices merged into one."""
    model = "gemini-2.5-flash"
    world.page("2025-06-01", model, prices("in 0.15"), prices("out 0.6", PLAIN), prices("out 3.5", THINKING))
    world.page("2025-06-17", model, prices("in 0.3 out 2.5"))
    assert world.headlines() == [f"{model}: output (non-thinking) +316.7 %, input +100 %, output (thinking) −29 %"]
    reader = TestClient(create_app(world.engine, "http://t"))
    for direction, moves in (("up", {"100", "316.66"}), ("down", {"-28.57"})):
        answer = reader.get(f"/v1/changes?direction={direction}").json()
        assert {change["change_percent"] for change in answer["changes"]} == moves


def test_a_promotion_moves_its_end_and_then_becomes_the_list_price(world: World) -> None:
    """DeepSeek V4 Pro, April and May 2026: three announcements, one number."""
    model = "deepseek-v4-pro"
    world.page("2026-04-24", model, prices("in 1.74"))
    world.page("2026-04-26T12:15", model, prices("in 0.435", list="1.74", valid_to=at("2026-05-05T15:59")))
    world.page("2026-05-04", model, prices("in 0.435", list="1.74", valid_to=at("2026-05-31T15:59")))
    world.page("2026-05-22", model, prices("in 0.435"))
    assert world.headlines() == [
        f"{model}: input −75 %",
        f"{model}: promotion until 2026-05-31",
        f"{model}: promotion is the list price now",
    ]
    assert world.told() == [
        "input: was $1.74, now $0.435 per 1M tokens (−75 %); a promotion until 2026-05-05 15:59 UTC, "
        "the list price is $1.74",
        "input: $0.435 per 1M tokens as before; a promotion until 2026-05-31 15:59 UTC "
        "(was until 2026-05-05 15:59 UTC), the list price is $1.74",
        "input: $0.435 per 1M tokens as before; the promotion has become the list price (was $1.74)",
    ]
    assert [event[0] for event in world.events()] == ["price_lowered", "terms_changed", "terms_changed"]


def test_a_launch_promotion_is_no_change_of_the_list_price(world: World) -> None:
    """MiniMax M3: maps flapped between both of its prices; its page has both at once."""
    for day in ("2026-06-01", "2026-06-02", "2026-06-25"):
        world.page(day, "MiniMax-M3", prices("in 0.3", list="0.6"))
    assert world.events() == []


def test_a_price_announced_for_a_day_takes_effect_on_it(world: World) -> None:
    """Gemini 4 Argon, 2026-12-01."""
    future = prices("in 4 out 20", valid_from=at("2026-12-01"))
    world.page("2026-11-01", "gemini-4-argon", prices("in 2 out 10"))
    world.page("2026-11-10", "gemini-4-argon", prices("in 2 out 10"), future)
    world.page("2026-12-01T02:00", "gemini-4-argon", prices("in 4 out 20"))
    assert world.headlines() == [
        "gemini-4-argon: input +100 %, output +100 %, all from 2026-12-01",
        "gemini-4-argon: input +100 %, output +100 %",
    ]
    assert {(kind, effective) for kind, *_, effective in world.events()} == {
        ("price_scheduled", "2026-12-01 00:00"),
        ("price_raised", "2026-12-01 00:00"),
    }
    assert world.price("2026-11-30T23:59", "in") == "2"
    assert world.price("2026-12-01T00:00", "in") == "4"


def test_what_was_announced_is_cancelled(world: World) -> None:
    """Claude Sonnet 5 stayed at its introductory price."""
    world.page("2026-08-01", "claude-sonnet-5", prices("in 2"))
    world.page("2026-08-05", "claude-sonnet-5", prices("in 2"), prices("in 3", valid_from=at("2026-09-01")))
    world.page("2026-08-28", "claude-sonnet-5", prices("in 2"))
    assert world.headlines()[-1] == "claude-sonnet-5: announced input price cancelled"
    assert world.told()[-1] == (
        "input: $3 per 1M tokens, announced for 2026-09-01 00:00 UTC, is cancelled; $2 per 1M tokens stays"
    )
    assert world.price("2026-09-02", "in") == "2"


def test_what_was_announced_is_postponed(world: World) -> None:
    """DeepSeek's dearer prices: mid-July, then the middle of August. One change, not two."""
    model = "deepseek-v4-flash"
    world.page("2026-06-28", model, prices("in 0.14"))
    world.page("2026-06-29", model, prices("in 0.14"), prices("in 0.22", valid_from=at("2026-07-15")))
    world.page("2026-07-10", model, prices("in 0.14"), prices("in 0.22", valid_from=at("2026-08-16T16:00")))
    assert world.headlines()[-1] == f"{model}: input +57 % from 2026-08-16"
    assert world.told()[-1].endswith("; until then $0.14 per 1M tokens; postponed from 2026-07-15 00:00 UTC")
    assert len(world.stories()[-1].changes) == 2
    assert world.price("2026-08-01", "in") == "0.14"
    assert world.price("2026-08-17", "in") == "0.22"


def test_a_rise_that_is_taken_back_after_nine_days_is_two_stories(world: World) -> None:
    """Mistral Large 4, October 2026."""
    for day, row in (
        ("2026-10-01", "in 0.68 out 2.09"),
        ("2026-10-20", "in 1.36 out 4.18"),
        ("2026-10-29", "in 0.7 out 2.1"),
    ):
        world.page(day, "Mistral Large 4", prices(row))
    assert world.headlines() == [
        "Mistral Large 4: input +100 %, output +100 %",
        "Mistral Large 4: output −50 %, input −49 %",
    ]
    assert [world.price(day, "in") for day in ("2026-10-19", "2026-10-25", "2026-10-30")] == ["0.68", "1.36", "0.7"]


def test_an_alias_that_is_pointed_elsewhere_is_a_change_of_what_it_costs(world: World) -> None:
    """mistral-medium-latest on 2026-06-16."""
    world.page("2026-06-01", "mistral-medium-latest", prices("in 0.4 out 2"))
    world.page("2026-06-16", "mistral-medium-latest", prices("in 1.5 out 7.5"))
    assert world.headlines() == ["mistral-medium-latest: input +275 %, output +275 %"]


def test_prices_by_the_hour_replace_a_flat_one(world: World) -> None:
    """DeepSeek on 2026-08-16 at 16:00 UTC: what was one price is two."""
    world.page("2026-08-01", "deepseek-v4-pro", prices("in 0.435 out 0.87"))
    world.page(
        "2026-08-16T16:00", "deepseek-v4-pro", prices("in 0.66 out 1.98", OFF_PEAK), prices("in 1.32 out 3.96", PEAK)
    )
    assert world.headlines() == [
        "deepseek-v4-pro: output (peak) +355.2 %, input (peak) +203.4 %, output (off-peak) +127.6 %, "
        "input (off-peak) +52 %"
    ]
    assert "input (off-peak): has a price of its own now, was $0.435, now $0.66 per 1M tokens (+52 %)" in world.told()
    assert world.price("2026-08-17", "in") is None
    assert world.price("2026-08-17", "in", '{"period":"off_peak"}') == "0.66"


def test_weekdays_and_holidays_are_terms_of_the_same_price(world: World) -> None:
    """The clauses appeared in August and September 2026; no amount moved."""
    clauses: tuple[dict[str, Any], ...] = (
        {},
        {"weekdays": (1, 2, 3, 4, 5)},
        {"weekdays": (1, 2, 3, 4, 5), "holidays": "CN"},
    )
    for day, clause in zip(("2026-08-17", "2026-08-23", "2026-09-20"), clauses, strict=True):
        peak = Conditions(hours_utc=PEAK.hours_utc, period="peak", **clause)
        world.page(day, "deepseek-v4-pro", prices("in 0.66", OFF_PEAK), prices("in 1.32", peak))
    assert world.headlines() == ["deepseek-v4-pro: input (peak) terms changed"] * 2
    assert [event[0] for event in world.events()] == ["terms_changed"] * 2
    assert world.told()[-1].endswith(
        "as before, but now under peak, 01:00-04:00 and 06:00-10:00 UTC, Mon/Tue/Wed/Thu/Fri, not on CN holidays "
        "(was peak, 01:00-04:00 and 06:00-10:00 UTC, Mon/Tue/Wed/Thu/Fri)"
    )


def test_a_discount_at_night_begins_and_ends(world: World) -> None:
    """DeepSeek V3 on 2025-02-26 and 2025-09-05; the standard price stood."""
    world.page("2025-02-01", "deepseek-chat", prices("in 0.27"))
    world.page("2025-02-26T16:30", "deepseek-chat", prices("in 0.27"), prices("in 0.135", NIGHT))
    world.page("2025-09-05T16:00", "deepseek-chat", prices("in 0.56"))
    assert world.headlines() == [
        "deepseek-chat: input (off-peak) −50 %",
        "deepseek-chat: input (off-peak) +314.8 %, input +107.4 %",
    ]


def test_a_surcharge_for_long_prompts_is_removed(world: World) -> None:
    """Claude 4.6 on 2026-03-13: a component went, the price stayed."""
    world.page("2026-03-01", "claude-opus-4.6", prices("in 5 out 25"), prices("in 10 out 37.5", OVER_200K))
    world.page("2026-03-13", "claude-opus-4.6", prices("in 5 out 25"))
    assert world.headlines() == ["claude-opus-4.6: >200K tier removed"]
    assert [event[:4] for event in world.events()] == [
        ("price_removed", "input_tokens", "10", "5"),
        ("price_removed", "output_tokens", "37.5", "25"),
    ]


def test_free_becomes_paid_when_a_second_look_agrees(world: World) -> None:
    """Solar Pro 4: nothing, then 0.03, then 0.09."""
    world.page("2026-08-06", "solar-pro4", prices("in 0 out 0"))
    assert world.page("2026-08-11", "solar-pro4", prices("in 0.03 out 0.12"), again=False).held == 2
    world.page("2026-08-11T01:00", "solar-pro4", prices("in 0.03 out 0.12"), again=False)
    world.page("2026-09-11", "solar-pro4", prices("in 0.09 out 0.36"))
    assert world.headlines() == [
        "solar-pro4: input now $0.03/1M, output now $0.12/1M",
        "solar-pro4: input +200 %, output +200 %",
    ]
    assert {event[-1] for event in world.events()} == {"2026-08-11 00:00", "2026-09-11 00:00"}
    assert world.told()[0] == "input: was $0, now $0.03 per 1M tokens"


def test_two_price_books_of_one_brand_are_two_stories(world: World) -> None:
    """GLM-5.3-Flash on 2026-09-10, in dollars by Z.ai and in yuan by Zhipu."""
    zai, zhipu = Provider("zai", "Z.ai", "lab"), Provider("zhipu", "Zhipu BigModel", "lab")
    world.page("2026-09-01", "GLM-5.3-Flash", prices("in 0.075 out 0.25"), seller=zai)
    world.page("2026-09-01", "GLM-5.3-Flash", prices("in 0.4 out 1.4", currency="CNY"), seller=zhipu)
    world.page("2026-09-10", "GLM-5.3-Flash", prices("in 0.15 out 0.5"), seller=zai)
    world.page("2026-09-10", "GLM-5.3-Flash", prices("in 0.8 out 2.8", currency="CNY"), seller=zhipu)
    assert world.headlines() == ["GLM-5.3-Flash: input +100 %, output +100 %"] * 2
    assert "input: was $0.075, now $0.15 per 1M tokens (+100 %)" in world.told()
    assert "input: was 0.40 CNY, now 0.80 CNY per 1M tokens (+100 %)" in world.told()


def test_the_current_and_the_future_table_on_one_page(world: World) -> None:
    """DeepSeek's page of August 2025, in its own shape: the future price is announced, not charged."""
    page = saved("deepseek/2025-08-21")
    world.captured("2025-08-21", "deepseek", page)
    peak = '{"hours_utc":["00:30-16:30"]}'
    assert world.price("2025-09-05T15:59", "in", peak) == "0.27"
    assert world.price("2025-09-05T15:59", "in") is None
    assert world.price("2025-09-05T16:00", "in") == "0.56"


def test_yuan_printed_with_the_sign_of_dollars_wait_for_a_second_look(world: World) -> None:
    """36kr's digits of MiMo: another currency is nothing that a page changes by the way."""
    world.page("2026-05-26", "mimo", prices("in 3 out 6", currency="CNY"))
    assert world.page("2026-05-27", "mimo", prices("in 3 out 6"), again=False).held == 2
    world.page("2026-05-28", "mimo", prices("in 3 out 6", currency="CNY"))
    assert world.events() == []
    assert world.stories() == []


def test_a_currency_that_does_change_is_told_without_a_percentage(world: World) -> None:
    world.page("2026-05-26", "mimo", prices("in 3", currency="CNY"))
    world.page("2026-05-27", "mimo", prices("in 0.435"))
    assert world.told() == ["input: was 3 CNY, now $0.435 per 1M tokens"]


def test_midnight_in_beijing_is_one_event_at_one_moment(world: World) -> None:
    """2026-08-17 there is 2026-08-16 16:00 UTC: announced in one zone, seen in the other."""
    start = datetime.fromisoformat("2026-08-17T00:00:00+08:00")
    world.page("2026-08-10", "deepseek-v4-flash", prices("in 0.14"))
    world.page("2026-08-12", "deepseek-v4-flash", prices("in 0.14"), prices("in 0.22", valid_from=start))
    world.page("2026-08-16T16:30", "deepseek-v4-flash", prices("in 0.22", valid_from=at("2026-08-16T16:00")))
    assert [(kind, effective) for kind, *_, effective in world.events()] == [
        ("price_scheduled", "2026-08-16 16:00"),
        ("price_raised", "2026-08-16 16:00"),
    ]


@pytest.mark.parametrize("times", ["10", "1000", "1000000", "0.1", "0.000001"])
def test_a_slip_of_the_unit_is_held(world: World, times: str) -> None:
    world.page("2026-08-01", "acme-1", prices("in 3 out 9"))
    slipped = f"in {Decimal(3) * Decimal(times):f} out 9"
    recorded = world.page("2026-08-02", "acme-1", prices(slipped), again=False)
    assert recorded.held + recorded.rejected == 1
    world.page("2026-08-03", "acme-1", prices("in 3 out 9"))
    assert world.events() == []
    assert world.price("2026-08-02T12:00", "in") == "3"


def test_discounts_that_come_and_go_at_a_gateway_stay_out_of_the_labs_feed(world: World) -> None:
    gateway = Provider("openrouter", "OpenRouter", "gateway")
    for day in range(1, 7):
        world.page(f"2026-08-0{day}", "acme/acme-1", prices("in 3" if day % 2 else "in 2.4"), seller=gateway)
    reader = TestClient(create_app(world.engine, "http://t"))
    assert reader.get("/feeds/changes.json").json()["items"] == []
    assert len(reader.get("/feeds/changes.json?seller=gateway").json()["items"]) == 5


def rewritten(name: str, *changes: tuple[str, str]) -> Page:
    """A saved page in a spider's real shape, with some of its cells in other words."""
    page = saved(name)
    text = page.body.decode()
    for old, new in changes:
        assert old in text, f"{name} does not hold {old!r}"
        text = text.replace(old, new)
    return replace(page, body=text.encode())


def test_mimos_cut_on_mimos_page(world: World) -> None:
    """Its tables of two lengths became tables of one price; the page calls the base length a tier as well."""
    before = "xiaomi/2026-04-20"
    world.captured("2026-05-26", "xiaomi", saved(before))
    text = saved(before).body.decode()
    head = text[text.index("<h3>Overseas") : text.index("<tbody>", text.index("<h3>Overseas"))]
    flat = (
        "<h3>Overseas Pricing of the Model</h3><table><thead><tr><th></th><th>Input (Cache Hit)</th>"
        "<th>Input (Cache Miss)</th><th>Output</th></tr></thead>"
    )
    long = "<td>$0.20</td><td>$1.00</td><td>$3.00</td><td>$0.40</td><td>$2.00</td><td>$6.00</td>"
    short = "<td>$0.0036</td><td>$0.435</td><td>$0.87</td>"
    world.captured("2026-05-27", "xiaomi", rewritten(before, (head, flat), (long, short)))
    (story,) = world.stories()
    assert headline(story) == (
        "mimo-v2.5-pro: cache hit (≤256K) in overseas −98.2 %, output (≤256K) in overseas −71 %, "
        "input (≤256K) in overseas −56 %, 256K–1M tier removed"
    )
    told = {one.unit: one.change_bp for one in story.changes if "min_" in one.conditions}
    assert told == {"cache_read_tokens": -9910, "input_tokens": -7825, "output_tokens": -8550}


def test_a_surcharge_that_goes_on_anthropics_page(world: World) -> None:
    before = "anthropic/2026-02-06"
    text = saved(before).body.decode()
    surcharge = text[text.index("### Long context") : text.index("#### Code")]
    world.captured("2026-03-01", "anthropic", saved(before))
    world.captured("2026-03-13", "anthropic", rewritten(before, (surcharge, "")))
    assert "Claude Opus 4.6: >200K tier removed" in world.headlines("Claude Opus 4.6")


@pytest.mark.parametrize(
    ("spider", "page", "cells", "model", "expected"),
    [
        ("zai", "zai/2026-10-05", [("\\$0.15 ", "\\$0.30 "), ("\\$0.50 ", "\\$1.00 ")], "GLM-5.3-Flash",
         "input +100 %, output +100 %"),
        ("anthropic", "anthropic/2026-10-01", [("$0.50 / MTok", "$0.25 / MTok")], "Claude Opus 5",
         "cache hit −50 %"),
        ("mistral", "mistral/2026-10-20", [("$<!-- -->1.5<", "$<!-- -->3<")], "mistral-medium-latest", "input +100 %"),
        ("gemini", "gemini/2026-10-05", [("January 1, 2027", "March 1, 2027")], "gemini-3.8-flash",
         "input +100 %, output +100 %, cache hit +100 %, all from 2027-03-01"),
    ],
)  # fmt: skip
def test_on_the_pages_of_real_sellers(
    world: World, spider: str, page: str, cells: list[tuple[str, str]], model: str, expected: str
) -> None:
    world.captured("2026-11-01", spider, saved(page))
    world.captured("2026-11-09", spider, rewritten(page, *cells))
    assert [line.partition(": ")[2] for line in world.headlines(model)] == [expected]


def test_deepseeks_promotion_becomes_the_list_price_on_its_own_page(world: World) -> None:
    before = "deepseek/2026-05-08"
    world.captured("2026-05-08", "deepseek", saved(before))
    struck = [(f" (75% off<sup>(3)</sup>)<del>${price}</del>", "") for price in ("0.0145", "1.74", "3.48")]
    world.captured("2026-05-22", "deepseek", rewritten(before, *struck))
    assert world.headlines("deepseek-v4-pro") == ["deepseek-v4-pro: promotion is the list price now"]


def test_a_promotion_that_ends_is_a_rise_and_says_why(world: World) -> None:
    world.page("2026-05-01", "acme-1", prices("in 0.5", list="1"))
    world.page("2026-05-31", "acme-1", prices("in 1"))
    assert world.headlines() == ["acme-1: input +100 %"]
    assert world.told() == ["input: was $0.50, now $1 per 1M tokens (+100 %); the promotion is over"]


def test_a_list_price_that_is_called_a_promotion_is_told_though_nothing_moved(world: World) -> None:
    world.page("2026-05-01", "acme-1", prices("in 0.5"))
    world.page("2026-05-31", "acme-1", prices("in 0.5", list="1"))
    assert world.headlines() == ["acme-1: promotion without an end"]
    assert world.told() == ["input: $0.50 per 1M tokens as before; a promotion, the list price is $1"]


def test_a_tier_of_long_prompts_that_comes_says_what_they_cost_until_then(world: World) -> None:
    world.page("2026-05-01", "acme-1", prices("in 1"))
    world.page("2026-05-31", "acme-1", prices("in 1"), prices("in 2", LONG))
    assert world.headlines() == ["acme-1: >256K tier added"]
    assert world.told() == ["input (>256K): has a price of its own now, was $1, now $2 per 1M tokens (+100 %)"]


def test_what_merely_rounds_otherwise_is_no_story(world: World) -> None:
    world.page("2026-05-01", "acme-1", prices("in 0.083333333333333"))
    world.page("2026-05-31", "acme-1", prices("in 0.0833333333333334"))
    assert world.headlines() == []
    assert [event[0] for event in world.events()] == ["price_raised"]
