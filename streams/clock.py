"""Time: the one port through which anything here learns what time it is, or waits.

Every instant is an aware ``datetime`` in UTC and every wait is in seconds of the clock that is asked, so an
accelerated day is waited through in a minute and a test steps from one due time to the next. Durations of our
own work are measured with ``monotonic``, which no change of the wall clock disturbs.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

Kind = Literal["real", "simulated"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where Kafka's timestamps count from."""

LONGEST_NAP_S: Final = 1.0
"""How soon a sleeper notices that the wall clock was set, or that the machine was suspended."""

TURNS_A_WAKING: Final = 25
"""Turns of the event loop that ``FixedClock.advance`` gives to those it wakes before time goes on."""

monotonic: Final[Callable[[], float]] = time.monotonic
"""Seconds since an arbitrary moment, never going back: for measuring durations, never for instants."""

process_seconds: Final[Callable[[], float]] = time.process_time
"""Processor seconds that this process has used: for measuring work on a machine that others use too."""


class Clock(Protocol):
    """What time it is, and how to wait for a time."""

    @property
    def kind(self) -> Kind:
        """Whether its time is the world's; a ledger remembers this and refuses to mix the two."""
        ...

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock; zero or less only lets others have a turn."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until ``now()`` is at or past the instant; return at once if it already is."""
        ...


class SystemClock:
    """The machine's own time.

    ``sleep`` measures a duration, so setting the machine's clock does not change it; ``sleep_until`` waits for the
    wall clock and notices within ``LONGEST_NAP_S`` when that is set forwards or back.
    """

    kind: Kind = "real"

    def now(self) -> datetime:
        """The machine's time, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        await asyncio.sleep(max(0.0, seconds))

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until the machine's clock shows the instant."""
        await _nap_until(self, instant, longest=LONGEST_NAP_S)


class AcceleratedClock:
    """Time that starts at a chosen instant and runs ``factor`` times as fast as real time.

    With a factor of 1,440 a day passes in a minute. The factor must be greater than zero.
    """

    kind: Kind = "simulated"

    def __init__(self, start: datetime, factor: float) -> None:
        if not 0 < factor < float("inf"):
            raise ValueError(f"a clock's factor must be a number greater than zero, not {factor!r}")
        self._start = in_utc(start)
        self._factor = factor
        self._began = monotonic()

    def now(self) -> datetime:
        """The simulated instant, in UTC."""
        return self._start + timedelta(seconds=(monotonic() - self._began) * self._factor)

    async def sleep(self, seconds: float) -> None:
        """Wait that many simulated seconds."""
        await asyncio.sleep(max(0.0, seconds) / self._factor)

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until the simulated time is at or past the instant."""
        await _nap_until(self, instant, longest=float("inf"))


class FixedClock:
    """Time that stands still until a test moves it.

    ``set`` jumps, forwards or back, as a mistaken administrator does. ``advance`` walks: it stops at each instant
    that somebody sleeps for, earliest first and then in the order in which they fell asleep, and lets them act
    there before it goes on. Walking waits for work that only awaits the event loop; work that waits for a thread
    or a socket may not have ended when it returns.
    """

    kind: Kind = "simulated"

    def __init__(self, start: datetime) -> None:
        self._now = in_utc(start)
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The instant at which time stands, in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until time has been moved on by that many seconds."""
        await self.sleep_until(self._now + timedelta(seconds=max(0.0, seconds)))

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until time has been moved to the instant or past it."""
        due = in_utc(instant)
        if due <= self._now:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due, next(self._order), waking))
        await waking

    def set(self, instant: datetime) -> None:
        """Jump to the instant, waking everybody whose time has come."""
        self._now = in_utc(instant)
        self._wake_due()

    async def advance(self, seconds: float) -> None:
        """Walk on by that many seconds, giving each sleeper its turn at its own instant."""
        if seconds < 0:
            raise ValueError(f"time walks forwards only, not by {seconds} seconds; to go back, set it")
        goal = self._now + timedelta(seconds=seconds)
        await _give_turns()
        while self._sleepers and self._sleepers[0][0] <= goal:
            self._now = max(self._now, self._sleepers[0][0])
            self._wake_due()
            await _give_turns()
        self._now = goal

    def _wake_due(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._now:
            waking = heapq.heappop(self._sleepers)[2]
            if not waking.done():
                waking.set_result(None)


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises ``ValueError`` for a time without an offset: which instant it means would be a guess.
    """
    if instant.tzinfo is None:
        raise ValueError(f"the time {instant.isoformat()} has no offset, so it names no instant")
    return instant.astimezone(UTC)


async def _nap_until(clock: Clock, instant: datetime, *, longest: float) -> None:
    due = in_utc(instant)
    while (left := (due - clock.now()).total_seconds()) > 0:
        await clock.sleep(min(left, longest))


async def _give_turns() -> None:
    for _ in range(TURNS_A_WAKING):
        await asyncio.sleep(0)
