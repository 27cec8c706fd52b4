"""F0: bugs planted in the workers of a site on servers; the checker that all faults rely on must find each of them."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.faults import grounds
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.sabotage import CODES, fail, mend
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import findings, rests, stopped

BUGS: Final = ("commits first", "knows nothing again", "ignores the answer")
FOR_GOOD: Final = 1_000_000
SHOWN_BY: Final = {"commits first": "lost", "knows nothing again": "doubled", "ignores the answer": "unsaid"}


@fault(
    "F0",
    what="planted bugs: the check of the checker",
    promises=(1, 2),
    how="two workers that commit offsets before the transaction, that know no duplicates, or that take no heed of the "
    "broker's answer, each in the trouble that shows it; wrong is a bug that the checker does not find",
    unit="bugs",
    full_n=9,
    small_n=3,
    missing=no_servers,
)
async def planted(seed: int, folder: Path) -> Trial:
    """One bug, and whether it is found out."""
    bug = BUGS[seed % len(BUGS)]
    async with site_on_servers(folder, seed) as site:
        await _work(site, 2, bug)
        async with reporting(site, pause_s=(0.02, 0.1)):
            await asyncio.sleep(3.0)
            await _trouble(site, bug)
        await rests(site, within_s=15)
        await stopped(site)
        found = {sentence.partition(":")[0] for sentence in await findings(site)}
    missed = [] if SHOWN_BY[bug] in found else [f"missed: a worker that {bug} was taken for a sound one"]
    return judged(missed, notes=f"{bug}: {', '.join(sorted(found))}")


async def _work(site: Site, count: int, bug: str) -> None:
    await site.up(count, (sys.executable, "-m", "tests.faults.planted_worker", bug))


async def _trouble(site: Site, bug: str) -> None:
    """What shows the bug: records cannot be kept, or the broker is away; duplicates come anyhow."""
    if bug == "commits first":
        fail(site, "event", CODES["disk full"], FOR_GOOD)
        await asyncio.gather(*(worker.process.wait() for worker in site.workers))
        mend(site)
        await _work(site, 1, bug)
    elif bug == "ignores the answer":
        broker = grounds.kafka()
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(9.0)  # longer than an answer is waited for; then what the clients still hold is lost
        await asyncio.gather(*(worker.kill() for worker in site.workers))
        await asyncio.to_thread(broker.start)
        await _work(site, 1, bug)


@pytest.mark.faults
@pytest.mark.long_fault
@pytest.mark.parametrize("bug", BUGS)
def test_a_worker_with_a_planted_bug_is_found_out(tmp_path: Path, bug: str) -> None:
    assert planted.trial(BUGS.index(bug), tmp_path).findings == ()
