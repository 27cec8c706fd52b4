"""Reporting: people and other systems go on telling a site what happens, whatever happens to the site.

Each order's events come by the front door or straight on the topics, in any order, some of them twice; now and then
there is nonsense. What became of each is logged: accepted, or unknown because the answer was lost.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from models.refusal import Refusal
from streams.clock import SystemClock
from streams.kafka_client import BrokerUnreachable, Producer, make_producer, running
from streams.ledger.errors import LedgerError
from streams.ledger.ledger import Ledger
from tests.faults.site import Site
from tests.faults.told import Told, order

NONSENSE: Final = b'{"specversion": "1.0", "n": %d'
LOST_ANSWERS: Final = (LedgerError, SQLAlchemyError, KafkaError, BrokerUnreachable, TimeoutError, OSError)


@dataclass
class Reporter:
    """Reports one order after the other; ``pause_s`` is how long it waits between two, at least and at most."""

    site: Site
    ledger: Ledger
    producer: Producer | None
    pause_s: tuple[float, float] = (0.1, 0.5)

    async def report(self) -> None:
        """Report until cancelled."""
        while True:
            await self.one_order()
            await asyncio.sleep(self.site.rng.uniform(*self.pause_s))

    async def one_order(self) -> None:
        """Hand in one order's events, in any order."""
        site = self.site
        events = list(order(site.orders, SystemClock().now(), site.rng))
        site.orders += 1
        site.rng.shuffle(events)
        for one in events:
            await self.hand_in(one)
        if self.producer is not None and site.rng.random() < 0.1:
            await self._nonsense(self.producer)

    async def hand_in(self, one: Told) -> None:
        """Hand in one event; what is not known to be taken stays in the log as unknown."""
        told, rng = self.site.told, self.site.rng
        told.unknown.append(one)
        with suppress(*LOST_ANSWERS):
            if self.producer is None or rng.random() < 0.6:
                await self._submit(one)
            else:
                await self._produce(self.producer, one, twice=rng.random() < 0.2)
            told.unknown.remove(one)
            told.accepted.append(one)

    async def _submit(self, one: Told) -> None:
        (receipt,) = await self.ledger.submit([one.incoming()], SystemClock().now(), self.site.world)
        assert not isinstance(receipt, Refusal), receipt
        self.site.told.receipts[receipt.id] = one

    async def _produce(self, producer: Producer, one: Told, *, twice: bool) -> None:
        given = one.incoming()
        for _ in range(2 if twice else 1):
            await producer.send_and_wait(self.site.prefix + given.topic, given.value, key=given.key)

    async def _nonsense(self, producer: Producer) -> None:
        """Put on a topic what cannot be read; each time other bytes, so that it is known again."""
        words, told = NONSENSE % self.site.orders, self.site.told
        told.doubtful.append(words)
        with suppress(*LOST_ANSWERS):
            await producer.send_and_wait(f"{self.site.prefix}work-orders", words, key=b"nobody")
            told.doubtful.remove(words)
            told.refused.append(words)


@asynccontextmanager
async def reporter(site: Site, *, by_topic: bool = True) -> AsyncIterator[Reporter]:
    """A reporter who has a ledger and, unless told otherwise, a producer; it reports nothing by itself."""
    ledger = await site.open_ledger()
    try:
        if not by_topic:
            yield Reporter(site, ledger, None)
            return
        async with running(make_producer(site.settings, site.broker), site.settings) as producer:
            yield Reporter(site, ledger, producer)
    finally:
        await ledger.close()


@asynccontextmanager
async def reporting(
    site: Site, *, by_topic: bool = True, pause_s: tuple[float, float] = (0.1, 0.5)
) -> AsyncIterator[Reporter]:
    """Reports go on for as long as the block lasts; that they could not go on is a failure."""
    async with reporter(site, by_topic=by_topic) as one:
        one.pause_s = pause_s
        going = asyncio.create_task(one.report())
        try:
            yield one
        finally:
            going.cancel()
            await asyncio.wait({going})
        if not going.cancelled():
            going.result()
