"""The watch: what it sees on the topics is confirmed, and what is none of ours is only told."""

import asyncio
import gc
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from aiokafka.conn import AIOKafkaConnection
from sqlalchemy import select

from models.tables import OutboxRow
from streams import watch
from streams.app import serve
from streams.clock import SystemClock
from streams.kafka_client import make_producer, running
from streams.ledger import rows
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.ledger import Ledger
from streams.ledger.outbox import Confirmed
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts
from streams.watch import WATCHED, build_watch, message_ids
from streams.watch_app import keep_watching
from tests.streams.ledger.telling import AP
from tests.streams.running_system import eventually, on_topic, running_system, submit
from tests.streams.test_system import lock_fault
from workorders.policy import default_world

pytestmark = pytest.mark.timeout(90)

STRANGER = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")


async def confirmations(parts: Parts) -> list[int]:
    """How often each message on a watched topic was seen."""
    table = rows.table_of(OutboxRow)
    query = select(table.c.confirmations).where(table.c.topic.in_([topic.name for topic in WATCHED]))
    async with parts.ledger.reading() as connection:
        return list((await connection.execute(query)).scalars())


async def all_is_confirmed(parts: Parts) -> bool:
    """Whether an escalation was said, and everything that was said was seen once."""
    table = rows.table_of(OutboxRow)
    async with parts.ledger.reading() as connection:
        said = set((await connection.execute(select(table.c.topic))).scalars())
    return "escalations" in said and set(await confirmations(parts)) == {1}


async def send(parts: Parts, topic: str, *values: bytes) -> None:
    async with running(make_producer(parts.settings, parts.cluster.bootstrap), parts.settings) as producer:
        for value in values:
            await producer.send_and_wait(parts.topic(topic), value, key=AP.encode())


async def test_a_message_that_was_sent_twice_is_confirmed_once_and_counted_twice(tmp_path: Path) -> None:
    async with running_system(tmp_path) as parts:
        await submit(parts, lock_fault(1))
        await eventually(lambda: all_is_confirmed(parts), "all is confirmed")
        await send(parts, "escalations", (await on_topic(parts, "escalations"))[0])

        async def seen_again() -> bool:
            return sorted(found := await confirmations(parts)) == [*[1] * (len(found) - 1), 2]

        await eventually(seen_again, "one of them is counted twice")
        assert parts.progress.confirmed == len(await confirmations(parts))


async def test_what_is_not_of_this_ledger_is_told_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_system(tmp_path, topic_prefix="south.") as parts:
        await send(parts, "disputes", b"no message", orjson.dumps({"id": str(STRANGER)}))
        await eventually(lambda: str(STRANGER) in caplog.text, "it is told")
        await submit(parts, lock_fault(1))
        await eventually(lambda: parts.progress.confirmed >= 3, "the watch goes on")
    assert f"a message on south.disputes is not of this ledger: {STRANGER}" in caplog.text
    assert "a record that is no message of ours is on an output topic" in caplog.text


async def test_what_it_sees_while_the_ledger_is_away_is_confirmed_when_that_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOKS_AGAIN_S", 0.05)
    failures = iter(range(3))

    async def away_at_first(ledger: Ledger, seen: Iterable[UUID], at: datetime) -> Confirmed:
        if next(failures, None) is not None:
            raise LedgerUnavailable("the database is away")
        return await confirm(ledger, seen, at)

    confirm = Ledger.confirm
    monkeypatch.setattr(Ledger, "confirm", away_at_first)
    async with running_system(tmp_path) as parts:
        await submit(parts, lock_fault(1))
        await eventually(lambda: all_is_confirmed(parts), "all is confirmed")
        assert next(failures, None) is None


async def test_what_a_stop_keeps_the_watch_from_confirming_is_read_again_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm, began = Ledger.confirm, asyncio.Event()

    async def hang(*_: object) -> Confirmed:
        began.set()
        await asyncio.sleep(60)
        raise AssertionError("the stop did not come")

    settings = Settings(data_dir=tmp_path, session_timeout_ms=1_500, heartbeat_ms=300)
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        await parts.ledger.take([lock_fault(1)], parts.clock.now(), parts.world)
        values = [one.value for one in await parts.ledger.unsent(1_000) if one.topic == "escalations"]
        await send(parts, "escalations", *values)
        monkeypatch.setattr(Ledger, "confirm", hang)
        stop = asyncio.Event()
        watching = asyncio.create_task(serve(build_watch(parts), stop, stop_within_s=5))
        await began.wait()
        stop.set()
        await watching
        monkeypatch.setattr(Ledger, "confirm", confirm)
        stop = asyncio.Event()
        watching = asyncio.create_task(serve(build_watch(parts), stop, stop_within_s=5))
        await eventually(lambda: parts.progress.confirmed == len(values), "the next one confirms it")
        stop.set()
        await watching


async def test_a_watch_that_starts_anew_goes_on_where_its_group_was(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, session_timeout_ms=1_500, heartbeat_ms=300)
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        await parts.ledger.take([lock_fault(1)], parts.clock.now(), parts.world)
        values = [one.value for one in await parts.ledger.unsent(1_000) if one.topic != "backlog"]
        for value in values:
            topic = "classifications" if b"classified" in value else "escalations"
            await _watched(parts, topic, value)
        assert await confirmations(parts) == [1] * len(values)


async def test_a_rebalance_that_falls_into_a_stop_leaves_no_connection_open(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, session_timeout_ms=1_500, heartbeat_ms=300)
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        app, stop = build_watch(parts), asyncio.Event()
        serving = asyncio.create_task(serve(app, stop, stop_within_s=5))
        await eventually(lambda: bool(app.started and app.consumer.assignment()), "it reads")
        app._on_rebalance_when_stopped()  # as Faust does then
        stop.set()
        await serving
    connections = [one for one in gc.get_objects() if isinstance(one, AIOKafkaConnection)]
    assert [one for one in connections if one.connected()] == []


def test_what_is_no_message_of_ours_on_an_output_topic_is_logged_and_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = b'{"id": "6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7"}'
    assert message_ids([good, b"nonsense", None, b"[]", b'{"id": 7}']) == [STRANGER]
    assert caplog.text.count("no message of ours") == 4


async def _watched(parts: Parts, topic: str, value: bytes) -> None:
    """One message is sent, and seen by a watch that lives only for it."""
    await send(parts, topic, value)
    seen, stop = parts.progress.confirmed, asyncio.Event()
    watching = asyncio.create_task(
        keep_watching(parts.settings, parts.cluster.bootstrap, lambda: build_watch(parts), stop, pause_s=0.1)
    )
    await eventually(lambda: parts.progress.confirmed == seen + 1, "it is confirmed")
    stop.set()
    await watching
