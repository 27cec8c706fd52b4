"""The second look: what was sent and not soon confirmed is looked for on its topic; what is not there is sent again.

The watch is a Faust agent and may pass over a message, for example when a rebalance falls into a batch, and what it
has passed over it does not read again. So the proof that a message is on its topic does not rest on the watch alone:
what it leaves unconfirmed is read here, apart from any group, and the watch is begun anew. What is not found was lost
by the broker: it is shouted about and sent again, under the same id, so that nobody misses it and nobody counts twice.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.kafka_client import BrokerUnreachable, Consumer, make_consumer, running
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.outbox import Unconfirmed
from streams.messages import NoMessageError, message_id
from streams.parts import Parts
from streams.timekeeping import noted_now
from streams.to_the_end import records_to_the_end
from streams.topics import TOPICS

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
PATIENCE_S: Final = 10.0
"""How long a message may go unconfirmed before it is looked for."""
ANEW_EVERY_S: Final = 60.0
"""How soon the watch is begun anew again: one that is only slow must not be kept from its work by that."""
AT_ONCE: Final = 2_000
MARGIN: Final = timedelta(minutes=10)
"""How far the broker's clock may be behind ours; beyond, a topic is read from its beginning."""
READ_WITHIN_S: Final = 300.0
"""How long one topic is read at most; what was found by then is confirmed, and nothing is called lost."""

_LATER: Final = "what is unconfirmed on %s is looked for later: %r"
_COMPACTED: Final = frozenset(topic.name for topic in TOPICS if topic.compacted)


class SecondLook:
    """Looks for as long as it runs, on the worker that sends; ``anew`` is set when the watch has passed over some."""

    def __init__(self, parts: Parts, anew: asyncio.Event) -> None:
        self._parts = parts
        self._anew = anew
        self._waiting: dict[UUID, float] = {}
        self._given_up: set[UUID] = set()
        self._sent_again: set[UUID] = set()
        self._after = 0
        self._begun = float("-inf")

    async def work(self, stop: asyncio.Event) -> None:
        """Look again and again until ``stop`` is set."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
            if self._parts.vitals.sends and not stop.is_set():
                try:
                    await self.look()
                except (BrokerUnreachable, LedgerUnavailable) as error:
                    log.warning(_LATER, "any topic", error)

    async def look(self) -> None:
        """Look once for what has waited too long, topic by topic."""
        overdue = self._overdue(await self._next(), monotonic())
        for topic, wanted in groupby(sorted(overdue, key=lambda one: (one.topic, one.seq)), lambda one: one.topic):
            try:
                await self._look_on(topic, list(wanted))
            except KafkaError as error:
                log.warning(_LATER, self._parts.topic(topic), error)

    async def _next(self) -> list[Unconfirmed]:
        """The oldest that may still be found; those that were given up are passed by, so that they hide no other."""
        found = await self._parts.ledger.unconfirmed(AT_ONCE, after=self._after)
        while len(found) == AT_ONCE and all(one.message_id in self._given_up for one in found):
            self._after = found[-1].seq
            found = await self._parts.ledger.unconfirmed(AT_ONCE, after=self._after)
        return found

    def _overdue(self, unconfirmed: Sequence[Unconfirmed], now: float) -> list[Unconfirmed]:
        """Those that were unconfirmed all the time of our patience, by our own count of time."""
        self._waiting = {one.message_id: self._waiting.get(one.message_id, now) for one in unconfirmed}
        return [
            one
            for one in unconfirmed
            if self._waiting[one.message_id] <= now - PATIENCE_S and one.message_id not in self._given_up
        ]

    async def _look_on(self, topic: str, wanted: Sequence[Unconfirmed]) -> None:
        since = self._since(wanted)
        missing = await self._missing(topic, wanted, since)
        if missing and since is not None:
            missing = await self._missing(topic, missing, None)
        if missing and topic in _COMPACTED:
            missing = await self._not_overtaken(missing)
        if missing:
            await self._make_good(topic, missing)

    async def _missing(self, topic: str, wanted: Sequence[Unconfirmed], since: datetime | None) -> list[Unconfirmed]:
        """Confirm those that are on the topic; the others, but none where it could not be read to its end."""
        found: set[UUID] = set()
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                if not await self._sight(topic, wanted, since, found):
                    log.warning("the broker has no topic %s", self._parts.topic(topic))
                    return []
        except TimeoutError:
            log.warning("%s was not read to its end within %g s", self._parts.topic(topic), READ_WITHIN_S)
            return []
        finally:
            await self._confirm(found)
        return [one for one in wanted if one.message_id not in found]

    async def _sight(self, topic: str, wanted: Sequence[Unconfirmed], since: datetime | None, found: set[UUID]) -> bool:
        """Read the topic, and add to ``found`` those of the wanted that are there; False if there is no such topic."""
        parts, name = self._parts, self._parts.topic(topic)
        ids = {one.message_id for one in wanted}
        async with running(self._reader(), parts.settings) as reader:
            if name not in await reader.topics():
                return False
            async for record in records_to_the_end(reader, [name], since=since):
                with suppress(NoMessageError):
                    found |= {message_id(record.value)} & ids
        return True

    def _reader(self) -> Consumer:
        parts = self._parts
        return make_consumer(parts.settings, parts.cluster.bootstrap, group=None, without_offset="earliest")

    def _since(self, wanted: Sequence[Unconfirmed]) -> datetime | None:
        """Where to begin to read; the embedded broker cannot tell what came when, nor any broker for simulated time."""
        if self._parts.settings.is_embedded or self._parts.clock.kind == "simulated":
            return None
        return min(one.created_at for one in wanted) - MARGIN

    async def _confirm(self, found: Iterable[UUID]) -> None:
        if ids := sorted(found):
            await self._note(ids)
            log.warning("the watch had passed over %d messages that are on their topics", len(ids))
            if monotonic() - self._begun > ANEW_EVERY_S:
                self._begun = monotonic()
                self._anew.set()

    async def _note(self, ids: Sequence[UUID]) -> None:
        seen = await self._parts.ledger.confirm(ids, await noted_now(self._parts))
        self._parts.progress.confirmed += seen.first
        self._parts.metrics.confirmed.inc(seen.first)

    async def _not_overtaken(self, missing: Sequence[Unconfirmed]) -> list[Unconfirmed]:
        """Those that are the last of their key; in the place of the others a later record is kept, or will be."""
        overtaken = await self._parts.ledger.overtaken(missing)
        if replaced := sorted(message_id for message_id, seen in overtaken.items() if seen):
            await self._note(replaced)
        return [one for one in missing if one.message_id not in overtaken]

    async def _make_good(self, topic: str, missing: Sequence[Unconfirmed]) -> None:
        """Have what was lost sent again, once; what is lost a second time is only told."""
        # An embedded broker forgets everything when its process ends, so that this is no news.
        level = logging.WARNING if self._parts.settings.is_embedded else logging.ERROR
        for one in missing:
            what = "is not there again" if one.message_id in self._sent_again else "is not there, and is sent again"
            log.log(level, "message %s was sent to %s and %s", one.message_id, self._parts.topic(topic), what)
        self._given_up |= {one.message_id for one in missing} & self._sent_again
        again = [one for one in missing if one.message_id not in self._sent_again]
        self._sent_again |= {one.message_id for one in again}
        for one in again:
            self._waiting.pop(one.message_id, None)
        if again:
            await self._parts.ledger.send_again(again)
            self._parts.work_waits.set()
