"""F8: the disk under the ledger or under the broker is full for a while; nothing counts as taken that was not kept.

The disk is a small file system in memory, which only an administrator may mount. Ballast fills it, and frees it again.
"""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

import pytest

from streams.clock import monotonic
from streams.embedded import EmbeddedBroker
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reporting import reporting
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import lost_by_the_broker, verdict
from tests.servers.kafka import QUICK, Kafka
from tests.servers.postgres import Postgres

FULL_S: Final = (3.0, 8.0)
MISSED_WITHIN_S: Final = 20.0
MISSED: Final = re.compile(r"disk is full|No space left|could not (?:extend|write)|disk I/O error|looks for the broker")
BLOCK: Final = 64 * 1024
# A short time between checkpoints, so that PostgreSQL's own log does not fill the disk before we do.
SMALL_LOG: Final = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
EXPLAINED: Final = (
    r"^sqlalchemy\.pool", r"LedgerUnavailable|the database failed", r"OperationalError|InterfaceError",
    r"disk is full|No space left|could not (extend|write)|disk I/O error", r"ClaimLost", r"cannot be sent",
)  # fmt: skip


def no_disk() -> str | None:
    """Why this machine cannot have a small disk, if it cannot."""
    if (why := no_servers()) is not None:
        return why
    try:
        with small_disk(1):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return f"a small file system cannot be mounted ({error})"


@dataclass(frozen=True)
class Stand:
    """A site, the small disk under one part of it, and how that part is begun anew; it tells whether it had ended."""

    site: Site
    disk: Path
    mend: Callable[[], bool]
    has_ended: Callable[[], bool]


@fault(
    "F8",
    what="the disk is full",
    promises=(1, 8, 11),
    how="in turn the ledger's SQLite file, PostgreSQL and Kafka on a small file system in memory, filled up until "
    f"it is missed and {FULL_S[0]:g}-{FULL_S[1]:g} s longer, with reports going on, then freed; what ended begins anew",
    unit="full disks",
    full_n=30,
    small_n=3,
    missing=no_disk,
)
async def full(seed: int, folder: Path) -> Trial:
    """One full disk: of SQLite, PostgreSQL or Kafka."""
    under = (_sqlite, _postgres, _kafka)[seed % 3]
    async with under(folder, seed) as stand:
        site = stand.site
        await _begin(site)
        async with reporting(site, pause_s=(0.05, 0.2)):
            await asyncio.sleep(2.0)
            with ballast(stand.disk):
                missed = await _missed(stand)
                await asyncio.sleep(site.rng.uniform(*FULL_S))
            server_ended = await asyncio.to_thread(stand.mend)
            await asyncio.sleep(1.0)
            ended = sum(not worker.runs for worker in site.workers)
            with suppress(AssertionError) if under is _kafka else nullcontext():
                await _begin(site)
        if under is _kafka and (gone := await lost_by_the_broker(site)):
            return _broker_lost(site, gone)
        what = f"{under.__name__[1:]}: {len(site.told.unknown)} unknown, {ended} workers ended"
        what += ", the server ended" if server_ended else ""
        return await verdict(site, count=int(missed), notes=what if missed else f"{what}, the disk was not missed")


def _broker_lost(site: Site, gone: list[str]) -> Trial:
    """A trial of the broker's own fault: where it lost what it had acknowledged, a worker must have refused to go on.

    Nothing can be said of the rest, so it is not counted; what is to be done then is tried by F21.
    """
    said = any("the broker has lost records" in worker.log.read_text(encoding="utf-8") for worker in site.workers)
    notes = f"kafka: the broker lost {len(gone)} records that the ledger had read ({gone[0]})"
    return judged(() if said else (f"no alarm: {notes}",), count=0, notes=notes)


async def _missed(stand: Stand) -> bool:
    """Wait until somebody misses the disk; whether anybody did."""
    ends = monotonic() + patience(MISSED_WITHIN_S)
    while monotonic() < ends:
        if stand.has_ended() or any(MISSED.search(worker.log.read_text()) for worker in stand.site.workers):
            return True
        await asyncio.sleep(0.2)
    return False


async def _begin(site: Site) -> None:
    """See that all the site's workers run."""
    if site.on_servers:
        for _ in range(2 - sum(worker.runs for worker in site.workers)):
            await site.begin()
        await site.is_up(2)
    elif not any(worker.runs for worker in site.workers):
        await site.up_embedded()


@asynccontextmanager
async def _sqlite(folder: Path, seed: int) -> AsyncIterator[Stand]:
    with small_disk(12) as disk:
        async with EmbeddedBroker() as broker:
            site = Site(folder, Random(seed), broker.bootstrap, broker.identity, changes={"data_dir": disk})
            site.explained = EXPLAINED
            try:
                yield Stand(site, disk, lambda: False, lambda: False)
            finally:
                await site.end()


@asynccontextmanager
async def _postgres(folder: Path, seed: int) -> AsyncIterator[Stand]:
    with small_disk(320) as disk:
        server = Postgres(disk, settings=SMALL_LOG)
        try:
            server.start()
            async with site_on_servers(folder, seed, server=server, explained=EXPLAINED) as site:
                yield Stand(site, disk, lambda: _again(server), lambda: not _lives(server))
        finally:
            server.kill()


@asynccontextmanager
async def _kafka(folder: Path, seed: int) -> AsyncIterator[Stand]:
    with small_disk(320) as disk:
        server = Kafka(disk, QUICK, {})
        try:
            server.start()
            async with site_on_servers(folder, seed, broker_server=server, explained=EXPLAINED) as site:
                yield Stand(site, disk, lambda: _again(server), lambda: not _lives(server))
        finally:
            server.kill()


def _again(server: Postgres | Kafka) -> bool:
    """Begin it anew, unless it still serves: both may end by themselves when what they must write cannot be written."""
    if _lives(server):
        return False
    server.kill()
    server.start()
    return True


def _lives(server: Postgres | Kafka) -> bool:
    return server._serves() if isinstance(server, Kafka) else server._answers()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes, for as long as the block lasts."""
    with TemporaryDirectory(prefix="workorders-disk-") as place:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place)
        try:
            yield Path(place)
        finally:
            _run("umount", "--lazy", place)


@contextmanager
def ballast(disk: Path) -> Iterator[None]:
    """The disk is full for as long as the block lasts, to the last byte, whoever frees some meanwhile."""
    file = disk / "ballast"
    with file.open("wb", buffering=0) as heavy:
        stop = Event()
        filling = Thread(target=_fill, args=(heavy, stop))
        filling.start()
        try:
            yield
        finally:
            stop.set()
            filling.join()
            file.unlink()


def _fill(heavy: FileIO, stop: Event) -> None:
    block = BLOCK
    while not stop.is_set():
        try:
            heavy.write(bytes(block))
        except OSError:
            block = max(1, block // 2)
            if block == 1:
                stop.wait(0.02)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed programs


@pytest.mark.faults
@pytest.mark.long_fault
@pytest.mark.parametrize("seed", [1803, 1804, 1805], ids=["SQLite", "PostgreSQL", "Kafka"])
def test_nothing_counts_as_taken_that_a_full_disk_could_not_keep(tmp_path: Path, seed: int) -> None:
    if (why := no_disk()) is not None:
        pytest.skip(why)
    assert full.trial(seed, tmp_path).findings == ()
