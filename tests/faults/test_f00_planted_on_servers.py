"""F0: bugs planted in the workers of a site on servers; the checker that all faults rely on must find each of them."""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from streams.clock import SystemClock
from tests.faults import grounds
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.reading import reading
from tests.faults.reporting import reporting
from tests.faults.sabotage import CODES, fail, mend
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import findings, rests, stopped

BUGS: Final = ("commits first", "knows nothing again", "ignores the answer")
FOR_GOOD: Final = 1_000_000
LOOK_EVERY_S: Final = 0.5
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
        await _called_sent(site, SystemClock().now() + timedelta(seconds=2))  # no answer of before is still under way
        await asyncio.gather(*(worker.kill() for worker in site.workers))
        await asyncio.to_thread(broker.start)
        await _work(site, 1, bug)


async def _called_sent(site: Site, after: datetime) -> None:
    """Wait until what a client only holds in its memory counts as sent: who dies now loses it.

    An answer is waited for first to what people submitted, then to what was decided.
    """
    patience = 4 * site.settings.broker_timeout_s
    for _ in range(int(patience / LOOK_EVERY_S)):
        with reading(site.place) as ledger:
            if ledger.one("SELECT count(*) FROM outbox WHERE sent_at > ?", after):
                return
        await asyncio.sleep(LOOK_EVERY_S)
    raise RuntimeError(f"without a broker nothing was called sent within {patience:g} s: the bug was not tried")


@pytest.mark.faults
@pytest.mark.long_fault
@pytest.mark.parametrize("bug", BUGS)
def test_a_worker_with_a_planted_bug_is_found_out(tmp_path: Path, bug: str) -> None:
    assert planted.trial(BUGS.index(bug), tmp_path).findings == ()
