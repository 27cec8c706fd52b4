"""Sole: what one of all the workers on a ledger does alone; when it dies, another takes it up.

The claim is a lock that its holder's death gives back: of the session on PostgreSQL, of a file beside the ledger on
SQLite. It keeps work from being done twice all the time, not ever: a worker that has lost its claim may be told late.
"""

import fcntl
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from streams.ledger.engine import BUSY_S, Database
from streams.ledger.transaction import retried

NOTICED_SOON: Final = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The server gives a claim back within about ten seconds if its holder has vanished without a word."""

Check = Callable[[], Awaitable[None]]


class ClaimLostError(Exception):
    """The claim was given back for us, so another worker may have it by now."""


@asynccontextmanager
async def sole(database: Database, what: str, *, idle_s: float) -> AsyncGenerator[Check | None]:
    """A claim for as long as the block lasts, or None if another worker has it.

    The claim is a check, which raises ``ClaimLostError`` once it is lost. On PostgreSQL it is lost if it is not
    checked for ``idle_s``: a holder that is frozen must not keep the others waiting for ever.
    """
    if database.dialect == "sqlite":
        with _of_file(database, what) as check:
            yield check
    else:
        async with _of_session(database, what, idle_s) as check:
            yield check


@contextmanager
def _of_file(database: Database, what: str) -> Generator[Check | None]:
    with Path(f"{database.url.database}.{what}").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield _never_lost


@asynccontextmanager
async def _of_session(database: Database, what: str, idle_s: float) -> AsyncGenerator[Check | None]:
    options = f"{NOTICED_SOON} -c idle_session_timeout={int(idle_s * 1000)}"
    engine = create_async_engine(
        database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT",
        connect_args={"options": options, "connect_timeout": BUSY_S},
    )  # fmt: skip
    try:
        async with aclosing(await retried(lambda: engine.connect().start())) as connection:

            async def check() -> None:
                try:
                    await connection.execute(text("SELECT 1"))
                except DBAPIError as error:
                    raise ClaimLostError(f"the session that held the claim to {what} has ended: {error}") from error

            key = {"key": zlib.crc32(f"workorders {what}".encode())}
            got = (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key)).scalar_one()
            yield check if got else None
    finally:
        await engine.dispose()


async def _never_lost() -> None:
    """A file's lock stays with us until we give it back."""
