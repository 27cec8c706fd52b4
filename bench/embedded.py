"""One process with SQLite and the broker inside: events a second, and what a million open orders change (E3, E4).

The ledgers are those of :mod:`bench.growth`, made in SQLite files; each round gives the same traffic to a process of
its own on each of them, in turn. The records are put on the broker by the same process.
Run ``python -m bench.embedded``; it writes ``bench/results/embedded.json``.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop
from rich.console import Console

from bench import big
from bench.growth import GOAL_MEMORY, GOAL_RATE, SIZES, summary
from bench.race.referee import ROOT, publish
from bench.race.site import Site
from bench.race.workload import produce
from bench.worker import memory_mb, traffic
from streams.clock import SystemClock, monotonic
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts, run_parts
from workorders.policy import default_world

RESULTS: Final = ROOT / "bench" / "results" / "embedded.json"
PATIENCE_S: Final = 300.0


async def work(ledger: str, name: str, records: int) -> dict[str, float]:
    """Events a second of one process from the first record that is recorded until nothing waits, and its memory."""
    settings = Settings.model_validate({"ledger": ledger, "health_port": "off"})
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        site = Site(parts.cluster.bootstrap, ledger, "", records, parts.clock.now())
        lines = list(traffic(name, records, parts.clock.now()))
        stop = asyncio.Event()
        running = asyncio.create_task(run_parts(parts, stop))
        await asyncio.sleep(3.0)  # what was left from the making is done
        began = monotonic()
        await produce(site, lines)
        await _until_done(parts, records)
        rate = records / (monotonic() - began)
        stop.set()
        await running
        return {"rate": rate, "memory_mb": memory_mb("self")}


async def _until_done(parts: Parts, records: int) -> None:
    progress, ends = parts.progress, monotonic() + PATIENCE_S
    while progress.recorded + progress.duplicates + progress.rejected < records or any(
        one.topic != "backlog" for one in await parts.ledger.unsent(500)
    ):
        assert monotonic() < ends, "it was not done in time"
        await asyncio.sleep(0.05)


def one_round(ledger: str, name: str, records: int) -> dict[str, float]:
    """One process on one ledger."""
    command = [sys.executable, "-m", "bench.embedded", "--one", ledger, "--name", name, "--records", str(records)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def rounds(folder: Path, number: int, records: int) -> list[dict[str, dict[str, float]]]:
    """So many rounds; which of the two is first changes each time."""
    console, found = Console(stderr=True), []
    ledgers = {size: f"sqlite:///{folder}/{size}.db" for size in SIZES}
    for size, url in ledgers.items():
        began = monotonic()
        big.make(url, SIZES[size], SystemClock().now())
        console.print(f"{size}: {SIZES[size] * big.SITES:,} open orders in {monotonic() - began:.0f} s")
    for n in range(number):
        order = list(SIZES) if n % 2 else list(reversed(SIZES))
        found.append({size: one_round(ledgers[size], f"e{n}{size}", records) for size in order})
        console.print(f"round {n + 1}: {found[-1]}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if a median misses its goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=5_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--one", default=None, help="measure once on this ledger")
    options.add_argument("--name", default="once")
    given = options.parse_args(arguments)
    if given.one is not None:
        print(json.dumps(uvloop.run(work(given.one, given.name, given.records))))
        return 0
    with TemporaryDirectory(prefix="workorders-embedded-") as folder:
        result = summary(rounds(Path(folder), given.rounds, given.records), given.records)
    publish(RESULTS, result)
    kept, grown = (figure["median"] for figure in (result["rate_kept"], result["memory_grown"]))  # type: ignore[index]
    return int(kept < GOAL_RATE or grown > GOAL_MEMORY)


if __name__ == "__main__":
    raise SystemExit(main())
