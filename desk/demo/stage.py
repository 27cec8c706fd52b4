"""The stage: the script on one side, the worker on the other, and the screen that shows what the ledger says."""

import asyncio
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import Final

from desk.demo.pacing import PacedClock
from desk.demo.posting import Poster
from desk.demo.scenario import BEGINS, ENDS, HEARTBEAT, Scene
from desk.demo.screen import Screen
from desk.demo.spoken import Line
from desk.demo.story import Story
from desk.demo.tally import all_sent, is_caught_up, read_tally
from desk.exits import Unreachable
from streams.clock import monotonic
from streams.parts import Parts

LOOK_EVERY_S: Final = 0.15
"""How often the screen looks at the ledger, in real seconds."""
TURN_S: Final = 0.03
PATIENCE_S: Final = 60.0
"""How long the story waits for the system to catch up before it gives up, in real seconds."""
LEAST_PART: Final = 0.25
"""At the least this part of the time is for time that runs; the rest may go on stops."""


class Stage:
    """Plays scenes; ``told`` is the story as it was told."""

    def __init__(
        self,
        parts: Parts,
        clock: PacedClock,
        poster: Poster,
        worker: "asyncio.Task[None]",
        screen: Screen,
        seconds: float,
    ) -> None:
        self.told: list[Line] = []
        self._parts, self._clock, self._poster = parts, clock, poster
        self._worker, self._screen = worker, screen
        self._story = Story(parts.world, BEGINS)
        self._seconds, self._deadline = seconds, monotonic() + seconds
        self._stops_left = self._stops = 0
        self._stopped_s = 0.0

    async def play(self, scenes: list[Scene]) -> None:
        """Play every scene at its time, showing meanwhile what happens."""
        await self._caught_up()
        async with self._parts.ledger.reading() as connection:
            self._tell(await self._story.start(connection))
        acts = [(at, list(then)) for at, then in groupby(sorted(scenes, key=_when), key=_when)]
        self._stops_left = len(acts) + 1
        showing = asyncio.create_task(self._show())
        try:
            for at, then in acts:
                await self._go_to(at, then)
            await self._go_to(ENDS, [])
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
        await self._look()

    async def _go_to(self, at: datetime, scenes: list[Scene]) -> None:
        """Run on to the instant and send what is said then.

        Before and after, time stands still until nothing waits; signs of life need nothing to be settled before them.
        """
        self._clock.run_until(at, self._pace())
        await self._clock.sleep_until(at)
        stopped = monotonic()
        if any(scene.kind != HEARTBEAT for scene in scenes):
            await self._caught_up()
        for scene in scenes:
            await self._poster.post(scene)
        await self._caught_up()
        self._stops, self._stops_left = self._stops + 1, self._stops_left - 1
        self._stopped_s += monotonic() - stopped

    def _pace(self) -> float:
        """As fast as brings the story to its end in the time that is left, the stops that lie ahead counted in."""
        story = (ENDS - self._clock.now()).total_seconds()
        ahead = self._stops_left * self._stopped_s / max(1, self._stops)
        left = self._deadline - monotonic() - ahead
        least = LEAST_PART * self._seconds * story / (ENDS - BEGINS).total_seconds()
        return max(1.0, story / max(left, least, TURN_S))

    async def _caught_up(self) -> None:
        """Wait until nothing that was sent or has fallen due is still waiting; time must stand still."""
        give_up = monotonic() + PATIENCE_S
        while not await self._is_caught_up():
            if self._worker.done():
                self._worker.result()
            if monotonic() > give_up:
                raise Unreachable(
                    f"The system did not catch up within {PATIENCE_S:g} s; its log is in the demo's folder."
                )
            await asyncio.sleep(TURN_S)

    async def _is_caught_up(self) -> bool:
        async with self._parts.ledger.reading() as connection:
            taken = await is_caught_up(connection, self._clock.now(), self._poster.posted.produced)
            return taken and await all_sent(connection)

    async def _show(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        now = self._clock.now()
        async with self._parts.ledger.reading() as connection:
            tally = await read_tally(connection, self._parts.world, now)
            self._tell(await self._story.more(connection, tally.account, now))
        self._screen.count(tally, now)

    def _tell(self, lines: list[Line]) -> None:
        self.told += lines
        self._screen.tell(lines)


def _when(scene: Scene) -> datetime:
    return scene.at
