"""The sweeper: what time has made due is decided, whether or not the broker is there.

It takes, too, what people submitted and what has not come back through the broker within seconds.
"""

from contextlib import suppress
from typing import Final

from streams.clock import monotonic
from streams.duty import Duty
from streams.parts import Parts
from streams.timekeeping import ClocksDifferError, agreed_now

REFRESH_EVERY_S: Final = 2.0
"""How often the timelines of policy and estate are read anew, in real seconds."""

SWEEP_LIMIT: Final = 2_000
"""How many subjects one call decides at most; between two calls the clocks are held against each other."""


class Sweeper(Duty):
    """Sweeps as often as the settings say; it fails, and so stops the worker, when the ledger cannot be used.

    While our clock and the database's differ by more than the settings allow it decides nothing: a wrong clock would
    raise what is not due, or keep silent about what is.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._refreshed = float("-inf")

    async def work(self) -> None:
        """Look again and again."""
        while True:
            self.turn()
            await self._refresh()
            with suppress(ClocksDifferError):
                await self._sweep()
                await self.pulse()
            await self._parts.clock.sleep(self._parts.settings.sweep_every_s)

    async def _refresh(self) -> None:
        if monotonic() - self._refreshed > REFRESH_EVERY_S:
            await self._parts.refresh_world()
            self._refreshed = monotonic()

    async def _sweep(self) -> None:
        parts, more = self._parts, True
        while more:
            self.turn()
            async with self.piece():
                now = await agreed_now(parts)
                with parts.watched("sweep"):
                    outcome = await parts.ledger.sweep(now, SWEEP_LIMIT, parts.world)
            parts.count(outcome, "sweep")
            more = outcome.more
