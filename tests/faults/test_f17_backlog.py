"""F17, backlog: a topic full of waiting records, and one worker with little memory; how long what is urgent waits.

``WORKORDERS_TEST_BACKLOG`` says how many records wait (20,000).
"""

import asyncio
import os
import shutil
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from models.refusal import Refusal
from streams.clock import SystemClock, monotonic
from tests.faults.checker import ESTATE
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reading import reading
from tests.faults.reporting import Reporter, reporter
from tests.faults.site import WORKER, Site, Worker, site_on_servers
from tests.faults.told import FAULTS as REPORTED
from tests.faults.told import Told, event
from tests.faults.verdict import CLIENTS, errors_in_logs, stopped

RECORDS: Final = int(os.environ.get("WORKORDERS_TEST_BACKLOG", "20000"))
URGENT_EVERY: Final = RECORDS // 8
MEMORY_MIB: Final = 400
"""What the worker may take for its data; beyond it the kernel refuses."""
SLOWEST_PER_S: Final = 50
"""Slower than that over the whole backlog is no progress."""
URGENT, ROUTINE = REPORTED[0], REPORTED[2]
AT_ONCE: Final = 1_000


@fault(
    "F17",
    what="backlog: many records wait, memory is limited",
    promises=(3, 9, 11),
    how=f"orders wait on the topic when one worker starts with {MEMORY_MIB} MiB for its data; after each eighth part "
    "waits one that is overdue, and another is handed in at the front door: all are recorded once, the urgent ones are "
    "escalated, and how long they waited is told",
    unit="records",
    full_n=1_000_000,
    small_n=20_000,
    missing=no_servers,
)
async def backlog(seed: int, folder: Path) -> Trial:
    """One backlog."""
    async with site_on_servers(folder, seed, explained=(CLIENTS,)) as site, reporter(site) as out:
        urgent = await fill(site, out)
        limit = f"--data={MEMORY_MIB * 1024 * 1024}"
        prlimit = shutil.which("prlimit")
        worker = await site.begin((prlimit, limit, *WORKER) if prlimit else WORKER)
        began = monotonic()
        await recorded(site, worker, 1, 60.0)
        first = monotonic() - began
        by_door = await hand_in(site, out)
        await recorded(site, worker, RECORDS + 1, RECORDS / SLOWEST_PER_S)
        took = monotonic() - began - first
        peak = peak_mib(worker)
        await sent(site)
        found = [*judge(site, [*urgent, by_door]), *await stopped(site), *errors_in_logs(site)]
        notes = (
            f"{RECORDS / took:.0f} records a second, peak {peak:.0f} MiB; an urgent order at the front door was "
            f"escalated {waited(site, by_door):.1f} s after it was handed in, the last on the topic after {took:.0f} s"
        )
        return judged(found, count=RECORDS, notes=notes)


async def fill(site: Site, out: Reporter) -> list[Told]:
    """Put the records on the topic; those that are urgent."""
    assert out.producer is not None
    rng, places = Random(f"backlog {site.prefix}"), premises()
    urgent: list[Told] = []
    waiting: list[asyncio.Future[object]] = []
    for n in range(RECORDS):
        is_urgent = n % URGENT_EVERY == URGENT_EVERY - 1
        one = order(n, places[n % len(places)], rng.randint(1, 60), urgent=is_urgent)
        urgent += [one] if is_urgent else []
        given = one.incoming()
        waiting.append(await out.producer.send(site.prefix + given.topic, given.value, key=given.key))
        if len(waiting) == AT_ONCE:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    return urgent


def premises() -> list[str]:
    """Where the orders are: every office and court."""
    rows = tomllib.loads(ESTATE.read_text(encoding="utf-8"))["premises"]
    return sorted(row["id"] for row in rows if row["kind"] != "approved-premises")


def order(n: int, place: str, minutes: int, *, urgent: bool) -> Told:
    """One order; one that is urgent was to be attended some time ago."""
    now = SystemClock().now().replace(microsecond=0)
    at = now - (timedelta(hours=5) if urgent else timedelta(minutes=minutes))
    return Told(event(n, "raised", place, at, URGENT if urgent else ROUTINE))


async def hand_in(site: Site, out: Reporter) -> Told:
    """Somebody hands in an urgent order at the front door."""
    one = order(RECORDS, premises()[0], 0, urgent=True)
    (receipt,) = await out.ledger.submit([one.incoming()], SystemClock().now(), site.world)
    assert not isinstance(receipt, Refusal), receipt
    return one


async def recorded(site: Site, worker: Worker, count: int, within_s: float) -> None:
    """Wait until so many events are recorded."""
    ends = monotonic() + patience(within_s + 30.0)
    while True:
        with reading(site.place) as ledger:
            found = ledger.one("SELECT count(*) FROM event")
        if found >= count:
            return
        assert worker.runs, f"the worker ended: {worker.log.read_text(encoding='utf-8')[-800:]}"
        assert monotonic() < ends, f"only {found} of {count} events are recorded"
        await asyncio.sleep(0.5)


async def sent(site: Site) -> None:
    """Wait until all that was said is sent."""
    async with asyncio.timeout(patience(60 + RECORDS / SLOWEST_PER_S)):
        while True:
            with reading(site.place) as ledger:
                if ledger.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0:
                    return
            await asyncio.sleep(0.5)


def judge(site: Site, urgent: list[Told]) -> Iterator[str]:
    """Each record is one event, and each urgent order is escalated."""
    with reading(site.place) as ledger:
        events = ledger.one("SELECT count(*) FROM event")
        subjects = ledger.one("SELECT count(DISTINCT subject) FROM event")
        rejected = ledger.one("SELECT count(*) FROM rejected")
        said = {row["subject"] for row in ledger.rows("SELECT subject FROM escalation WHERE standing")}
    if events != RECORDS + 1:
        yield f"lost: {RECORDS + 1} events were told, {events} are recorded"
    if subjects != events:
        yield f"doubled: {events} events of {subjects} orders are recorded"
    if rejected:
        yield f"refused: {rejected} records were rejected"
    for one in urgent:
        if one.event["subject"] not in said:
            yield f"silent: {one.event['subject']} is overdue and nobody was told"


def waited(site: Site, one: Told) -> float:
    """Seconds between the handing in of an order and its first escalation."""
    subject = one.event["subject"]
    with reading(site.place) as ledger:
        (heard,) = [row["heard"] for row in ledger.rows("SELECT heard FROM event WHERE subject = ?", subject)]
        said = [row["said_at"] for row in ledger.rows("SELECT said_at FROM statement WHERE subject = ?", subject)]
    return float((min(said) - heard).total_seconds()) if said else float("inf")


def peak_mib(worker: Worker) -> float:
    """The most memory that the worker has had at a time."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_backlog_is_taken_with_little_memory_and_what_is_urgent_does_not_wait_for_all_of_it(tmp_path: Path) -> None:
    assert backlog.trial(1804, tmp_path).findings == ()
