"""F6: the broker is stopped or killed, and comes back with what it had; meanwhile people report and time goes on."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.faults import grounds
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.site import site_on_servers
from tests.faults.verdict import verdict

DOWN_S: Final = (3.0, 12.0)


@fault(
    "F6",
    what="the broker is restarted",
    promises=(1, 2, 3),
    how=f"TERM and KILL in turn, down for {DOWN_S[0]:g}-{DOWN_S[1]:g} s and for as long as it takes to start (the "
    "design says 30 s; each fourth is that long), with reports by both roads",
    unit="restarts",
    full_n=20,
    small_n=1,
    missing=no_servers,
)
async def restart(seed: int, folder: Path) -> Trial:
    """One restart, gentle or not."""
    async with site_on_servers(folder, seed, explained=("cannot be sent",)) as site:
        pair = await site.up(2)
        broker = grounds.kafka()
        async with reporting(site, pause_s=(0.05, 0.3)):
            await asyncio.sleep(site.rng.uniform(1.0, 3.0))
            await asyncio.to_thread(broker.stop if seed % 2 else broker.kill)
            await asyncio.sleep(30.0 if seed % 4 == 3 else site.rng.uniform(*DOWN_S))
            await asyncio.to_thread(broker.start)
            await asyncio.sleep(1.0)
        found = [f"gave up: {worker.log.name} has ended" for worker in pair if not worker.runs]
        return await verdict(site, found=found)


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_broker_that_goes_and_comes_back_costs_nothing_but_time(tmp_path: Path) -> None:
    assert restart.trial(1804, tmp_path).findings == ()
