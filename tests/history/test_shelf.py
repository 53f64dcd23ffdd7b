"""Shelves that are kept between the runs of one process: they must say what the database says."""

from hypothesis import given
from sqlalchemy import Engine

from history.book import Verdict
from history.db import reading as reading_from
from history.db import recording, writing
from history.recorder import record
from history.shelf import Shelf, Shelves
from tests.history.pages import day, offer, price, reading
from tests.history.test_properties import EXAMPLES, FETCHES, Fetch, as_reading
from tests.postgres import forget

ONE, OTHER = offer("a", price("input_tokens", "1")), offer("a", price("input_tokens", "2"))


def recorded(engine: Engine, number: int, fetch: Fetch, shelves: Shelves | None = None) -> int:
    with recording(engine) as connection:
        return record(connection, as_reading(number, fetch), day(number), shelves=shelves).run_id


@EXAMPLES
@given(fetches=FETCHES)
def test_a_shelf_that_follows_its_verdicts_says_what_a_new_one_reads(engine: Engine, fetches: list[Fetch]) -> None:
    with writing(engine) as connection:
        forget(connection)
    shelves = Shelves()
    for number, fetch in enumerate(fetches):
        run_id = recorded(engine, number, fetch, shelves)
        with reading_from(engine) as connection:
            followed, new = shelves.take(connection, 1), Shelf(connection, 1)
        assert followed.offers == new.offers
        assert followed.in_force == new.in_force
        shelves.put_back(followed, Verdict(), run_id)


def test_a_shelf_is_kept_until_somebody_else_records_of_its_source(engine: Engine) -> None:
    shelves = Shelves()
    with recording(engine) as connection:
        record(connection, reading(day(0), ONE), day(0), shelves=shelves)
    with reading_from(engine) as connection:
        shelf = shelves.take(connection, 1)
        shelves.put_back(shelf, Verdict(), 1)
        assert shelves.take(connection, 1) is shelf
        shelves.put_back(shelf, Verdict(), 1)
    recorded(engine, 1, Fetch((OTHER,)))
    with reading_from(engine) as connection:
        fresh = shelves.take(connection, 1)
        assert fresh is not shelf
        assert [quote.split()[0] for quote in fresh.in_force.values()] == ["2"]


def test_a_shelf_that_was_taken_and_not_put_back_is_read_anew(engine: Engine) -> None:
    shelves = Shelves()
    recorded(engine, 0, Fetch((ONE,)), shelves)
    with reading_from(engine) as connection:
        assert shelves.take(connection, 1) is not shelves.take(connection, 1)
