"""A real worker as a process of its own, on a real clock, and a town's traffic for it.

What is written about orders at the premises of the large estate: new ones, news of those that are open, and ends.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, Literal

import orjson
import psycopg

from bench.big import ORDERS, SITES, event_of, facts_of
from bench.race.referee import ROOT
from bench.race.site import Site
from bench.race.workload import Line
from streams.clock import monotonic

WORKER: Final = (str(Path(sys.executable).with_name("workorders")), "worker")
PATIENCE_S: Final = 300.0


@contextmanager
def worker(site: Site) -> Iterator[int]:
    """The worker that the command line starts, with the settings as shipped but for where everything is; its pid."""
    _settle(site.ledger)
    given = site.settings.model_dump(include={"broker", "topic_prefix", "group", "partitions", "replication"})
    ours = {f"WORKORDERS_{name.upper()}": str(value) for name, value in given.items()}
    ours |= {"WORKORDERS_LEDGER": site.ledger, "WORKORDERS_HEALTH_PORT": "0", "WORKORDERS_LOG_LEVEL": "error"}
    others = {name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")}
    with subprocess.Popen(  # noqa: S603 - our own
        WORKER, cwd=ROOT, env=others | ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


def _settle(url: str) -> None:
    """What workers before sent is on topics that are gone: nobody shall look for it."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        lacking = b"sent_at IS NOT NULL AND confirmed_at IS NULL"
        connection.execute(b"UPDATE outbox SET confirmed_at = sent_at, confirmations = 1 WHERE " + lacking)


def memory_mb(pid: int | Literal["self"]) -> float:
    """The most memory that a process has had, in MB."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in told.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def traffic(name: str, count: int, now: datetime) -> Iterator[Line]:
    """So many records about orders at random sites, heard now; ``name`` makes them unlike those of other rounds."""
    chance = Random(name)
    raised: list[tuple[str, str]] = []
    for n in range(count):
        site = chance.randrange(SITES)
        at = now - timedelta(seconds=chance.randrange(60, 600))
        kind = chance.random()
        if kind < 0.5 or not raised:
            raised.append((f"{name}-{n}", unit := f"site-{site:05}"))
            yield line_of(event_of("raised", raised[-1][0], unit, at, facts_of(chance)), now)
        elif kind < 0.8:
            subject, unit = f"WO-{site % ORDERS}", f"site-{site:05}"  # that order is open in the small ledger too
            yield line_of(event_of("attended", subject, unit, at, {}) | {"id": f"{name}-{n}"}, now)
        else:
            subject, unit = raised.pop(chance.randrange(len(raised)))
            yield line_of(event_of("completed", subject, unit, now, {}), now)


def line_of(told: dict[str, object], heard: datetime) -> Line:
    """An event as a record."""
    data = told["data"]
    assert isinstance(data, dict)
    return Line("work-orders", heard, str(data["premises"]).encode(), orjson.dumps(told))


def recorded(url: str) -> int:
    """How many records the ledger has taken from topics."""
    return _number(url, b"SELECT coalesce(sum(recorded + duplicates + rejected), 0) FROM offset_state")


def waiting(url: str) -> int:
    """How many messages wait to be sent, but for the running totals."""
    return _number(url, b"SELECT count(*) FROM outbox WHERE sent_at IS NULL AND topic <> 'backlog'")


def _number(url: str, query: bytes) -> int:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def wait(is_so: Callable[[], bool], pause_s: float = 0.05) -> None:
    """Wait until it is so; raises ``TimeoutError`` if that takes too long."""
    began = monotonic()
    while not is_so():
        if monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"it was not so within {PATIENCE_S} s")
        time.sleep(pause_s)
