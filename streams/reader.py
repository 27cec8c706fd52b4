"""The reader: one connection's reading of the input topics, held against the offsets that the ledger keeps."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.clock import EPOCH
from streams.kafka_client import BrokerUnreachable, Consumer
from streams.ledger.errors import LedgerConflict, OffsetGap
from streams.ledger.incoming import Incoming, Origin, Rejection, Stream
from streams.parts import Parts
from streams.timekeeping import agreed_now
from streams.unproven import Unproven

log = logging.getLogger(__name__)

LOG_APPEND_TIME: Final = 1

Found = Mapping[TopicPartition, Sequence[ConsumerRecord]]
"""Records as they were fetched, by partition, each partition's in order."""


class RecordsLostError(Exception):
    """The broker's log is not the one that the ledger has read: it went back, and the broker has lost records.

    Either it ends before the place where the ledger stands, or it has grown again and holds other records before it.
    """

    def __init__(self, partition: TopicPartition, found: str) -> None:
        super().__init__(
            f"partition {partition.partition} of {partition.topic} {found}: the broker has lost records; copy what is "
            "on the topic, make it anew and send that again, for what comes next would be passed over"
        )


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]  # it ships no types
    """Where each assigned partition stands. ``in_hand`` is held while a batch is taken, and while partitions change."""

    def __init__(self, parts: Parts, consumer: Consumer, in_hand: asyncio.Lock) -> None:
        self._parts = parts
        self._consumer = consumer
        self._in_hand = in_hand
        self._streams: dict[TopicPartition, Stream] = {}
        self._next: dict[TopicPartition, int] = {}
        self._sought_again: set[TopicPartition] = set()
        self._unproven = Unproven()
        self._begins: Mapping[TopicPartition, int] = {}
        self._failure: BaseException | None = None
        self._seeks = self._fetched_at = 0

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """The offset that comes next in each partition that is ours; it changes as reading goes on."""
        return self._next

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch in hand be finished, then forget the partitions: another worker reads them from now on."""
        gone = list(revoked)
        async with self._in_hand:
            self._unproven.remove(gone)
            for partition in gone:
                self._next.pop(partition, None)
            self._tell_assigned()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Seek to where the ledger stands in each partition, and a little before, to see that it is the same log."""
        ours = list(assigned)
        async with self._in_hand:
            try:
                self._unproven.add(ours)
                await self._seek(ours)
            except Exception as error:  # noqa: BLE001 - the client would only log it; reading must not go on without
                self._failure = error

    async def fetch(self) -> Found:
        """What is there, or nothing after a moment.

        Raises ``OffsetGap`` and ``RecordsLostError`` when the broker no longer has what comes next.
        """
        settings = self._parts.settings
        found: Found = {}
        try:
            found = await self._consumer.getmany(
                timeout_ms=settings.batch_max_wait_ms, max_records=settings.batch_max_records
            )
            self._fetched_at = self._seeks
        except NoOffsetForPartitionError:
            # The first assignment is still being sought: the listener holds the lock until it has been.
            async with self._in_hand:
                log.debug("the first assignment has been sought")
        except OffsetOutOfRangeError:
            # It may be the group's offset that is out of range, asked for before the seek; ours is what counts.
            async with self._in_hand:
                self._seek_each(await self._check_range(self._next))
        if self._failure is not None:
            raise self._failure
        return found

    async def take(self, found: Found) -> list[Rejection]:
        """Take what was fetched into the ledger; what was rejected. The caller holds ``in_hand``.

        If another writer has gone further, nothing is taken, and reading goes on from where the ledger stands. What was
        fetched before a seek, such as from the group's offset or from an earlier assignment, proves nothing. Raises
        ``OffsetGap`` if records are missing before the batch, ``RecordsLostError`` if the broker has other records
        before it than the ledger took, ``ClocksDifferError`` while nothing may be decided, and what the ledger raises.
        """
        if self._fetched_at != self._seeks:
            return []
        await self._prove(found)
        batch = [
            self._incoming(partition, record)
            for partition in sorted(found)
            for record in self._in_order(partition, found[partition])
        ]
        if not batch:
            return []
        now = await agreed_now(self._parts)
        try:
            with self._parts.watched("intake", batch):
                outcome = await self._parts.ledger.take(batch, now, self._parts.world)
        except LedgerConflict as conflict:
            log.warning("the batch in hand was dropped: %s", conflict)
            await self._seek(sorted(self._next))
            return []
        for incoming in batch:
            if incoming.origin is not None:
                self._advance(incoming.origin)
        self._parts.progress.duplicates += outcome.duplicates
        self._parts.count(outcome, "intake")
        self._parts.vitals.took()
        await self._tell_group()
        return outcome.rejections

    async def _seek(self, partitions: Sequence[TopicPartition]) -> None:
        names = sorted({partition.topic for partition in partitions})
        lives = await self._parts.cluster.incarnations(names)
        for partition in partitions:
            life = lives[partition.topic]
            self._streams[partition] = Stream(
                life.cluster, self._parts.logical(partition.topic), life.topic, partition.partition
            )
        stands = await self._parts.ledger.positions([self._streams[partition] for partition in partitions])
        await self._tell_made_anew({self._streams[partition] for partition in partitions} - stands.keys())
        known = {partition: stands.get(self._streams[partition]) for partition in partitions}
        self._unproven.remove([partition for partition in partitions if known[partition] is None])
        self._seek_each(await self._check_range(known))
        self._tell_assigned()

    def _seek_each(self, places: Mapping[TopicPartition, int]) -> None:
        self._seeks += 1
        for partition, at in places.items():
            self._consumer.seek(partition, self._unproven.begins(partition, at, self._begins.get(partition, at)))
            self._next[partition] = at
            self._sought_again.discard(partition)

    async def _prove(self, found: Found) -> None:
        """See that what the broker has just before the ledger's place is what the ledger took there."""
        before = self._unproven.complete(found, self._next)
        if not before:
            return
        read = [self._as_stamped(partition, record) for partition in before for record in before[partition]]
        recognised = await self._parts.ledger.recognise(read)
        for partition in sorted(before):
            if (stream := self._streams[partition]) not in recognised:
                log.warning(
                    "what was read last of partition %d of %s is not on the broker any more, so it is not known "
                    "whether its log is the one that was read",
                    partition.partition,
                    partition.topic,
                )
            elif (offset := recognised[stream]) is not None:
                raise RecordsLostError(partition, f"holds another record at offset {offset} than the ledger took there")
        self._unproven.remove(before)

    def _as_stamped(self, partition: TopicPartition, record: ConsumerRecord) -> Incoming:
        incoming = self._incoming(partition, record)
        return incoming if record.timestamp_type == LOG_APPEND_TIME else replace(incoming, heard=None)

    async def _tell_made_anew(self, fresh: Collection[Stream]) -> None:
        """Shout if the ledger has read an earlier topic of that name: what was on it and not read is gone."""
        known = {_life(stream) for stream in await self._parts.ledger.known_streams()} if fresh else set()
        before = {(cluster, topic) for cluster, topic, _ in known}
        for cluster, topic, _ in sorted({_life(stream) for stream in fresh} - known):
            if (cluster, topic) in before:
                log.error(
                    "the topic %s was made anew and is read from its beginning: what was on the one before it and had "
                    "not been read is lost",
                    topic,
                )

    async def _check_range(self, stands: Mapping[TopicPartition, int | None]) -> dict[TopicPartition, int]:
        """See that the broker has, or will have, what comes next; what was never read begins where the broker does."""
        partitions = sorted(stands)
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        self._begins = {**self._begins, **begins}
        found: dict[TopicPartition, int] = {}
        for partition in partitions:
            begin, end, known = begins[partition], ends[partition], stands[partition]
            found[partition] = at = begin if known is None else known
            if at < begin:
                raise OffsetGap(partition.topic, partition.partition, at, begin)
            if at > end:
                raise RecordsLostError(partition, f"ends at offset {end}, but the ledger has read it up to {at}")
        return found

    def _in_order(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> list[ConsumerRecord]:
        """The records that follow where the ledger stands; what was fetched before a seek is dropped.

        What begins too far ahead is sought once more before it is taken for a gap.
        """
        expected = self._next.get(partition)
        if expected is None:
            return []
        records = [record for record in records if record.offset >= expected]
        if not records or records[0].offset == expected:
            self._sought_again.discard(partition)
            return records
        if partition in self._sought_again:
            raise OffsetGap(partition.topic, partition.partition, expected, records[0].offset)
        self._sought_again.add(partition)
        self._consumer.seek(partition, expected)
        return []

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

    def _tell_assigned(self) -> None:
        self._parts.progress.assigned = len(self._next)
        self._parts.vitals.assign(len(self._next))

    async def _tell_group(self) -> None:
        """Show tools how far we are; that it fails costs nothing, for the ledger is what we go by."""
        with suppress(KafkaError, BrokerUnreachable):
            await self._consumer.commit(dict(self._next))


def _life(stream: Stream) -> tuple[str, str, str]:
    return stream.cluster, stream.topic, stream.incarnation
