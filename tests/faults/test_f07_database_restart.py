"""F7: the database is stopped or crashes, its sessions are ended, its transactions cannot be put in order."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.faults import grounds
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.sabotage import CODES, MARK, TABLES, end_sessions, fail, mend
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import verdict
from tests.servers.postgres import StopMode

DOWN_S: Final = (0.0, 6.0)
STOPS: Final[tuple[StopMode, ...]] = ("fast", "immediate", "kill")
IN_A_TRIAL: Final = 5
EXPLAINED: Final = (
    MARK, r"^sqlalchemy\.pool", r"LedgerUnavailable|the database failed", r"OperationalError",
    r"terminating connection", r"ClaimLost",
)  # fmt: skip


@fault(
    "F7",
    what="the database is restarted, its sessions are ended, its transactions fail to be serialised",
    promises=(1, 2, 3),
    how=f"in turn: stopped fast, at once (a crash) or killed, down for {DOWN_S[0]:g}-{DOWN_S[1]:g} s; every session "
    "ended by pg_terminate_backend; 1 to 4 serialisation failures; a worker that gave up meanwhile is begun anew",
    unit="breaks",
    full_n=50,
    small_n=IN_A_TRIAL,
    missing=no_servers,
)
async def breaks(seed: int, folder: Path) -> Trial:
    """Each sort of break once, in an order of chance."""
    async with site_on_servers(folder, seed, explained=EXPLAINED) as site:
        await site.up(2)
        async with reporting(site, pause_s=(0.05, 0.3)):
            for act in site.rng.sample(("stop", "stop", "end", "end", "serialise"), IN_A_TRIAL):
                await _do(site, act)
                await asyncio.sleep(site.rng.uniform(0.5, 3.0))
                await _supervise(site)
        await _supervise(site)
        return await verdict(site, count=IN_A_TRIAL)


async def _do(site: Site, act: str) -> None:
    if act == "stop":
        server = grounds.postgres()
        await asyncio.to_thread(server.stop, site.rng.choice(STOPS))
        await asyncio.sleep(site.rng.uniform(*DOWN_S))
        await asyncio.to_thread(server.start)
    elif act == "end":
        end_sessions(site)
    else:
        fail(site, site.rng.choice(TABLES), CODES["serialisation failure"], site.rng.randint(1, 4))
        await asyncio.sleep(1.0)
        mend(site)


async def _supervise(site: Site) -> None:
    """Begin a worker for each that gave up, as a supervisor does; to give up a lost database is what they promise."""
    for _ in range(2 - sum(worker.runs for worker in site.workers)):
        await site.begin()


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_database_that_goes_and_comes_back_costs_nothing_but_time(tmp_path: Path) -> None:
    assert breaks.trial(1804, tmp_path).findings == ()
