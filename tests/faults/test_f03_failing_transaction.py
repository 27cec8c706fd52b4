"""F3: the database fails inside a transaction, a few times or for good, on whichever table it has come to."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reporting import reporting
from tests.faults.sabotage import CODES, MARK, TABLES, fail, mend, offsets
from tests.faults.site import Site, Worker, site_on_servers
from tests.faults.verdict import verdict

TRIES: Final = 5
"""How often a worker tries a transaction."""
FOR_GOOD: Final = 1_000_000
ENDS_WITHIN_S: Final = 30.0
IN_A_TRIAL: Final = 4


@fault(
    "F3",
    what="the database fails inside a transaction",
    promises=(1, 2),
    how="a trigger raises one of seven errors on one of eight tables: 1 to 4 times, which the worker must live "
    "through, or for good, at which both workers must end with an error; then they are begun anew",
    unit="failures",
    full_n=200,
    small_n=IN_A_TRIAL,
    missing=no_servers,
)
async def failures(seed: int, folder: Path) -> Trial:
    """Some failures that pass, and one that does not."""
    async with site_on_servers(folder, seed, explained=(MARK,)) as site:
        pair, found = await site.up(2), list[str]()
        async with reporting(site, pause_s=(0.05, 0.2)):
            for _ in range(IN_A_TRIAL - 1):
                found += await _passing(site, pair)
        if not found:
            found += await _for_good(site, pair)
        return await verdict(site, found=found, count=IN_A_TRIAL)


async def _passing(site: Site, pair: list[Worker]) -> list[str]:
    """Fail a few times, fewer than are tried."""
    what, table = site.rng.choice(list(CODES)), site.rng.choice(TABLES)
    times = site.rng.randint(1, TRIES - 1)
    fail(site, table, CODES[what], times)
    await asyncio.sleep(site.rng.uniform(1.5, 3.0))
    mend(site)
    return [
        f"gave up: {worker.log.name} has ended, though {what} on {table} came {times} times only"
        for worker in pair
        if not worker.runs
    ]


async def _for_good(site: Site, pair: list[Worker]) -> list[str]:
    """Fail until both have ended; see that nothing was passed over; begin two others."""
    what, table = site.rng.choice(list(CODES)), site.rng.choice(TABLES)
    fail(site, table, CODES[what], FOR_GOOD)
    before = offsets(site)
    async with reporting(site, pause_s=(0.05, 0.1)):
        ends = [await _ended(worker) for worker in pair]
    moved = table == "offset_state" and offsets(site) != before
    mend(site)
    await site.up(2)
    found = [
        f"went on: {worker.log.name} came to {status}, though {what} on {table} is for good"
        for worker, status in zip(pair, ends, strict=True)
        if status in {None, 0}
    ]
    return found + (["moved: an offset moved, though none can be written"] if moved else [])


async def _ended(worker: Worker) -> int | None:
    try:
        return await asyncio.wait_for(worker.process.wait(), patience(ENDS_WITHIN_S))
    except TimeoutError:
        return None


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_failing_database_loses_and_doubles_nothing_and_is_not_worked_on_for_ever(tmp_path: Path) -> None:
    assert failures.trial(1804, tmp_path).findings == ()
