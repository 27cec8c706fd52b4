"""From ten thousand to a million open orders: events a second of a worker, and its memory (P4).

Both ledgers are of the same estate, ten thousand premises with one order each or a hundred, on one PostgreSQL. A round
gives the same traffic to a real worker on each of them, in turn; every worker begins with nothing in its memory.
Run ``python -m bench.growth``; it writes ``bench/results/growth.json``.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from rich.console import Console

from bench import big
from bench.race.referee import ROOT, figure, publish
from bench.race.site import Site
from bench.race.workload import drop_topics, make_topics, produce
from bench.worker import memory_mb, recorded, traffic, wait, waiting, worker
from streams.clock import SystemClock, monotonic
from tests.servers.kafka import private_kafka
from tests.servers.postgres import Postgres, private_postgres

RESULTS: Final = ROOT / "bench" / "results" / "growth.json"
SIZES: Final = {"small": 1, "large": big.ORDERS}
DURABLE: Final = {"fsync": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}
PARTITIONS: Final = 8
GOAL_RATE: Final = 0.8
GOAL_MEMORY: Final = 1.2


@dataclass(frozen=True, slots=True)
class Place:
    """A broker, and the ledgers by their sizes."""

    broker: str
    postgres: Postgres
    ledgers: dict[str, str]

    def site(self, size: str, name: str, records: int = 0) -> Site:
        """A place for one worker, with topics of its own."""
        return Site(self.broker, self.ledgers[size], f"{name}-", records, SystemClock().now(), PARTITIONS)


@contextmanager
def place(*sizes: str) -> Iterator[Place]:
    """Servers with the ledgers of these sizes, made anew."""
    console = Console(stderr=True)
    with private_kafka(java_options=("-Xms512m", "-Xmx1g")) as kafka, private_postgres(settings=DURABLE) as postgres:
        ledgers = {}
        for size in sizes:
            began = monotonic()
            ledgers[size] = postgres.address.new_database(size)
            big.make(ledgers[size], SIZES[size], SystemClock().now())
            console.print(f"{size}: {SIZES[size] * big.SITES:,} open orders in {monotonic() - began:.0f} s")
        yield Place(kafka.address.bootstrap, postgres, ledgers)


def one_round(site: Site) -> dict[str, float]:
    """Events a second from the first record that is recorded until nothing waits, and the worker's most memory."""
    asyncio.run(make_topics(site))
    try:
        lines = list(traffic(site.prefix, site.records, SystemClock().now()))
        asyncio.run(produce(site, lines))
        before = recorded(site.ledger)
        with worker(site) as pid:
            wait(lambda: recorded(site.ledger) > before, 0.02)
            began, at = monotonic(), recorded(site.ledger)
            wait(lambda: recorded(site.ledger) == before + len(lines) and not waiting(site.ledger), 0.02)
            rate = (before + len(lines) - at) / (monotonic() - began)
            return {"rate": rate, "memory_mb": memory_mb(pid)}
    finally:
        drop_topics(site)


def rounds(where: Place, number: int, records: int) -> list[dict[str, dict[str, float]]]:
    """So many rounds; which of the two is first changes each time."""
    console, found = Console(stderr=True), []
    for n in range(number):
        order = list(SIZES) if n % 2 else list(reversed(SIZES))
        one = {size: one_round(where.site(size, f"g{n}{size}", records)) for size in order}
        found.append(one)
        console.print(f"round {n + 1}: {one}")
    return found


def summary(found: Sequence[dict[str, dict[str, float]]], records: int) -> dict[str, object]:
    """What the rounds show."""
    return {
        "premises": big.SITES,
        "open_orders": {size: each * big.SITES for size, each in SIZES.items()},
        "records": records,
        "events_a_second": {size: figure([one[size]["rate"] for one in found], 0) for size in SIZES},
        "memory_mb": {size: figure([one[size]["memory_mb"] for one in found], 0) for size in SIZES},
        "rate_kept": figure([one["large"]["rate"] / one["small"]["rate"] for one in found]),
        "memory_grown": figure([one["large"]["memory_mb"] / one["small"]["memory_mb"] for one in found]),
        "goals": {"rate_kept": GOAL_RATE, "memory_grown": GOAL_MEMORY},
    }


def main(arguments: Sequence[str] | None = None, where: Place | None = None) -> int:
    """Measure and write the result; the exit code is 1 if a median misses its goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=5_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    with place(*SIZES) if where is None else nullcontext(where) as there:
        found = rounds(there, given.rounds, given.records)
    result = summary(found, given.records)
    publish(RESULTS, result)
    kept, grown = (figure_["median"] for figure_ in (result["rate_kept"], result["memory_grown"]))  # type: ignore[index]
    return int(kept < GOAL_RATE or grown > GOAL_MEMORY)


if __name__ == "__main__":
    raise SystemExit(main())
