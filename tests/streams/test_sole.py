"""Sole: of several workers one has the claim, and when it dies another gets it."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.ledger.engine import Database
from streams.sole import ClaimLostError, sole
from tests.streams.ledger.postgres_server import Server, programs, running

ROOT = Path(__file__).parents[2]
HOLD = """
import asyncio, sys
from streams.ledger.engine import Database
from streams.sole import sole

async def hold():
    async with sole(Database(sys.argv[1]), "relay") as claim:
        print("held" if claim else "not held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("this machine has no PostgreSQL programs")
    with running(found) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: Server = request.getfixturevalue("postgres")
    return server.url()


async def test_one_has_the_claim_and_gives_it_back_at_the_end(url: str) -> None:
    database = Database(url)
    async with sole(database, "relay") as first, sole(database, "relay") as second:
        assert first is not None
        await first()
        assert second is None
        async with sole(database, "something else") as other:
            assert other is not None
    async with sole(database, "relay") as third:
        assert third is not None
    await database.close()


async def test_a_killed_holder_gives_it_back(url: str) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        database = Database(url)
        async with sole(database, "relay") as claim:
            assert claim is None
    finally:
        holder.kill()
        await holder.wait()
    assert await _comes_free(database)
    await database.close()


@pytest.mark.postgres
async def test_who_has_lost_the_session_has_lost_the_claim(postgres: Server) -> None:
    database = Database(postgres.url())
    async with sole(database, "relay") as claim:
        assert claim is not None
        postgres.stop("immediate")
        postgres.start()
        with pytest.raises(ClaimLostError, match="the session that held the claim to relay has ended"):
            await claim()
    await database.close()


async def _comes_free(database: Database) -> bool:
    for _ in range(50):
        async with sole(database, "relay") as claim:
            if claim is not None:
                return True
        await asyncio.sleep(0.1)
    return False
