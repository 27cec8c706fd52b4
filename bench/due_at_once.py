"""Many orders that fall due at the same instant: escalations a second on their topic (P3).

The orders are raised at one instant in simulated time, and the clock is set to when the first rung is due: the
worker's own sweeper and relay do the rest, on PostgreSQL and Apache Kafka.
Run ``python -m bench.due_at_once``; it writes ``bench/results/due_at_once.json``.
"""

import argparse
import asyncio
import gc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import psycopg
import uvloop
from rich.console import Console

from bench.race.referee import ROOT, figure, publish
from bench.race.site import HeardClock, Site
from bench.race.workload import drop_topics, make_topics
from streams.clock import monotonic, process_seconds
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.relay import Relay
from streams.sweeper import Sweeper
from streams.system import open_parts
from tests.faults.told import FAULTS, event
from tests.servers.kafka import private_kafka
from tests.servers.postgres import Postgres, private_postgres
from workorders.policy import World, default_world

RESULTS: Final = ROOT / "bench" / "results" / "due_at_once.json"
START: Final = datetime(2026, 1, 13, 10, 0, tzinfo=UTC)
BATCH: Final = 500
GOAL: Final = 5_000
PATIENCE_S: Final = 900.0


async def fill(ledger: Ledger, world: World, orders: int) -> None:
    """So many orders are raised, all at the same instant, as many at each premises of the estate."""
    places = [premises.id for premises in world.estates.at(START).spec.premises]
    raised = sorted((places[n % len(places)], n) for n in range(orders))
    for begin in range(0, orders, BATCH):
        batch = [
            Incoming("work-orders", unit.encode(), _raised(n, unit), heard=START)
            for unit, n in raised[begin : begin + BATCH]
        ]
        outcome = await ledger.take(batch, START, world)
        assert outcome.recorded == len(batch), outcome.rejections[:1]


def _raised(n: int, unit: str) -> bytes:
    return orjson.dumps(event(n, "raised", unit, START - timedelta(minutes=1), FAULTS[0]))


def first_due(url: str) -> datetime:
    """When most of them are due."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        query = b"SELECT next_due_at FROM work_order WHERE is_open GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        row = connection.execute(query).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found.astimezone(UTC)


async def prepare(site: Site, orders: int) -> datetime:
    """A ledger of orders, of which everything has been sent; when most of them are due."""
    await make_topics(site)
    async with open_parts(site.settings, HeardClock(START), default_world()) as parts:
        await fill(parts.ledger, parts.world, orders)
        await _send_what_waits(parts)
    return await asyncio.to_thread(first_due, site.ledger)


async def one_round(site: Site, due: datetime) -> dict[str, float]:
    """Escalations a second from the due instant until the last one is acknowledged by the broker."""
    clock = HeardClock(START)
    await make_topics(site)
    async with open_parts(site.settings, clock, default_world()) as parts:
        before = parts.progress.sent
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)  # as a worker does
        clock.set(due)
        began, work = monotonic(), process_seconds()
        decided = await _until_said(parts)
        sent = parts.progress.sent - before
        return {
            "rate": sent / (monotonic() - began),
            "sent": sent,
            "decided": decided,
            "work_us": 1e6 * (process_seconds() - work) / max(1, sent),
        }


async def _send_what_waits(parts: Parts) -> None:
    relaying = asyncio.create_task(Relay(parts).work())
    await _until_sent(parts, relaying)
    relaying.cancel()
    await asyncio.wait({relaying})


async def _until_said(parts: Parts) -> int:
    before = parts.progress.decided
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(Sweeper(parts).work()),
        asyncio.create_task(Relay(parts).work()),
    ]
    url = parts.settings.ledger_url.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while await _is_due(connection, parts.clock.now()):  # noqa: ASYNC110 - the ledger is asked
            await asyncio.sleep(0.05)
    await _until_sent(parts, *tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return parts.progress.decided - before


async def _is_due(connection: psycopg.AsyncConnection[Any], now: datetime) -> bool:
    query = b"SELECT EXISTS (SELECT FROM work_order WHERE next_due_at <= %s)"
    row = await (await connection.execute(query, (now,))).fetchone()
    return row is None or row[0]


async def _until_sent(parts: Parts, *tasks: "asyncio.Task[Any]") -> None:
    ends = monotonic() + PATIENCE_S
    while await parts.ledger.unsent(1):
        for task in tasks:
            if task.done():
                task.result()
        assert monotonic() < ends, "it was not done in time"
        await asyncio.sleep(0.05)


def measure(broker: str, postgres: Postgres, rounds: int, orders: int) -> list[dict[str, float]]:
    """Each round with topics of its own and a copy of one ledger, which is filled once."""
    console, found = Console(stderr=True), []
    filled = Site(broker, postgres.address.new_database("filled"), "filled-", orders, START)
    due = uvloop.run(prepare(filled, orders))
    drop_topics(filled)
    console.print(f"{orders:,} orders are due at {due.isoformat()}")
    for n in range(rounds):
        name = f"d{n}"
        site = Site(broker, postgres.address.copy_database("filled", name), f"{name}-", orders, START)
        try:
            found.append(uvloop.run(one_round(site, due)))
        finally:
            postgres.address.drop_database(name)
            drop_topics(site)
        console.print(f"round {n + 1}: {found[-1]['rate']:,.0f} messages/s of {found[-1]['sent']:,.0f}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    durable = {"fsync": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with private_kafka(java_options=("-Xms512m", "-Xmx1g")) as kafka, private_postgres(settings=durable) as postgres:
        rounds = measure(kafka.address.bootstrap, postgres, given.rounds, given.orders)
    rates = figure([one["rate"] for one in rounds], 0)
    result = {
        "orders": given.orders,
        "messages_a_second": rates,
        "processor_us_a_message": figure([one["work_us"] for one in rounds], 0),
        "goal": GOAL,
    }
    publish(RESULTS, result)
    return int(rates["median"] < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
