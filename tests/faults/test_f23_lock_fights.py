"""F23: two workers fight for the same rows, somebody else holds them or locks them the other way round.

The two are ledgers in one process, on one PostgreSQL, fed as two partitions would feed them. All times are a fiftieth
of the real ones: a lock is waited for 0.3 s instead of 15, and held for 1.2 s instead of a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString
from unittest.mock import patch

import psycopg
import pytest

from streams.clock import SystemClock
from streams.ledger import engine
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.ledger import Ledger
from tests.faults.checker import faults_of
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.sabotage import session
from tests.faults.site import Site, database_site
from tests.faults.told import OFFICES, Told, order

SCALE: Final = 50
LOCK_TIMEOUT_S: Final = engine.BUSY_S / SCALE
HELD_S: Final = 60 / SCALE
FIGHTS: Final = 20
ORDERS: Final = 3
"""How many orders a fight is about."""
_LOCK: Final[LiteralString] = "SELECT id FROM unit WHERE id = %s FOR UPDATE"


@dataclass
class Rival:
    """One worker: its ledger, and its own partition of the topic."""

    ledger: Ledger
    partition: int
    offset: int = 0

    def read(self, told: Sequence[Told]) -> list[Incoming]:
        """The events as the next records of the partition."""
        stream = Stream("cluster", "work-orders", "first-life", self.partition)
        found = []
        for one in told:
            given = one.incoming()
            at = SystemClock().now()
            found.append(Incoming(given.topic, given.key, given.value, (), Origin(stream, self.offset), at))
            self.offset += 1
        return found


@dataclass
class Arena:
    """Two rivals over one ledger."""

    site: Site
    rivals: list[Rival] = field(default_factory=list)

    async def fight(self, kind: str) -> None:
        """Both take events about the same orders at once, some of them the same, perhaps while a third interferes."""
        rng, now = self.site.rng, SystemClock().now()
        told = [one for n in range(ORDERS) for one in order(self.site.orders + n, now, rng)]
        self.site.orders += ORDERS
        self.site.told.accepted += told
        shares = [[one for one in told if rng.random() < 0.6] for _ in self.rivals]
        shares[0] += [one for one in told if one not in shares[0] and one not in shares[1]]
        for share in shares:
            rng.shuffle(share)
        async with asyncio.TaskGroup() as going:
            if kind != "plain":
                going.create_task(asyncio.to_thread(self._interfere, kind))
            for rival, share in zip(self.rivals, shares, strict=True):
                going.create_task(self._take(rival, share))

    async def _take(self, rival: Rival, share: list[Told]) -> None:
        half = len(share) // 2
        for part in (share[:half], share[half:]):
            if part:
                await rival.ledger.take(rival.read(part), SystemClock().now(), self.site.world)
        await rival.ledger.sweep(SystemClock().now(), 50, self.site.world)

    def _interfere(self, kind: str) -> None:
        """Hold one unit for long, or lock two the other way round than everybody does."""
        first, second = sorted(OFFICES, reverse=True)[:2]
        with session(self.site, autocommit=False) as third, _lost_fights():
            third.execute(_LOCK, [first])
            third.execute("SELECT pg_sleep(%s)", [HELD_S if kind == "held" else 0.1])
            if kind == "circle":
                third.execute(_LOCK, [second])
                third.execute("SELECT pg_sleep(0.05)")


@contextmanager
def _lost_fights() -> Iterator[None]:
    """That the third loses is right too."""
    try:
        yield
    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
        return


@fault(
    "F23",
    what="lock fights",
    promises=(2, 3),
    how="two writers take shares of the same orders at once, some events in both; in turn nobody else, a third "
    f"session that holds a row for {HELD_S:g} s (a lock is waited for {LOCK_TIMEOUT_S:g} s: a fiftieth of the real "
    "times), or one that locks in the other order until PostgreSQL ends the deadlock",
    unit="fights",
    full_n=1_000,
    small_n=FIGHTS,
    missing=no_servers,
)
async def fights(seed: int, folder: Path) -> Trial:
    """Some fights of each kind."""
    with patch.object(engine, "_POSTGRES_OPTIONS", engine._POSTGRES_OPTIONS + f" -c lock_timeout={LOCK_TIMEOUT_S}s"):
        async with _arena(folder, seed) as arena:
            for n in range(FIGHTS):
                await arena.fight(("plain", "plain", "held", "circle")[n % 4])
            return judged(await _findings(arena), count=FIGHTS)


@asynccontextmanager
async def _arena(folder: Path, seed: int) -> AsyncIterator[Arena]:
    async with database_site(folder, seed, settings={"deadlock_timeout": "50ms"}) as site, AsyncExitStack() as closing:
        arena = Arena(site)
        for partition in (0, 1):
            ledger = await site.open_ledger()
            closing.push_async_callback(ledger.close)
            arena.rivals.append(Rival(ledger, partition))
        yield arena


async def _findings(arena: Arena) -> list[str]:
    """What does not hold, once what was decided counts as sent."""
    site, ledger = arena.site, arena.rivals[0].ledger
    now = SystemClock().now()
    while (await ledger.sweep(now, 500, site.world)).more:
        now = SystemClock().now()
    while waiting := await ledger.unsent(1_000):  # what the last sweep has decided too
        await ledger.mark_sent([one.seq for one in waiting], SystemClock().now())
    found = faults_of(
        site.place, site.told, SystemClock().now(), said=None, records=sum(one.offset for one in arena.rivals)
    )
    return found + [f"verify: {finding}" for finding in (await ledger.verify(site.world)).findings]


@pytest.mark.faults
@pytest.mark.long_fault
def test_whoever_holds_what_lock_everything_is_recorded_once(tmp_path: Path) -> None:
    assert fights.trial(1804, tmp_path).findings == ()
