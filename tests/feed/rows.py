"""Rows as the recorder would write them, for tests of what reads them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, Table

from history import evidence
from history import tables as t
from history.db import writing
from history.drift import BLANK, Shape
from history.model import Conditions, Quote, conditions_text
from history.place import Place

NOW = datetime(2026, 5, 22, 16, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TODAY = NOW.date()


def usd(amount: str, per: int = 1_000_000, currency: str = "USD") -> Quote:
    return Quote(Decimal(amount), currency, per)


@dataclass
class Rows:
    """Writes rows into a database, numbering them as it goes."""

    engine: Engine
    ids: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[Any, ...], int] = field(default_factory=dict)
    billers: dict[int, int] = field(default_factory=dict)

    def source(self, name: str = "deepseek", kind: str = "lab", provider: str | None = None, **changed: Any) -> int:
        if ("source", name) in self.known:
            return self.known["source", name]
        slug = provider or name
        provider_id = self._once(t.provider, slug, slug=slug, name=slug.title(), kind=kind)
        row = {
            "url": f"https://{slug}.example/pricing",
            "interval_s": 3600,
            "verified": "2026-05-01",
            "witness": "gateway" if kind == "gateway" else "first_party",
            **changed,
        }
        source_id = self._once(t.source, name, name=name, provider_id=provider_id, **row)
        self.billers[source_id] = provider_id
        return source_id

    def run(self, at: datetime = NOW, source: str = "deepseek", body: str | None = "page", **changed: Any) -> int:
        if ("run", source, at) in self.known:
            return self.known["run", source, at]
        row = {
            "kind": "crawl", "outcome": "complete", "failure": None, "message": None, "extractor": "1", "offers": 1,
            "rejected": 0, "held": 0, "events": 0, "unread": {}, "recorded_at": at, **changed,
        }  # fmt: skip
        row["unread"] = json.dumps(row["unread"])
        run_id = self._insert(t.run, source_id=self.source(source), observed_at=at, **row)
        self.known["run", source, at] = run_id
        if body is not None:
            self.fetch(run_id, f"{body} {run_id}", at, f"https://{source}.example/pricing")
        return run_id

    def shape(self, run_id: int, shape: Shape = BLANK, baseline: int | None = None, requests: int = 2) -> int:
        """What the run looked like, by default as it always does."""
        row = {"run_id": run_id, "requests": requests, "shape": shape.text, "baseline_id": baseline or run_id}
        with writing(self.engine) as connection:
            connection.execute(t.run_shape.insert(), row)
        return run_id

    def fetch(
        self, run_id: int, body: str, at: datetime = NOW, url: str = "https://x.example/", ordinal: int = 0
    ) -> str:
        with writing(self.engine) as connection:
            digest = evidence.keep(connection, body.encode(), "text/html", at)
            page = {"url": url, "sha256": digest, "fetched_at": at, "status": 200}
            connection.execute(t.fetch.insert(), {"run_id": run_id, "ordinal": ordinal, **page})
        return digest

    def offer(
        self, model: str = "v4", tier: str = "standard", region: str = "", source: str = "deepseek", **changed: Any
    ) -> int:
        row = {"terms": (), "absent_since": None, "absent_runs": 0, "withdrawn": False, **changed}
        row["terms"] = json.dumps(row["terms"])
        key = {"source_id": self.source(source), "model": model, "tier": tier, "region": region}
        row.setdefault("provider_id", self.billers[self.source(source)])
        return self._once(t.offer, *key.values(), **key, **row)

    def series(
        self, unit: str = "input_tokens", conditions: Conditions | None = None, quote: Quote | None = None, **offer: Any
    ) -> int:
        offer_id, text = self.offer(**offer), conditions_text(conditions) if conditions else ""
        row = {"offer_id": offer_id, "unit": unit, "conditions": text}
        return self._once(t.series, *row.values(), **row, quote=quote.text if quote else None)

    def price(
        self, amount: str | None, valid_from: datetime, *, recorded_at: datetime | None = None,
        superseded_at: datetime | None = None, run: int | None = None, per: int = 1_000_000,
        list_amount: Decimal | None = None, place: Place | None = None, **series: Any,
    ) -> int:  # fmt: skip
        series_id = self.series(**series)
        recorded_at = recorded_at or valid_from
        run_id = run or self.run(recorded_at, series.get("source", "deepseek"))
        quoted = (
            {"amount": Decimal(amount), "currency": "USD", "per": per, "list_amount": list_amount}
            if amount is not None
            else {}
        )
        row = {
            "series_id": series_id,
            "valid_from": valid_from,
            "recorded_at": recorded_at,
            "superseded_at": superseded_at,
            "place": place and place.code,
        }
        with writing(self.engine) as connection:
            connection.execute(t.price.insert(), {**row, **quoted, "basis": "first_seen", "run_id": run_id})
        return series_id

    def story(self, run: int | None = None, *changes: dict[str, Any], at: datetime = NOW, **offer: Any) -> int:
        """One story of these changes (see `moved`), by default of one run of its own."""
        run_id = run or self.run(at, offer.get("source", "deepseek"))
        story_id = self.ids.get("change_event", 0) + 1
        for change in changes:
            self._event(run_id, story_id, at, {**offer, **change})
        return story_id

    def held(self, series_id: int, rule: str, quote: Quote | None, at: datetime, run: int) -> None:
        row = {"rule": rule, "quote": quote.text if quote else None, "first_seen_at": at, "run_id": run}
        with writing(self.engine) as connection:
            connection.execute(t.held.insert(), {"series_id": series_id, **row})

    def volume(
        self, model: str = "lab/m", day: date = TODAY, tokens: int | None = 100, period: str = "day", *,
        recorded_at: datetime = NOW, superseded_at: datetime | None = None, source: str = "openrouter_volumes",
        **counts: int,
    ) -> None:  # fmt: skip
        self.source(source, "gateway", "openrouter")
        run_id = self.run(recorded_at, source)
        key = {"source_id": self.source(source), "model": model, "period": period, "day": day}
        times = {"recorded_at": recorded_at, "superseded_at": superseded_at, "run_id": run_id}
        said = {"as_of": recorded_at - HOUR, "citation": f"Source: run {run_id}.", "licence": "CC-BY-4.0", "meta": "[]"}
        with writing(self.engine) as connection:
            connection.execute(t.volume.insert(), {**key, **times, "tokens": tokens, **counts})
            if ("notice", run_id) not in self.known:
                self.known["notice", run_id] = run_id
                connection.execute(t.volume_notice.insert(), {"run_id": run_id, **said})

    def host(
        self, slug: str = "acme", headquarters: str | None = "US", datacenters: list[str] | None = None,
        recorded_at: datetime = NOW, superseded_at: datetime | None = None,
    ) -> None:  # fmt: skip
        source_id = self.source("openrouter_providers", "gateway", "openrouter")
        run_id = self.run(recorded_at, "openrouter_providers")
        row = {"name": slug.title(), "headquarters": headquarters, "datacenters": json.dumps(datacenters)}
        times = {"recorded_at": recorded_at, "superseded_at": superseded_at, "run_id": run_id}
        with writing(self.engine) as connection:
            connection.execute(t.host.insert(), {"source_id": source_id, "slug": slug, **row, **times})

    def _event(self, run_id: int, story_id: int, at: datetime, change: dict[str, Any]) -> None:
        where = {name: change[name] for name in ("model", "tier", "region", "source") if name in change}
        series_id = None
        if "unit" in change:
            series_id = self.series(change["unit"], change.get("conditions"), **where)
        old, new = change.get("old"), change.get("new")
        self._insert(
            t.change_event, story_id=story_id, run_id=run_id, offer_id=self.offer(**where), series_id=series_id,
            kind=change["kind"], change_bp=basis_points(old, new), **_quoted("old", old), **_quoted("new", new),
            old_terms=_terms(change.get("old_terms")), new_terms=_terms(change.get("new_terms")),
            effective_at=change.get("effective_at", at), recorded_at=at, held_since=change.get("held_since"),
        )  # fmt: skip

    def _once(self, table: Table, *key: Any, **row: Any) -> int:
        found = self.known.get((table.name, *key))
        if found is None:
            found = self.known[table.name, *key] = self._insert(table, **row)
        return found

    def _insert(self, table: Table, **row: Any) -> int:
        self.ids[table.name] = self.ids.get(table.name, 0) + 1
        with writing(self.engine) as connection:
            connection.execute(table.insert(), {"id": self.ids[table.name], **row})
        return self.ids[table.name]


def moved(unit: str, old: str | Quote | None, new: str | Quote | None, kind: str = "", **more: Any) -> dict[str, Any]:
    """A change of one component; amounts given as text are dollars for a million."""
    before, after = (usd(amount) if isinstance(amount, str) else amount for amount in (old, new))
    if not kind and before and after:
        kind = "price_raised" if after.unit_price > before.unit_price else "price_lowered"
    kind = kind or ("price_added" if before is None else "price_removed")
    return {"unit": unit, "old": before, "new": after, "kind": kind, **more}


def basis_points(old: Quote | None, new: Quote | None) -> int | None:
    if old is None or new is None or old.currency != new.currency or not old.amount:
        return None
    return int((new.unit_price / old.unit_price - 1) * 10_000)


def flash_cut(rows: Rows, at: datetime = NOW) -> int:
    """The story everyone talks about: DeepSeek's cuts, the cache hit by 98 %."""
    return rows.story(
        None,
        moved("input_tokens", "0.27", "0.12"),
        moved("output_tokens", "1.10", "0.32"),
        moved("cache_read_tokens", "0.14", "0.0028"),
        moved("input_tokens", "0.54", None, conditions=Conditions(min_input_tokens=256_001)),
        moved("output_tokens", "2.20", None, conditions=Conditions(min_input_tokens=256_001)),
        at=at, model="deepseek-v4-flash",
    )  # fmt: skip


def _quoted(which: str, quote: Quote | None) -> dict[str, Any]:
    names = (f"{which}_amount", f"{which}_currency", f"{which}_per")
    return dict(zip(names, (quote.amount, quote.currency, quote.per) if quote else (None, None, None), strict=True))


def _terms(terms: tuple[str, ...] | None) -> str | None:
    return None if terms is None else json.dumps(terms)
