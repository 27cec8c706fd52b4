"""The relay: what the ledger holds for a topic is sent, in order for each key, and marked after the broker's word.

Two lines wait for it: the outbox (what was decided) and the inbox (what people submitted, on its way to the input
topics). What was sent and not yet marked when we die is sent again with the same message id.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import faust
from aiokafka.errors import KafkaError

from streams.kafka_client import BrokerUnreachable, Producer, make_producer, running
from streams.parts import Parts

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
IDLE_S: Final = 0.2
"""How long the relay rests when nothing waits, unless it is woken."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record on its way, with the number under which the ledger knows it."""

    seq: int
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Relay(faust.Service):
    """Sends for as long as it runs; while the broker is away everything waits in the ledger."""

    logger = logging.getLogger("faust.service")

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts

    @faust.Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            try:
                await self._connected()
            except (BrokerUnreachable, KafkaError) as error:
                log.warning("the relay looks for the broker again: %s", error)
                await self.sleep(PAUSE_S)

    async def _connected(self) -> None:
        settings = self._parts.settings
        async with running(make_producer(settings, self._parts.cluster.bootstrap), settings) as producer:
            while not self.should_stop:
                if await self._submissions(producer) + await self._messages(producer) == 0:
                    await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._parts.work_waits.wait(), IDLE_S)
        self._parts.work_waits.clear()

    async def _submissions(self, producer: Producer) -> int:
        waiting = await self._parts.ledger.unrelayed(self._parts.settings.relay_batch)
        parcels = [Parcel(one.seq, one.topic, one.key.encode(), one.value, ()) for one in waiting]
        sent = await self._send(producer, parcels)
        if sent:
            await self._parts.ledger.mark_relayed(sent, self._parts.clock.now())
            self._parts.progress.relayed += len(sent)
        return len(sent)

    async def _messages(self, producer: Producer) -> int:
        waiting = await self._parts.ledger.unsent(self._parts.settings.relay_batch)
        parcels = [Parcel(one.seq, one.topic, one.key, one.value, one.headers) for one in waiting]
        sent = await self._send(producer, parcels)
        if sent:
            await self._parts.ledger.mark_sent(sent, self._parts.clock.now())
            self._parts.progress.sent += len(sent)
        return len(sent)

    async def _send(self, producer: Producer, parcels: Sequence[Parcel]) -> list[int]:
        """Send them all; the numbers of those that were acknowledged and that follow no failed one of their key.

        Raises ``BrokerUnreachable`` if it has acknowledged none of them in time.
        """
        if not parcels:
            return []
        wait = self._parts.settings.broker_timeout_s
        on_the_way: list[asyncio.Future[Any]] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                for parcel in parcels:
                    on_the_way += [await self._start(producer, parcel)]
                await asyncio.wait(on_the_way)
        done = _acknowledged(parcels, on_the_way)
        if not done:
            raise BrokerUnreachable(f"no broker acknowledged a message within {wait:g} s")
        return done

    async def _start(self, producer: Producer, parcel: Parcel) -> "asyncio.Future[Any]":
        topic = self._parts.topic(parcel.topic)
        future: asyncio.Future[Any] = await producer.send(
            topic, value=parcel.value, key=parcel.key, headers=list(parcel.headers)
        )
        return future


def _acknowledged(parcels: Sequence[Parcel], futures: Sequence["asyncio.Future[Any]"]) -> list[int]:
    stuck: set[tuple[str, bytes]] = set()
    done: list[int] = []
    for n, parcel in enumerate(parcels):
        line = (parcel.topic, parcel.key)
        if line not in stuck and n < len(futures) and _arrived(futures[n]):
            done.append(parcel.seq)
        else:
            stuck.add(line)
    return done


def _arrived(future: "asyncio.Future[Any]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
