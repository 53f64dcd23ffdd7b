"""Alembic's entry: runs the revisions on the connection it is given, else on the configured database."""

from alembic import context
from sqlalchemy import Connection

from feed.alerts.tables import metadata
from history.db import connect
from history.settings import settings
from migrations import migrating


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    with migrating(connect(settings().database)) as own:
        migrate(own)
