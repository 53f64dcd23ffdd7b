"""Where in LiteLLM's map a price stands: by its entry, which must say what changing the whole map says."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crawler import placing
from crawler.formats import FORMATS
from crawler.maps import entries
from crawler.page import Page
from history.evidence import KeptPage
from history.model import Offer, Quote
from history.place import Place
from history.places import Sought
from history.validation import validate
from tests.crawler.reading_places import numbers_at, says
from tests.crawler.test_placing import saved
from tests.spiders.reading import PAGES

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SPIDER = FORMATS["litellm"]()


def kept(stated: Any) -> KeptPage:
    body = stated if isinstance(stated, bytes) else json.dumps(stated, indent=4).encode()
    return KeptPage(0, "https://map.example/map.json", NOW, "application/json", body)


def entry(**stated: Any) -> dict[str, Any]:
    return {"litellm_provider": "openai", "mode": "chat", **stated}


def wanted_of(page: KeptPage) -> dict[Sought, Quote]:
    """Every price of the map."""
    said = SPIDER.extract(Page(page.url, page.body, page.media_type, NOW))
    seen, _ = validate([offer for offer in said if isinstance(offer, Offer)], SPIDER.source())
    return {Sought(one.key, one.quote, NOW): Quote.parse(one.quote) for one in seen.observations}


def places(page: KeptPage) -> dict[Sought, Place]:
    return entries.locate(SPIDER, [page], wanted_of(page))


def fields(page: KeptPage) -> set[tuple[str, str]]:
    """The nearest key and the name before each place: what a person finds who looks there."""
    found = set()
    for place in places(page).values():
        assert place.byte is not None
        before = page.body[: place.byte].decode()
        key = before[: before.rindex('"litellm_provider"')].split('"')[-2]
        found.add((key, before.split('"')[-2]))
    return found


def test_of_the_saved_map_every_price_is_where_changing_the_whole_map_finds_it() -> None:
    _, [page] = saved(PAGES / "litellm" / "2026-11-15")
    wanted = wanted_of(page)
    found = entries.locate(SPIDER, [page], wanted)
    assert found == placing.locate(SPIDER, [page], wanted)
    assert found.keys() == wanted.keys()
    assert all(says(numbers_at(place, page.body, page.media_type), wanted[one].amount) for one, place in found.items())


def test_equal_numbers_are_told_apart_by_their_names() -> None:
    page = kept(
        {
            "gpt-1": entry(input_cost_per_token=1e-06, output_cost_per_token=1e-06, input_cost_per_token_batches=1e-06),
            "gpt-2": entry(input_cost_per_token=1e-06, input_cost_per_token_above_128k_tokens=1e-06),
        }
    )
    assert fields(page) == {
        ("gpt-1", "input_cost_per_token"),
        ("gpt-1", "output_cost_per_token"),
        ("gpt-1", "input_cost_per_token_batches"),
        ("gpt-2", "input_cost_per_token"),
        ("gpt-2", "input_cost_per_token_above_128k_tokens"),
    }


RANGES = [
    {"range": [0, 32000], "input_cost_per_token": 1e-06},
    {"range": [32000, 128000], "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-06},
]
WINDOWS = {"hours_utc": "16:00-00:00", "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06}
SEARCHES = {f"search_context_size_{size}": 0.01 for size in ("low", "medium", "high")}


@pytest.mark.parametrize(
    ("stated", "many"),
    [
        (entry(input_cost_per_token=1e-06, tiered_pricing=RANGES), 4),
        (entry(input_cost_per_token=1e-06, output_cost_per_token=1e-06, search_context_cost_per_query=SEARCHES), 3),
        (entry(input_cost_per_token=1e-06, off_peak_pricing=WINDOWS), 3),
        (entry(cache_read_input_token_cost=1e-06, input_cost_per_token_cache_hit=1e-06), 1),
        (entry(notes='"input_cost_per_token": 1e-06', input_cost_per_token=1e-06), 1),
    ],
    ids=["ranges", "searches", "hours", "two names for one price", "a text that quotes JSON"],
)  # fmt: skip
def test_what_several_numbers_could_be_is_told_by_changing_the_entry(stated: dict[str, Any], many: int) -> None:
    page = kept({"before": entry(input_cost_per_token=1e-06), "gpt-1": stated, "after": entry(max_tokens=1e-06)})
    wanted = wanted_of(page)
    found = places(page)
    assert len(found) == len(wanted) == many + 1
    assert found == placing.locate(SPIDER, [page], wanted)
    for one, place in found.items():
        assert says(numbers_at(place, page.body, page.media_type), wanted[one].amount)


def test_of_an_entry_that_is_written_twice_the_last_one_counts() -> None:
    once = json.dumps(entry(input_cost_per_token=1e-06)).encode()
    page = kept(b'{"a": %b, "b": %b, "a": %b, "c": %b}' % (once, once, once.replace(b"1e-06", b"2e-06"), once))
    found = {one.key.model: place.byte for one, place in places(page).items()}
    at = page.body.index(b"2e-06")
    assert found.keys() == {"a", "b", "c"}
    assert found["a"] == at
    assert (found["b"] or 0) < at < (found["c"] or 0)


def test_a_key_that_is_written_with_escapes_has_no_place_and_hides_none_behind_it() -> None:
    once = json.dumps(entry(input_cost_per_token=1e-06)).encode()
    page = kept(b'{"gpt\\u002d1": %b, "gpt-2": %b}' % (once, once))
    assert {one.key.model for one in wanted_of(page)} == {"gpt-1", "gpt-2"}
    assert {one.key.model for one in places(page)} == {"gpt-2"}


def test_what_the_map_does_not_state_is_nowhere() -> None:
    page = kept({"gpt-1": entry(input_cost_per_token=1e-06)})
    [one] = wanted_of(page)
    others = [
        one._replace(quote="2 USD/1"),
        one._replace(key=one.key._replace(unit="output_tokens")),
        one._replace(key=one.key._replace(biller="azure")),
        one._replace(key=one.key._replace(region="eu")),
    ]
    assert entries.locate(SPIDER, [page], others) == {}
