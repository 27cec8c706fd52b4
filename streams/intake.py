"""Intake: what the input topics hold goes into the ledger, each record once, in order, and none is passed over.

A Faust service around its own consumer. The offsets in the ledger are the truth: on every assignment the consumer
seeks to them. The group's committed offsets are written only for tools that show lag, after the transaction.
"""

import asyncio
import logging
from typing import Final

from aiokafka.errors import KafkaError

from streams.duty import Duty
from streams.kafka_client import BrokerUnreachable, make_consumer, running
from streams.mass_rejection import MassRejections
from streams.parts import Parts
from streams.reader import Reader
from streams.topics import INPUTS

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
"""How long to wait before looking for a broker that has gone away."""


class Intake(Duty):
    """Reads the input topics for as long as it runs; while the broker is away it looks for it again and again.

    It fails, and so stops the worker, when the ledger cannot be used, when records are missing, or when inputs of
    several sources are rejected in mass.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._rejections = MassRejections(parts.settings)

    async def work(self) -> None:
        """Connect and read, again and again."""
        while True:
            try:
                await self._connected()
            except (BrokerUnreachable, KafkaError) as error:
                self._parts.progress.broker_away = True
                log.warning("intake looks for the broker again: %s", error)
                await asyncio.sleep(PAUSE_S)
            finally:
                self._parts.progress.assigned = 0

    async def _connected(self) -> None:
        parts, settings = self._parts, self._parts.settings
        consumer = make_consumer(settings, parts.cluster.bootstrap, group=settings.group, without_offset="none")
        async with running(consumer, settings):
            reader = Reader(parts, consumer, self._in_hand)
            consumer.subscribe([parts.topic(topic.name) for topic in INPUTS], listener=reader)
            parts.progress.broker_away = False
            while True:
                found = await reader.fetch()
                if found:
                    async with self.piece():
                        self._rejections.note(await reader.take(found), parts.clock.now())
