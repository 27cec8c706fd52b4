"""Intake: what the input topics hold goes into the ledger, each record once, in order, and none is passed over.

A Faust service around its own consumer. The offsets in the ledger are the truth: on every assignment the consumer
seeks to them. The group's committed offsets are written only for tools that show lag, after the transaction.
"""

import asyncio
import logging
from typing import ClassVar, Final

from aiokafka.errors import KafkaError

from streams.cluster import KafkaServers
from streams.duty import Duty
from streams.health_stock import keep_measuring
from streams.kafka_client import BrokerUnreachable, NotLetIn, make_consumer, running
from streams.layout import refuse_wrong_layout
from streams.mass_rejection import MassRejections
from streams.parts import Parts
from streams.reader import Reader
from streams.timekeeping import ClocksDifferError, agreed_now
from streams.topics import INPUTS

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
"""How long to wait before looking for a broker that has gone away."""


class Intake(Duty):
    """Reads the input topics for as long as it runs; while the broker is away it looks for it again and again.

    While our clock and the database's differ it reads nothing: it would decide at an instant that is not now.
    It fails, and so stops the worker, when the ledger cannot be used, when records are missing, or when inputs of
    several sources are rejected in mass; and before it has read anything, when the broker does not let us in or its
    topics are not as they must be.
    """

    reader: ClassVar[type[Reader]] = Reader
    """What reads a connection; a measurement puts one in its place that hears records at recorded times."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._rejections = MassRejections(parts.settings)
        self._let_in = False

    async def work(self) -> None:
        """Connect and read, again and again."""
        while True:
            self.turn()
            try:
                await agreed_now(self._parts)
                await self._connected()
            except ClocksDifferError:
                # Out of the group, so that a worker whose clock is right reads on.
                await asyncio.sleep(PAUSE_S)
            except (BrokerUnreachable, KafkaError) as error:
                if isinstance(error, NotLetIn) and not self._let_in:
                    raise
                self._parts.progress.broker_away = True
                self._parts.vitals.broker_away(self.part, away=True)
                log.warning("intake looks for the broker again: %s", error)
                await asyncio.sleep(PAUSE_S)
            finally:
                self._parts.progress.assigned = 0
                self._parts.vitals.assign(0)

    async def _connected(self) -> None:
        parts, settings = self._parts, self._parts.settings
        if isinstance(parts.cluster, KafkaServers) and not self._let_in:
            await refuse_wrong_layout(settings)
        self._let_in = True
        consumer = make_consumer(settings, parts.cluster.bootstrap, group=settings.group, without_offset="none")
        async with running(consumer, settings):
            reader = self.reader(parts, consumer, self._in_hand)
            consumer.subscribe([parts.topic(topic.name) for topic in INPUTS], listener=reader)
            parts.progress.broker_away = False
            parts.vitals.broker_away(self.part, away=False)
            measuring = asyncio.create_task(keep_measuring(parts, consumer, reader.positions))
            try:
                await self._read(reader)
            finally:
                measuring.cancel()
                await asyncio.wait({measuring})

    async def _read(self, reader: Reader) -> None:
        while True:
            self.turn()
            found = await reader.fetch()
            if found:
                async with self.piece():
                    self._rejections.note(await reader.take(found), self._parts.clock.now())
            await self.pulse()
