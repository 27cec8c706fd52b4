"""F10, slow link: every answer of the servers takes its time, some stall, the line is narrow, and at times breaks."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.links import Linked, linked_site
from tests.faults.proxy import Weather
from tests.faults.reading import reading
from tests.faults.reporting import reporting
from tests.faults.verdict import CLIENTS, verdict

STRETCH_S: Final = 30
DELAYS_S: Final = ((0.01, 0.03), (0.01, 0.1), (0.1, 0.5))
RESET_EVERY_S: Final = (8.0, 20.0)
EXPLAINED: Final = (
    CLIENTS, r"^sqlalchemy\.pool", r"LedgerUnavailable|the database failed", r"OperationalError|InterfaceError",
    r"terminating connection", r"ClaimLost", "cannot be sent", "did not stop within", "A service failed",
)  # fmt: skip


@fault(
    "F10",
    what="a slow, stuttering link to the broker and the database",
    promises=(2, 3, 9),
    how="each piece of 16 KiB waits 10-500 ms, one in a hundred 3 s, 64-512 KiB a second pass, and every 8-20 s all "
    "connections of one link are broken off; both workers are behind it, under load",
    unit="seconds",
    full_n=3_600,
    small_n=STRETCH_S,
    missing=no_servers,
)
async def slow_link(seed: int, folder: Path) -> Trial:
    """One stretch of bad weather."""
    async with linked_site(folder, seed, explained=EXPLAINED) as linked:
        site = linked.direct
        await linked.up(0, 2)
        for proxy in linked.proxies.values():
            room = linked.rng.choice((64, 128, 512)) * 1024
            proxy.weather = Weather(DELAYS_S[seed % len(DELAYS_S)], stalls=0.01, stall_s=3.0, bytes_per_s=room)
        async with reporting(site, pause_s=(0.2, 0.6)):
            broken = await stutter(linked)
        for proxy in linked.proxies.values():
            proxy.weather = Weather()
        begun = await linked.kept_up(2)
        trial = await verdict(site, count=STRETCH_S)
        notes = f"{broken} connections broken off, {begun} workers begun anew, {slowest(linked)}"
        return replace(trial, notes=notes)


async def stutter(linked: Linked) -> int:
    """Break connections off now and then until the stretch is over; how many."""
    rng, left, broken = linked.rng, float(STRETCH_S), 0
    while left > 0:
        pause = min(left, rng.uniform(*RESET_EVERY_S))
        await asyncio.sleep(pause)
        left -= pause
        broken += rng.choice(list(linked.proxies.values())).reset()
        await linked.kept_up(2)
    return broken


def slowest(linked: Linked) -> str:
    """How long the slowest event waited between the broker and the record."""
    with reading(linked.direct.place) as ledger:
        waits = [
            (row["recorded_at"] - row["heard"]).total_seconds()
            for row in ledger.rows("SELECT recorded_at, heard FROM event")
        ]
    return f"the slowest of {len(waits)} events was recorded {max(waits, default=0.0):.1f} s after it was heard"


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_slow_and_stuttering_link_costs_nothing_but_time(tmp_path: Path) -> None:
    assert slow_link.trial(1804, tmp_path).findings == ()
