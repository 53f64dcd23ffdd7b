"""The second leaf of the front door: who may subscribe."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from feed.alerts import keys
from feed.alerts.keys import DEFAULT_QUOTA, Key
from history.db import reading, writing
from history.times import to_rfc3339
from installation import Refused, database, say

app = typer.Typer(no_args_is_help=True, help="API keys: who may subscribe to changes.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, for you to know.")],
    admin: Annotated[bool, typer.Option("--admin", help="It sees and changes everybody's subscriptions.")] = False,
    subscriptions: Annotated[int, typer.Option(min=0, help="How many it may have.")] = DEFAULT_QUOTA,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="It expires after so many; unset: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; it is shown now, and never again."""
    with database() as engine:
        made = create_key(engine, name, datetime.now(UTC), admin=admin, subscriptions=subscriptions, days=days)
    if as_json:
        typer.echo(json.dumps(made))
        return
    say.print("This key is shown now, and never again:")
    typer.echo(made["key"])


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """All keys, the oldest first, without what was shown of them once."""
    with database() as engine:
        listed = list_keys(engine, datetime.now(UTC))
    if as_json:
        for line in map(json.dumps, listed):
            typer.echo(line)
        return
    say.print(_table(listed))


@app.command()
def revoke(prefix: Annotated[str, typer.Argument(help="How it begins, as `keys list` shows it.")]) -> None:
    """The key opens nothing from now on; its subscriptions are told on, and an admin key can delete them."""
    with database() as engine:
        revoked = revoke_key(engine, prefix, datetime.now(UTC))
    say.print(f"{revoked['begins']} ({escape(revoked['name'])}) opens nothing any more")


def create_key(
    engine: Engine, name: str, now: datetime, *, admin: bool = False, subscriptions: int = DEFAULT_QUOTA,
    days: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The new key on record, with what is shown once as `key`."""
    expires_at = None if days is None else now + timedelta(days=days)
    with writing(engine) as connection:
        shown, key = keys.create(connection, name, "admin" if admin else "subscriber", subscriptions, now, expires_at)
    return {"key": shown, **_told(key, now)}


def list_keys(engine: Engine, now: datetime) -> list[dict[str, Any]]:
    """Every key on record."""
    with reading(engine) as connection:
        return [_told(key, now) for key in keys.listed(connection)]


def revoke_key(engine: Engine, prefix: str, now: datetime) -> dict[str, Any]:
    """The revoked key; Refused where none begins so."""
    try:
        with writing(engine) as connection:
            return _told(keys.revoke(connection, prefix, now), now)
    except LookupError as unknown:
        raise Refused(f"{unknown.args[0]}; `tokentape keys list` shows how they begin") from unknown


def show_first_key(engine: Engine, now: datetime) -> None:
    """At the first start an admin key is made, and shown once."""
    with writing(engine) as connection:
        shown = keys.ensure_admin(connection, now)
    if shown is not None:
        say.print("An admin key for /v1/subscriptions, shown now and never again (more: `tokentape keys create`):")
        say.print(f"  {shown}")


def _told(key: Key, now: datetime) -> dict[str, Any]:
    moments = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    is_over = key.expires_at is not None and key.expires_at <= now
    return {
        "begins": f"tt_{key.prefix}",
        "name": key.name,
        "scope": key.scope,
        "subscriptions": key.subscriptions,
        "state": "revoked" if key.revoked_at else "expired" if is_over else "valid",
        **{name: None if moment is None else to_rfc3339(moment) for name, moment in moments.items()},
    }


def _table(listed: Iterable[dict[str, Any]]) -> Table:
    table = Table("begins", "name", "scope", "subscriptions", "state", "last used", "expires")
    for key in listed:
        times = (key["last_used_at"] or "never", key["expires_at"] or "never")
        table.add_row(key["begins"], escape(key["name"]), key["scope"], str(key["subscriptions"]), key["state"], *times)
    return table
