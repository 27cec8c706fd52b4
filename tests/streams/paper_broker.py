"""A broker on paper: what a test needs to know of Kafka, in memory, where every step can be made to fail.

Records and committed offsets outlive the clients, as on servers. Each step that a client takes is announced to
``step`` first, which may raise; a ``lost-ack`` is a step between the broker's writing and its answer.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.incarnation import Incarnation
from streams.ledger.incoming import Incoming

PARTITIONS = 2


def partition_of(topic: str, key: str) -> TopicPartition:
    """Where a key's records are."""
    return TopicPartition(topic, zlib.crc32(key.encode()) % PARTITIONS)


def no_trouble(step: str) -> None:
    """Every step succeeds."""


@dataclass
class PaperBroker:
    """The logs of every partition, and what each group has committed."""

    step: Callable[[str], None] = no_trouble
    bootstrap: str = "paper:9092"
    identity: str = "paper"
    append_time: int | None = None
    """With a number (milliseconds), records are stamped by the broker; without, by their sender."""
    logs: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = field(default_factory=dict)
    begins: dict[TopicPartition, int] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    members: "list[PaperConsumer]" = field(default_factory=list)
    """Who is in the group, which is the only one."""
    sharing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def incarnations(self, names: Iterable[str]) -> dict[str, Incarnation]:
        """All topics are as old as the broker."""
        self.step("incarnations")
        return {name: Incarnation(self.identity, self.identity) for name in names}

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Collection[tuple[str, bytes]] = ()
    ) -> None:
        """Write one record at the end of its partition."""
        partition = partition_of(topic, (key or b"").decode())
        log = self.logs.setdefault(partition, [])
        stamp, kind = (0, 0) if self.append_time is None else (self.append_time, 1)
        log.append(
            ConsumerRecord(*partition, len(log), stamp, kind, key, value, None, 0, len(value or b""), tuple(headers))
        )

    def tell(self, *told: Incoming) -> None:
        """Another producer writes these."""
        for one in told:
            self.append(one.topic, one.key, one.value)

    def on(self, topic: str) -> list[ConsumerRecord[Any, Any]]:
        """Everything that is on a topic."""
        return [record for name, log in sorted(self.logs.items()) if name.topic == topic for record in log]

    def forget_before(self, partition: TopicPartition, offset: int) -> None:
        """Drop the oldest records, as retention does."""
        self.begins[partition] = offset

    async def share_out(self) -> None:
        """Take every partition away from everybody, then give each member its share, as Kafka does by default."""
        async with self.sharing:
            for member in self.members:
                await member.lose(*member.positions)
            for n, member in enumerate(list(self.members)):
                every = [TopicPartition(topic, one) for topic in member.topics for one in range(PARTITIONS)]
                share = [partition for partition in every if partition.partition % len(self.members) == n]
                member.positions = {partition: self.committed.get(partition) for partition in share}
                await member.listener.on_partitions_assigned(share)


class PaperProducer:
    """A producer whose records arrive at once, and are acknowledged unless a step says otherwise."""

    servers = "paper:9092"

    def __init__(self, broker: PaperBroker) -> None:
        self.broker = broker

    async def start(self) -> None:
        self.broker.step("producer-start")

    async def stop(self) -> None:
        """Nothing is left open on paper."""

    async def send(
        self, topic: str, *, value: bytes, key: bytes, headers: Collection[tuple[str, bytes]] = ()
    ) -> "asyncio.Future[None]":
        self.broker.step(f"send {topic}")
        self.broker.append(topic, key, value, headers)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self.broker.step(f"ack {topic}")
            answer.set_result(None)
        except Exception as error:  # noqa: BLE001 - whatever the test wants the acknowledgement to be
            answer.set_exception(error)
        return answer


class PaperConsumer:
    """A consumer that joins the group when it first fetches."""

    servers = "paper:9092"

    def __init__(self, broker: PaperBroker) -> None:
        self.broker = broker
        self.listener: Any = None
        self.positions: dict[TopicPartition, int | None] = {}
        self.topics: list[str] = []

    async def start(self) -> None:
        self.broker.step("consumer-start")

    async def stop(self) -> None:
        """Leave the group."""
        if self in self.broker.members:
            self.broker.members.remove(self)
            await self.broker.share_out()

    def subscribe(self, topics: list[str], listener: object) -> None:
        self.topics, self.listener = topics, listener

    async def join(self) -> None:
        """Join the group, and have the partitions shared out."""
        self.broker.members.append(self)
        await self.broker.share_out()

    async def lose(self, *partitions: TopicPartition) -> None:
        """Have partitions taken away."""
        await self.listener.on_partitions_revoked(list(partitions))
        for partition in partitions:
            self.positions.pop(partition, None)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        self.broker.step("beginning-offsets")
        return {partition: self.broker.begins.get(partition, 0) for partition in partitions}

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        self.broker.step("end-offsets")
        return {partition: len(self.broker.logs.get(partition, ())) for partition in partitions}

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        if self not in self.broker.members:
            await self.join()
        self.broker.step("fetch")
        found = {}
        for partition, at in list(self.positions.items()):
            if at is None:
                raise NoOffsetForPartitionError(partition)
            log = self.broker.logs.get(partition, [])
            if not self.broker.begins.get(partition, 0) <= at <= len(log):
                raise OffsetOutOfRangeError({partition: at})
            if fresh := log[at : at + max_records]:
                found[partition] = fresh
                self.positions[partition] = at + len(fresh)
        await asyncio.sleep(0 if found else timeout_ms / 1000)
        return found

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.broker.committed.get(partition)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.broker.step("group-commit")
        self.broker.committed.update(offsets)


@asynccontextmanager
async def standing_in(client: Any, _: object) -> AsyncIterator[Any]:  # noqa: ANN401 - any client on paper
    """What ``running`` is for real clients."""
    await client.start()
    try:
        yield client
    finally:
        await client.stop()
