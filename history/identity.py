"""Which models are the same one, whoever sells them: canonical names from explicit aliases, never from likeness."""

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)


class Alias(NamedTuple):
    """What one provider calls a model, from `since` on and before `until` (a day, 00:00 UTC; none: always)."""

    provider: str
    model: str
    canonical: str
    since: datetime = BEGINNING
    until: datetime = END


class Author(NamedTuple):
    """Who trained a model, and the country that they sit in (ISO 3166-1 alpha-2; "" where nobody says)."""

    slug: str
    name: str
    country: str


def canonical_of(provider: str, model: str, at: datetime) -> str | None:
    """Our name of what `provider` calls `model` at that time; None where no alias says so.

    OpenRouter's own names are the canonical ones, without the variant behind the colon.
    """
    if provider == "openrouter":
        return _routed(model)
    named = _aliases().get((provider, model), ())
    place = bisect_right(named, at, key=lambda alias: alias.since)
    return named[place - 1].canonical if place and at < named[place - 1].until else None


def names_of(canonical: str, at: datetime) -> list[tuple[str, str]]:
    """What every provider calls that model at that time: (provider, model), without OpenRouter's variants."""
    named = [(alias.provider, alias.model) for alias in _by_canonical().get(canonical, ()) if _holds(alias, at)]
    return [*named, ("openrouter", canonical)]


def author_of(canonical: str) -> Author | None:
    """Who trained it: the part before the slash, if we know them."""
    return _authors().get(canonical.split("/", 1)[0])


def provider_of_route(route: str) -> str | None:
    """Which provider serves a gateway's route of that name; None where we do not know it as one of ours."""
    return _routes().get(route)


def close_to(name: str, known: Iterable[str]) -> list[str]:
    """The names that somebody may have meant, best first; an offer to a person, never an answer."""
    by_slug = {known_name.lower(): known_name for known_name in known}
    return [by_slug[near] for near in get_close_matches(name.lower(), by_slug, n=5, cutoff=0.6)]


@lru_cache
def version() -> str:
    """The version of the aliases: it changes when a line of them does."""
    return sha256(b"".join(files("history.facts").joinpath(name).read_bytes() for name in _FILES)).hexdigest()[:12]


_FILES = ("aliases.csv", "authors.csv", "routes.csv")


def _routed(model: str) -> str | None:
    name = model.split(":", 1)[0]
    return None if name.startswith("~") or "/" not in name else name


def _holds(alias: Alias, at: datetime) -> bool:
    return alias.since <= at < alias.until


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files("history.facts").joinpath(name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


@lru_cache
def _aliases() -> dict[tuple[str, str], tuple[Alias, ...]]:
    named: dict[tuple[str, str], list[Alias]] = defaultdict(list)
    for row in _rows("aliases.csv"):
        since, until = _day(row["since"], BEGINNING), _day(row["until"], END)
        named[row["provider"], row["model"]].append(
            Alias(row["provider"], row["model"], row["canonical"], since, until)
        )
    return {name: tuple(sorted(found, key=lambda alias: alias.since)) for name, found in named.items()}


@lru_cache
def _by_canonical() -> dict[str, tuple[Alias, ...]]:
    known: dict[str, list[Alias]] = defaultdict(list)
    for found in _aliases().values():
        for alias in found:
            known[alias.canonical].append(alias)
    return {name: tuple(found) for name, found in known.items()}


@lru_cache
def _authors() -> dict[str, Author]:
    return {row["slug"]: Author(row["slug"], row["name"], row["country"]) for row in _rows("authors.csv")}


@lru_cache
def _routes() -> dict[str, str]:
    return {row["route"]: row["provider"] for row in _rows("routes.csv")}


def _day(text: str, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else otherwise
