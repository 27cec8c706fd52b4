"""The database under the ledger: SQLite in one file, or PostgreSQL; how it is opened, read and written.

Both keep what was committed through a crash of the process or the machine. A writer that stalls inside a transaction
is thrown out by PostgreSQL's own time-outs, so that nobody waits for it for ever.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_S: Final = 15
"""How long a writer waits for another one's lock."""
STALL_S: Final = 30
"""How long a PostgreSQL transaction may sit idle before the server ends it."""

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_S * 1000}",
)
_POSTGRES_OPTIONS: Final = (
    f"-c timezone=UTC -c lock_timeout={BUSY_S}s -c statement_timeout={4 * STALL_S}s "
    f"-c idle_in_transaction_session_timeout={STALL_S}s"
)
# Writers ask for a few hundred keys among millions. A table that has grown since it was last measured looks small, and
# reading all of it cheap: the plan must not depend on when that was.
_BY_INDEX: Final = " -c enable_seqscan=off -c jit=off"
# A question is asked with very different values: of one premises, or of ten thousand. The driver prepares what is asked
# often, and a plan that is to fit all values takes many times as long for the ones that are asked.
_BY_VALUES: Final = " -c plan_cache_mode=force_custom_plan"

Dialect = Literal["sqlite", "postgresql"]


def database_url(url: str) -> URL:
    """The URL with the driver that this system uses; ``ValueError`` names what is allowed."""
    parsed = make_url(url)
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError(f"a ledger is sqlite:///<file> or postgresql://<host>/<database>, not {parsed.drivername}")
    if driver.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
        raise ValueError("a ledger in SQLite needs a file: memory is lost with the process")
    return parsed.set(drivername=driver)


class Database:
    """Connections for reading and for writing; every block is one transaction, committed at its end or not at all."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self.dialect: Dialect = "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        if self.dialect == "sqlite":
            self._writer = _sqlite(self.url, pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite(self.url, pool_size=4, begin="BEGIN")
        else:
            self._writer = _postgres(self.url, _POSTGRES_OPTIONS + _BY_INDEX)
            self._reader = _postgres(self.url, _POSTGRES_OPTIONS + _BY_VALUES).execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; in SQLite it is alone from its first moment."""
        async with self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One unchanging view of the database."""
        async with self._reader.connect() as connection, connection.begin():
            yield connection

    async def now(self, machine: datetime) -> datetime:
        """The database's own time; for SQLite that is the machine's, given by the caller."""
        if self.dialect == "sqlite":
            return machine
        async with self._writer.connect() as connection:
            found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            return found.astimezone(UTC)

    async def close(self) -> None:
        """Give back every connection."""
        await self._writer.dispose()
        await self._reader.dispose()


class _LettingGo(sqlite3.Connection):
    """Gives up what it had begun when it is closed.

    SQLite keeps a closed connection, and its lock on the file, for as long as any of its cursors is remembered, and the
    traceback of a writer that was cancelled remembers one: nobody could write until the garbage was collected.
    """

    def close(self) -> None:
        try:
            if self.in_transaction:
                self.rollback()
        finally:
            super().close()


def _sqlite(url: URL, *, pool_size: int, begin: str) -> AsyncEngine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, pool_size=pool_size, max_overflow=0, hide_parameters=True,
        connect_args={"timeout": BUSY_S, "factory": _LettingGo},
    )  # fmt: skip

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own class, which is not typed
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: URL, options: str) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # errors are logged, and what an event says has no place in a log
        connect_args={"options": options, "connect_timeout": BUSY_S},
    )
