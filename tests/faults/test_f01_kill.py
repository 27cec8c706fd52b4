"""F1: workers that are killed (-9) at random moments, again and again, while people and other systems go on reporting.

``WORKORDERS_TEST_KILLS`` says how often in each embedded test (5), ``WORKORDERS_TEST_SEED`` which moments and reports.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random
from typing import Final

import pytest

from streams.embedded import EmbeddedBroker
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.site import Site, Worker, site_on_servers
from tests.faults.verdict import verdict

KILLS: Final = int(os.environ.get("WORKORDERS_TEST_KILLS", "5"))
SEED: Final = int(os.environ.get("WORKORDERS_TEST_SEED", "1804"))
IN_A_BURST: Final = 8
APART: Final = 4

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(90 + 15 * KILLS)]


@fault(
    "F1",
    what="a worker is killed (-9)",
    promises=(1, 2, 4),
    how=f"one of two workers at random, begun anew at once: {IN_A_BURST} kills 0.1-1 s apart, "
    f"then {APART} kills 1-10 s apart; begun workers are killed as often as those at work",
    unit="kills",
    full_n=1_000,
    small_n=IN_A_BURST + APART,
    missing=no_servers,
)
async def kills(seed: int, folder: Path) -> Trial:
    """Kill in a burst and then at random moments, while reports go on."""
    async with site_on_servers(folder, seed) as site:
        pair = await site.up(2)
        async with reporting(site, pause_s=(0.1, 0.4)):
            for n in range(IN_A_BURST + APART):
                await asyncio.sleep(site.rng.uniform(0.1, 1.0) if n < IN_A_BURST else site.rng.uniform(1.0, 10.0))
                await _replace(site, pair, site.rng.randrange(2))
        return await verdict(site, count=IN_A_BURST + APART)


async def _replace(site: Site, pair: list[Worker], which: int) -> None:
    assert pair[which].runs, f"{pair[which].log.name} has ended by itself"
    await pair[which].kill()
    pair[which] = await site.begin()


async def kill_again_and_again(site: Site) -> None:
    for n in range(KILLS):
        # Every fourth dies while it starts.
        worker = await (site.up_embedded() if n % 4 != 3 else site.begin_embedded())
        await asyncio.sleep(site.rng.uniform(0.0, 1.6))
        assert worker.runs, "the worker ended by itself"
        await worker.kill()


async def after_kills(site: Site, *, by_topic: bool) -> Trial:
    async with reporting(site, by_topic=by_topic):
        await kill_again_and_again(site)
    await site.up_embedded()
    try:
        trial = await verdict(site, count=KILLS)
    finally:
        await site.end()
    sys.stderr.write(
        f"kills: n = {KILLS}, seed {SEED}, {len(site.told.accepted)} events of {site.orders} orders accepted, "
        f"{len(site.told.unknown)} unknown, at rest {trial.heal_seconds} s after the last start\n"
    )
    return trial


async def test_kills_lose_and_double_nothing_on_a_broker_that_lives_on(tmp_path: Path) -> None:
    async with EmbeddedBroker() as broker:
        site = Site(tmp_path, Random(SEED), broker.bootstrap, broker.identity)
        assert (await after_kills(site, by_topic=True)).findings == (), f"seed {SEED}"


async def test_kills_lose_and_double_nothing_though_the_broker_dies_with_the_worker(tmp_path: Path) -> None:
    assert (await after_kills(Site(tmp_path, Random(SEED)), by_topic=False)).findings == (), f"seed {SEED}"
