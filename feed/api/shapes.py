"""What history holds → what the contract says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, cast

from feed.api import records, schemas
from feed.api.proof import evidence, evidence_of_price
from feed.drifting import sentence
from feed.figures import conditions_of, per_million
from history import identity, queries
from history.currency import Rate
from history.drift import Drift
from history.model import Quote, plain
from history.quotas import Quota, is_quota, quotas
from history.units import PLAN_UNITS

Pages = Mapping[int, Sequence[queries.Evidence]]


def price(one: queries.Price, pages: Pages) -> schemas.Price:
    shaped: schemas.Price = {
        "provider": one.provider,
        "source": one.source,
        "model": one.model,
        "tier": one.tier,
        "region": one.region,
        "unit": one.unit,
        "conditions": conditions_of(one.conditions),
        "amount": plain(one.amount),
        "currency": one.currency,
        "per": one.per,
        "list_amount": _plain(one.list_amount),
        "ends_at": one.ends_at,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "recorded_at": one.recorded_at,
        "basis": one.basis,
        "witness": one.witness,
        "run": one.run_id,
        "evidence": evidence_of_price(pages.get(one.run_id, ()), one.place),
    }
    if (of_a_million := per_million(one.amount, one.per, one.unit)) is not None:
        shaped["per_million"] = of_a_million
    return shaped


def converted(amount: Decimal, rate: Rate) -> schemas.Converted:
    """An amount in another currency, with all it takes to do the sum again."""
    return {
        "amount": plain(amount),
        "currency": rate.target,
        "rate": plain(rate.rate),
        "rate_date": rate.day,
        "per_euro": {rate.source: plain(rate.source_per_euro), rate.target: plain(rate.target_per_euro)},
        "note": rate.note,
    }


def plan(one: queries.Plan, pages: Pages) -> schemas.Plan:
    return {
        "provider": one.key.provider,
        "source": one.key.source,
        "source_url": one.url,
        "plan": one.key.model,
        "region": one.key.region,
        "prices": [_plan_price(price, pages) for price in one.prices],
        "quotas": [_quota(quota) for quota in quotas(one.terms)],
        "terms": [term for term in one.terms if not is_quota(term)],
        "terms_since": one.terms_since,
    }


def _plan_price(one: queries.Price, pages: Pages) -> schemas.PlanPrice:
    months, billed_months = PLAN_UNITS[one.unit]
    return {
        "unit": one.unit,
        "amount": plain(one.amount),
        "currency": one.currency,
        "months": months * one.per,
        "billed_months": billed_months * one.per,
        "list_amount": _plain(one.list_amount),
        "ends_at": one.ends_at,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "recorded_at": one.recorded_at,
        "basis": one.basis,
        "run": one.run_id,
        "evidence": evidence_of_price(pages.get(one.run_id, ()), one.place),
    }


def _quota(one: Quota) -> schemas.Quota:
    return {
        "amount": _plain(one.amount),
        "most": _plain(one.most),
        "unit": one.unit,
        "window": one.per or None,
        "approximate": one.about,
    }


def version(one: queries.Version, pages: Pages) -> schemas.Version:
    shaped: schemas.Version = {
        "provider": one.provider,
        "source": one.source,
        "model": one.model,
        "tier": one.tier,
        "region": one.region,
        "unit": one.unit,
        "conditions": conditions_of(one.conditions),
        "amount": _plain(one.amount),
        "currency": one.currency,
        "per": one.per,
        "list_amount": _plain(one.list_amount),
        "ends_at": one.ends_at,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "recorded_at": one.recorded_at,
        "superseded_at": one.superseded_at,
        "basis": one.basis,
        "witness": one.witness,
        "run": one.run_id,
        "evidence": evidence_of_price(pages.get(one.run_id, ()), one.place),
    }
    if one.amount is not None and one.per is not None:
        of_a_million = per_million(one.amount, one.per, one.unit)
        if of_a_million is not None:
            shaped["per_million"] = of_a_million
    return shaped


def change(one: queries.Change, pages: Pages) -> schemas.Change:
    return {
        "id": one.id,
        "story": one.story_id,
        "kind": one.kind,
        "provider": one.provider,
        "seller": one.seller,
        "source": one.source,
        "model": one.model,
        "tier": one.tier,
        "region": one.region,
        "unit": one.unit,
        "conditions": conditions_of(one.conditions),
        "old": quote(one.old, one.unit),
        "new": quote(one.new, one.unit),
        "change_percent": None if one.change_bp is None else plain(Decimal(one.change_bp).scaleb(-2)),
        "old_terms": None if one.old_terms is None else list(one.old_terms),
        "new_terms": None if one.new_terms is None else list(one.new_terms),
        "effective_at": one.effective_at,
        "recorded_at": one.recorded_at,
        "held_since": one.held_since,
        "run": one.run_id,
        "evidence": evidence_of_price(pages.get(one.run_id, ()), one.place),
    }


def quote(one: Quote | None, unit: str | None) -> schemas.Quote | None:
    return None if one is None else figure(one, unit)


def figure(one: Quote, unit: str | None) -> schemas.Quote:
    shaped: schemas.Quote = {"amount": plain(one.amount), "currency": one.currency, "per": one.per}
    if unit and (of_a_million := per_million(one.amount, one.per, unit)) is not None:
        shaped["per_million"] = of_a_million
    return shaped


def discrepancy(one: queries.Disagreement, pages: Pages) -> schemas.Discrepancy:
    return {
        "id": one.id,
        "provider": one.provider,
        "model": one.model,
        "tier": one.tier,
        "region": one.region,
        "unit": one.unit,
        "conditions": conditions_of(one.conditions),
        "own": {
            "source": one.source,
            "name": one.name,
            "quote": figure(one.quote, one.unit),
            "run": one.run_id,
            "evidence": evidence_of_price(pages.get(one.run_id, ()), one.place),
        },
        "witness": {
            "source": one.witness,
            "name": one.witness_name,
            "quote": figure(one.witness_quote, one.unit),
            "run": one.witness_run_id,
            "evidence": evidence_of_price(pages.get(one.witness_run_id, ()), one.witness_place),
        },
        "found_at": one.found_at,
        "ended_at": one.ended_at,
    }


def run(one: queries.RunRecord, pages: Pages) -> records.Run:
    return {
        "id": one.id,
        "source": one.source,
        "kind": one.kind,
        "observed_at": one.observed_at,
        "recorded_at": one.recorded_at,
        "outcome": one.outcome,
        "failure": one.failure,
        "message": one.message,
        "extractor": one.extractor,
        "offers": one.offers,
        "rejected": one.rejected,
        "held": one.held,
        "events": one.events,
        "unread": one.unread,
        "evidence": evidence(pages.get(one.id, ())),
    }


def model(one: queries.ListedModel, now: datetime) -> schemas.Model:
    offers: list[schemas.Offer] = [
        {
            "source": offer.source,
            "tier": offer.tier,
            "region": offer.region,
            "terms": list(offer.terms),
            "absent_since": offer.absent_since,
            "withdrawn": offer.withdrawn,
        }
        for offer in one.offers
    ]
    canonical = identity.canonical_of(one.provider, one.model, now)
    author = None if canonical is None else identity.author_of(canonical)
    return {
        "provider": one.provider,
        "model": one.model,
        "canonical": canonical,
        "author": author.slug if author else None,
        "country": author.country or None if author else None,
        "withdrawn": one.withdrawn,
        "offers": offers,
    }


def happened(one: queries.RunRecord | None) -> records.Happened | None:
    if one is None:
        return None
    why: records.Happened = {
        "run": one.id,
        "at": one.observed_at,
        "outcome": one.outcome,
        "failure": one.failure,
        "message": one.message,
    }
    return why


def drift(one: Drift) -> records.Drift:
    return {
        "kind": one.kind,
        "sentence": sentence(one),
        "table": one.number,
        "header": one.subject,
        "heading": one.heading,
        "lost": list(one.lost),
        "gained": list(one.gained),
        "before": one.before,
        "now": one.now,
    }


def held(one: queries.HeldPrice) -> records.HeldPrice:
    return {
        "model": one.model,
        "tier": one.tier,
        "region": one.region,
        "unit": one.unit,
        "conditions": conditions_of(one.conditions),
        "rule": one.rule,
        "believed": quote(one.believed, one.unit),
        "seen": quote(one.seen, one.unit),
        "first_seen_at": one.first_seen_at,
        "run": one.run_id,
    }


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def volume(one: queries.ListedVolume) -> schemas.Volume:
    period = one.period.removeprefix("trailing_")
    return {
        "source": one.source,
        "model": one.model,
        # The database admits no other word.
        "period": cast(Literal["day", "week", "month"], period),
        "trailing": period != one.period,
        "day": one.day,
        "tokens": _count(one.tokens),
        "input_tokens": _count(one.input_tokens),
        "output_tokens": _count(one.output_tokens),
        "requests": _count(one.requests),
        "recorded_at": one.recorded_at,
        "run": one.run_id,
    }


def notice(one: queries.ListedNotice, pages: Pages) -> schemas.Notice:
    return {
        "run": one.run_id,
        "source": one.source,
        "as_of": one.as_of,
        "citation": one.citation,
        "licence": one.licence or None,
        "evidence": evidence(pages.get(one.run_id, ())),
    }


def host(one: queries.ListedHost, pages: Pages) -> schemas.Host:
    return {
        "source": one.source,
        "slug": one.slug,
        "name": one.name,
        "headquarters": one.headquarters,
        "datacenters": None if one.datacenters is None else list(one.datacenters),
        "recorded_at": one.recorded_at,
        "run": one.run_id,
        "evidence": evidence(pages.get(one.run_id, ())),
    }


def _count(tokens: int | None) -> str | None:
    return None if tokens is None else str(tokens)
