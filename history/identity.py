"""Which models are the same one, whoever sells them: canonical names from explicit aliases, never from likeness.

How the files of history.facts were made, and by which rules two names are one model: docs/rules.md, "Identity".
"""

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from heapq import nlargest
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)
ROUTER = "openrouter"


class Alias(NamedTuple):
    """What one provider calls a model, from `since` on and before `until` (a day, 00:00 UTC; none: always), and how
    we know."""

    provider: str
    model: str
    canonical: str
    since: datetime = BEGINNING
    until: datetime = END
    source: str = ""

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


class Synonym(NamedTuple):
    """Another name that the same provider has for the same model, and how we know."""

    model: str
    canonical: str
    source: str


class Meant(NamedTuple):
    """The names of what is asked for: explicit ones, and the authors all of whose models OpenRouter names by them."""

    aliases: tuple[Alias, ...]
    authors: tuple[str, ...] = ()


class Author(NamedTuple):
    """Who trained a model, and the country that they sit in (ISO 3166-1 alpha-2; "" where nobody says)."""

    slug: str
    name: str
    country: str


def canonical_of(provider: str, model: str, at: datetime) -> str | None:
    """Our name of what `provider` calls `model` at that time; None where no alias says so.

    OpenRouter's own names are the canonical ones, without the variant behind the colon, except those that moved.
    """
    routed = _routed(model) if provider == ROUTER else None
    named = _aliases().get((provider, routed or model))
    if named is None:
        return routed
    place = bisect_right(named, at, key=lambda alias: alias.since)
    return named[place - 1].canonical if place and at < named[place - 1].until else None


def names_of(canonical: str, at: datetime) -> list[tuple[str, str]]:
    """What every provider calls that model at that time: (provider, model), without OpenRouter's variants."""
    return [(alias.provider, alias.model) for alias in _named(canonical) if alias.holds(at)]


def spellings(provider: str, model: str, at: datetime) -> list[str]:
    """All that `provider` calls the model that it calls `model` at that time, whoever tells it."""
    canonical = canonical_of(provider, model, at)
    also = [alias.model for alias in _named(canonical) if alias.provider == provider and alias.holds(at)]
    return [model, *(name for name in also if name != model)]


def synonyms(provider: str, model: str) -> list[tuple[datetime, tuple[Synonym, ...]]]:
    """The other names of what `provider` calls `model`, or of the canonical model of that name: from when on which.

    Empty where there never were any.
    """
    canonicals = {model, *(alias.canonical for alias in _aliases().get((provider, model), ()))}
    lines = [alias for name in canonicals for alias in _by_canonical().get(name, ()) if alias.provider == provider]
    turns = {BEGINNING, *(moment for alias in lines for moment in (alias.since, alias.until))} - {END}
    found = [(since, tuple(_synonyms(provider, model, since))) for since in sorted(turns)]
    return found if any(names for _, names in found) else []


def moved_to(provider: str, model: str, on: datetime) -> str | None:
    """What `model` began to mean on that day (UTC), where it had meant another model until then."""
    named = _aliases().get((provider, model), ())
    began = [later for earlier, later in pairwise(named) if later.since.date() == on.date() == earlier.until.date()]
    return began[0].canonical if began else None


@lru_cache(maxsize=256)
def meant(canonical: str | None = None, author: str | None = None, country: str | None = None) -> Meant:
    """All names of the models with that canonical name, by that author, of that country: of those that are asked."""
    authors = {one.slug for one in _authors().values() if (author, country) in _asked(one)}
    if canonical is not None:
        known = author is None and country is None
        return Meant(_named(canonical) if known or canonical.split("/", 1)[0] in authors else ())
    whole = tuple(sorted(authors))
    return Meant(tuple(alias for found in _aliases().values() for alias in found if _by(alias) in authors), whole)


def author_of(canonical: str) -> Author | None:
    """Who trained it: the part before the slash, if we know them."""
    return _authors().get(canonical.split("/", 1)[0])


def provider_of_route(route: str) -> str | None:
    """Which provider serves a gateway's route of that name; None where we do not know it as one of ours."""
    return _routes().get(route)


def close_to(name: str, known: Iterable[str]) -> list[str]:
    """The names that somebody may have meant, best first; an offer to a person, never an answer."""
    by_slug = {known_name.lower(): known_name for known_name in known}
    asked = name.lower()
    # Comparing letter by letter takes 50 ms for 3,000 names: only those that share the most pieces are.
    pieces = {asked[start : start + 3] for start in range(max(1, len(asked) - 2))}
    likely = nlargest(100, by_slug, key=lambda slug: sum(piece in slug for piece in pieces))
    return [by_slug[near] for near in get_close_matches(asked, likely, n=5, cutoff=0.6)]


@lru_cache
def canonicals() -> frozenset[str]:
    """Every canonical name that an alias leads to."""
    return frozenset(_by_canonical())


@lru_cache
def version() -> str:
    """The version of the aliases: it changes when a line of them does."""
    return sha256(b"".join(files("history.facts").joinpath(name).read_bytes() for name in _FILES)).hexdigest()[:12]


_FILES = ("aliases.csv", "authors.csv", "routes.csv")


def _synonyms(provider: str, model: str, at: datetime) -> Iterator[Synonym]:
    """A variant (OpenRouter's ":free") has no line of its own and is no canonical name: it is nobody's synonym."""
    own = _aliases().get((provider, model), ())
    holding = next((alias for alias in own if alias.holds(at)), None)
    if own and holding is None:
        return
    for one in _by_canonical().get(holding.canonical if holding else model, ()):
        if one.provider == provider and one.model != model and one.holds(at):
            said = dict.fromkeys(line.source for line in (holding, one) if line)
            yield Synonym(one.model, one.canonical, "; ".join(said))


def _routed(model: str) -> str | None:
    name = model.split(":", 1)[0]
    return None if name.startswith("~") or "/" not in name else name


def _by(alias: Alias) -> str:
    return alias.canonical.split("/", 1)[0]


def _asked(author: Author) -> set[tuple[str | None, str | None]]:
    """The questions (author, country) that this author answers."""
    return {(author.slug, None), (None, author.country), (author.slug, author.country)}


def _named(canonical: str | None) -> tuple[Alias, ...]:
    """OpenRouter's name of a model is the canonical one, unless it says itself that it means another."""
    if canonical is None:
        return ()
    own = () if (ROUTER, canonical) in _aliases() else (Alias(ROUTER, canonical, canonical),)
    return (*_by_canonical().get(canonical, ()), *own)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files("history.facts").joinpath(name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


@lru_cache
def _aliases() -> dict[tuple[str, str], tuple[Alias, ...]]:
    named: dict[tuple[str, str], list[Alias]] = defaultdict(list)
    for row in _rows("aliases.csv"):
        since, until = _day(row["since"], BEGINNING), _day(row["until"], END)
        named[row["provider"], row["model"]].append(
            Alias(row["provider"], row["model"], row["canonical"], since, until, row["source"])
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
