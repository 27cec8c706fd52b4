"""The second look: what the watch has passed over is found where it is, and what is nowhere is told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import faust
import pytest
from faust.types import StreamT

from models.tables import OutboxRow
from streams import second_look, system
from streams.clock import SystemClock
from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_consumer, make_producer, running
from streams.ledger.outbox import Unsent
from streams.parts import Parts
from streams.second_look import SecondLook
from streams.settings import Settings
from streams.system import open_parts
from streams.to_the_end import records_to_the_end
from streams.watch_app import build_watch_app, raw_topic
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.ledger.telling import AP, all_rows
from tests.streams.running_system import eventually, running_system, submit
from tests.streams.test_system import lock_fault
from workorders.policy import default_world

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look, "PATIENCE_S", 0.0)
    monkeypatch.setattr(second_look, "LOOK_EVERY_S", 0.05)


@asynccontextmanager
async def sent_unseen(
    directory: Path, *, but: str = "", decided: timedelta = timedelta(0), settings: Settings | None = None
) -> AsyncIterator[tuple[Parts, list[Unsent]]]:
    """A ledger whose messages are on their topics and marked as sent; those on the topic ``but`` only marked."""
    async with open_parts(settings or Settings(data_dir=directory), SystemClock(), default_world()) as parts:
        await parts.ledger.take([lock_fault(1)], parts.clock.now() + decided, parts.world)
        waiting = await parts.ledger.unsent(1_000)
        async with running(make_producer(parts.settings, parts.cluster.bootstrap), parts.settings) as producer:
            for one in waiting:
                if one.topic != but:
                    await producer.send_and_wait(parts.topic(one.topic), one.value, key=one.key)
        await parts.ledger.mark_sent([one.seq for one in waiting], parts.clock.now())
        yield parts, waiting


async def confirmed(parts: Parts) -> set[str]:
    return {str(one.message_id) for one in await all_rows(parts.ledger, OutboxRow) if one.confirmed_at}


async def test_what_the_watch_has_passed_over_is_confirmed_and_the_watch_begun_anew(tmp_path: Path) -> None:
    async with sent_unseen(tmp_path) as (parts, waiting):
        anew = asyncio.Event()
        await SecondLook(parts, anew).look()
        assert await confirmed(parts) == {str(one.message_id) for one in waiting}
        assert parts.progress.confirmed == len(waiting)
        assert anew.is_set()
        anew.clear()
        await SecondLook(parts, anew).look()
        assert not anew.is_set()


@pytest.mark.kafka
@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=1)], ids=["clocks agree", "ours is an hour ahead"])
async def test_a_topic_is_read_from_where_the_message_must_be_and_if_that_is_wrong_from_its_beginning(
    kafka: KafkaAddress, topic_prefix: str, tmp_path: Path, ahead: timedelta
) -> None:
    wanted = Settings(broker=kafka.bootstrap, topic_prefix=topic_prefix, data_dir=tmp_path, partitions=3, replication=1)
    async with own_topics(wanted), sent_unseen(tmp_path, decided=ahead, settings=wanted) as (parts, waiting):
        await SecondLook(parts, asyncio.Event()).look()
        assert await confirmed(parts) == {str(one.message_id) for one in waiting}


async def test_a_message_that_is_on_no_topic_is_told_once_and_stays_unconfirmed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sent_unseen(tmp_path, but="escalations") as (parts, waiting):
        lost = {str(one.message_id) for one in waiting if one.topic == "escalations"}
        look = SecondLook(parts, asyncio.Event())
        await look.look()
        await look.look()
        assert await confirmed(parts) == {str(one.message_id) for one in waiting} - lost
    told = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert sorted(told) == sorted(f"message {one} was sent and is not on escalations" for one in lost)


async def test_what_a_compacted_topic_no_longer_holds_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sent_unseen(tmp_path, but="policies") as (parts, _):
        await SecondLook(parts, asyncio.Event()).look()
    assert "is not on policies" in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_message_that_has_only_just_been_sent_is_left_to_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_look, "PATIENCE_S", 60.0)
    async with sent_unseen(tmp_path) as (parts, _):
        await SecondLook(parts, asyncio.Event()).look()
        assert await confirmed(parts) == set()


async def test_only_the_worker_that_sends_looks_and_a_broker_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quick = Settings(data_dir=tmp_path, broker_timeout_s=1.5, session_timeout_ms=1_000, heartbeat_ms=300)
    async with sent_unseen(tmp_path, settings=quick) as (parts, waiting):
        stop = asyncio.Event()
        broker = cast("EmbeddedBroker", parts.cluster)
        broker.go_away()
        looking = asyncio.create_task(SecondLook(parts, asyncio.Event()).work(stop))
        await asyncio.sleep(0.3)
        assert caplog.text == ""
        parts.vitals.sends = True
        await eventually(lambda: "what is unconfirmed is looked for later" in caplog.text, "it says so")
        broker.come_back()

        async def all_are() -> bool:
            return len(await confirmed(parts)) == len(waiting)

        await eventually(all_are, "all are confirmed")
        stop.set()
        await looking


async def test_a_watch_that_sees_nothing_is_made_good_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[faust.App] = []

    def blind(parts: Parts) -> faust.App:
        app = build_watch_app(parts.settings, parts.cluster.bootstrap, group="blind", beginning="latest")

        async def ignore(stream: StreamT[bytes]) -> None:
            async for _ in stream:
                pass

        app.agent(raw_topic(app, "shift-cover"))(ignore)
        built.append(app)
        return app

    monkeypatch.setattr(system, "build_watch", blind)
    async with running_system(tmp_path) as parts:
        await submit(parts, lock_fault(1))

        async def all_are() -> bool:
            messages = await all_rows(parts.ledger, OutboxRow)
            return len(messages) > 3 and all(one.confirmed_at for one in messages)

        await eventually(all_are, "all is confirmed without the watch")
        await eventually(
            lambda: bool(len(built) > 1 and built[-1].started and built[-1].consumer.assignment()),
            "the watch is begun anew",
        )


@pytest.mark.kafka
async def test_reading_to_the_end_passes_over_what_is_older_and_stops_at_what_came_later(
    kafka: KafkaAddress, topic_prefix: str, tmp_path: Path
) -> None:
    wanted = Settings(broker=kafka.bootstrap, topic_prefix=topic_prefix, data_dir=tmp_path, partitions=3, replication=1)
    topic = f"{topic_prefix}disputes"
    async with own_topics(wanted) as settings, running(make_producer(settings, settings.broker), settings) as producer:
        for n in range(3):
            await producer.send_and_wait(topic, b"old %d" % n, key=AP.encode())
        await asyncio.sleep(0.2)
        since = SystemClock().now()
        await asyncio.sleep(0.2)
        await producer.send_and_wait(topic, b"new", key=AP.encode())
        consumer = make_consumer(settings, settings.broker, group=None, without_offset="earliest")
        async with running(consumer, settings):
            found = []
            async for record in records_to_the_end(consumer, [topic], since=since):
                found.append(record.value)
                await producer.send_and_wait(topic, b"later", key=AP.encode())
    assert found == [b"new"]
