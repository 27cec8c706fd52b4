"""How long after a kill (-9) of one worker the other goes on with its partitions (P6).

Two real workers, Apache Kafka, PostgreSQL, the session settings as shipped; records come on every partition all the
time. A trial lasts from the kill until the first record of the slowest partition that was recorded after it.
Run ``python -m bench.takeover``; it writes ``bench/results/takeover.json``.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient
from rich.console import Console

from bench.race.referee import ROOT, figure, publish
from bench.two_workers import joined
from streams.clock import SystemClock, monotonic
from streams.kafka_client import Producer, make_producer, running
from streams.settings import Settings
from streams.topics import EMBEDDED_PARTITIONS
from tests.faults.reading import reading
from tests.faults.site import Site, site_on_servers
from tests.faults.told import FAULTS, Told, event

RESULTS: Final = ROOT / "bench" / "results" / "takeover.json"
GOAL_S: Final = 10.0
PATIENCE_S: Final = 60.0
PAUSE_S: Final = 0.02
OFFICE: Final = "office-aberwennol"
SHIPPED: Final = {
    name: Settings.model_fields[name].default for name in ("session_timeout_ms", "heartbeat_ms", "sweep_every_s")
}


async def report(site: Site, producer: Producer, numbers: "count[int]") -> None:
    """One order after the other is raised, on every partition in turn."""
    while True:
        n = next(numbers)
        at = SystemClock().now().replace(second=0, microsecond=0)
        given = Told(event(n, "raised", OFFICE, at, FAULTS[2])).incoming()
        topic, partition = f"{site.prefix}{given.topic}", n % EMBEDDED_PARTITIONS
        await producer.send_and_wait(topic, given.value, key=given.key, partition=partition)
        await asyncio.sleep(PAUSE_S)


def first_after(site: Site, kill: datetime) -> dict[int, datetime]:
    """When each partition's first record after the kill was recorded."""
    query = """
        SELECT o.topic_partition AS part, min(e.recorded_at) AS at FROM event e JOIN offset_state o ON o.id = e.stream
        WHERE e.recorded_at > ? GROUP BY o.topic_partition"""
    with reading(site.place) as ledger:
        return {row["part"]: row["at"] for row in ledger.rows(query, kill)}


async def trial(site: Site) -> float:
    """Seconds from the kill of the elder worker until the younger one has gone on with every partition."""
    victim = next(worker for worker in site.workers if worker.runs)
    kill = SystemClock().now()
    await victim.kill()
    ends = monotonic() + PATIENCE_S
    # What was in the dead worker's transaction may still be recorded for a moment: the slowest partition is not of it.
    while len(found := await asyncio.to_thread(first_after, site, kill)) < EMBEDDED_PARTITIONS:
        if monotonic() > ends:
            raise TimeoutError(f"after {PATIENCE_S} s only the partitions {sorted(found)} went on")
        await asyncio.sleep(0.1)
    return max((at - kill) / timedelta(seconds=1) for at in found.values())


async def shared(site: Site) -> None:
    """Wait until both workers hold partitions, and a moment more."""
    admin = AdminClient({"bootstrap.servers": site.broker})
    while not await asyncio.to_thread(joined, admin, site.settings.group, 2):  # noqa: ASYNC110 - the broker is asked
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)


async def trials(n: int, folder: Path) -> list[float]:
    """So many kills, each with two workers running."""
    console, found = Console(stderr=True), []
    async with site_on_servers(folder, 1, changes=SHIPPED) as site:
        await site.up(2)
        async with running(make_producer(site.settings, site.broker), site.settings) as producer:
            reporting = asyncio.create_task(report(site, producer, count()))
            for number in range(n):
                await shared(site)
                found.append(await trial(site))
                console.print(f"kill {number + 1}: taken over after {found[-1]:.1f} s")
                await site.up(1)
            reporting.cancel()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if any takeover missed the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workorders-takeover-") as folder:
        found = asyncio.run(trials(given.kills, Path(folder)))
    result = {"seconds": figure(found, 1), "goal_seconds": GOAL_S, "settings": SHIPPED}
    publish(RESULTS, result)
    return int(max(found) > GOAL_S)


if __name__ == "__main__":
    raise SystemExit(main())
