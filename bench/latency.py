"""From the instant at which a rung is due until it is on its topic, with a million open orders and traffic (P2).

A real worker as it is shipped, on a real clock, takes a steady stream of records; among them are orders whose warning
falls due within the next seconds, at any instant. A reader of ``escalations`` holds what it reads against what is due.
Run ``python -m bench.latency``; it writes ``bench/results/latency.json``.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from bench import big
from bench.growth import Place, place
from bench.race.referee import ROOT, figure, publish
from bench.race.site import Site
from bench.race.workload import drop_topics, make_topics
from bench.totals import percentile
from bench.worker import line_of, recorded, traffic, wait, worker
from streams.clock import SystemClock, monotonic
from streams.topics import ESCALATIONS

RESULTS: Final = ROOT / "bench" / "results" / "latency.json"
GOAL_S: Final = 1.0
WARNED_AFTER: Final = timedelta(hours=3)
"""After which time three quarters are over of that in which somebody should have come to such an order (P2)."""
GRAVE: Final = {
    "asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"], "alternative_available": False,
}  # fmt: skip
AHEAD_S: Final = (3.0, 8.0)
"""How long after it is told the warning about an order is due."""
GRAVE_SHARE: Final = 0.04
TICK_S: Final = 0.05


class Reading:
    """What is read of the topic: the delay of everything that was told early enough to be said in time."""

    def __init__(self) -> None:
        self.told: dict[str, datetime] = {}
        self.delays: list[float] = []

    def hear(self, value: bytes, now: datetime) -> None:
        """Hold one message against its due instant."""
        message = orjson.loads(value)
        due = self.told.get(message["subject"])
        if due is not None and datetime.fromisoformat(message["data"]["due_at"]) == due:
            del self.told[message["subject"]]
            self.delays.append((now - due) / timedelta(seconds=1))


async def _read(site: Site, reading: Reading) -> None:
    consumer = AIOKafkaConsumer(site.prefix + ESCALATIONS.name, bootstrap_servers=site.broker, fetch_max_wait_ms=5)
    await consumer.start()
    try:
        async for record in consumer:
            reading.hear(record.value, SystemClock().now())
    finally:
        await consumer.stop()


async def _tell(site: Site, name: str, reading: Reading, rate: int, seconds: float) -> None:
    """A steady stream of records, a few of which are about what is due soon."""
    clock, chance = SystemClock(), Random(name)
    lines = traffic(name, int(rate * seconds) + 1, clock.now())
    producer = AIOKafkaProducer(bootstrap_servers=site.broker, acks="all", linger_ms=5)
    await producer.start()
    began, told = monotonic(), 0
    try:
        while (passed := monotonic() - began) < seconds:
            for _ in range(int(passed * rate) - told):
                line = next(lines)
                if chance.random() < GRAVE_SHARE:
                    line = line_of(_grave(f"{name}due-{told}", chance, reading), clock.now())
                await producer.send(site.prefix + line.topic, line.value, line.key)
                told += 1
            await asyncio.sleep(TICK_S)
    finally:
        await producer.stop()


def _grave(subject: str, chance: Random, reading: Reading) -> dict[str, Any]:
    due = SystemClock().now() + timedelta(seconds=chance.uniform(*AHEAD_S))
    reading.told[subject] = due
    unit = f"site-{chance.randrange(big.SITES):05}"
    return big.event_of("raised", subject, unit, due - WARNED_AFTER, GRAVE)


async def _through(site: Site, rate: int, seconds: float) -> Reading:
    reading = Reading()
    hearing = asyncio.create_task(_read(site, reading))
    await asyncio.sleep(1.0)
    await _tell(site, site.prefix, reading, rate, seconds)
    await asyncio.sleep(AHEAD_S[1] + 5.0)
    hearing.cancel()
    await asyncio.wait({hearing})
    return reading


def one_round(site: Site, rate: int, seconds: float) -> dict[str, float]:
    """How long the escalations took in seconds; and how many were due at another instant.

    Two such orders at one premises are joined, which makes them graver, and the warning due at once.
    """
    asyncio.run(make_topics(site))
    try:
        with worker(site):
            asyncio.run(_warm_up(site))
            reading = asyncio.run(_through(site, rate, seconds))
    finally:
        drop_topics(site)
    delays = reading.delays
    return {
        "p50": percentile(delays, 0.5),
        "p99": percentile(delays, 0.99),
        "longest": max(delays),
        "said": len(delays),
        "joined": len(reading.told),
    }


async def _warm_up(site: Site) -> None:
    """Some records, until they are recorded: the worker is up."""
    before = recorded(site.ledger)
    await _tell(site, f"{site.prefix}first-", Reading(), 50, 1.0)
    await asyncio.to_thread(wait, lambda: recorded(site.ledger) > before)


def rounds(where: Place, number: int, rate: int, seconds: float) -> list[dict[str, float]]:
    """So many rounds, each with a worker and topics of its own."""
    console, found = Console(stderr=True), []
    for n in range(number):
        found.append(one_round(where.site("large", f"l{n}"), rate, seconds))
        console.print(f"round {n + 1}: {found[-1]}")
    return found


def main(arguments: Sequence[str] | None = None, where: Place | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=int, default=500)
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    with place("large") if where is None else nullcontext(where) as there:
        found = rounds(there, given.rounds, given.rate, given.seconds)
    p99 = figure([one["p99"] for one in found])
    result = {
        "open_orders": big.ORDERS * big.SITES,
        "premises": big.SITES,
        "events_a_second": given.rate,
        "p99_s": p99,
        "p50_s": figure([one["p50"] for one in found]),
        "longest_s": figure([one["longest"] for one in found]),
        "escalations": figure([one["said"] for one in found], 0),
        "joined": sum(one["joined"] for one in found),
        "goal_s": GOAL_S,
    }
    publish(RESULTS, result)
    return int(p99["median"] > GOAL_S)


if __name__ == "__main__":
    raise SystemExit(main())
