"""Ledgers for the tests: each on SQLite, and on a private PostgreSQL where the machine has one."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import stamina
from sqlalchemy import create_engine, text

from streams.ledger import migrations
from streams.ledger.ledger import Ledger
from tests.streams.ledger.postgres_server import Server, programs, running
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
def postgres() -> Iterator[Server]:
    """A private PostgreSQL with an upgraded database ``template_ledger`` to copy."""
    found = programs()
    if found is None:
        pytest.skip("this machine has no PostgreSQL programs")
    with running(found) as server:
        migrations.upgrade(server.new_database("template_ledger"))
        yield server


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
    server: Server = request.getfixturevalue("postgres")
    return server.copy_database("template_ledger", f"ledger_{next(_DATABASES)}")


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
