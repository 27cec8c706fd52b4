"""Ledgers for the tests: each on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import stamina
from sqlalchemy import create_engine, text

from streams.ledger import migrations
from streams.ledger.ledger import Ledger
from tests.streams.ledger.eventful import live_through
from tests.streams.ledger.telling import START, Feed
from workorders.policy import World, default_world

_DATABASES = count(1)
_EITHER = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(autouse=True)
def _no_waiting_between_tries() -> Iterator[None]:
    """Retries happen, but nobody waits for them."""
    stamina.set_testing(testing=True, attempts=3, cap=True)
    yield
    stamina.set_testing(testing=False)


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite file to copy."""
    path = tmp_path_factory.mktemp("ledger") / "upgraded.db"
    migrations.upgrade(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    return path


@pytest.fixture(params=_EITHER)
def url(request: pytest.FixtureRequest, tmp_path: Path, upgraded_sqlite: Path) -> str:
    """An upgraded, empty database of either kind."""
    if request.param == "sqlite":
        return sqlite_copy(upgraded_sqlite, tmp_path)
    own: str = request.getfixturevalue("ledger_on_postgres")
    return own


@pytest.fixture
def sqlite_url(tmp_path: Path, upgraded_sqlite: Path) -> str:
    """An upgraded, empty SQLite database, for what need not be shown on both."""
    return sqlite_copy(upgraded_sqlite, tmp_path)


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    """An empty ledger of either kind; its time is simulated and begins at the start."""
    opened = await Ledger.open(url, time_kind="simulated", now=START)
    yield opened
    await opened.close()


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Ledger]:
    """An empty ledger on SQLite."""
    opened = await Ledger.open(sqlite_url, time_kind="simulated", now=START)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def eventful(upgraded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """A SQLite file in which everything has happened that a ledger can keep, and the world that it then knows."""
    url = sqlite_copy(upgraded_sqlite, tmp_path_factory.mktemp("eventful"))

    async def tell() -> World:
        ledger = await Ledger.open(url, time_kind="simulated", now=START)
        then = await live_through(ledger, default_world())
        await ledger.close()
        return then

    then = asyncio.run(tell())
    path = Path(url.removeprefix("sqlite:///"))
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    return path, then


@pytest.fixture
def spoilt(eventful: tuple[Path, World], tmp_path: Path) -> Path:
    """A copy of that file, to spoil."""
    return Path(sqlite_copy(eventful[0], tmp_path).removeprefix("sqlite:///"))


@pytest.fixture
def world() -> World:
    """The packaged policy and estate."""
    return default_world()


@pytest.fixture
def feed() -> Feed:
    """One partition of each topic."""
    return Feed()


def sqlite_copy(upgraded: Path, folder: Path) -> str:
    """A copy of the upgraded file; its URL."""
    path = folder / f"ledger-{next(_DATABASES)}.db"
    path.write_bytes(upgraded.read_bytes())
    return f"sqlite:///{path}"
