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
from aiokafka.errors import TopicAuthorizationFailedError
from sqlalchemy import make_url

from models.tables import EventRow
from streams import taken_back
from streams.app import WorkerFailedError
from streams.clock import SystemClock, monotonic
from streams.intake import Intake
from streams.kafka_client import BrokerUnreachable, make_producer, running
from streams.ledger import queries
from streams.ledger.errors import TakenBack
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.restore import Restored, restore
from streams.settings import PREFIX, Settings
from streams.sweeper import Sweeper
from streams.system import open_parts, run_parts
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.servers.postgres import private_postgres, programs, restored_postgres
from tests.streams.ledger.telling import AP, all_rows, plain, raised
from tests.streams.on_paper import at_work
from tests.streams.running_system import eventually, on_topic, submit, whole_worker
from workorders.policy import default_world

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


async def by_command(settings: Settings, ends_with: int = 0) -> dict[str, Any]:
    """What ``workorders adopt`` answers."""
    given = settings.model_dump(exclude_unset=True) | {"ledger": settings.ledger_url}
    ours = {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-c", "import sys; from desk.cli import main; sys.exit(main(['adopt', '--json']))"]
    ended = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env={**os.environ, **ours}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == ends_with, ended.stderr
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
    older = restored(kept)

    found = await adopt(older)
    assert found.adopted.new >= 80, "a classification and a breach of each of forty orders"
    assert found.to_read["work-orders"] == 40
    assert sum(found.lost.values()) == 0
    known = found.adopted.new + found.adopted.known
    again = {"adopted": 0, "known": known, "different": [], "to_read": found.to_read, "lost": 0}
    assert await by_command(older) == again

    async with whole_worker(older) as parts:
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


async def lived_on(settings: Settings) -> bytes:
    """Live, be backed up and live on; the backup."""
    file = settings.data_dir / "ledger.db"
    async with whole_worker(settings) as parts:
        await hand_in(parts, 0, 4)
        await all_is_said(parts, 4)
    backup = file.read_bytes()
    async with whole_worker(settings) as parts:
        await hand_in(parts, 4, 12)
        await all_is_said(parts, 12)
    for name in settings.data_dir.glob("ledger.db*"):
        name.unlink()
    return backup


async def said_by_all(settings: Settings) -> dict[str, set[bytes]]:
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        return await said(parts)


async def decided_before_the_topics_were_read(settings: Settings) -> None:
    """The ledger reads on and decides, and sends nothing, as while the broker answers intake alone."""
    async with open_parts(settings, SystemClock(), default_world()) as parts, at_work(Intake(parts), Sweeper(parts)):

        async def has_said() -> bool:
            return len(await parts.ledger.unsent(100)) >= 16

        await eventually(has_said, "eight orders are classified and their breaches said")


async def begins(settings: Settings) -> None:
    async with asyncio.timeout(60), open_parts(settings, SystemClock(), default_world()) as parts:
        await run_parts(parts, asyncio.Event())


@pytest.mark.parametrize("goes_back_to", ["a backup", "nothing"])
async def test_a_ledger_that_has_not_adopted_what_was_said_starts_no_worker_and_says_nothing(
    settings: Settings, goes_back_to: str
) -> None:
    backup = await lived_on(settings)
    if goes_back_to == "a backup":
        (settings.data_dir / "ledger.db").write_bytes(backup)
    before = await said_by_all(settings)
    for _ in range(2):
        with pytest.raises(
            TakenBack, match=r"bears the message .*, which this ledger does not know: .* run 'workorders"
        ):
            await begins(settings)
    assert await said_by_all(settings) == before
    assert not (await adopt(settings)).adopted.different
    async with whole_worker(settings) as parts:
        await all_is_said(parts, 12)
        after = await said(parts)
        assert after.keys() >= before.keys()
        assert {id_: texts for id_, texts in after.items() if len(texts) > 1} == {}, "one id, two contents"
        assert (await parts.ledger.verify(parts.world)).findings == []


async def test_a_worker_that_began_while_the_broker_was_away_sends_nothing_before_it_has_looked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backup = await lived_on(settings)
    (settings.data_dir / "ledger.db").write_bytes(backup)
    before, looks = await said_by_all(settings), [BrokerUnreachable("no broker answered")]
    look = taken_back.newest_said

    async def away_at_first(*given: Any) -> Any:  # noqa: ANN401 - what it stands for takes and gives
        if looks:
            raise looks.pop()
        return await look(*given)

    monkeypatch.setattr(taken_back, "newest_said", away_at_first)
    with pytest.raises(WorkerFailedError, match="run 'workorders adopt' before any worker") as ended:
        await begins(settings)
    assert isinstance(ended.value.__cause__, TakenBack)
    assert "is looked at before anything is sent: no broker answered" in caplog.text
    assert await said_by_all(settings) == before


async def test_what_was_decided_before_it_was_adopted_is_told_apart_and_never_sent(settings: Settings) -> None:
    backup = await lived_on(settings)
    (settings.data_dir / "ledger.db").write_bytes(backup)
    await decided_before_the_topics_were_read(settings)
    before = await said_by_all(settings)
    with pytest.raises(TakenBack, match=r"with another content than this ledger: .*; restore it once more and run "):
        await begins(settings)
    assert await said_by_all(settings) == before
    answer = await by_command(settings, ends_with=1)
    assert len(answer["different"]) >= 8
    assert set(answer["different"]) <= before.keys()
    assert answer["known"] + answer["adopted"] + len(answer["different"]) == len(before)


async def test_a_worker_that_may_not_read_what_was_said_is_warned_and_begins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(*_: object) -> None:
        raise TopicAuthorizationFailedError("escalations")

    monkeypatch.setattr(taken_back, "newest_said", refused)
    async with whole_worker(settings) as parts:
        await hand_in(parts, 0, 2)
        await all_is_said(parts, 2)
    assert "was not looked at: we may not read it" in caplog.text


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
