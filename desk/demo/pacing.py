"""The demo's time: fast, and standing still at each scene until everything before it has been decided.

However slow the machine, the story is the same; a slow one only takes longer to tell it.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from streams.clock import Kind, in_utc, monotonic

_TURN_S: Final = 0.02


class PacedClock:
    """Time that runs some times as fast as real time, but never past the instant up to which it may run.

    ``factor`` is the pace that waits go by; between two stops time may run faster or slower.

    A wait of some seconds goes on while time stands still: what must be caught up would else wait for ever.
    """

    kind: Kind = "simulated"

    def __init__(self, start: datetime, factor: float) -> None:
        self._base = self._ceiling = in_utc(start)
        self._since = monotonic()
        self._factor = self._pace = factor

    def now(self) -> datetime:
        """The instant of the story, in UTC."""
        passed = timedelta(seconds=(monotonic() - self._since) * self._pace)
        return min(self._base + passed, self._ceiling)

    def run_until(self, instant: datetime, pace: float) -> None:
        """Run on from where time stands, at that pace, up to the instant; there it stands still again."""
        self._base, self._since, self._ceiling, self._pace = self.now(), monotonic(), in_utc(instant), pace

    async def sleep(self, seconds: float) -> None:
        """Wait as long as so many seconds of the story last while it runs."""
        await asyncio.sleep(max(0.0, seconds) / self._factor)

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until the story has reached the instant."""
        while (left := (in_utc(instant) - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time is a formula
            await asyncio.sleep(min(_TURN_S, left / self._pace))
