"""F14, clock jump: a worker's clock is set an hour or a day wrong while it works, and set right again."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from streams.clock import SystemClock
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reading import Reading, reading
from tests.faults.reporting import Reporter, reporting
from tests.faults.site import Worker, site_on_servers
from tests.faults.told import FAULTS as REPORTED
from tests.faults.told import OFFICES, Told, event
from tests.faults.verdict import verdict

JUMPS: Final = (3_600, -3_600, 86_400, -86_400)
WRONG_S: Final = 4.0
RIGHT_S: Final = 2.0
ALLOWED: Final = timedelta(seconds=6)
"""Less than a second more than our clock and the database's may differ by default."""
SKEWED: Final = (sys.executable, "-m", "tests.faults.skewed_worker")
ALARM: Final = "clock"
FILE: Final = "CLOCK_IS_WRONG_BY"


@fault(
    "F14",
    what="clock jump: a worker's clock is set an hour or a day forwards or back, and right again",
    promises=(3, 4, 5),
    how="one of two workers, or the only one, at a moment of its choosing, under load: it shouts and decides nothing, "
    "nothing is said before it is due or recorded at a time that was not; senders' clocks are wrong by an hour, too",
    unit="jumps",
    full_n=200,
    small_n=4,
    missing=no_servers,
)
async def jumps(seed: int, folder: Path) -> Trial:
    """Every jump once, in another order each time."""
    file = folder / "wrong-by"
    set_wrong(file, 0)
    explained = ("deciding stops: our clock is",)
    async with site_on_servers(folder, seed, explained=explained) as site:
        began = SystemClock().now()
        if seed % 2:
            await site.up(1)
        (wrong,) = await site.up(1, SKEWED, **{FILE: str(file)})
        found: list[str] = []
        async with reporting(site) as reporter:
            for jump in Random(seed).sample(JUMPS, len(JUMPS)):
                found += await jump_and_back(wrong, file, jump, reporter)
        with reading(site.place) as ledger:
            found += times(ledger, began, SystemClock().now())
        return await verdict(site, found=found, count=len(JUMPS))


async def jump_and_back(worker: Worker, file: Path, jump: int, reporter: Reporter) -> list[str]:
    """Put the clock wrong, let the world go on, and put it right; what is wrong about what the worker did."""
    before = worker.log.stat().st_size
    set_wrong(file, jump)
    await wrong_senders(reporter, jump)
    await asyncio.sleep(WRONG_S)
    said = worker.log.read_bytes()[before:].decode(errors="replace")
    set_wrong(file, 0)
    await asyncio.sleep(RIGHT_S)
    if not worker.runs:
        return [f"ended: the worker ended at a jump of {jump} s: {said[-600:]}"]
    alarmed = any('"error"' in line and ALARM in line for line in said.splitlines())
    return [] if alarmed else [f"no alarm: a jump of {jump} s was not shouted about"]


def set_wrong(file: Path, by_s: int) -> None:
    """From now on the worker's clock is wrong by so many seconds."""
    draft = file.with_suffix(".draft")
    draft.write_text(str(by_s), encoding="utf-8")
    draft.replace(file)


async def wrong_senders(reporter: Reporter, jump: int) -> None:
    """Somebody whose own clock is wrong by as much reports an order: from the future it is refused, else taken."""
    site, producer = reporter.site, reporter.producer
    assert producer is not None
    at = SystemClock().now().replace(microsecond=0) + timedelta(seconds=jump)
    one = Told(event(site.orders, "raised", OFFICES[0], at, REPORTED[2]))
    site.orders += 1
    given = one.incoming()
    assert given.value is not None
    await producer.send_and_wait(site.prefix + given.topic, given.value, key=given.key)
    if jump > 0:
        site.told.refused.append(given.value)
    else:
        site.told.accepted.append(one)


def times(ledger: Reading, began: datetime, now: datetime) -> Iterator[str]:
    """Nothing bears a time that was not."""
    first, last = began - ALLOWED, now + ALLOWED
    for row in ledger.rows("SELECT subject, said_at FROM statement WHERE said_at < ? OR said_at > ?", first, last):
        yield f"said: about {row['subject']} at {row['said_at']}, which was not now"
    for row in ledger.rows("SELECT subject, due_at FROM escalation WHERE due_at > ?", last):
        yield f"false alarm: {row['subject']} was escalated, though due only at {row['due_at']}"
    for row in ledger.rows("SELECT id, recorded_at FROM event WHERE recorded_at < ? OR recorded_at > ?", first, last):
        yield f"recorded: {row['id']} at {row['recorded_at']}, which was not now"
    for row in ledger.rows("SELECT chain, decided_at FROM audit WHERE decided_at < ? OR decided_at > ?", first, last):
        yield f"decided: about {row['chain']} at {row['decided_at']}, which was not now"


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_worker_whose_clock_is_wrong_shouts_and_decides_nothing(tmp_path: Path) -> None:
    assert jumps.trial(1804, tmp_path).findings == ()
