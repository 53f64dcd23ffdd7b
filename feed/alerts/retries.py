"""When a message is tried again, when it is given up, and when a subscription is left alone: pure."""

from datetime import datetime, timedelta
from random import Random

from feed.alerts.model import Result

# The waits of Standard Webhooks' example: 75 hours and a half in all.
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
JITTER = 0.2
# What is asked of a sender by 429, and meant by 502 and 504: too much at once.
SLOW_DOWN = frozenset({429, 502, 504})
SLOW_DOWN_WAIT = timedelta(seconds=60)
LONGEST_RETRY_AFTER = timedelta(hours=24)
FAILING_FOR = timedelta(days=5)


def next_attempt(attempts: int, result: Result, now: datetime, random: Random) -> datetime | None:
    """When to try again after so many attempts, the last of which failed with `result`; None: it is given up."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    if result.status in SLOW_DOWN:
        wait = max(wait, SLOW_DOWN_WAIT)
    if result.retry_after is not None:
        wait = max(wait, min(result.retry_after, LONGEST_RETRY_AFTER))
    return now + wait


def is_to_be_paused(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint that has just failed again has failed for so long that it is left alone."""
    return failing_since is not None and now - failing_since >= FAILING_FOR
