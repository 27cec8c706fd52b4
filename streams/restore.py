"""Restoring: a ledger that was taken back to an earlier state learns from the topics what it had said since.

Done before any worker is started on it. What it had heard since is read again by intake, for its offsets went back
with it; how much that is, is said here.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from streams.clock import Clock
from streams.cluster import KafkaServers
from streams.kafka_admin import KafkaRefused, admin_client
from streams.kafka_client import Consumer, make_consumer, running
from streams.ledger.adopting import Adopted
from streams.ledger.incoming import Stream
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from streams.to_the_end import records_to_the_end
from streams.topics import CLASSIFICATIONS, DISPUTES, ESCALATIONS, INPUTS, Topic

SAID_ON: Final = (ESCALATIONS, CLASSIFICATIONS, DISPUTES)
TOGETHER: Final = 1_000
"""How many messages one transaction adopts at most."""


@dataclass(slots=True)
class Restored:
    """What was adopted, and how many records of each input topic will be read again."""

    adopted: Adopted = field(default_factory=Adopted)
    to_read: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    """Of these, how many the broker has already deleted."""


async def restore(settings: Settings, ledger: Ledger, clock: Clock) -> Restored:
    """Adopt what was said, and reckon what will be read again.

    Raises ``BrokerUnreachable``, and ``LedgerError`` where a statement is missing between two on its topic.
    """
    found = Restored()
    admin = admin_client(settings, settings.broker)
    consumer = make_consumer(settings, settings.broker, group=None, without_offset="earliest")
    async with running(consumer, settings):
        for topic in SAID_ON:
            (first, *_) = await _partitions(admin, settings, topic)
            async for values in _said_on(consumer, first.topic):
                one = await ledger.adopt(values, clock.now())
                found.adopted.new += one.new
                found.adopted.known += one.known
                found.adopted.other += one.other
                found.adopted.different |= one.different
        for topic in INPUTS:
            found.to_read[topic.name], found.lost[topic.name] = await _to_read(
                consumer, settings, ledger, await _partitions(admin, settings, topic)
            )
    return found


async def _said_on(consumer: Consumer, topic: str) -> AsyncGenerator[list[bytes]]:
    """All records of a topic up to its present end, each partition's in their order."""
    values: list[bytes] = []
    async for record in records_to_the_end(consumer, [topic]):
        if record.value is not None:
            values.append(record.value)
        if len(values) == TOGETHER:
            yield values
            values = []
    if values:
        yield values


async def _to_read(
    consumer: Consumer, settings: Settings, ledger: Ledger, partitions: list[TopicPartition]
) -> tuple[int, int]:
    name = partitions[0].topic
    life = (await KafkaServers(settings).incarnations([name]))[name]
    logical = name.removeprefix(settings.topic_prefix)
    streams = {one: Stream(life.cluster, logical, life.topic, one.partition) for one in partitions}
    stands = await ledger.positions(list(streams.values()))
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    at = {one: stands.get(stream, begins[one]) for one, stream in streams.items()}
    return sum(ends[one] - at[one] for one in partitions), sum(max(0, begins[one] - at[one]) for one in partitions)


async def _partitions(admin: AdminClient, settings: Settings, topic: Topic) -> list[TopicPartition]:
    name = settings.topic_prefix + topic.name
    listed = await asyncio.to_thread(admin.list_topics, timeout=settings.broker_timeout_s)
    if name not in listed.topics:
        raise KafkaRefused(f"the topic {name} does not exist", KafkaError.UNKNOWN_TOPIC_OR_PART)
    return [TopicPartition(name, n) for n in sorted(listed.topics[name].partitions)]
