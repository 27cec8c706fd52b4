"""F4: a worker hangs past its session's end and then goes on: the late writer is refused, and nothing is doubled."""

import asyncio
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.site import site_on_servers
from tests.faults.verdict import verdict

IN_A_TRIAL: Final = 5
LONGER_S: Final = (0.5, 3.0)


@fault(
    "F4",
    what="a zombie: a worker hangs past its session and goes on",
    promises=(1, 2),
    how=f"SIGSTOP to one of two workers, for {LONGER_S[0]:g}-{LONGER_S[1]:g} s longer than its session in the group, "
    "so that the other has its partitions; then SIGCONT; the session ends after 2 s, on a busy machine up to 6",
    unit="stalls",
    full_n=100,
    small_n=IN_A_TRIAL,
    missing=no_servers,
)
async def stalls(seed: int, folder: Path) -> Trial:
    """Let one hang, then the other."""
    async with site_on_servers(folder, seed) as site:
        pair = await site.up(2)
        async with reporting(site, pause_s=(0.1, 0.4)):
            for _ in range(IN_A_TRIAL):
                await asyncio.sleep(site.rng.uniform(0.2, 1.5))
                zombie = site.rng.choice(pair)
                zombie.send(signal.SIGSTOP)
                await asyncio.sleep(site.session_s + site.rng.uniform(*LONGER_S))
                zombie.send(signal.SIGCONT)
        found = [f"gave up: {worker.log.name} has ended" for worker in pair if not worker.runs]
        return await verdict(site, found=found, count=IN_A_TRIAL)


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_worker_that_was_thought_dead_and_goes_on_doubles_nothing(tmp_path: Path) -> None:
    assert stalls.trial(1804, tmp_path).findings == ()
