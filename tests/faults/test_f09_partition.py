"""F9, partition: the way to the broker, to the database or to both is cut, one way or both, and healed again."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.links import Linked, linked_site
from tests.faults.proxy import Way
from tests.faults.reporting import reporting
from tests.faults.verdict import CLIENTS, verdict

CUTS: Final[tuple[tuple[tuple[str, ...], tuple[Way, ...]], ...]] = (
    (("broker",), ("there", "back")),
    (("broker",), ("there",)),
    (("broker",), ("back",)),
    (("ledger",), ("there", "back")),
    (("ledger",), ("there",)),
    (("ledger",), ("back",)),
    (("broker", "ledger"), ("there", "back")),
)
IN_A_TRIAL: Final = 3
CUT_S: Final = (1.0, 12.0)
"""Shorter and longer than a session of the group (2 s) and than an answer of the broker is waited for (7 s)."""
EXPLAINED: Final = (
    CLIENTS, r"^sqlalchemy\.pool", r"LedgerUnavailable|the database failed", r"OperationalError|InterfaceError",
    r"terminating connection", r"ClaimLost", "cannot be sent", "did not stop within", "A service failed",
)  # fmt: skip


@fault(
    "F9",
    what="partition: the line to the broker, the database or both is cut, one way or both",
    promises=(1, 2, 3),
    how=f"a proxy holds back what one of two workers, or both, send or hear, for {CUT_S[0]:g}-{CUT_S[1]:g} s; "
    "then everything arrives late; a worker that gave up is begun anew",
    unit="cuts",
    full_n=50,
    small_n=3,
    missing=no_servers,
)
async def partition(seed: int, folder: Path) -> Trial:
    """Some cuts of different sorts."""
    notes = []
    async with linked_site(folder, seed, explained=EXPLAINED) as linked:
        site = linked.direct
        both = seed % 3 == 0
        await linked.up(0 if both else 1, 2 if both else 1)
        async with reporting(site, pause_s=(0.05, 0.3)):
            for number in range(IN_A_TRIAL):
                servers, ways = CUTS[(seed * IN_A_TRIAL + number) % len(CUTS)]
                await cut(linked, servers, ways)
                notes.append(f"{'+'.join(servers)} {'+'.join(ways)}")
        begun = await linked.kept_up(2)
        return await verdict(site, count=IN_A_TRIAL, notes=f"{', '.join(notes)}; {begun} begun anew")


async def cut(linked: Linked, servers: tuple[str, ...], ways: tuple[Way, ...]) -> None:
    """Cut, wait, heal, and let them breathe."""
    for server in servers:
        linked.proxies[server].cut(*ways)
    await asyncio.sleep(linked.rng.uniform(*CUT_S))
    for server in servers:
        linked.proxies[server].heal()
    await asyncio.sleep(2.0)
    await linked.kept_up(2)


@pytest.mark.faults
@pytest.mark.long_fault
def test_what_a_cut_line_holds_back_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    assert partition.trial(1804, tmp_path).findings == ()
