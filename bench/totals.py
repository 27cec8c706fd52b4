"""The division's total with a million open orders at ten thousand premises (P5), and that it is a full count.

It is asked for as ``workorders board`` asks, over a connection that is open; the whole board and a full count are timed
beside it. Run ``python -m bench.totals``; it writes ``bench/results/totals.json``.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Final

import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench import big
from bench.growth import Place, place
from bench.race.referee import ROOT, figure, publish
from bench.race.workload import drop_topics, make_topics
from bench.worker import wait, worker
from models.tables import WorkOrderRow
from streams.clock import SystemClock, monotonic
from streams.ledger import queries, rows
from streams.ledger.backlog import age_band
from streams.ledger.engine import Database
from streams.ledger.queries.total import Total

RESULTS: Final = ROOT / "bench" / "results" / "totals.json"
GOAL_MS: Final = 10.0
_ORDER: Final = rows.table_of(WorkOrderRow)


async def full_count(connection: AsyncConnection, now: datetime) -> Total:
    """The total from every order."""
    band = age_band(now)
    query = select(_ORDER.c.effective, band.label("age"), func.count().label("n")).where(_ORDER.c.is_open)
    by_priority: dict[str, int] = {}
    by_age: dict[str, int] = {}
    for row in await connection.execute(query.group_by(_ORDER.c.effective, band)):
        by_priority[row.effective] = by_priority.get(row.effective, 0) + row.n
        by_age[row.age] = by_age.get(row.age, 0) + row.n
    return Total(sum(by_priority.values()), by_priority, by_age)


async def _timed(database: Database, ask: Callable[[AsyncConnection], Awaitable[object]]) -> float:
    began = monotonic()
    async with database.reading() as connection:
        await ask(connection)
    return 1_000 * (monotonic() - began)


def percentile(values: Sequence[float], part: float) -> float:
    """The value that such a part of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def measured(where: Place, number: int, times: int) -> dict[str, list[float]]:
    """The rounds, beside a worker that has caught up: it moves the ages on, as in real life."""
    site = where.site("large", "t")
    asyncio.run(make_topics(site))
    try:
        with worker(site):
            wait(lambda: caught_up(site.ledger))
            return asyncio.run(measure(site.ledger, number, times))
    finally:
        drop_topics(site)


def caught_up(url: str) -> bool:
    """Whether no premises waits for its backlog to be counted."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        query = b"SELECT count(*) FROM unit WHERE backlog_due_at <= clock_timestamp()"
        row = connection.execute(query).fetchone()
    return row is not None and row[0] == 0


async def measure(url: str, number: int, times: int) -> dict[str, list[float]]:
    """The 99th percentile of each round in ms, and once a round the slower questions; and how large the ledger is."""
    began = monotonic()
    database, world = Database(url), big.large_world()
    found: dict[str, list[float]] = {"total": [], "board": [], "full count": [], "estate_s": [monotonic() - began]}
    try:
        for n in range(number + 1):
            now = SystemClock().now()
            asked = [await _timed(database, lambda one: queries.total(one, now)) for _ in range(times)]  # noqa: B023
            board = await _timed(database, lambda one: queries.board(one, world, now))  # noqa: B023
            whole = await _timed(database, lambda one: full_count(one, now))  # noqa: B023
            if n:  # the first round warms everything up
                for name, value in (("total", percentile(asked, 0.99)), ("board", board), ("full count", whole)):
                    found[name].append(value)
        await asyncio.to_thread(wait, lambda: caught_up(url))
        async with database.reading() as connection:
            now = SystemClock().now()
            assert await queries.total(connection, now) == await full_count(connection, now), "the total is wrong"
            size: int = (await connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
            found["bytes_an_order"] = [size / (big.ORDERS * big.SITES)]
    finally:
        await database.close()
    return found


def main(arguments: Sequence[str] | None = None, where: Place | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=300)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    with place("large") if where is None else nullcontext(where) as there:
        found = measured(there, given.rounds, given.times)
    result = {
        "open_orders": big.ORDERS * big.SITES,
        "premises": big.SITES,
        "times_a_round": given.times,
        "total_p99_ms": figure(found["total"], 1),
        "board_ms": figure(found["board"], 0),
        "full_count_ms": figure(found["full count"], 0),
        "estate_s": round(found["estate_s"][0], 1),
        "bytes_an_order": round(found["bytes_an_order"][0]),
        "goal_ms": GOAL_MS,
    }
    publish(RESULTS, result)
    return int(figure(found["total"])["median"] > GOAL_MS)


if __name__ == "__main__":
    raise SystemExit(main())
