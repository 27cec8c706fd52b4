"""F22, silence: a part of the workers stands still, or all workers are gone; the watcher outside shouts in time."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import orjson
import pytest

from streams.clock import monotonic
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reporting import reporting
from tests.faults.site import WORKER, Site, site_on_servers
from tests.faults.verdict import CLIENTS, verdict

SORTS: Final = ("sweeper", "relay", "intake", "frozen", "killed")
SHORT_S: Final = 15.0
"""After so many seconds without a sign of life the watcher shouts: longer than the ten between two signs."""
DEFAULT_S: Final = 60.0
EACH: Final = 10
"""Each so manieth trial is with the default."""
GRACE_S: Final = 15.0
"""A look and a pulse, on a busy machine."""
STARTS_S: Final = 45.0
"""The start of a process, on a busy machine."""
WORKERS: Final = 2
HALTED: Final = (sys.executable, "-m", "tests.faults.halted_worker")
EXPLAINED: Final = (CLIENTS, "does not turn", "stands still", "no progress")


@fault(
    "F22",
    what="silence: sweeper, relay or intake stand still in all workers, or all are frozen or killed",
    promises=(11,),
    how=f"`workorders watcher` outside, told to shout after {SHORT_S:g} s of silence (each tenth trial: after its "
    f"default of {DEFAULT_S:g} s), must do so within {GRACE_S:g} s more, and say when life is back",
    unit="silences",
    full_n=20,
    small_n=1,
    missing=no_servers,
)
async def silence(seed: int, folder: Path) -> Trial:
    """One silence of one sort."""
    sort = SORTS[seed % len(SORTS)]
    after_s = DEFAULT_S if seed % EACH == 0 else SHORT_S
    halts = folder / "halts"
    halts.write_text("", encoding="utf-8")
    async with site_on_servers(folder, seed, explained=EXPLAINED) as site, watcher(site, after_s) as heard:
        # That nobody works yet is the first thing to be heard: so it is known that the watcher looks.
        found = []
        if await until(heard, "silent", after_s + patience(STARTS_S)) is None:
            found.append("no alarm: nobody works, and it is quiet")
        await site.up(WORKERS, HALTED, PARTS_THAT_HALT=str(halts))
        if await until(heard, "well", after_s + patience(STARTS_S)) is None:
            found.append("no all-clear: the workers work, and the watcher does not say so")
        async with reporting(site, pause_s=(0.2, 0.6)):
            before = len(lines(heard))
            await asyncio.sleep(3.0)
            found += [f"false alarm: the watcher shouted though all was well: {line}" for line in lines(heard)[before:]]
            begin(sort, halts, site)
            took = await until(heard, "silent", after_s + patience(GRACE_S))
            if took is None:
                found.append(f"no alarm: {sort}: no shout within {after_s + patience(GRACE_S):g} s")
            end(sort, halts, site)
            if sort == "killed":
                await site.up(WORKERS, HALTED, PARTS_THAT_HALT=str(halts))
            if took is not None and await until(heard, "well", after_s + patience(STARTS_S)) is None:
                found.append(f"no all-clear: {sort}: the watcher did not say that life is back")
        return await verdict(site, found=found, notes=f"{sort}: shouted after {took} s of {after_s:g}")


def begin(sort: str, halts: Path, site: Site) -> None:
    """From now on there is silence."""
    for worker in site.workers:
        if sort == "frozen":
            worker.send(signal.SIGSTOP)
        elif sort == "killed":
            worker.send(signal.SIGKILL)
    halts.write_text(sort, encoding="utf-8")


def end(sort: str, halts: Path, site: Site) -> None:
    """The silence is over."""
    halts.write_text("", encoding="utf-8")
    for worker in site.workers:
        if sort == "frozen" and worker.runs:
            worker.send(signal.SIGCONT)


@asynccontextmanager
async def watcher(site: Site, after_s: float) -> AsyncIterator[Path]:
    """The watcher, as a process of its own; what it says is in the file."""
    said = site.folder / "watcher.out"
    command = [WORKER[0], "watcher", "--silent-after", f"{after_s:g}", "--every", "0.5", "--json"]
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=site.folder, env=site.environment(), stdout=out, stderr=out
        )
        try:
            yield said
        finally:
            process.kill()
            await process.wait()


def lines(heard: Path) -> list[str]:
    """What the watcher has said so far."""
    return [line for line in heard.read_text(encoding="utf-8").splitlines() if line.startswith("{") and "state" in line]


async def until(heard: Path, state: str, within_s: float) -> float | None:
    """How long it took until that was the last thing that the watcher said, in seconds; None if it did not."""
    began = monotonic()
    while monotonic() - began < within_s:
        said = lines(heard)
        if said and orjson.loads(said[-1])["state"] == state:
            return round(monotonic() - began, 1)
        await asyncio.sleep(0.2)
    return None


@pytest.mark.faults
@pytest.mark.long_fault
def test_silence_is_heard_from_outside(tmp_path: Path) -> None:
    assert silence.trial(1804, tmp_path).findings == ()
