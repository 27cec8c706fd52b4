"""Sole: what one of all the workers on a ledger does alone; when it dies, another takes it up.

The claim is a lock that its holder's death gives back: of the session on PostgreSQL, of a file beside the ledger on
SQLite. It keeps work from being done twice all the time, not ever: a worker that has lost its claim may be told late.
"""

import fcntl
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from streams.ledger.engine import Database

NOTICED_SOON: Final = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The server gives a claim back within about ten seconds if its holder has vanished without a word."""

Check = Callable[[], Awaitable[None]]


class ClaimLostError(Exception):
    """The claim was given back for us, so another worker may have it by now."""


@asynccontextmanager
async def sole(database: Database, what: str) -> AsyncGenerator[Check | None]:
    """A claim for as long as the block lasts, or None if another worker has it.

    The claim is a check, which raises ``ClaimLostError`` once it is lost.
    """
    if database.dialect == "sqlite":
        with _of_file(database, what) as check:
            yield check
    else:
        async with _of_session(database, what) as check:
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
async def _of_session(database: Database, what: str) -> AsyncGenerator[Check | None]:
    engine = create_async_engine(
        database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"options": NOTICED_SOON}
    )
    try:
        async with engine.connect() as connection:

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
