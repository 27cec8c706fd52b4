"""Bugs on purpose: the mistakes that systems of this sort are known for, each as one part that is built wrongly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson
from aiokafka import TopicPartition

from streams.kafka_client import Producer
from streams.ledger import offsets
from streams.ledger.errors import LedgerConflict, OffsetGap
from streams.ledger.incoming import Incoming, Outcome, Stream
from streams.ledger.ledger import Identity, Ledger
from streams.reader import Reader
from streams.relay import Relay
from streams.sending import Answers, Parcel
from tests.faults.life import Build
from tests.faults.trouble import BrittleDatabase
from tests.streams.paper_broker import PaperBroker, PaperProducer
from workorders.policy import World


class AsksNothing(Ledger):
    """What was read last is not held against what the broker has: that would find out these before the checker."""

    async def recognise(self, read: Sequence[Incoming]) -> dict[Stream, int | None]:
        return dict[Stream, int | None]()


class CommitsFirst(AsksNothing):
    """How far was read is committed before what was read."""

    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        async with self.database.writing() as connection:
            advances = await offsets.advance(connection, batch)
            read = Counter(one.origin.stream for one in batch if one.origin is not None)
            for stream, advance in advances.by_stream.items():
                advance.recorded += read[stream]
            await advances.write(connection)
        return await super().take([replace(one, origin=None) for one in batch], now, world)


class ForgetsWhatItKnows(AsksNothing):
    """An input that comes again is taken for a new one."""

    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        return await super().take([self._renamed(one) for one in batch], now, world)

    def _renamed(self, one: Incoming) -> Incoming:
        try:
            event = orjson.loads(one.value or b"")
        except orjson.JSONDecodeError:
            return one
        place = "inbox" if one.origin is None else f"{one.origin.stream.partition}-{one.origin.offset}"
        return replace(one, value=orjson.dumps({**event, "id": f"{event['id']}-{place}"}))


class SaysDirectly(Ledger):
    """What was decided is said at once, from memory; nothing of it waits in an outbox."""

    def __init__(self, database: BrittleDatabase, identity: Identity, broker: PaperBroker) -> None:
        super().__init__(database, identity)
        self._mouth = PaperProducer(broker)

    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        return await self._said(await super().take(batch, now, world), now)

    async def sweep(self, now: datetime, limit: int, world: World) -> Outcome:
        return await self._said(await super().sweep(now, limit, world), now)

    async def _said(self, outcome: Outcome, now: datetime) -> Outcome:
        messages = await self.unsent(1_000)
        await self.mark_sent([one.seq for one in messages], now)
        for one in messages:
            await self._mouth.send(one.topic, value=one.value, key=one.key, headers=one.headers)
        return outcome


class IgnoresTheAnswer(Relay):
    """What was handed to the client counts as sent, whatever the broker says."""

    async def _send(self, producer: Producer, parcels: Sequence[Parcel]) -> Answers:
        await super()._send(producer, parcels)
        return Answers([parcel.seq for parcel in parcels])


class GoesByTheGroup(Reader):
    """Where to read on is asked of the group."""

    async def _seek(self, partitions: Sequence[TopicPartition]) -> None:
        await super()._seek(partitions)
        for partition in partitions:
            at = await self._consumer.committed(partition) or 0
            self._consumer.seek(partition, at)
            self._next[partition] = at

    async def _check_range(self, stands: object) -> dict[TopicPartition, int]:
        return dict.fromkeys(self._streams, 0)


class TakesWhatComes(Ledger):
    """The ledger does not mind what is missing; it belongs to the last."""

    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        while True:
            try:
                return await super().take(batch, now, world)
            except OffsetGap as gap:
                stream = next(
                    one.origin.stream
                    for one in batch
                    if one.origin and (one.topic, one.origin.stream.partition) == (gap.topic, gap.partition)
                )
                await self.accept_gap(stream, gap.found, "nobody looked", now)
            except LedgerConflict:
                return Outcome()


def _plain(kind: type[Ledger]) -> Build:
    return Build(ledger=lambda database, identity, _: kind(database, identity))


COMMIT_FIRST = _plain(CommitsFirst)
NO_DEDUPE = _plain(ForgetsWhatItKnows)
NO_OUTBOX = Build(ledger=SaysDirectly)
ACK_IGNORED = Build(relay=IgnoresTheAnswer)
GROUP_OFFSETS = Build(reader=GoesByTheGroup, ledger=lambda database, identity, _: TakesWhatComes(database, identity))
