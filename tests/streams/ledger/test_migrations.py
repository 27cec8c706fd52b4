"""The tables: the models and the migrations describe the same, and every step can be gone up and down."""

import re
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from models.tables import METADATA
from streams.ledger import migrations
from streams.ledger.engine import database_url
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import START, Feed, hour, raised
from workorders.policy import World


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    own: str = request.getfixturevalue("database")
    return own


def _engine(url: str) -> Engine:
    parsed = database_url(url)
    sync = parsed.set(drivername="sqlite") if parsed.get_backend_name() == "sqlite" else parsed
    return create_engine(sync)


def _shape(connection: Connection) -> dict[str, object]:
    """Every table, column, key and index (predicates too) as the database itself tells them."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"))
        return {f"{row.type} {row.name}": _parts(row.sql or "") for row in rows}
    columns = connection.execute(text(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    ))  # fmt: skip
    indexes = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    keys = connection.execute(text(
        "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
        "WHERE contype IN ('p', 'f', 'u', 'c')"
    ))  # fmt: skip
    found: dict[str, object] = {f"{row.table_name}.{row.column_name}": tuple(row[2:]) for row in columns}
    found |= {row.indexname: row.indexdef for row in indexes if "alembic" not in row.indexname}
    return found | {row.conname: row.definition for row in keys if "alembic" not in row.conname}


def _parts(sql: str) -> list[str]:
    """The parts of a definition; the order of a table's constraints means nothing."""
    return sorted(re.split(r", (?=CONSTRAINT)", re.sub(r"\s+", " ", sql).replace('"', "").removesuffix(" )")))


def test_models_and_migrations_agree_to_the_predicate(empty: str, tmp_path: Path) -> None:
    migrations.upgrade(empty)
    engine = _engine(empty)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        migrated = _shape(connection)
        for table in reversed(METADATA.sorted_tables):
            table.drop(connection)
        METADATA.create_all(connection)
        assert _shape(connection) == migrated
    engine.dispose()


def test_up_down_and_up_again_gives_the_same_tables(empty: str) -> None:
    migrations.upgrade(empty)
    engine = _engine(empty)
    with engine.connect() as connection:
        first = _shape(connection)
    migrations.downgrade(empty, migrations.EMPTY)
    with engine.connect() as connection:
        assert [name for name in inspect(connection).get_table_names() if name != "alembic_version"] == []
    migrations.upgrade(empty)
    with engine.connect() as connection:
        assert _shape(connection) == first
    engine.dispose()


def test_an_empty_database_has_no_version_and_an_upgraded_one_the_newest(empty: str) -> None:
    before, newest = migrations.version(empty)
    assert before is None
    migrations.upgrade(empty)
    assert migrations.version(empty) == (newest, newest)


def test_a_ledger_that_a_newer_release_has_upgraded_is_left_as_it_is(
    empty: str, caplog: pytest.LogCaptureFixture
) -> None:
    migrations.upgrade(empty)
    engine = _engine(empty)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    migrations.upgrade(empty)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    engine.dispose()
    assert "of a newer release (9999)" in caplog.text


def test_workers_that_start_together_upgrade_once(empty: str) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(empty)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must show it
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert migrations.version(empty)[0] is not None


async def test_an_upgrade_keeps_what_is_recorded(sqlite_url: str, world: World, feed: Feed) -> None:
    ledger = await Ledger.open(sqlite_url, time_kind="simulated", now=START)
    await ledger.take(feed.read(raised("WO-1", note="x"), raised("WO-2")), hour(0), world)
    await ledger.close()
    path = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        before = list(connection.iterdump())
    migrations.upgrade(sqlite_url)
    with sqlite3.connect(path) as connection:
        assert list(connection.iterdump()) == before


@pytest.mark.parametrize("url", ["mysql://host/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_a_ledger_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="a ledger"):
        database_url(url)
