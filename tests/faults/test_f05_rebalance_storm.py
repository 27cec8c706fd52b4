"""F5: workers come, stop and are killed in turn, so that the partitions are never at rest."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import verdict

ROUNDS: Final = 4
MOST: Final = 3


@fault(
    "F5",
    what="a rebalance storm",
    promises=(1, 2, 6),
    how=f"each round adds, stops (TERM) and kills (-9) one of up to {MOST} workers, in an order of chance, "
    "0.3-2.5 s apart",
    unit="rounds",
    full_n=50,
    small_n=2,
    missing=no_servers,
)
async def storm(seed: int, folder: Path) -> Trial:
    """Some rounds, while reports go on."""
    async with site_on_servers(folder, seed) as site:
        await site.up(2)
        found = list[str]()
        async with reporting(site, pause_s=(0.05, 0.2)):
            for _ in range(ROUNDS):
                for act in site.rng.sample(("add", "stop", "kill"), 3):
                    found += await _do(site, act)
                    await asyncio.sleep(site.rng.uniform(0.3, 2.5))
        await site.begin()
        return await verdict(site, found=found, count=ROUNDS)


async def _do(site: Site, act: str) -> list[str]:
    running = [worker for worker in site.workers if worker.runs]
    if act == "add" or not running:
        if len(running) < MOST:
            await site.begin()
        return []
    worker = site.rng.choice(running)
    if act == "kill":
        await worker.kill()
        return []
    status = await worker.stop()
    return [] if worker.ended_well(status) else [f"stop: {worker.log.name} ended with {status}"]


@pytest.mark.faults
@pytest.mark.long_fault
def test_workers_that_come_stop_and_are_killed_in_turn_lose_and_double_nothing(tmp_path: Path) -> None:
    assert storm.trial(1804, tmp_path).findings == ()
