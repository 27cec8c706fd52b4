"""F24, all together: a fault of any sort every quarter of a minute, now and then two at once, and time to heal."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.faults import grounds
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.links import Linked, linked_site
from tests.faults.proxy import Weather
from tests.faults.reporting import reporting
from tests.faults.sabotage import end_sessions
from tests.faults.site import Worker
from tests.faults.verdict import CLIENTS, verdict

IN_A_TRIAL: Final = 4
APART_S: Final = 15.0
WORKERS: Final = 2
AT_ONCE: Final = 0.2
"""How often there are two faults at once."""
EXPLAINED: Final = (
    CLIENTS, r"^sqlalchemy\.pool", r"LedgerUnavailable|the database failed", r"OperationalError|InterfaceError",
    r"terminating connection", r"ClaimLost", "cannot be sent", "did not stop within", "A service failed",
)  # fmt: skip


async def killed(linked: Linked) -> None:
    """A worker is killed."""
    await some_worker(linked).kill()


async def frozen(linked: Linked) -> None:
    """A worker hangs for longer than its session in the group, and comes back."""
    worker = some_worker(linked)
    with suppress(ProcessLookupError):  # the other fault may have ended it
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(4.0)
        worker.send(signal.SIGCONT)


async def broker_restarted(linked: Linked) -> None:
    """The broker is killed and comes back."""
    kafka = grounds.kafka()
    await asyncio.to_thread(kafka.kill)
    await asyncio.sleep(2.0)
    await asyncio.to_thread(kafka.start)


async def database_restarted(linked: Linked) -> None:
    """The database crashes and comes back."""
    postgres = grounds.postgres()
    await asyncio.to_thread(postgres.stop, "immediate")
    await asyncio.sleep(1.0)
    await asyncio.to_thread(postgres.start)


async def sessions_ended(linked: Linked) -> None:
    """Somebody ends every session on the database."""
    with suppress(psycopg.OperationalError):  # there are none while the database is away
        await asyncio.to_thread(end_sessions, linked.direct)


async def broker_cut_off(linked: Linked) -> None:
    """The line to the broker is cut, one way or both."""
    await _cut_off(linked, "broker")


async def database_cut_off(linked: Linked) -> None:
    """The line to the database is cut, one way or both."""
    await _cut_off(linked, "ledger")


async def connections_reset(linked: Linked) -> None:
    """Every connection of both links is broken off."""
    for proxy in linked.proxies.values():
        proxy.reset()


async def slow(linked: Linked) -> None:
    """Both links are slow for a while."""
    for proxy in linked.proxies.values():
        proxy.weather = Weather(delay_s=(0.01, 0.1), bytes_per_s=256 * 1024)
    await asyncio.sleep(6.0)
    for proxy in linked.proxies.values():
        proxy.weather = Weather()


async def _cut_off(linked: Linked, server: str) -> None:
    proxy, rng = linked.proxies[server], linked.rng
    proxy.cut(*rng.choice((("there",), ("back",), ("there", "back"))))
    await asyncio.sleep(rng.uniform(2.0, 8.0))
    proxy.heal()


SORTS: Final[tuple[Callable[[Linked], Awaitable[None]], ...]] = (
    killed, frozen, broker_restarted, database_restarted, sessions_ended, broker_cut_off, database_cut_off,
    connections_reset, slow,
)  # fmt: skip


@fault(
    "F24",
    what="all together: faults of any sort",
    promises=(1, 2, 3, 4, 5, 6, 7, 8, 9),
    how=f"every {APART_S:g} s one of {len(SORTS)} sorts, now and then another at the same time, with reports by both "
    "roads; both workers are behind links, and one that has ended is begun anew",
    unit="faults",
    full_n=500,
    small_n=IN_A_TRIAL,
    missing=no_servers,
)
async def all_together(seed: int, folder: Path) -> Trial:
    """Some faults, one after the other."""
    notes: list[str] = []
    async with linked_site(folder, seed, explained=EXPLAINED) as linked:
        site = linked.direct
        await linked.up(0, WORKERS)
        async with reporting(site, pause_s=(0.1, 0.4)):
            for n in range(IN_A_TRIAL):
                chosen = [SORTS[(seed * IN_A_TRIAL + n) % len(SORTS)]]
                others = [sort for sort in SORTS if sort not in chosen]
                chosen += linked.rng.sample(others, int(linked.rng.random() < AT_ONCE))
                notes += [sort.__name__ for sort in chosen]
                pause = asyncio.create_task(asyncio.sleep(APART_S))
                await asyncio.gather(*(sort(linked) for sort in chosen))
                await linked.kept_up(WORKERS)
                await pause
        begun = await linked.kept_up(WORKERS)
        return await verdict(site, count=IN_A_TRIAL, notes=f"{', '.join(notes)}; {begun} begun anew at the end")


def some_worker(linked: Linked) -> Worker:
    """Any worker that runs."""
    return linked.rng.choice([worker for worker in linked.direct.workers if worker.runs])


@pytest.mark.faults
@pytest.mark.long_fault
def test_faults_of_any_sort_one_after_the_other_cost_nothing_but_time(tmp_path: Path) -> None:
    assert all_together.trial(1804, tmp_path).findings == ()
