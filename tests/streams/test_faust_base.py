"""What the record is built on: a Faust service with its own consumer loses nothing, seeks and shares as it must."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import faust
import pytest
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError

from streams.app import build_app, serve
from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_consumer, make_producer, running
from streams.settings import Settings
from streams.topics import WORK_ORDERS
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress

PATIENCE_S = 20.0


class Reader(faust.Service):
    """Polls its own consumer, begins at the offsets that it is given, and commits by hand after each batch."""

    def __init__(self, settings: Settings, begins: dict[int, int] | None = None, *, seek_takes_s: float = 0.0) -> None:
        super().__init__()
        self._settings = settings
        self._begins = begins or {}
        self._seek_takes_s = seek_takes_s
        self._sought: set[TopicPartition] = set()
        self.records: list[ConsumerRecord] = []
        self.assigned: list[set[int]] = []
        self.revoked: list[set[int]] = []
        self.consumer = make_consumer(
            settings, settings.broker, group=f"{settings.topic_prefix}reader", without_offset="none"
        )

    @faust.Service.task
    async def _read(self) -> None:
        self.consumer.subscribe([topic_of(self._settings)], listener=Listener(self))
        async with running(self.consumer, self._settings):
            while not self.should_stop:
                await self._read_some()

    async def _read_some(self) -> None:
        try:
            found = await self.consumer.getmany(timeout_ms=100, max_records=self._settings.batch_max_records)
        except NoOffsetForPartitionError:
            await asyncio.sleep(0.01)
            return
        sought = {partition: records for partition, records in found.items() if partition in self._sought}
        for records in sought.values():
            self.records += records
        if sought:
            await self.consumer.commit({partition: records[-1].offset + 1 for partition, records in sought.items()})

    async def on_revoked(self, partitions: Iterable[TopicPartition]) -> None:
        self.revoked.append({partition.partition for partition in partitions})
        self._sought.clear()

    async def on_assigned(self, partitions: Iterable[TopicPartition]) -> None:
        self.assigned.append({partition.partition for partition in partitions})
        await asyncio.sleep(self._seek_takes_s)
        for partition in partitions:
            self.consumer.seek(partition, self._begins.get(partition.partition, 0))
            self._sought.add(partition)


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # it ships no types
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._reader.on_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._reader.on_assigned(assigned)


class Run:
    """One worker with one reader, for as long as the block lasts."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self.reader = reader
        self._settings = settings
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Reader:
        app = build_app(self._settings)
        app.service(cast("Any", self.reader))
        self._task = asyncio.create_task(serve(app, self._stop, stop_within_s=5))
        return self.reader

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task


async def fill(settings: Settings, count: int, size: int = 100) -> None:
    async with running(make_producer(settings, settings.broker), settings) as producer:
        for n in range(count):
            await producer.send(topic_of(settings), b"%d " % n + b"x" * size, key=b"ap-%d" % (n % 29))


def topic_of(settings: Settings) -> str:
    return settings.topic_prefix + WORK_ORDERS.name


async def until(reader: Reader, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(reader.records) < count:  # noqa: ASYNC110 - what is awaited is in the reader's own loop
            await asyncio.sleep(0.01)


def numbers(records: Iterable[ConsumerRecord]) -> list[int]:
    return sorted(int(record.value.partition(b" ")[0]) for record in records)


async def test_ten_thousand_records_are_read_once_each_and_the_worker_stops_clean(
    broker: EmbeddedBroker,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    count = 10_000
    await fill(settings, count)
    async with Run(Reader(settings), settings) as reader:
        await until(reader, count)
    assert numbers(reader.records) == list(range(count))
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()
    assert threading.active_count() == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_reader_begins_at_the_offsets_it_is_given_whatever_the_group_has_committed(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    await fill(settings, 1_000)
    async with Run(Reader(settings), settings) as first:
        await until(first, 1_000)
    ends = {n: sum(record.partition == n for record in first.records) for n in range(4)}
    begins = {n: end // 2 for n, end in ends.items()}
    async with Run(Reader(settings, begins), settings) as second:
        await until(second, sum(ends.values()) - sum(begins.values()))
    assert {n: min(record.offset for record in second.records if record.partition == n) for n in range(4)} == begins
    assert len(second.records) == sum(ends.values()) - sum(begins.values())


async def test_nothing_is_taken_before_the_seek_however_long_the_seek_takes(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    await fill(settings, 1_000)
    async with Run(Reader(settings), settings) as first:
        await until(first, 500)
    async with Run(Reader(settings, seek_takes_s=0.5), settings) as again:
        await until(again, 1_000)
    assert numbers(again.records) == list(range(1_000))


@pytest.fixture
async def on_kafka(kafka: KafkaAddress, topic_prefix: str) -> AsyncIterator[Settings]:
    settings = Settings(broker=kafka.bootstrap, replication=1, partitions=4, topic_prefix=topic_prefix)
    async with own_topics(settings):
        yield settings


# The embedded broker may refuse the second member of a group, so this needs a real one.
@pytest.mark.kafka
async def test_two_readers_share_the_partitions_and_one_takes_over_when_the_other_leaves(on_kafka: Settings) -> None:
    async with Run(Reader(on_kafka), on_kafka) as stays:
        await until_held([stays], [{0, 1, 2, 3}])
        async with Run(Reader(on_kafka), on_kafka) as leaves:
            await until_held([stays, leaves], [{0, 1}, {2, 3}])
            assert stays.revoked[-1] == {0, 1, 2, 3}
        await until_held([stays], [{0, 1, 2, 3}])


async def until_held(readers: list[Reader], shares: list[set[int]]) -> None:
    """Wait until the readers hold these shares of the partitions, whoever holds which."""

    def held() -> list[set[int]]:
        return sorted((reader.assigned[-1] for reader in readers if reader.assigned), key=sorted)

    async with asyncio.timeout(PATIENCE_S):
        while held() != shares:  # noqa: ASYNC110 - the broker decides when
            await asyncio.sleep(0.05)
