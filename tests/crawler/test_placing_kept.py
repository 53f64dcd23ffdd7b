"""Places through the whole pipeline: from a crawl to the row, resolved in the bytes that are on record."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from msgspec import structs
from sqlalchemy import Engine, select

from crawler.answers import Answer
from crawler.importing import Version, import_all
from crawler.page import Page
from crawler.pipelines import KeepEvidence, RecordRun
from crawler.placing import locator
from crawler.reading import read, spider_class
from crawler.replay import captures_in, replay, reread
from history import evidence
from history import tables as t
from history.db import reading as reading_from
from history.db import recording
from history.model import Fetched, Offer
from history.place import Place
from history.recorder import Recorded, record
from tests.crawler.reading_places import numbers_at, says
from tests.crawler.test_placing import KINDS, URL, Shop, table
from tests.spiders.reading import PAGES, saved

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPENROUTER = "openrouter_models"


class Row(NamedTuple):
    """A recorded price with its place, and the run that saw it."""

    model: str
    amount: Decimal | None
    list_amount: Decimal | None
    run_id: int
    live: bool
    place: Place | None


def rows(engine: Engine) -> list[Row]:
    columns = (
        t.offer.c.model,
        *(t.price.c[name] for name in ("amount", "list_amount", "run_id", "superseded_at", "place")),
    )
    statement = (
        select(*columns)
        .select_from(t.price.join(t.series).join(t.offer))
        .order_by(t.offer.c.model, t.price.c.valid_from, t.price.c.recorded_at)
    )
    with reading_from(engine) as connection:
        found = connection.execute(statement).all()
    return [
        Row(row.model, row.amount, row.list_amount, row.run_id, row.superseded_at is None,
            None if row.place is None else Place.of_code(row.place))
        for row in found
    ]  # fmt: skip


def resolves(engine: Engine, row: Row) -> bool:
    """Whether the kept bytes say the price at its place."""
    with reading_from(engine) as connection:
        pages = {page.ordinal: page for page in evidence.pages_of(connection, row.run_id)}
    assert row.place is not None
    page = pages[row.place.page]
    return says(numbers_at(row.place, page.body, page.media_type), row.amount, row.list_amount)


def crawl(engine: Engine, at: datetime, *bodies: str) -> Recorded:
    """What Scrapy does with the answers of a shop."""
    spider = Shop(database=engine, captured=at)
    keep, end = KeepEvidence(engine), RecordRun(spider, engine)
    for body in bodies:
        end.process_item(keep.process_item(Answer(Page(URL, body.encode(), "text/markdown", at), 200)))
    end.close_spider()
    assert spider.crash is None
    assert spider.recorded is not None
    return spider.recorded


@pytest.mark.parametrize("name", KINDS)
def test_every_price_on_record_is_at_its_place_in_the_kept_page(engine: Engine, name: str) -> None:
    captures = captures_in(PAGES / name)
    assert all(isinstance(done, Recorded) for done in replay(engine, captures))
    found = rows(engine)
    without = [row for row in found if row.place is None]
    assert len(found) >= 5
    assert len(without) <= 1
    assert [row for row in found if row.place is not None and not resolves(engine, row)] == []


def test_a_crawl_notes_the_place_of_what_is_new_on_its_page(engine: Engine) -> None:
    crawl(engine, MONDAY, table(("a", "$3"), ("b", "$3")))
    assert [(row.model, row.place) for row in rows(engine)] == [("a", Place(0, 1, 2, 2)), ("b", Place(0, 1, 3, 2))]


def test_a_price_that_moved_to_another_row_is_no_news_and_writes_nothing(engine: Engine) -> None:
    crawl(engine, MONDAY, table(("a", "$3"), ("b", "$4")))
    before = rows(engine)
    moved = crawl(engine, MONDAY + HOUR, "# New look\n\n" + table(("c", "$9"), ("b", "$4"), ("a", "$3")))
    assert moved.events == 2, "c is added, with its price"
    assert [row for row in rows(engine) if row.model != "c"] == before
    assert [row.place for row in rows(engine) if row.model == "c"] == [Place(0, 1, 2, 2)]


def test_a_new_price_has_its_own_place_and_the_old_one_keeps_its(engine: Engine) -> None:
    crawl(engine, MONDAY, table(("a", "$3"), ("b", "$4")))
    crawl(engine, MONDAY + HOUR, table(("b", "$4"), ("a", "$2")))
    assert [(row.amount, row.place) for row in rows(engine) if row.model == "a"] == [
        (Decimal(3), Place(0, 1, 2, 2)),
        (Decimal(2), Place(0, 1, 3, 2)),
    ]


def test_a_price_on_the_second_page_of_a_run_says_so(engine: Engine) -> None:
    crawl(engine, MONDAY, table(("a", "$3")), table(("b", "$3"), ("c", "$3")))
    assert [row.place for row in rows(engine)] == [Place(0, 1, 2, 2), Place(1, 1, 2, 2), Place(1, 1, 3, 2)]
    assert all(resolves(engine, row) for row in rows(engine))


def test_a_price_that_was_held_is_at_its_place_on_the_page_that_showed_it_first(engine: Engine) -> None:
    first = crawl(engine, MONDAY, table(("a", "$3")))
    doubted = crawl(engine, MONDAY + HOUR, table(("b", "$1"), ("a", "$300")))
    assert (first.held, doubted.held) == (0, 1)
    crawl(engine, MONDAY + 2 * HOUR, table(("a", "$300"), ("b", "$1")))
    believed = rows(engine)[1]
    assert (believed.amount, believed.run_id, believed.place) == (Decimal(300), doubted.run_id, Place(0, 1, 3, 2))


def test_what_is_no_longer_offered_is_at_no_place(engine: Engine) -> None:
    for hour in range(4):
        crawl(engine, MONDAY + hour * HOUR, table(("a", "$3"), *([("b", "$4")] if not hour else [])))
    assert [(row.amount, row.place) for row in rows(engine) if row.model == "b"] == [
        (Decimal(4), Place(0, 1, 3, 2)),
        (None, None),
    ]


def test_a_correction_says_where_the_stored_page_states_it(engine: Engine) -> None:
    page = saved(f"{OPENROUTER}/2026-08-05")
    spider = spider_class(OPENROUTER)()
    with recording(engine) as connection:
        digest = evidence.keep(connection, page.body, page.media_type, MONDAY)
        right = read(spider, [(page, Fetched(page.url, digest, MONDAY))], MONDAY)
        wrong = replace(right, offers=(_doubled(right.offers[0]), *right.offers[1:]), extractor="older")
        first = record(connection, wrong, MONDAY, locator(spider))
    corrected = reread(engine, OPENROUTER, MONDAY + HOUR)
    assert corrected is not None
    superseded = [row for row in rows(engine) if not row.live]
    right_now = [row for row in rows(engine) if row.live and row.model == right.offers[0].model and row.amount]
    assert superseded
    assert all(row.place is None for row in superseded)
    assert {row.run_id for row in right_now} == {first.run_id}
    assert all(resolves(engine, row) for row in right_now)


def test_to_read_again_what_is_right_moves_no_place(engine: Engine) -> None:
    assert all(isinstance(done, Recorded) for done in replay(engine, captures_in(PAGES / "deepseek")))
    before = sorted(rows(engine), key=str)
    assert reread(engine, "deepseek", datetime(2026, 11, 22, tzinfo=UTC), force=True) is not None
    assert sorted(rows(engine), key=str) == before


def test_a_map_has_the_same_places_whether_it_is_crawled_or_imported(engine: Engine) -> None:
    [file] = (PAGES / "litellm").glob("*/body.json")
    assert [type(one) for one in import_all(engine, "litellm", [Version(file, MONDAY)], MONDAY + HOUR)] == [Recorded]
    imported = [row.place for row in rows(engine)]
    assert all(resolves(engine, row) for row in rows(engine))
    assert all(isinstance(done, Recorded) for done in replay(engine, captures_in(PAGES / "litellm")))
    assert Counter(row.place for row in rows(engine)) == Counter(imported * 2)


def test_a_replay_can_do_without_places(engine: Engine) -> None:
    done = list(replay(engine, captures_in(PAGES / "deepseek" / "2025-08-21"), places=False))
    assert [type(one) for one in done] == [Recorded]
    assert {row.place for row in rows(engine)} == {None}


def test_a_reader_that_knows_no_places_writes_none(engine: Engine) -> None:
    page = saved(f"{OPENROUTER}/2026-08-05")
    with recording(engine) as connection:
        digest = evidence.keep(connection, page.body, page.media_type, MONDAY)
        fetched = [(page, Fetched(page.url, digest, MONDAY))]
        record(connection, read(spider_class(OPENROUTER)(), fetched, MONDAY), MONDAY)
    assert {row.place for row in rows(engine)} == {None}


def _doubled(offer: Offer) -> Offer:
    """As a wrong parser would read it."""
    doubled = tuple(structs.replace(one, amount=one.amount * 2) for one in offer.components)
    return structs.replace(offer, components=doubled)
