"""After a parser fix: the stored pages are read again, and what differs is a correction, never a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import structs
from sqlalchemy import Engine, select

from crawler.page import Page
from crawler.process import crawl, needs_rereading
from crawler.reading import read, spider_class
from crawler.replay import reread
from history import evidence
from history import tables as t
from history.db import reading, recording
from history.model import Fetched, Offer, Outcome
from history.recorder import record
from tests.crawler.bad_answers import OPENROUTER, model_list, models
from tests.misbehaving_server import MisbehavingServer

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def misread(engine: Engine) -> str:
    """A run on record whose older parser read one input price twice as high as the stored page says; the model."""
    fetched = Page("http://127.0.0.1/good", model_list(models()), "application/json", MONDAY)
    with recording(engine) as connection:
        digest = evidence.keep(connection, fetched.body, fetched.media_type, MONDAY)
        right = read(spider_class(OPENROUTER)(), [(fetched, Fetched(fetched.url, digest, MONDAY))], MONDAY)
        wrong = (_doubled(right.offers[0]), *right.offers[1:])
        recorded = record(connection, replace(right, offers=wrong, extractor="older"), MONDAY)
    assert recorded.outcome is Outcome.COMPLETE
    return right.offers[0].model


def test_the_next_crawl_corrects_the_past_before_it_looks_at_the_present(
    engine: Engine, database_url: str, misread: str, server: MisbehavingServer
) -> None:
    assert needs_rereading(database_url, spider_class(OPENROUTER))
    result = crawl(OPENROUTER, database_url=database_url, url=server.url("/good"), captured=TUESDAY)
    assert (result.outcome, result.events) == (Outcome.COMPLETE, 0)
    assert not needs_rereading(database_url, spider_class(OPENROUTER))
    [(kind, model, old, new, effective_at, recorded_at)] = _events(engine)
    assert (kind, model, old) == ("price_corrected", misread, new * 2)
    assert (effective_at, recorded_at) == (MONDAY, TUESDAY)


def test_the_wrong_version_stays_on_record_as_superseded(engine: Engine, misread: str) -> None:
    assert reread(engine, OPENROUTER, TUESDAY) is not None
    with reading(engine) as connection:
        versions = connection.execute(
            select(t.price.c.amount, t.price.c.superseded_at)
            .join(t.series, t.series.c.id == t.price.c.series_id)
            .join(t.offer, t.offer.c.id == t.series.c.offer_id)
            .where(t.offer.c.model == misread, t.series.c.unit == "input_tokens")
            .order_by(t.price.c.recorded_at)
        ).all()
    (wrong, superseded_at), (right, live) = versions
    assert (superseded_at, live) == (TUESDAY, None)
    assert wrong == right * 2


@pytest.mark.usefixtures("misread")
def test_an_unchanged_parser_reads_nothing_again_unless_it_is_asked_to(engine: Engine) -> None:
    assert reread(engine, OPENROUTER, TUESDAY) is not None
    assert reread(engine, OPENROUTER, TUESDAY + timedelta(hours=1)) is None
    again = reread(engine, OPENROUTER, TUESDAY + timedelta(hours=2), force=True)
    assert again is not None
    assert again.events == 0


def test_a_source_that_was_never_read_has_nothing_to_correct(engine: Engine, database_url: str) -> None:
    assert reread(engine, OPENROUTER, TUESDAY) is None
    assert not needs_rereading(database_url, spider_class(OPENROUTER))


def _doubled(offer: Offer) -> Offer:
    first = next(component for component in offer.components if component.unit == "input_tokens")
    doubled = structs.replace(first, amount=first.amount * Decimal(2))
    return structs.replace(offer, components=tuple(doubled if each is first else each for each in offer.components))


def _events(engine: Engine) -> list[tuple[str, str, Decimal, Decimal, datetime, datetime]]:
    events = select(
        t.change_event.c.kind,
        t.offer.c.model,
        t.change_event.c.old_amount,
        t.change_event.c.new_amount,
        t.change_event.c.effective_at,
        t.change_event.c.recorded_at,
    ).join(t.offer, t.offer.c.id == t.change_event.c.offer_id)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(events)]
