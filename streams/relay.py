"""The relay: what the ledger holds for a topic is sent, in order for each key, and marked after the broker's word.

Two lines wait for it: the outbox (what was decided) and the inbox (what people submitted, on its way to the input
topics). What was sent and not yet marked when we die is sent again with the same message id.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Literal

import orjson
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.duty import Duty
from streams.kafka_client import BrokerUnreachable, Producer, make_producer, running
from streams.ledger.queries.traces import traces
from streams.messages import pulse_message
from streams.parts import Parts
from streams.refusals import Refusals
from streams.sending import Answers, Line, Parcel, send
from streams.sole import Check, ClaimLostError, sole
from streams.taken_back import refuse_taken_back
from streams.timekeeping import noted_now

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0
IDLE_S: Final = 0.2
"""How long the relay rests when nothing waits, unless it is woken."""

CLAIM_IDLE_S: Final = 20.0
"""How long a sender that is frozen keeps the others from sending, beyond what it may take to look for a broker."""

Waiting = Literal["inbox", "outbox"]


class ProducerSpoiltError(Exception):
    """The broker has refused a record that the producer had numbered: another must send what comes after it."""


class Relay(Duty):
    """Sends for as long as it runs; while the broker is away everything waits in the ledger.

    Of all the workers on a ledger one sends: several would send everything several times, and out of order.
    At any time it holds one batch. If any of it is not acknowledged, the connection is made anew: what a producer
    has accepted it keeps for ever, so what is sent again would pile up in it. A record that the broker refuses holds
    up its own key alone.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._producer: Producer | None = None
        self._claim: Check | None = None
        self._refusals: dict[Waiting, Refusals] = {"inbox": Refusals(), "outbox": Refusals()}
        self._pulses = Refusals()

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
        with suppress(BrokerUnreachable, ProducerSpoiltError):
            while self._producer is not None and await self._pass(self._producer):
                pass

    async def _while_sole(self, claim: Check) -> None:
        vitals, self._claim = self._parts.vitals, claim
        vitals.sends = True
        vitals.went_out()
        try:
            while True:
                self.turn()
                await claim()
                try:
                    await self._connected(claim)
                except ProducerSpoiltError as error:
                    log.info("the relay connects anew: %s", error)
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
            for refusals in (*self._refusals.values(), self._pulses):
                refusals.forget()
            self._tell_refused()

    def _longest_silence(self) -> float:
        """How long the claim may go unchecked while all is well: looking for a broker in vain takes longest."""
        return CLAIM_IDLE_S + 3 * self._parts.settings.broker_timeout_s

    async def _connected(self, claim: Check) -> None:
        settings = self._parts.settings
        await refuse_taken_back(self._parts)
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
            if parcel.line not in self._pulses or self._pulses.due():
                answers = await self._send(self._producer, [parcel])
                self._pulses.release(answers.sent)
                self._hold(self._pulses, parcel, answers)
                _all([parcel], answers)
        await super().pulse()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._parts.work_waits.wait(), IDLE_S)
        self._parts.work_waits.clear()

    async def _pass(self, producer: Producer) -> int:
        """Send what waits, a batch of each line; how many were sent."""
        return await self._submissions(producer) + await self._messages(producer) + await self._again()

    async def _submissions(self, producer: Producer) -> int:
        limit, held = self._parts.settings.relay_batch, self._refusals["inbox"].lines
        waiting = await self._parts.ledger.unrelayed(limit, held)
        parcels = [Parcel(one.seq, one.topic, one.key.encode(), one.value, ()) for one in waiting]
        return await self._answered("inbox", parcels, await self._send(producer, parcels))

    async def _messages(self, producer: Producer) -> int:
        limit, held = self._parts.settings.relay_batch, self._refusals["outbox"].lines
        waiting = await self._parts.ledger.unsent(limit, held)
        parcels = [Parcel(one.seq, one.topic, one.key, one.value, one.headers) for one in waiting]
        return await self._answered("outbox", parcels, await self._send_traced(producer, parcels))

    async def _again(self) -> int:
        """Try those again whose pause is over; how many were sent."""
        ledger, found = self._parts.ledger, dict[Waiting, list[Parcel]]()
        if due := self._refusals["inbox"].due():
            inputs = await ledger.unrelayed_of(due)
            found["inbox"] = [Parcel(one.seq, one.topic, one.key.encode(), one.value, ()) for one in inputs]
            self._refusals["inbox"].release(set(due) - {one.seq for one in inputs})
        if due := self._refusals["outbox"].due():
            messages = await ledger.unsent_of(due)
            found["outbox"] = [Parcel(one.seq, one.topic, one.key, one.value, one.headers) for one in messages]
            self._refusals["outbox"].release(set(due) - {one.seq for one in messages})
        sent = [await self._one_by_one(line, parcels) for line, parcels in found.items() if parcels]
        self._tell_refused()
        return sum(sent)

    async def _answered(self, line: Waiting, parcels: Sequence[Parcel], answers: Answers) -> int:
        """Mark what was acknowledged, and try what was refused alone: it may only have been in bad company."""
        await self._mark(line, answers.sent)
        done = len(answers.sent)
        if answers.refused:
            refused = {one.line for one in parcels if one.seq in answers.refused}
            sent = set(answers.sent)
            done += await self._one_by_one(
                line, [one for one in parcels if one.line in refused and one.seq not in sent]
            )
        _all(parcels, answers)
        return done

    async def _one_by_one(self, line: Waiting, parcels: Sequence[Parcel]) -> int:
        """Send each alone, until one of its key is refused; how many were sent. What there is no time for waits."""
        settings, refusals = self._parts.settings, self._refusals[line]
        ends = monotonic() + settings.broker_timeout_s
        stuck: set[Line] = set()
        sent: list[int] = []
        alone = make_producer(settings, self._parts.cluster.bootstrap, linger_ms=0, numbers=False)
        async with running(alone, settings) as producer:
            try:
                for parcel in parcels:
                    if parcel.line in stuck or monotonic() > ends:
                        continue
                    await self._still_ours()
                    answers = await self._send(producer, [parcel])
                    sent += answers.sent
                    refusals.release(answers.sent)
                    self._hold(refusals, parcel, answers)
                    if answers.unanswered([parcel]):
                        raise _unacknowledged(1, 1)
                    if answers.refused:
                        stuck.add(parcel.line)
            finally:
                await self._mark(line, sent)
        return len(sent)

    async def _still_ours(self) -> None:
        self.turn()
        if self._claim is not None:
            await self._claim()

    async def _mark(self, line: Waiting, sent: Sequence[int]) -> None:
        if not sent:
            return
        parts, now = self._parts, await noted_now(self._parts)
        if line == "inbox":
            await parts.ledger.mark_relayed(sent, now)
            parts.progress.relayed += len(sent)
        else:
            await parts.ledger.mark_sent(sent, now)
            parts.progress.sent += len(sent)
        parts.metrics.sent.labels(line).inc(len(sent))
        parts.vitals.went_out()

    def _hold(self, refusals: Refusals, parcel: Parcel, answers: Answers) -> None:
        if (error := answers.refused.get(parcel.seq)) is not None:
            refusals.hold(parcel, self._parts.topic(parcel.topic), error)
        self._tell_refused()

    def _tell_refused(self) -> None:
        self._parts.vitals.refused = sum(map(len, (*self._refusals.values(), self._pulses)))

    async def _send_traced(self, producer: Producer, parcels: Sequence[Parcel]) -> Answers:
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

    async def _send(self, producer: Producer, parcels: Sequence[Parcel]) -> Answers:
        """Send them all; what the broker said about each within ``broker_timeout_s``."""
        return await send(producer, parcels, self._parts.topic, self._parts.settings.broker_timeout_s)


def _all(parcels: Sequence[Parcel], answers: Answers) -> None:
    """See that each was acknowledged or refused.

    Raises ``BrokerUnreachable``, or ``ProducerSpoiltError`` if it is for a refused one that others were not heard of.
    """
    if answers.spoilt:
        raise ProducerSpoiltError(f"the broker refused {len(answers.refused)} of {len(parcels)} records")
    if lacking := answers.unanswered(parcels):
        raise _unacknowledged(lacking, len(parcels))


def _unacknowledged(lacking: int, of: int) -> BrokerUnreachable:
    return BrokerUnreachable(f"{lacking} of {of} records were not acknowledged in time")
