"""The notifier: statements are planned, notices are sent, and what nobody could be told climbs; again and again.

Several workers may do it side by side: one plans at a time, and each takes in hand what no other has.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from streams.duty import Duty
from streams.ledger import notices
from streams.ledger.notices import Waiting
from streams.ledger.notices_rehearsal import plan_rehearsals
from streams.ledger.transaction import retried
from streams.notices.channels.channel import Channel, Letter, Outcome, Sent, channels
from streams.notices.climbing import climb
from streams.notices.lane import Lane, Shared, settle_all
from streams.notices.letters import Writer
from streams.notices.planning import AT_ONCE, plan_notices
from streams.notices.reaching import FILE, NOT_CONFIGURED, Reaching
from streams.parts import Parts
from streams.timekeeping import ClocksDifferError, agreed_now

log = logging.getLogger(__name__)

PAUSE_S: Final = 0.5
"""How long it rests when there is nothing to do, in real seconds."""
CLOSING_S: Final = 1.0
LETS_GO_EVERY_S: Final = 30.0


class _Unconfigured:
    """Stands for a kind of channel that was configured once: what was planned for it fails for good, and says why."""

    async def send(self, _: Letter) -> Sent:
        return Sent(Outcome.FAILED, NOT_CONFIGURED, final=True)

    async def close(self) -> None:
        """Nothing was ever opened."""


class Notifier(Duty):
    """Tells roles for as long as it runs. Without any channel it tells nobody, and says so once.

    Told to stop it begins nothing and waits for what is in hand; what does not end in time is taken up again later
    under the same key, by whoever is there then. While our clock and the database's differ it does nothing: what others
    have in hand would look given up.
    """

    def __init__(self, parts: Parts, write: Writer, by: Mapping[str, Channel] | None = None) -> None:
        super().__init__(parts)
        self._channels = dict(channels(parts.settings) if by is None else by)
        if parts.ledger.identity.time_kind == "simulated":
            # What is played must reach nobody outside this machine.
            self._channels = {kind: one for kind, one in self._channels.items() if kind == FILE}
        self._configured = frozenset(self._channels)
        self._shared = Shared(parts.ledger.database, parts.settings.notices, write, parts.name, self._count)
        self._lanes = {kind: Lane(kind, channel, self._shared) for kind, channel in self._channels.items()}

    async def work(self) -> None:
        """Look again and again."""
        if not self._parts.settings.notices.tell:
            await self._leave_it_to_others()
        if not self._lanes:
            log.warning("no channel for notices is configured: nobody is told of any escalation by this worker")
            await asyncio.Event().wait()
        while True:
            self.turn()
            async with self.piece():
                busy = await self.look()
            if not busy:
                await self._rest()

    async def _leave_it_to_others(self) -> None:
        """Let go of what waits to be told, now and then."""
        log.info("roles are not told by us")
        while True:
            self.turn()
            async with self.piece():
                await retried(self._let_go)
            await asyncio.sleep(LETS_GO_EVERY_S)

    async def _let_go(self) -> None:
        async with self._parts.ledger.database.writing() as connection:
            await notices.tell_nobody(connection)

    async def _rest(self) -> None:
        """Wait until there is room for more on a channel, or a moment."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._shared.ended.wait(), PAUSE_S)
        self._shared.ended.clear()

    async def look(self) -> bool:
        """Plan, begin to send, and climb; whether there may at once be more to do."""
        parts = self._parts
        try:
            now = await agreed_now(parts)
        except ClocksDifferError:
            return False
        waiting, planned = await self._waiting(now), 0
        kinds = waiting.to_send
        reaching = Reaching(parts.world, self._configured, now)
        if waiting.to_plan:
            planned = await plan_notices(parts.ledger.database, reaching, parts.settings.notices.flood_over)
        if waiting.to_rehearse:
            await plan_rehearsals(parts.ledger.database, reaching)
        if waiting.to_plan or waiting.to_rehearse:
            kinds |= self._configured
        for kind in sorted(kinds):
            await self._lane(kind).take_up(parts.world, parts.clock.now)
        if waiting.lost:
            for step in await climb(parts.ledger, parts.world, parts.settings.notices.source, now):
                parts.metrics.lost.labels("alarm" if step.alarms else "climbed").inc()
        return planned == AT_ONCE

    async def last_piece(self) -> None:
        """Wait for what is in hand, but leave time to let go of the channels."""
        await settle_all(self._lanes.values(), max(0.1, self._parts.settings.stop_within_s / 4 - CLOSING_S))

    async def on_shutdown(self) -> None:
        """Let go of the channels."""
        await settle_all(self._lanes.values(), 0.0)
        for channel in self._channels.values():
            try:
                async with asyncio.timeout(CLOSING_S):
                    await channel.close()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up a stop
                log.warning("a channel for notices did not close: %s", type(error).__name__)

    async def settle(self) -> None:
        """Wait until nothing is in hand."""
        await settle_all(self._lanes.values())

    def _lane(self, kind: str) -> Lane:
        if kind not in self._lanes:
            self._lanes[kind] = Lane(kind, _Unconfigured(), self._shared)
        return self._lanes[kind]

    def _count(self, kind: str, outcome: str) -> None:
        self._parts.metrics.notices.labels(kind, outcome).inc()

    async def _waiting(self, now: datetime) -> Waiting:
        ledger = self._parts.ledger

        async def once() -> Waiting:
            async with ledger.reading() as connection:
                return await notices.waiting(connection, now)

        return await retried(once)
