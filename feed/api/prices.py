"""/v1/prices: what is, was or will be charged at a time, as believed at a time."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import A_MINUTE, FOR_GOOD, Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Cursor, Identified, Limit, Moment, Seller, Text, UnitName, WitnessAsked, scope
from feed.api.names import close_names
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries
from history.quotas import PLAN_TIER

router = APIRouter(prefix="/v1/prices", tags=["prices"])


class AskedPrices(Identified):
    """Which prices, when, and as believed when."""

    provider: Text | None = Field(None, description="A provider's slug.", examples=["deepseek"])
    model: Text | None = Field(None, description="A model's exact name.", examples=["deepseek-v4-flash"])
    tier: Text | None = Field(
        None, description="A service tier; plan: subscriptions, which are left out otherwise.",
        examples=["standard", "batch"],
    )  # fmt: skip
    region: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="A region; empty: offers without one."
    )
    unit: UnitName | None = Field(None, description="A billable unit.", examples=["input_tokens"])
    source: Text | None = Field(None, description="A price source.", examples=["openrouter_models"])
    seller: Seller = Field("any", description="first_party: labs that sell their own models.")
    witness: WitnessAsked = Field(
        "best",
        description="Whose word: of every price the best witness that has one in force, all of them, or only these. "
        "Who names a source hears all that it tells.",
    )
    as_of: Moment | None = Field(
        None, description="Valid time, RFC 3339 with an offset; default: now.", examples=["2026-05-22T16:00:00Z"]
    )
    known_at: Moment | None = Field(
        None, description="Recorded time: what was believed then; default: now.", examples=["2026-05-22T16:00:00Z"]
    )
    limit: Limit = 100
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_prices", summary="Prices in force at a time, as believed at a time",
    response_model=schemas.PricePage, responses=declared(422),
    openapi_extra=AskedPrices.parameters(),
)  # fmt: skip
async def list_prices(request: Request) -> Response:
    """Without `as_of` and `known_at`: what is charged now, as far as we know now."""
    asked = AskedPrices.of(request)
    question = asked.question()
    after = place_of(asked.cursor, question, int)

    def render(connection: Connection, now: datetime) -> Rendered:
        at, known_at = asked.as_of or now, asked.known_at or now
        wanted, limit = _scope(asked), asked.limit
        ask = queries.best_as_of if asked.witness == "best" and asked.source is None else queries.as_of
        found = ask(connection, wanted, at, known_at, after=after or 0, limit=limit + 1)
        pages = queries.evidence_of(connection, {one.run_id for one in found})
        following = cursor_to(found[limit - 1].series_id, question) if len(found) > limit else None
        page: schemas.PricePage = {
            "prices": [shapes.price(one, pages) for one in found[:limit]],
            "next_cursor": following,
        }
        if not found and (close := close_names(connection, asked.provider, asked.model, asked.canonical)):
            page["close_names"] = close
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    answers = answers_of(request)
    lasting = FOR_GOOD if _is_settled(asked, answers.clock()) else A_MINUTE
    return await answers.give(request, render, cache_control=lasting, brief=asked.model is not None)


def _scope(asked: AskedPrices) -> queries.Scope:
    """A subscription's price is no price of tokens: it is there for those who name its tier, unit, source or name."""
    named = asked.tier or asked.unit or asked.source or asked.model
    return scope(asked, asked.seller)._replace(not_tier=None if named else PLAN_TIER)


def _is_settled(asked: AskedPrices, now: datetime) -> bool:
    """What was believed in the past about a time does not change any more."""
    return asked.as_of is not None and asked.known_at is not None and asked.known_at < now
