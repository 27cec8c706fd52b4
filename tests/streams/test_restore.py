"""Restore: a ledger taken back to an earlier state, on a broker that has gone on, loses and doubles nothing."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any, LiteralString

import orjson
import psycopg
import pytest
from sqlalchemy import make_url

from models.tables import EventRow
from streams.clock import SystemClock, monotonic
from streams.kafka_client import make_producer, running
from streams.ledger import queries
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.restore import Restored, restore
from streams.settings import PREFIX, Settings
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.servers.postgres import private_postgres, programs, restored_postgres
from tests.streams.ledger.telling import AP, all_rows, plain, raised
from tests.streams.running_system import eventually, on_topic, submit, whole_worker

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
SAID_ON = ("escalations", "classifications")
PARTITIONS = 4
"""As many as the helpers that read whole topics expect."""


def orders(first: int, last: int) -> list[Incoming]:
    """Locks that would not secure six hours ago, so that a breach of each is said at once."""
    then = (SystemClock().now() - timedelta(hours=6)).isoformat()
    return [plain({**raised(f"WO-{n}", premises=AP, id=f"raised-{n}"), "time": then}) for n in range(first, last)]


@pytest.fixture
async def settings(kafka: KafkaAddress, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Settings]:
    found = Settings(
        broker=kafka.bootstrap, data_dir=tmp_path, topic_prefix=topic_prefix, group=f"{topic_prefix}group",
        partitions=PARTITIONS, replication=1, sweep_every_s=0.2, health_port="off",
    )  # fmt: skip
    async with own_topics(found):
        yield found


async def hand_in(parts: Parts, first: int, last: int) -> None:
    """Half of them by the front door, half straight on the topics."""
    producer, half = make_producer(parts.settings, parts.cluster.bootstrap), (first + last) // 2
    await submit(parts, *orders(first, half))
    async with running(producer, parts.settings):
        for one in orders(half, last):
            await producer.send_and_wait(parts.topic(one.topic), value=one.value, key=one.key)


async def all_is_said(parts: Parts, last: int) -> None:
    async def is_said() -> bool:
        recorded = len({row.subject for row in await all_rows(parts.ledger, EventRow)}) == last
        waits = [*await parts.ledger.unsent(1), *await parts.ledger.unrelayed(1)]
        return recorded and not waits and not any(parts.vitals.lag.values())

    await eventually(is_said, f"{last} orders are recorded, and all is said")


async def standing(parts: Parts) -> set[tuple[object, ...]]:
    async with parts.ledger.reading() as connection:
        return {(one["id"], one["kind"]) for one in await queries.escalations(connection, limit=10_000)}


async def said(parts: Parts) -> dict[str, set[bytes]]:
    """What was ever said under each message id, by its content."""
    found: dict[str, set[bytes]] = {}
    for topic in SAID_ON:
        for value in await on_topic(parts, topic):
            found.setdefault(orjson.loads(value)["id"], set()).add(value)
    return found


async def adopt(settings: Settings) -> Restored:
    clock = SystemClock()
    ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=clock.now())
    try:
        return await restore(settings, ledger, clock)
    finally:
        await ledger.close()


async def by_command(settings: Settings) -> dict[str, Any]:
    """What ``workorders adopt`` answers."""
    given = settings.model_dump(exclude_unset=True) | {"ledger": settings.ledger_url}
    ours = {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-c", "import sys; from desk.cli import main; sys.exit(main(['adopt', '--json']))"]
    ended = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env={**os.environ, **ours}, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = orjson.loads(ended.stdout)
    return answer


async def lives_through_a_restore(
    settings: Settings, backup: Callable[[], Any], restored: Callable[[Any], Settings]
) -> None:
    """Live, be backed up, live on, lose the ledger, and go on from the backup."""
    async with whole_worker(settings) as parts:
        await hand_in(parts, 0, 20)
        await all_is_said(parts, 20)
    kept = await asyncio.to_thread(backup)
    async with whole_worker(settings) as parts:
        await hand_in(parts, 20, 60)
        await all_is_said(parts, 60)
        stood, before = await standing(parts), await said(parts)
    taken_back = restored(kept)

    found = await adopt(taken_back)
    assert found.adopted.new >= 80, "a classification and a breach of each of forty orders"
    assert found.to_read["work-orders"] == 40
    assert sum(found.lost.values()) == 0
    known = found.adopted.new + found.adopted.known
    assert await by_command(taken_back) == {"adopted": 0, "known": known, "to_read": found.to_read, "lost": 0}

    async with whole_worker(taken_back) as parts:
        await all_is_said(parts, 60)
        events = Counter(row.subject for row in await all_rows(parts.ledger, EventRow))
        assert events == Counter({f"WO-{n}": 1 for n in range(60)})
        after = await said(parts)
        assert {id_: found for id_, found in after.items() if len(found) > 1} == {}, "one id, two contents"
        assert before.keys() <= after.keys()
        assert await standing(parts) == stood
        assert (await parts.ledger.verify(parts.world)).findings == []


async def test_an_older_copy_of_a_sqlite_ledger_goes_on_where_the_topics_end(settings: Settings) -> None:
    file = settings.data_dir / "ledger.db"

    def restored(copy: bytes) -> Settings:
        for name in settings.data_dir.glob("ledger.db*"):
            name.unlink()
        file.write_bytes(copy)
        return settings

    await lives_through_a_restore(settings, file.read_bytes, restored)


@pytest.mark.postgres
async def test_a_dump_of_a_postgresql_ledger_goes_on_where_the_topics_end(
    settings: Settings, ledger_on_postgres: str, database: str, tmp_path: Path
) -> None:
    def tool(name: str, url: str, *arguments: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run([programs() / name, *arguments, "--dbname", plain], check=True)  # noqa: S603 - the machine's own

    def on(url: str) -> Settings:
        return Settings.model_validate({**settings.model_dump(exclude_unset=True), "ledger": url})

    def backup() -> Path:
        tool("pg_dump", ledger_on_postgres, "--format=custom", f"--file={tmp_path / 'dump'}")
        return tmp_path / "dump"

    def restored(dump: Path) -> Settings:
        tool("pg_restore", database, "--exit-on-error", "--no-owner", str(dump))
        return on(database)

    await lives_through_a_restore(on(ledger_on_postgres), backup, restored)


@pytest.mark.postgres
async def test_a_postgresql_ledger_taken_back_to_a_moment_by_its_log_goes_on_where_the_topics_end(
    settings: Settings,
) -> None:
    def on(url: str) -> Settings:
        return Settings.model_validate({**settings.model_dump(exclude_unset=True), "ledger": url})

    with ExitStack() as ends:
        base, archive = (Path(ends.enter_context(TemporaryDirectory(prefix="workorders-"))) for _ in range(2))
        archive.chmod(0o777)
        archiving = {"archive_mode": "on", "archive_command": f"test ! -f {archive}/%f && cp %p {archive}/%f"}
        server = ends.enter_context(private_postgres(settings=archiving))
        ledger = server.address.new_database("ledger")
        await asyncio.to_thread(server.back_up, base)

        def restored(moment: str) -> Settings:
            # The rest of the log is lost with the machine; what was archived is all that there is.
            archived_so_far(server.url())
            server.kill()
            again = ends.enter_context(restored_postgres(base, archive, moment))
            return on(again.url("ledger"))

        await lives_through_a_restore(on(ledger), lambda: one_value(server.url(), "SELECT now()"), restored)


def archived_so_far(url: str) -> None:
    """Have the log up to now archived, and wait until it is."""
    last = one_value(url, "SELECT pg_walfile_name(pg_switch_wal())")
    ends = monotonic() + 30
    while one_value(url, "SELECT coalesce(max(last_archived_wal), '') FROM pg_stat_archiver") < last:
        assert monotonic() < ends, "the log is not archived"
        sleep(0.1)


def one_value(url: str, query: LiteralString) -> str:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])
