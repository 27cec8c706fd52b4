"""The referee: every contender runs over the same records, one at a time, in turn, for several rounds.

Run ``python -m bench.race.referee``; it writes ``bench/results/race.json``. A figure is only compared with others of
the same round, for the machine is never the same twice.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console

from bench.race.site import Site
from bench.race.workload import Line, drop_topics, lines_of, make_topics, produce
from tests.servers.kafka import private_kafka
from tests.servers.postgres import Postgres, private_postgres

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "race.json"
PEERS: Final = ROOT / ".venv" / "peers"
BATCHED: Final = ("faststream_batch", "quix_batch")
NAIVE: Final = ("faststream_naive", "quix_naive", "faust_naive")
PATIENCE_S: Final = 300

TAPED: Final = "tape"
"""Our own run with a recorder on: not a contender, but what the floor is made from."""

Result = dict[str, float]


def run(contender: str, site: Site, tape: Path) -> Result:
    """One contender's run; raises ``RuntimeError`` with its last words if it fails."""
    ways = os.pathsep.join([str(ROOT), str(PEERS)])
    environment = os.environ | {"PYTHONPATH": ways, "BENCH_TAPE": str(tape)}
    command = [sys.executable, "-m", f"bench.race.{contender}", site.as_json()]
    with subprocess.Popen(  # noqa: S603 - our own modules
        command, cwd=ROOT, env=environment, stdin=-1, stdout=-1, stderr=-1, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = process.stdout.readline()
        if said != "ready\n":
            raise RuntimeError(f"{contender} did not get ready: {process.communicate()[1][-2000:]}")
        try:
            out, errors = process.communicate("go\n", timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            errors = process.communicate()[1]
            raise RuntimeError(f"{contender} was not done after {PATIENCE_S} s: {errors[-2000:]}") from None
    lines = out.splitlines()
    if process.returncode or not lines:
        raise RuntimeError(f"{contender} failed: {errors[-2000:]}")
    found: Result = json.loads(lines[-1])
    return found


async def _furnish(site: Site, lines: Sequence[Line]) -> None:
    await make_topics(site)
    await produce(site, lines)


class Race:
    """The contenders over one list of records."""

    def __init__(self, broker: str, postgres: Postgres, seed: int, lines: Sequence[Line], tape: Path) -> None:
        self._broker, self._postgres, self._seed, self._lines = broker, postgres, seed, lines
        self._tape = tape

    def run(self, contender: str, records: int) -> Result:
        """One contender over the first so many records, on topics and a database of its own."""
        name = f"r{self._seed}_{contender}"
        database = self._postgres.address.new_database(name)
        lines = self._lines[:records]
        site = Site(self._broker, database, name.replace("_", "-") + "-", len(lines), lines[0].heard)
        asyncio.run(_furnish(site, lines))
        try:
            return run(contender, site, self._tape)
        finally:
            self._postgres.address.drop_database(name)
            drop_topics(site)


def race(contenders: Sequence[str], rounds: int, records: int, naive_records: int) -> list[dict[str, Result]]:
    """Every contender in every round; the order is turned on by one each round, so that none is always first."""
    console = Console(stderr=True)
    found: list[dict[str, Result]] = []
    durable = {"fsync": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with (
        tempfile.TemporaryDirectory(prefix="workorders-race-") as folder,
        private_kafka(java_options=("-Xms512m", "-Xmx1g")) as kafka,
        private_postgres(settings=durable) as postgres,
    ):
        for n in range(rounds):
            runs = Race(kafka.address.bootstrap, postgres, n, lines_of(n + 1, records), Path(folder) / "tape")
            if "floor" in contenders:
                runs.run(TAPED, records)
            turned = [*contenders[n % len(contenders) :], *contenders[: n % len(contenders)]]
            results: dict[str, Result] = {}
            for contender in turned:
                results[contender] = runs.run(contender, naive_records if contender in NAIVE else records)
                rate = results[contender]["records"] / results[contender]["seconds"]
                console.print(f"round {n + 1}: {contender:18} {rate:8,.0f} events/s")
            found.append(results)
    return found


def figure(values: Sequence[float], digits: int = 2) -> dict[str, float | int]:
    """The middle of some rounds, and how far they spread."""
    return {
        "min": round(min(values), digits),
        "median": round(median(values), digits),
        "max": round(max(values), digits),
        "rounds": len(values),
    }


def publish(results: Path, result: Mapping[str, Any]) -> None:
    """Write what a bench found to its file, and print it."""
    results.parent.mkdir(exist_ok=True)
    text = json.dumps(result, indent=2)
    results.write_text(f"{text}\n")
    print(text)


def rate(result: Result) -> float:
    """Events a second."""
    return result["records"] / result["seconds"]


def ratio_to(rounds: Sequence[dict[str, Result]], peers: Sequence[str]) -> dict[str, float | int]:
    """Our rate against the best of these peers, round by round."""
    return figure([rate(one["ours"]) / max(rate(one[peer]) for peer in peers) for one in rounds])


def summary(rounds: Sequence[dict[str, Result]]) -> dict[str, Any]:
    """What the race shows."""
    entered = rounds[0].keys()
    return {
        "rates": {name: figure([rate(one[name]) for one in rounds], 0) for name in entered},
        "processor_us_an_event": {
            name: figure([1e6 * one[name]["work"] / one[name]["records"] for one in rounds], 0) for name in entered
        },
        "messages": {name: figure([one[name]["messages"] for one in rounds], 0) for name in entered},
        **{
            name: ratio_to(rounds, peers)
            for name, peers in (("against_batched", BATCHED), ("against_naive", NAIVE), ("against_floor", ("floor",)))
            if set(peers) <= entered
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the race and write what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=10_000)
    options.add_argument("--naive-records", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", nargs="*", default=["ours", *BATCHED, "floor", *NAIVE])
    given = options.parse_args(arguments)
    rounds = race(given.only, given.rounds, given.records, given.naive_records)
    result = {"records": given.records, "naive_records": given.naive_records} | summary(rounds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result | {"raw": rounds}, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
