"""How the ledger's tables came to be, version by version; ``upgrade`` brings a database to the newest.

A step only adds or widens while the version before may still be running (docs/RUNBOOK.md, rolling upgrade).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text

from streams.ledger.engine import BUSY_S, database_url

log = logging.getLogger(__name__)

NEWEST: Final = "head"
EMPTY: Final = "base"
_ONE_AT_A_TIME: Final = 7_030_411_927
"""The PostgreSQL advisory lock that keeps two starting workers from migrating at once."""


def upgrade(url: str, revision: str = NEWEST) -> None:
    """Bring the database to a version; a second caller waits for the first and then finds nothing to do.

    One that a newer release has upgraded is left as it is: its steps only add while this one may still be running.
    """
    with _connected(url) as connection:
        if (newer := _unknown(connection)) is not None:
            log.warning(
                "the ledger's tables are of a newer release (%s) than this one, and are left as they are", newer
            )
            return
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a version; ``base`` removes every table and all that is in them."""
    with _connected(url) as connection:
        command.downgrade(_config(connection), revision)


def version(url: str) -> tuple[str | None, str]:
    """The version of the database (None: it is empty) and the newest that this code knows."""
    newest = ScriptDirectory(str(_HERE)).get_current_head()
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision(), str(newest)


_HERE: Final = Path(__file__).parent


def _unknown(connection: Connection) -> str | None:
    """The version of the database, if it is none that this code knows."""
    known = {script.revision for script in ScriptDirectory(str(_HERE)).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    return None if found in known else found


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            yield connection
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    parsed = database_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed)
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed.set(drivername="sqlite"), connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own class, which is not typed
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
