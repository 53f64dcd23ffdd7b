"""The database's shape through time: bring a database to the newest revision, or back, from any working folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from history.db import reading, recording


def upgrade(engine: Engine, revision: str = "head") -> None:
    """All or nothing, under the recorder's lock: two processes that start at once migrate one after the other."""
    with migrating(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Back to `revision`; what it did not know is dropped."""
    with migrating(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """The recorder's transaction, in which a table may be made anew without those that refer to it noticing.

    SQLite does that only with its foreign keys off (https://www.sqlite.org/lang_altertable.html#otheralter): they are
    checked as a whole before the transaction ends.
    """
    if engine.dialect.name != "sqlite":
        with recording(engine) as connection:
            yield connection
        return
    with engine.connect().execution_options(writes=True) as connection:
        _pragmas(connection, "foreign_keys=OFF", "legacy_alter_table=ON")
        try:
            with connection.begin():
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                    raise RuntimeError(f"the migration would leave rows that name nothing: {broken[:3]}")
        finally:
            _pragmas(connection, "foreign_keys=ON", "legacy_alter_table=OFF")


def _pragmas(connection: Connection, *pragmas: str) -> None:
    """Outside of any transaction, where alone SQLite heeds them."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    for pragma in pragmas:
        driver.execute(f"PRAGMA {pragma}")


def current(engine: Engine) -> str | None:
    """The revision the database is at; None where no migration has run."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest revision this installation knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_current(engine: Engine) -> bool:
    return current(engine) == head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
