"""Whoever is cancelled while they write lets go of the file at once, whatever remembers how they ended."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import product
from pathlib import Path
from time import sleep

import pytest
import pytest_asyncio
from sqlalchemy import text

from streams.ledger.engine import Database

TURNS = range(8)
STARTS = range(4)
THREAD_S = 0.01


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest_asyncio.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{file}")
    async with opened.writing() as connection:
        await connection.execute(text("CREATE TABLE said (n INTEGER)"))
    yield opened
    await opened.close()


async def write(database: Database, at_work: asyncio.Event, *, start: int) -> None:
    """Write and read; ``at_work`` is set before the statement that the cancelling is counted from."""
    statements = ("INSERT INTO said VALUES (1)", "SELECT count(*) FROM said", "DELETE FROM said")
    if start == 0:
        at_work.set()
    async with database.writing() as connection:
        for n, statement in enumerate(statements, start=1):
            if start == n:
                at_work.set()
            await connection.execute(text(statement))


async def is_free(file: Path) -> bool:
    """Whether somebody else can write within a moment: the closing happens in a thread of its own."""
    with closing(sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)) as other:
        try:
            await asyncio.to_thread(_begin_and_end, other)
        except sqlite3.OperationalError:
            return False
    return True


def _begin_and_end(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


async def test_a_writer_that_is_cancelled_at_any_moment_lets_others_write_though_its_end_is_remembered(
    file: Path, database: Database
) -> None:
    remembered: list[asyncio.Task[None]] = []
    cancelled = 0
    for start, turns in product(STARTS, TURNS):
        at_work = asyncio.Event()
        remembered.append(asyncio.create_task(write(database, at_work, start=start)))
        await at_work.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        sleep(THREAD_S)  # noqa: ASYNC251 - what was asked for has happened in the thread by then, and nobody has heard of it here
        remembered[-1].cancel()
        await asyncio.wait(remembered[-1:])
        cancelled += remembered[-1].cancelled()
        assert await is_free(file), (start, turns)
    assert cancelled >= len(remembered) / 2
