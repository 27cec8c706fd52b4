"""Taking stock: what waits in the ledger, and how far the input topics are ahead of it, read every few seconds.

It may fail and be tried again: what it reads is for people and their tools, and nothing is decided by it.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import ConsumerGroupState, KafkaException
from sqlalchemy.exc import SQLAlchemyError

from streams.clock import monotonic
from streams.health import LOOP, Stock, Vitals
from streams.health_unread import Place
from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.kafka_client import BrokerUnreachable, Consumer
from streams.ledger.queries import stock
from streams.parts import Parts
from streams.topics import INPUTS

log = logging.getLogger(__name__)

STOCK_EVERY_S: Final = 5.0
AMOUNTS_EVERY: Final = 6
"""Every so many times the amounts are counted too, which costs more where many orders are open."""
PULSE_S: Final = 0.25
LAG_EVERY_S: Final = 5.0


async def keep_turning(vitals: Vitals) -> None:
    """Show that the event loop turns, and remember the longest that it took to."""
    while True:
        asked = monotonic()
        await asyncio.sleep(PULSE_S)
        vitals.stale_loop_s = max(monotonic() - asked - PULSE_S, vitals.stale_loop_s)
        vitals.turn(LOOP)


async def keep_stock(parts: Parts, stop: asyncio.Event) -> None:
    """Read the stock again and again, to the end of a reading; a ledger that does not answer is tried again."""
    every = min(STOCK_EVERY_S, parts.settings.health_stuck_after_s / 4)
    amounts: dict[str, Any] = {}
    turns = 0
    while not stop.is_set():
        try:
            async with parts.ledger.reading() as connection:
                found = await stock.waiting(connection)
                if turns % AMOUNTS_EVERY == 0:
                    amounts = await stock.amounts(connection, parts.clock.now())
            parts.vitals.stock = Stock(read_at=monotonic(), **found, **amounts)
            turns += 1
        except (SQLAlchemyError, OSError) as error:
            log.warning("the stock could not be taken: %s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def keep_measuring(parts: Parts, consumer: Consumer, positions: Mapping[TopicPartition, int]) -> None:
    """Measure how many records wait in each of our partitions; without any, ask who has them."""
    while True:
        try:
            async with asyncio.timeout(parts.settings.broker_timeout_s):
                await _measure(parts, consumer, dict(positions))
        except (KafkaError, KafkaException, KafkaRefused, BrokerUnreachable, TimeoutError) as error:
            log.debug("the lag could not be measured: %s", error)
        await asyncio.sleep(min(LAG_EVERY_S, parts.settings.health_stuck_after_s / 4))


async def _measure(parts: Parts, consumer: Consumer, positions: Mapping[TopicPartition, int]) -> None:
    if not positions:
        parts.vitals.measured({})
        parts.vitals.spare = await _others_have_all(parts)
        return
    ends = await consumer.end_offsets(list(positions))
    parts.vitals.measured(
        {(parts.logical(one.topic), one.partition): Place(at, ends[one]) for one, at in positions.items()}
    )


async def _others_have_all(parts: Parts) -> bool:
    """Whether the other members of our group hold every partition of the inputs, so that we are a spare."""
    settings, servers = parts.settings, parts.cluster.bootstrap
    admin = admin_client(settings, servers)
    asked = admin.describe_consumer_groups([settings.group], request_timeout=settings.broker_timeout_s)
    group = (await answers(asked, settings, servers))[settings.group]
    names = {parts.topic(topic.name) for topic in INPUTS}
    listed = await asyncio.to_thread(admin.list_topics, timeout=settings.broker_timeout_s)
    wanted = {(name, n) for name in names for n in listed.topics[name].partitions}
    held = {(one.topic, one.partition) for member in group.members for one in member.assignment.topic_partitions}
    return group.state == ConsumerGroupState.STABLE and wanted <= held
