"""Intake: what the input topics hold goes into the ledger, each record once, in order, and none is passed over.

A Faust service around its own consumer. The offsets in the ledger are the truth: on every assignment the consumer
seeks to them. The group's committed offsets are written only for tools that show lag, after the transaction.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import faust
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.kafka_client import BrokerUnreachable, Consumer, make_consumer, running
from streams.ledger.errors import LedgerConflict, OffsetGap
from streams.ledger.incoming import Incoming, Origin, Outcome, Stream
from streams.mass_rejection import MassRejections
from streams.parts import Parts
from streams.topics import INPUTS

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
"""How long to wait before looking for a broker that has gone away."""

LOG_APPEND_TIME: Final = 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Intake(faust.Service):
    """Reads the input topics for as long as it runs; while the broker is away it looks for it again and again.

    It fails, and so stops the worker, when the ledger cannot be used, when records are missing, or when inputs of
    several sources are rejected in mass.
    """

    logger = logging.getLogger("faust.service")

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self._rejections = MassRejections(parts.settings)

    @faust.Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            try:
                await self._read()
            except (BrokerUnreachable, KafkaError) as error:
                self._parts.progress.broker_away = True
                log.warning("intake looks for the broker again: %s", error)
                await self.sleep(PAUSE_S)

    async def _read(self) -> None:
        settings = self._parts.settings
        consumer = make_consumer(settings, self._parts.cluster.bootstrap, group=settings.group, without_offset="none")
        async with running(consumer, settings):
            reader = _Reader(self._parts, consumer, self._rejections)
            consumer.subscribe([self._parts.topic(topic.name) for topic in INPUTS], listener=reader)
            self._parts.progress.broker_away = False
            while not self.should_stop:
                await reader.take_some()


class _Reader(ConsumerRebalanceListener):  # type: ignore[misc]  # it ships no types
    """One connection's reading: where each assigned partition stands, and the batch in hand."""

    def __init__(self, parts: Parts, consumer: Consumer, rejections: MassRejections) -> None:
        self._parts = parts
        self._consumer = consumer
        self._rejections = rejections
        self._in_hand = asyncio.Lock()
        self._streams: dict[TopicPartition, Stream] = {}
        self._next: dict[TopicPartition, int] = {}
        self._sought_again: set[TopicPartition] = set()
        self._failure: BaseException | None = None

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the batch in hand, then forget the partitions: another worker reads them from now on."""
        async with self._in_hand:
            for partition in revoked:
                self._next.pop(partition, None)
            self._parts.progress.assigned = len(self._next)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Seek to where the ledger stands in each partition."""
        async with self._in_hand:
            try:
                await self._seek(list(assigned))
            except Exception as error:  # noqa: BLE001 - the client would only log it; reading must not go on without
                self._failure = error

    async def take_some(self) -> None:
        """Take what is there, or wait a moment for it."""
        settings = self._parts.settings
        try:
            found = await self._consumer.getmany(
                timeout_ms=settings.batch_max_wait_ms, max_records=settings.batch_max_records
            )
        except NoOffsetForPartitionError:
            # The first assignment is still being sought: the listener holds the lock until it has been.
            async with self._in_hand:
                found = {}
        except OffsetOutOfRangeError as error:
            raise await self._missing(error) from error
        if self._failure is not None:
            raise self._failure
        if found:
            async with self._in_hand:
                await self._take(found)

    async def _seek(self, partitions: Sequence[TopicPartition]) -> None:
        names = sorted({partition.topic for partition in partitions})
        lives = await self._parts.cluster.incarnations(names)
        for partition in partitions:
            life = lives[partition.topic]
            self._streams[partition] = Stream(
                life.cluster, self._parts.logical(partition.topic), life.topic, partition.partition
            )
        stands = await self._parts.ledger.positions([self._streams[partition] for partition in partitions])
        begins = await self._consumer.beginning_offsets(partitions)
        for partition in partitions:
            at = stands.get(self._streams[partition], begins[partition])
            if at < begins[partition]:
                raise OffsetGap(partition.topic, partition.partition, at, begins[partition])
            self._consumer.seek(partition, at)
            self._next[partition] = at
        self._parts.progress.assigned = len(self._next)

    async def _missing(self, error: OffsetOutOfRangeError) -> Exception:
        """Why an offset is out of range: the broker has dropped records that we had not read."""
        out_of_range: dict[TopicPartition, int] = dict(error.args[0])
        begins = await self._consumer.beginning_offsets(list(out_of_range))
        for partition, at in sorted(out_of_range.items()):
            if at < begins[partition]:
                return OffsetGap(partition.topic, partition.partition, at, begins[partition])
        return KafkaError(f"an offset is out of range: {out_of_range}")

    async def _take(self, found: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
        batch = [
            self._incoming(partition, record)
            for partition in sorted(found)
            for record in self._in_order(partition, found[partition])
        ]
        if not batch:
            return
        now = self._parts.clock.now()
        try:
            outcome = await self._parts.ledger.take(batch, now, self._parts.world)
        except LedgerConflict as conflict:
            log.warning("the batch in hand was dropped: %s", conflict)
            await self._seek(sorted(self._next))
            return
        for incoming in batch:
            if incoming.origin is not None:
                self._advance(incoming.origin)
        self._count(outcome)
        self._rejections.note(outcome.rejections, now)
        await self._tell_group()

    def _in_order(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        """The records that follow where the ledger stands; what was fetched before a seek is dropped."""
        expected = self._next.get(partition)
        if expected is None:
            return []
        records = [record for record in records if record.offset >= expected]
        if records and records[0].offset > expected and partition not in self._sought_again:
            self._sought_again.add(partition)
            self._consumer.seek(partition, expected)
            return []
        self._sought_again.discard(partition)
        return records

    def _incoming(self, partition: TopicPartition, record: ConsumerRecord) -> Incoming:
        stamped = record.timestamp_type == LOG_APPEND_TIME
        heard = EPOCH + timedelta(milliseconds=record.timestamp) if stamped else self._parts.clock.now()
        return Incoming(
            topic=self._parts.logical(partition.topic),
            key=record.key,
            value=record.value,
            headers=record.headers,
            origin=Origin(self._streams[partition], record.offset),
            heard=heard,
        )

    def _advance(self, origin: Origin) -> None:
        partition = TopicPartition(self._parts.topic(origin.stream.topic), origin.stream.partition)
        self._next[partition] = origin.offset + 1

    def _count(self, outcome: Outcome) -> None:
        progress = self._parts.progress
        progress.recorded += outcome.recorded
        progress.duplicates += outcome.duplicates
        progress.rejected += len(outcome.rejections)
        progress.decided += outcome.decided
        if outcome.messages:
            self._parts.work_waits.set()

    async def _tell_group(self) -> None:
        """Show tools how far we are; that it fails costs nothing, for the ledger is what we go by."""
        with suppress(KafkaError, BrokerUnreachable):
            await self._consumer.commit(dict(self._next))
