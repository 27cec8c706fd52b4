"""What it costs to record and decide an event, in a real ledger: processor time of the worker, and time on the clock.

Two kinds of traffic in batches, as intake takes them: the simulator's mix, and orders that are raised and completed.
Each round begins a new ledger in a temporary SQLite file, and in the PostgreSQL database of ``--postgres`` if one is
given: that database is emptied each time. Run ``python -m bench.ledger``; it writes ``bench/results/ledger.json``.
"""

import argparse
import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from bench.race.referee import figure, publish
from streams.clock import monotonic, process_seconds
from streams.ledger import migrations
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.ledger import Ledger
from tests.simulation.world import mix
from workorders.policy import World, default_world

RESULTS: Final = Path(__file__).parent / "results" / "ledger.json"
START: Final = datetime(2026, 1, 13, 10, tzinfo=UTC)
FACETS: Final = (
    {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"], "alternative_available": False},
    {"asset": "decoration", "fault": "damaged", "impacts": [], "alternative_available": True},
    {"asset": "cctv", "fault": "partial-loss", "impacts": ["site-security"], "alternative_available": False},
)
Records = list[Incoming]


@dataclass(frozen=True, slots=True)
class Cost:
    """One round: microseconds of the worker's processor time an event, and events a second by the clock."""

    cpu_us: float
    rate: float


def mixed(seed: int, events: int) -> Records:
    """The simulator's mix as records of the input topics."""
    offsets: dict[str, Iterator[int]] = {}
    return [
        _record(str(one["topic"]), str(one["key"]), one["event"], datetime.fromisoformat(str(one["heard"])), offsets)
        for one in mix(seed, events)
    ]


def plain(seed: int, events: int) -> Records:
    """Orders at every premises of the packaged estate, each completed some hundred orders after it was raised."""
    premises = [one.id for one in default_world().estates.at(START).spec.premises]
    offsets: dict[str, Iterator[int]] = {}
    found: Records = []
    for n in range(events // 2 + 300):
        at, unit = START + timedelta(seconds=20 * n), premises[n % len(premises)]
        facets = FACETS[n % len(FACETS)]
        raised = _event(f"r{seed}-{n}", "raised", f"WO-{n}", at, {"premises": unit, **facets})
        found.append(_record("work-orders", unit, raised, at, offsets))
        if n >= 300:
            unit = premises[(n - 300) % len(premises)]
            completed = _event(f"c{seed}-{n}", "completed", f"WO-{n - 300}", at, {"premises": unit})
            found.append(_record("work-orders", unit, completed, at, offsets))
    return found[:events]


TRAFFIC: Final[dict[str, Callable[[int, int], Records]]] = {"mix": mixed, "plain": plain}


def _event(id_: str, kind: str, subject: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "estates-desk",
        "type": f"facilities.work-order.{kind}",
        "subject": subject,
        "time": at.isoformat(),
        "data": data,
    }


def _record(topic: str, key: str, event: object, heard: datetime, offsets: dict[str, Iterator[int]]) -> Incoming:
    origin = Origin(Stream("bench", topic, "one", 0), next(offsets.setdefault(topic, count())))
    return Incoming(topic, key.encode(), orjson.dumps(event), (), origin, heard)


async def one_round(url: str, records: Records, batch: int, world: World) -> Cost:
    """What one new ledger takes for the records."""
    ledger = await Ledger.open(url, time_kind="simulated", now=records[0].heard or START)
    try:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)  # as a worker does
        cpu, began = process_seconds(), monotonic()
        for at in range(0, len(records), batch):
            some = records[at : at + batch]
            outcome = await ledger.take(some, some[-1].heard or START, world)
            if outcome.held or outcome.rejections:
                raise SystemExit(f"something was not taken: {outcome.held or outcome.rejections}")
        cpu, took = process_seconds() - cpu, monotonic() - began
    finally:
        await ledger.close()
    return Cost(cpu / len(records) * 1e6, len(records) / took)


def measure(postgres: str | None, events: int, batch: int, rounds: int) -> dict[str, list[Cost]]:
    """The costs of each round, by kind of traffic and database; the rounds of all go in turn."""
    world, found = default_world(), dict[str, list[Cost]]()
    for n in range(rounds + 1):
        for name, invent in TRAFFIC.items():
            records = invent(n + 1, events)
            with TemporaryDirectory() as folder:
                cost = asyncio.run(one_round(f"sqlite:///{folder}/ledger.db", records, batch, world))
            found.setdefault(f"{name}, SQLite", []).append(cost)
            if postgres is not None:
                migrations.downgrade(postgres, migrations.EMPTY)
                cost = asyncio.run(one_round(postgres, records, batch, world))
                found.setdefault(f"{name}, PostgreSQL", []).append(cost)
    return {name: costs[1:] for name, costs in found.items()}  # the first round warms everything up


def summary(costs: Sequence[Cost]) -> dict[str, Any]:
    """The figures of one kind of traffic on one database."""
    return {
        "processor_us_an_event": figure([one.cpu_us for one in costs], 0),
        "events_a_second": figure([one.rate for one in costs], 0),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000)
    options.add_argument("--batch", type=int, default=500)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--postgres", default=None, help="URL of a PostgreSQL database that may be emptied")
    given = options.parse_args(arguments)
    found = measure(given.postgres, given.events, given.batch, given.rounds)
    result = {
        "what": "the worker's processor time for an event that is recorded and decided; events a second by the clock",
        "events": given.events,
        "batch": given.batch,
        "rounds": given.rounds,
        **{name: summary(costs) for name, costs in found.items()},
    }
    publish(RESULTS, result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
