"""The second look: what was sent and not soon confirmed is looked for on its topic, and confirmed if it is there.

The watch is a Faust agent and may pass over a message, for example when a rebalance falls into a batch, and what it
has passed over it does not read again. So the proof that a message is on its topic does not rest on the watch alone:
what it leaves unconfirmed is read here, apart from any group, and the watch is begun anew. What is not found is lost,
and told so.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.kafka_client import BrokerUnreachable, make_consumer, running
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.outbox import Unconfirmed
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

_COMPACTED: Final = frozenset(topic.name for topic in TOPICS if topic.compacted)


class SecondLook:
    """Looks for as long as it runs, on the worker that sends; ``anew`` is set when the watch has passed over some."""

    def __init__(self, parts: Parts, anew: asyncio.Event) -> None:
        self._parts = parts
        self._anew = anew
        self._waiting: dict[UUID, float] = {}
        self._lost: set[UUID] = set()
        self._begun = float("-inf")

    async def work(self, stop: asyncio.Event) -> None:
        """Look again and again until ``stop`` is set."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
            if self._parts.vitals.sends and not stop.is_set():
                try:
                    await self.look()
                except (BrokerUnreachable, KafkaError, LedgerUnavailable, TimeoutError) as error:
                    log.warning("what is unconfirmed is looked for later: %r", error)

    async def look(self) -> None:
        """Look once for what has waited too long."""
        overdue = self._overdue(await self._parts.ledger.unconfirmed(AT_ONCE), monotonic())
        if not overdue:
            return
        since = self._since(overdue)
        found = await self._sighted(overdue, since)
        await self._confirm(found)
        missing = [one for one in overdue if one.message_id not in found]
        if missing and since is not None:
            rest = await self._sighted(missing, None)
            await self._confirm(rest)
            missing = [one for one in missing if one.message_id not in rest]
        for one in missing:
            # Of a compacted topic a later record may have taken its place, which harms nobody.
            level = logging.WARNING if one.topic in _COMPACTED else logging.ERROR
            log.log(level, "message %s was sent and is not on %s", one.message_id, self._parts.topic(one.topic))
            self._lost.add(one.message_id)

    def _overdue(self, unconfirmed: Sequence[Unconfirmed], now: float) -> list[Unconfirmed]:
        """Those that were unconfirmed all the time of our patience, by our own count of time."""
        self._waiting = {one.message_id: self._waiting.get(one.message_id, now) for one in unconfirmed}
        return [
            one
            for one in unconfirmed
            if self._waiting[one.message_id] <= now - PATIENCE_S and one.message_id not in self._lost
        ]

    def _since(self, wanted: Sequence[Unconfirmed]) -> datetime | None:
        """Where to begin to read; the embedded broker cannot tell what came when, nor any broker for simulated time."""
        if self._parts.settings.is_embedded or self._parts.clock.kind == "simulated":
            return None
        return min(one.created_at for one in wanted) - MARGIN

    async def _sighted(self, wanted: Sequence[Unconfirmed], since: datetime | None) -> set[UUID]:
        """Those of the wanted that are on their topics."""
        parts = self._parts
        consumer = make_consumer(parts.settings, parts.cluster.bootstrap, group=None, without_offset="earliest")
        ids = {str(one.message_id): one.message_id for one in wanted}
        found: set[UUID] = set()
        async with running(consumer, parts.settings), asyncio.timeout(READ_WITHIN_S):
            async for record in records_to_the_end(consumer, {parts.topic(one.topic) for one in wanted}, since=since):
                if (seen := ids.get(_id_of(record.value))) is not None:
                    found.add(seen)
        return found

    async def _confirm(self, found: Iterable[UUID]) -> None:
        if ids := sorted(found):
            seen = await self._parts.ledger.confirm(ids, await noted_now(self._parts))
            self._parts.progress.confirmed += seen.first
            self._parts.metrics.confirmed.inc(seen.first)
            log.warning("the watch had passed over %d messages that are on their topics", len(ids))
            if monotonic() - self._begun > ANEW_EVERY_S:
                self._begun = monotonic()
                self._anew.set()


def _id_of(value: bytes | None) -> str:
    try:
        return str(orjson.loads(value or b"{}").get("id"))
    except (ValueError, AttributeError):
        return ""
