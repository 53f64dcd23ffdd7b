"""The web application: routers, errors, and the contract that it publishes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from sqlalchemy import Engine

from feed import errors
from feed.answers import Answers, utc_now
from feed.api import (
    changes,
    costs,
    discrepancies,
    feeds,
    history,
    hosts,
    models,
    plans,
    prices,
    providers,
    runs,
    snapshots,
    status,
    volumes,
)
from feed.desk import bodies, deliveries, metrics, proofs
from feed.desk import subscriptions as subscribing
from feed.desk.callers import Desk
from feed.edge import Edge
from feed.site import pages

_TAGS = {
    "prices": "What is, was or will be charged, on two time axes: valid (`as_of`) and recorded (`known_at`).",
    "costs": "What requests cost, by the prices of their times.",
    "changes": "What became different, behind a cursor that skips nothing.",
    "feeds": "The same for feed readers: one entry for each model and announcement.",
    "catalog": "Who sells what.",
    "volumes": "How much of it a gateway served, and from where.",
    "sources": "How we know: runs, failures, ages.",
    "subscriptions": "Who is told of changes, and what became of each message. Needs a key.",
    "evidence": "The pages behind the prices, as they were fetched.",
}
_ABOUT = """What language-model APIs cost, what they cost at any time, and what changed.

Money is a decimal string with its `currency` and the number of units it buys (`per`), never a float. Times are RFC 3339
with an offset. Intervals are half-open. Errors are RFC 9457 problems. Nothing but subscriptions needs a key."""


def create_app(
    engine: Engine, public_url: str, clock: Callable[[], datetime] = utc_now, desk: Desk | None = None
) -> FastAPI:  # fmt: skip
    """The application over a database. `public_url` is where readers reach it: it stands in feeds. Without a desk
    nobody can subscribe."""
    # Swagger's pages load scripts from elsewhere; /openapi.json is enough for any tool.
    app = FastAPI(title="Tokentape", version="1", docs_url=None, redoc_url=None)
    app.state.answers = Answers(engine, public_url, clock)
    app.state.desk = desk
    app.add_middleware(Edge)
    errors.install(app)
    answering = (
        prices, costs, plans, history, changes, discrepancies, feeds, models, providers, volumes, hosts, runs, status,
        snapshots, subscribing, proofs, deliveries,
    )  # fmt: skip
    for noun in answering:
        app.include_router(noun.router)
    app.include_router(metrics.router)
    app.include_router(pages.router, include_in_schema=False)
    # FastAPI's own way to extend the contract: https://fastapi.tiangolo.com/how-to/extending-openapi/
    app.openapi = lambda: _contract(app)  # type: ignore[method-assign]
    return app


def _contract(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        answers: Answers = app.state.answers
        app.openapi_schema = get_openapi(
            title=app.title, version=app.version, description=_ABOUT, routes=app.routes,
            tags=[{"name": name, "description": about} for name, about in _TAGS.items()],
            servers=[{"url": answers.public_url}], license_info={"name": "MIT", "identifier": "MIT"},
        )  # fmt: skip
        problem = TypeAdapter(errors.ProblemDetails).json_schema()
        app.openapi_schema["components"]["schemas"] |= costs.ANSWER["$defs"] | {"ProblemDetails": problem}
        app.openapi_schema["components"]["schemas"] |= bodies.DEFINITIONS
        app.openapi_schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return app.openapi_schema
