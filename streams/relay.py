"""The relay: what the ledger holds for a topic is sent, in order for each key, and marked after the broker's word.

Two lines wait for it: the outbox (what was decided) and the inbox (what people submitted, on its way to the input
topics). What was sent and not yet marked when we die is sent again with the same message id.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from aiokafka.errors import KafkaError

from models.kafka_binding import CONTENT_TYPE, STRUCTURED_JSON
from streams.duty import Duty
from streams.kafka_client import BrokerUnreachable, Producer, make_producer, running
from streams.ledger.queries.traces import traces
from streams.messages import pulse_message
from streams.parts import Parts
from streams.sole import Check, ClaimLostError, sole
from streams.timekeeping import noted_now

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
IDLE_S: Final = 0.2
"""How long the relay rests when nothing waits, unless it is woken."""

CLAIM_IDLE_S: Final = 20.0
"""How long a sender that is frozen keeps the others from sending, beyond what it may take to look for a broker."""

WHOLE_EVENT: Final = (CONTENT_TYPE, STRUCTURED_JSON)
"""The header by which any reader of CloudEvents knows that the value is the whole event."""

Sending = asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record on its way, with the number under which the ledger knows it."""

    seq: int
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Relay(Duty):
    """Sends for as long as it runs; while the broker is away everything waits in the ledger.

    Of all the workers on a ledger one sends: several would send everything several times, and out of order.
    At any time it holds one batch. If any of it is not acknowledged, the connection is made anew: what a producer
    has accepted it keeps for ever, so what is sent again would pile up in it.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._producer: Producer | None = None

    async def work(self) -> None:
        """Send whenever no other worker does, and look for the broker again and again."""
        while True:
            self.turn()
            async with sole(self._parts.ledger.database, "relay", idle_s=self._longest_silence()) as claim:
                if claim is not None:
                    await self._while_sole(claim)
            await asyncio.sleep(PAUSE_S)

    async def last_piece(self) -> None:
        """Send what the others have decided last."""
        with suppress(BrokerUnreachable):
            while self._producer is not None and await self._pass(self._producer):
                pass

    async def _while_sole(self, claim: Check) -> None:
        vitals = self._parts.vitals
        vitals.sends = True
        vitals.went_out()
        try:
            while True:
                self.turn()
                await claim()
                try:
                    await self._connected(claim)
                except (BrokerUnreachable, KafkaError) as error:
                    self._parts.progress.broker_away = True
                    vitals.broker_away(self.part, away=True)
                    log.warning("the relay looks for the broker again: %s", error)
                    await asyncio.sleep(PAUSE_S)
        except ClaimLostError as error:
            log.warning("the relay leaves the sending to others: %s", error)
        finally:
            vitals.sends = False
            vitals.broker_away(self.part, away=False)

    def _longest_silence(self) -> float:
        """How long the claim may go unchecked while all is well: looking for a broker in vain takes longest."""
        return CLAIM_IDLE_S + 3 * self._parts.settings.broker_timeout_s

    async def _connected(self, claim: Check) -> None:
        settings = self._parts.settings
        async with running(make_producer(settings, self._parts.cluster.bootstrap), settings) as producer:
            self._producer = producer
            self._parts.progress.broker_away = False
            self._parts.vitals.broker_away(self.part, away=False)
            try:
                while True:
                    self.turn()
                    async with self.piece():
                        await claim()
                        sent = await self._pass(producer)
                    if not sent:
                        await self._rest()
                    await self.pulse()
            finally:
                self._producer = None

    async def pulse(self) -> None:
        """Show it on the broker too, so that whoever watches from outside sees both sides."""
        if self._pulse_is_due() and self._producer is not None:
            pulse = pulse_message(self._parts.name, self._parts.clock.now())
            parcel = Parcel(0, pulse.topic, pulse.key.encode(), pulse.value.encode(), ())
            _all([parcel], await self._send(self._producer, [parcel]))
        await super().pulse()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._parts.work_waits.wait(), IDLE_S)
        self._parts.work_waits.clear()

    async def _pass(self, producer: Producer) -> int:
        """Send what waits, a batch of each line; how many were sent."""
        return await self._submissions(producer) + await self._messages(producer)

    async def _submissions(self, producer: Producer) -> int:
        waiting = await self._parts.ledger.unrelayed(self._parts.settings.relay_batch)
        parcels = [Parcel(one.seq, one.topic, one.key.encode(), one.value, ()) for one in waiting]
        sent = await self._send(producer, parcels)
        if sent:
            await self._parts.ledger.mark_relayed(sent, await noted_now(self._parts))
            self._parts.progress.relayed += len(sent)
            self._parts.metrics.sent.labels("inbox").inc(len(sent))
            self._parts.vitals.went_out()
        return _all(parcels, sent)

    async def _messages(self, producer: Producer) -> int:
        waiting = await self._parts.ledger.unsent(self._parts.settings.relay_batch)
        parcels = [Parcel(one.seq, one.topic, one.key, one.value, one.headers) for one in waiting]
        sent = await self._send_traced(producer, parcels)
        if sent:
            await self._parts.ledger.mark_sent(sent, await noted_now(self._parts))
            self._parts.progress.sent += len(sent)
            self._parts.metrics.sent.labels("outbox").inc(len(sent))
            self._parts.vitals.went_out()
        return _all(parcels, sent)

    async def _send_traced(self, producer: Producer, parcels: Sequence[Parcel]) -> list[int]:
        """Send them; each about a subject that was heard of under a trace goes out under that trace."""
        tracing = self._parts.tracing
        if tracing is None:
            return await self._send(producer, parcels)
        about = {one.seq: (one.key.decode(), str(orjson.loads(one.value)["subject"])) for one in parcels}
        async with self._parts.ledger.reading() as connection:
            found = await traces(connection, set(about.values()))
        parents = {seq: found[key] for seq, key in about.items() if key in found}
        with tracing.sending(parents, {one.seq: self._parts.topic(one.topic) for one in parcels}) as headers:
            joined = [
                replace(one, headers=(*one.headers, headers[one.seq])) if one.seq in headers else one for one in parcels
            ]
            return await self._send(producer, joined)

    async def _send(self, producer: Producer, parcels: Sequence[Parcel]) -> list[int]:
        """Send them all; the numbers of those that were acknowledged and that follow no failed one of their key."""
        on_the_way: list[Sending] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.settings.broker_timeout_s):
                for parcel in parcels:
                    on_the_way += [await self._start(producer, parcel)]
                if on_the_way:
                    await asyncio.wait(on_the_way)
        return _acknowledged(parcels, on_the_way)

    async def _start(self, producer: Producer, parcel: Parcel) -> Sending:
        topic = self._parts.topic(parcel.topic)
        try:
            sending: Sending = await producer.send(
                topic, value=parcel.value, key=parcel.key, headers=[WHOLE_EVENT, *parcel.headers]
            )
        except KafkaError as error:
            log.error("record %d cannot be sent to %s: %r", parcel.seq, topic, error)  # noqa: TRY400
            sending = asyncio.get_running_loop().create_future()
            sending.cancel()
        return sending


def _all(parcels: Sequence[Parcel], sent: Sequence[int]) -> int:
    """How many were sent; raises ``BrokerUnreachable`` unless all of them were."""
    if len(sent) < len(parcels):
        raise BrokerUnreachable(f"{len(parcels) - len(sent)} of {len(parcels)} records were not acknowledged in time")
    return len(sent)


def _acknowledged(parcels: Sequence[Parcel], futures: Sequence[Sending]) -> list[int]:
    stuck: set[tuple[str, bytes]] = set()
    done: list[int] = []
    for n, parcel in enumerate(parcels):
        line = (parcel.topic, parcel.key)
        arrived = n < len(futures) and _arrived(futures[n])
        if arrived and line not in stuck:
            done.append(parcel.seq)
        else:
            stuck.add(line)
    return done


def _arrived(future: Sending) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
