"""Events become sentences."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from feed.headlines import headline, pieces
from feed.wording import clean, sentences, subject, when
from history import queries
from history.db import reading
from history.model import Conditions, EventKind
from tests.feed.rows import DAY, NOW, Rows, flash_cut, moved, usd

OVER_256K = Conditions(min_input_tokens=256_001)


@pytest.fixture
def told(rows: Rows, engine: Engine) -> "Tell":
    return Tell(rows, engine)


class Tell:
    """Write a story, read it back."""

    def __init__(self, rows: Rows, engine: Engine) -> None:
        self.rows, self.engine = rows, engine

    def __call__(self, *changes: dict[str, object], **offer: Any) -> queries.Story:
        return self.read(self.rows.story(None, *changes, **{"model": "v4", **offer}))

    def read(self, story_id: int) -> queries.Story:
        with reading(self.engine) as connection:
            found = queries.story(connection, story_id)
        assert found is not None
        return found


def test_the_headline_tells_the_greatest_move_first_and_a_removed_tier_once(told: Tell, rows: Rows) -> None:
    story = told.read(flash_cut(rows))
    assert headline(story) == "deepseek-v4-flash: cache hit −98 %, output −71 %, input −56 %, >256K tier removed"


def test_the_sentences_tell_what_each_component_was_and_is(told: Tell, rows: Rows) -> None:
    assert sentences(told.read(flash_cut(rows))) == [
        "input: was $0.27, now $0.12 per 1M tokens (−56 %)",
        "input (>256K): removed, was $0.54 per 1M tokens",
        "output: was $1.10, now $0.32 per 1M tokens (−71 %)",
        "output (>256K): removed, was $2.20 per 1M tokens",
        "cache hit: was $0.14, now $0.0028 per 1M tokens (−98 %)",
    ]


def test_an_83_percent_hike_in_yuan(told: Tell) -> None:
    story = told(moved("input_tokens", usd("6", currency="CNY"), usd("11", currency="CNY")))
    assert headline(story) == "v4: input +83 %"
    assert sentences(story) == ["input: was 6 CNY, now 11 CNY per 1M tokens (+83 %)"]


def test_components_of_one_unit_that_move_alike_are_told_once(told: Tell) -> None:
    peak, quiet = Conditions(period="peak"), Conditions(period="off_peak")
    story = told(
        moved("input_tokens", "1", "2", conditions=peak),
        moved("input_tokens", "0.5", "1", conditions=quiet),
        moved("output_tokens", "2", "3", conditions=peak),
    )
    assert headline(story) == "v4: input +100 %, output (peak) +50 %"


def test_a_gateway_is_named_with_the_model(told: Tell, rows: Rows) -> None:
    rows.source("openrouter", kind="gateway")
    story = told(moved("input_tokens", "1", "2"), source="openrouter", model="z/glm")
    assert subject(story) == "z/glm on Openrouter"
    assert headline(story) == "z/glm on Openrouter: input +100 %"


def test_a_new_offer_is_told_with_its_prices(told: Tell) -> None:
    story = told({"kind": "offer_added", "new_terms": ("limited-time",)}, moved("input_tokens", None, "0.5"))
    assert headline(story) == "v4: new, input $0.50/1M"
    assert sentences(story) == ["offer: new, “limited-time”", "input: new price, $0.50 per 1M tokens"]


def test_a_new_tier_in_a_region_says_so(told: Tell) -> None:
    story = told({"kind": "offer_added"}, moved("images", None, usd("0.04", 1)), tier="batch", region="eu")
    assert headline(story) == "v4: batch tier in eu new, batch image in eu $0.04/image"


def test_a_withdrawn_offer_does_not_tell_its_prices_again(told: Tell) -> None:
    story = told({"kind": "offer_withdrawn", "effective_at": NOW - DAY}, moved("input_tokens", "1", None))
    assert headline(story) == "v4: withdrawn"
    assert sentences(story)[0] == "offer: withdrawn, not seen since 2026-05-21 16:10 UTC"


def test_an_announced_price_says_from_when(told: Tell) -> None:
    story = told(moved("input_tokens", "1", "0.5", "price_scheduled", effective_at=NOW + DAY))
    assert headline(story) == "v4: input −50 % from 2026-05-23"
    assert sentences(story) == [
        "input: $0.50 per 1M tokens from 2026-05-23 16:10 UTC (−50 %); until then $1 per 1M tokens"
    ]
    assert when(story) == "In force from 2026-05-23 16:10 UTC; seen 2026-05-22 16:10 UTC."


def test_a_new_price_that_is_only_announced_says_from_when(told: Tell) -> None:
    story = told({"kind": "offer_added"}, moved("input_tokens", None, "3", "price_scheduled", effective_at=NOW + DAY))
    assert headline(story) == "v4: new, input $3/1M from 2026-05-23"
    assert sentences(story)[1] == "input: $3 per 1M tokens from 2026-05-23 16:10 UTC"


def test_moves_that_are_written_alike_stay_in_the_order_of_the_units(told: Tell) -> None:
    story = told(
        moved("cache_read_tokens", "0.1", "0.02"),
        moved("output_tokens", "10", "2.0001"),
        moved("input_tokens", "5", "1"),
    )
    assert headline(story) == "v4: input −80 %, output −80 %, cache hit −80 %"


def test_a_cancelled_announcement_says_what_stays(told: Tell) -> None:
    story = told(moved("input_tokens", "0.5", "1", "price_cancelled"))
    assert headline(story) == "v4: announced input price cancelled"
    assert "is cancelled; $1 per 1M tokens stays" in sentences(story)[0]


def test_a_correction_is_not_told_as_a_change(told: Tell) -> None:
    story = told(moved("input_tokens", "10", "1", "price_corrected"))
    assert headline(story) == "v4: input corrected to $1/1M"
    assert sentences(story) == ["input: corrected to $1 per 1M tokens, was $10 per 1M tokens"]


def test_free_is_a_word_and_not_a_percentage(told: Tell) -> None:
    story = told(moved("input_tokens", "1", "0"), moved("output_tokens", "0", "2"))
    assert headline(story) == "v4: output now $2/1M, input now free"
    assert sentences(story)[1] == "output: was $0, now $2 per 1M tokens"


def test_another_currency_is_told_without_a_percentage(told: Tell) -> None:
    story = told(moved("input_tokens", usd("1", currency="CNY"), usd("0.14"), "terms_changed"))
    assert headline(story) == "v4: input terms changed"
    assert sentences(story) == ["input: was 1 CNY, now $0.14 per 1M tokens"]


def test_conditions_that_moved_are_told_in_words(told: Tell) -> None:
    before, after = ('{"min_input_tokens":128001}',), ('{"min_input_tokens":256001}',)
    change = moved("input_tokens", "1", "1", "terms_changed", conditions=OVER_256K, old_terms=before, new_terms=after)
    assert sentences(told(change)) == ["input (>256K): $1 per 1M tokens as before, but now under >256K (was >128K)"]


def test_terms_of_an_offer_are_quoted(told: Tell) -> None:
    story = told({"kind": "terms_changed", "old_terms": ("free",), "new_terms": ()})
    assert headline(story) == "v4: no longer “free”"
    assert sentences(story) == ["offer: terms were “free”, now none"]
    assert (
        headline(told({"kind": "terms_changed", "old_terms": (), "new_terms": ("deprecated",)}))
        == "v4: now “deprecated”"
    )


def test_another_promotion_at_the_same_price_is_told_as_such(told: Tell) -> None:
    story = told(moved("input_tokens", "1", "1", "terms_changed"))
    assert sentences(story) == ["input: $1 per 1M tokens as before, under another promotion"]


def test_a_price_for_another_quantity_names_both(told: Tell) -> None:
    story = told(moved("web_searches", usd("10", 1000), usd("0.02", 1)))
    assert sentences(story) == ["web search: was $10 per 1,000 requests, now $0.02 per request (+100 %)"]


def test_a_long_headline_is_cut_and_says_how_much_is_left(told: Tell) -> None:
    tiers = [{"tier": f"t{number}", **moved("input_tokens", "1", str(number + 2))} for number in range(8)]
    assert headline(told(*tiers)).endswith(" and 2 more")


def test_different_starts_are_told_with_each_price(told: Tell) -> None:
    later = moved("output_tokens", "1", "2", "price_scheduled", effective_at=NOW + timedelta(days=2))
    story = told(moved("input_tokens", "1", "2"), later)
    assert when(story).startswith("In force at different times")


def test_every_kind_of_event_has_words(told: Tell) -> None:
    for kind in EventKind:
        story = told(moved("input_tokens", "1", "2", kind.value), at=NOW + DAY * (1 + len(kind)))
        assert len(headline(story)) > len("v4: ")
        assert sentences(story)


def test_the_tape_knows_up_from_down(told: Tell, rows: Rows) -> None:
    story = told(moved("input_tokens", "1", "2"), moved("output_tokens", "2", "1"))
    assert [(piece.what, piece.direction) for piece in pieces(story)] == [("input", "up"), ("output", "down")]


def test_scraped_names_lose_what_xml_forbids() -> None:
    assert clean("a\x0b\x00b\ud800 <c>\n\td") == "ab <c> d"


def test_a_day_on_which_everything_begins_is_said_once(told: "Tell") -> None:
    later: dict[str, Any] = {"kind": "price_scheduled", "effective_at": NOW + DAY}
    both = moved("input_tokens", "1", "2", **later), moved("output_tokens", "2", "4", **later)
    assert headline(told(*both)) == "v4: input +100 %, output +100 %, all from 2026-05-23"
    assert (
        headline(told(both[0], moved("output_tokens", "2", "4"))) == "v4: input +100 % from 2026-05-23, output +100 %"
    )
    another = moved("output_tokens", "2", "4", kind="price_scheduled", effective_at=NOW + 2 * DAY)
    assert headline(told(both[0], another)).count(" from ") == 2


def test_what_is_cancelled_is_in_force_at_no_time(told: "Tell") -> None:
    gone = moved("input_tokens", "2", None, "price_cancelled", effective_at=NOW + DAY)
    assert when(told(gone)) == "Seen 2026-05-22 16:10 UTC."
    other = moved("input_tokens", "1", "2", "price_scheduled", effective_at=NOW + 2 * DAY)
    assert when(told(gone, other)) == "In force from 2026-05-24 16:10 UTC; seen 2026-05-22 16:10 UTC."
