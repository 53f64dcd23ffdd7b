"""Volumes and hosts → those that can be believed, or a Rejection that names its rule."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date

from history.model import Host, Reading, Rejection, Volume, VolumeKey

# OpenRouter's own floor for its daily dataset (https://openrouter.ai/docs/data-api).
FIRST_DAY = date(2025, 1, 1)
# The largest model of August 2026 had 1.6e12 tokens a day; a thousand times that is a slip.
CEILING_A_DAY = 10**15
DAYS = {"day": 1, "week": 7, "month": 31}
COUNTS = ("tokens", "input_tokens", "output_tokens", "requests")
LONGEST_NAME = 200
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(slots=True)
class Stated:
    """The volumes and hosts that a run may be believed."""

    volumes: dict[VolumeKey, Volume] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.volumes) + len(self.hosts)


def examine(reading: Reading) -> tuple[Stated, list[Rejection]]:
    """Sort what a run's pages state besides offers into what is believable in itself and what is not."""
    stated, rejections = Stated(), []
    today = reading.observed_at.astimezone(UTC).date()
    times = Counter(volume.key for volume in reading.volumes)
    for volume in reading.volumes:
        if (why := next(_doubts(volume, today, times[volume.key]), None)) is None:
            stated.volumes[volume.key] = volume
        else:
            rejections.append(Rejection(why[0], volume.model, f"{volume.period} {volume.day}: {why[1]}"))
    hosts = Counter(host.slug for host in reading.hosts)
    for host in reading.hosts:
        if (why := next(_host_doubts(host, hosts[host.slug]), None)) is None:
            stated.hosts[host.slug] = host
        else:
            rejections.append(Rejection(why[0], host.slug, why[1]))
    return stated, rejections


def _doubts(volume: Volume, today: date, times: int) -> Iterator[tuple[str, str]]:
    """Of rows that stand there more than once none is believed: nobody can say which is right."""
    if times > 1:
        yield "duplicate_volume", f"the page states it {times} times"
    if not _is_name(volume.model):
        yield "bad_model_name", f"{volume.model[:80]!r} cannot be a model's name"
    if not FIRST_DAY <= volume.day <= today:
        yield "impossible_day", f"it lies before {FIRST_DAY}, or after {today}, when it was read"
    counts = {name: count for name in COUNTS if (count := getattr(volume, name)) is not None}
    if not counts:
        yield "nothing_stated", "it has no figure"
    for name, count in counts.items():
        yield from _count_doubts(name, count, DAYS[volume.period.removeprefix("trailing_")])
    parts = [count for count in (volume.input_tokens, volume.output_tokens) if count is not None]
    if volume.tokens is not None and len(parts) == 2 and volume.tokens != sum(parts):
        yield "sum_differs", f"{volume.tokens} tokens are not {parts[0]} in and {parts[1]} out"


def _count_doubts(name: str, count: object, days: int) -> Iterator[tuple[str, str]]:
    if not isinstance(count, int) or isinstance(count, bool):
        yield "not_an_integer", f"{name} is {count!r}"
    elif count < 0:
        yield "negative_volume", f"{name} is {count}"
    elif count > CEILING_A_DAY * days:
        yield "absurd_volume", f"{name} is {count}, above {CEILING_A_DAY} a day"


def _host_doubts(host: Host, times: int) -> Iterator[tuple[str, str]]:
    if times > 1:
        yield "duplicate_host", f"the page states it {times} times"
    if not _is_name(host.slug) or not _is_name(host.name):
        yield "bad_host_name", f"{host.slug[:80]!r} or {host.name[:80]!r} cannot be a company's name"
    for country in (host.headquarters, *(host.datacenters or ())):
        if country is not None and not _COUNTRY.fullmatch(country):
            yield "not_a_country", f"{country[:80]!r} is not a country's two letters"


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= LONGEST_NAME
