"""The second look: what the watch has passed over is found where it is, and what is nowhere is told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import faust
import orjson
import pytest
from faust.types import StreamT

from models.tables import OutboxRow
from streams import second_look, system
from streams.clock import SystemClock
from streams.embedded import EmbeddedBroker
from streams.kafka_client import Consumer, make_consumer, make_producer, running
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
from tests.streams.running_system import eventually, on_topic, running_system, submit, whole_worker
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


async def test_a_message_that_is_on_no_topic_is_told_and_sent_again_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sent_unseen(tmp_path, but="escalations") as (parts, waiting):
        lost = {str(one.message_id) for one in waiting if one.topic == "escalations"}
        look = SecondLook(parts, asyncio.Event())
        await look.look()
        assert await confirmed(parts) == {str(one.message_id) for one in waiting} - lost
        again = await parts.ledger.unsent(1_000)
        assert {str(one.message_id) for one in again} == lost
        await parts.ledger.mark_sent([one.seq for one in again], parts.clock.now())  # and lost once more
        for _ in range(3):
            await look.look()
        assert await parts.ledger.unsent(1_000) == []
    told = [record.getMessage() for record in caplog.records]
    for one in lost:
        assert told.count(f"message {one} was sent to escalations and is not there, and is sent again") == 1
        assert told.count(f"message {one} was sent to escalations and is not there again") == 1


@pytest.mark.kafka
@pytest.mark.timeout(180)
async def test_on_servers_what_was_lost_is_shouted_about_and_comes_to_its_topic_after_all(
    kafka: KafkaAddress, topic_prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = Settings(
        broker=kafka.bootstrap, topic_prefix=topic_prefix, group=f"{topic_prefix}g", data_dir=tmp_path, partitions=4,
        replication=1, health_port="off",
    )  # fmt: skip
    async with own_topics(wanted):
        async with sent_unseen(tmp_path, but="escalations", settings=wanted) as (_, waiting):
            pass
        lost = {str(one.message_id) for one in waiting if one.topic == "escalations"}
        async with whole_worker(wanted) as parts:

            async def all_are() -> bool:
                return all(one.confirmed_at for one in await all_rows(parts.ledger, OutboxRow))

            await eventually(all_are, "all is confirmed")
            there = {orjson.loads(value)["id"] for value in await on_topic(parts, "escalations")}
    assert lost <= there
    shouted = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert {line.split()[1] for line in shouted if "and is sent again" in line} == lost


async def test_of_a_compacted_topic_what_a_later_record_has_replaced_is_confirmed_and_only_the_last_sent_again(
    tmp_path: Path,
) -> None:
    async with open_parts(Settings(data_dir=tmp_path), SystemClock(), default_world()) as parts:
        for n in range(3):
            now = parts.clock.now() + timedelta(minutes=5 * n)
            await parts.ledger.take([lock_fault(n)], now, parts.world)
            await parts.ledger.sweep(now + timedelta(minutes=1), 1_000, parts.world)
        counts = [one for one in await parts.ledger.unsent(1_000) if one.topic == "backlog" and one.key == AP.encode()]
        assert len(counts) == 3
        await parts.ledger.mark_sent([one.seq for one in await parts.ledger.unsent(1_000)], parts.clock.now())
        await parts.ledger.confirm([counts[1].message_id], parts.clock.now())
        await SecondLook(parts, asyncio.Event()).look()
        seen = await confirmed(parts)
        assert {str(counts[0].message_id), str(counts[1].message_id)} <= seen
        again = {one.message_id for one in await parts.ledger.unsent(1_000)}
        assert counts[2].message_id in again
        assert counts[0].message_id not in again


async def test_what_is_lost_for_good_hides_nothing_that_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_look, "AT_ONCE", 2)
    async with sent_unseen(tmp_path, but="classifications") as (parts, waiting):
        look = SecondLook(parts, asyncio.Event())
        for _ in range(8):
            await look.look()
            again = await parts.ledger.unsent(1_000)
            await parts.ledger.mark_sent([one.seq for one in again], parts.clock.now())
        there = {str(one.message_id) for one in waiting if one.topic != "classifications"}
        assert await confirmed(parts) == there


async def test_a_topic_that_cannot_be_read_keeps_no_other_from_being_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow(consumer: Consumer, topics: Collection[str], *, since: datetime | None) -> AsyncIterator[object]:
        async for record in records_to_the_end(consumer, topics, since=since):
            yield record
        if "classifications" in topics:
            await asyncio.sleep(60)

    monkeypatch.setattr(second_look, "records_to_the_end", slow)
    monkeypatch.setattr(second_look, "READ_WITHIN_S", 2.0)
    async with sent_unseen(tmp_path, but="disputes") as (parts, waiting):
        await SecondLook(parts, asyncio.Event()).look()
        assert await confirmed(parts) == {str(one.message_id) for one in waiting}, "what was read is confirmed"
        assert await parts.ledger.unsent(1_000) == []
    assert "classifications was not read to its end within 2 s" in caplog.text


async def test_a_topic_that_is_not_there_is_told_and_nothing_on_it_is_called_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sent_unseen(tmp_path) as (parts, _):
        other = parts.settings.model_copy(update={"topic_prefix": "elsewhere."})
        parts.settings = other
        await SecondLook(parts, asyncio.Event()).look()
        assert await parts.ledger.unsent(1_000) == []
        assert await confirmed(parts) == set()
    assert "the broker has no topic elsewhere.escalations" in caplog.text


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
        await eventually(lambda: "what is unconfirmed on any topic is looked for later" in caplog.text, "it says so")
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
