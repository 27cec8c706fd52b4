"""Sole: of several workers one has the claim, and when it dies another gets it."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from streams.ledger.engine import Database
from streams.sole import ClaimLostError, sole
from tests.servers.fixtures import wanted
from tests.servers.postgres import Postgres, PostgresAddress, private_postgres, programs

ROOT = Path(__file__).parents[2]
HOLD = """
import asyncio, sys
from streams.ledger.engine import Database
from streams.sole import sole

async def hold():
    async with sole(Database(sys.argv[1]), "relay", idle_s=float(sys.argv[2])) as claim:
        print("held" if claim else "not held", flush=True)
        while True:
            await asyncio.sleep(0.1)
            await claim()

asyncio.run(hold())
"""


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that nobody else uses, so that it can be stopped."""
    wanted(programs)
    with private_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    own: str = request.getfixturevalue("database")
    return own


async def test_one_has_the_claim_and_gives_it_back_at_the_end(url: str) -> None:
    database = Database(url)
    async with sole(database, "relay", idle_s=60) as first, sole(database, "relay", idle_s=60) as second:
        assert first is not None
        await first()
        assert second is None
        async with sole(database, "something else", idle_s=60) as other:
            assert other is not None
    async with sole(database, "relay", idle_s=60) as third:
        assert third is not None
    await database.close()


async def test_a_killed_holder_gives_it_back(url: str) -> None:
    database = Database(url)
    async with holder(url, 60) as killed:
        async with sole(database, "relay", idle_s=60) as claim:
            assert claim is None
        killed.kill()
        await killed.wait()
    assert await _comes_free(database)
    await database.close()


@pytest.mark.postgres
async def test_who_has_lost_the_session_has_lost_the_claim(own_postgres: Postgres) -> None:
    database = Database(own_postgres.url())
    async with sole(database, "relay", idle_s=60) as claim:
        assert claim is not None
        own_postgres.stop("immediate")
        own_postgres.start()
        with pytest.raises(ClaimLostError, match="the session that held the claim to relay has ended"):
            await claim()
    await database.close()


@asynccontextmanager
async def holder(url: str, idle_s: float) -> AsyncIterator[Process]:
    """Another process that has the claim, and checks it often."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, url, str(idle_s),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@pytest.mark.postgres
async def test_a_holder_that_is_frozen_keeps_nobody_waiting_and_learns_that_it_has_lost_the_claim(
    database: str,
) -> None:
    ledger = Database(database)
    async with holder(database, 1.0) as frozen:
        await asyncio.sleep(1.5)
        async with sole(ledger, "relay", idle_s=60) as claim:
            assert claim is None, "whoever checks its claim keeps it"
        frozen.send_signal(signal.SIGSTOP)
        assert await _comes_free(ledger)
        async with sole(ledger, "relay", idle_s=60) as claim:
            assert claim is not None
            frozen.send_signal(signal.SIGCONT)
            _, told = await frozen.communicate()
            assert b"ClaimLostError: the session that held the claim to relay has ended" in told
            await claim()
    await ledger.close()


@pytest.mark.postgres
async def test_a_holder_whose_connection_is_cut_has_lost_the_claim_and_another_gets_it(
    database: str, postgres: PostgresAddress
) -> None:
    ledger = Database(database)
    async with holder(database, 60) as cut:
        mine = f"(SELECT oid FROM pg_database WHERE datname = '{ledger.url.database}')"  # noqa: S608 - our own name
        cut_it = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        postgres.execute(cut_it + mine)
        assert await _comes_free(ledger)
        _, told = await cut.communicate()
        assert b"ClaimLostError" in told
    await ledger.close()


async def _comes_free(database: Database) -> bool:
    for _ in range(50):
        async with sole(database, "relay", idle_s=60) as claim:
            if claim is not None:
                return True
        await asyncio.sleep(0.1)
    return False
