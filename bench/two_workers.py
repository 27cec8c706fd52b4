"""Two workers against one, each held to a quarter of a core, so that the servers are not the limit (P8).

Run ``python -m bench.two_workers``; it writes ``bench/results/two_workers.json``.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rich.console import Console

from bench.held import held
from bench.race.referee import ROOT, figure, publish
from bench.race.site import Site
from bench.race.workload import Line, drop_topics, lines_of, make_topics, produce
from streams.clock import monotonic
from tests.servers.kafka import private_kafka
from tests.servers.postgres import Postgres, private_postgres

RESULTS: Final = ROOT / "bench" / "results" / "two_workers.json"
SHARE: Final = 0.25
PARTITIONS: Final = 8
GOAL: Final = 1.7
PATIENCE_S: Final = 300.0


@contextmanager
def crew(site: Site, size: int) -> Iterator[list[int]]:
    """So many workers, ready and told to go; their process ids."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_worker(site)) for _ in range(size)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "a worker did not get ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield [process.pid for process in processes]


@contextmanager
def _worker(site: Site) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.race.crew", site.as_json()]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603 - our own
        try:
            yield process
        finally:
            process.kill()


def joined(admin: AdminClient, name: str, size: int) -> bool:
    """Whether the group is settled with so many members, each with a share of the partitions."""
    (found,) = admin.describe_consumer_groups([name]).values()
    try:
        group = found.result(10)
    except KafkaException:  # the coordinator of the group is still being found
        return False
    shares = [len(member.assignment.topic_partitions) for member in group.members]
    return len(shares) == size and min(shares) > 0


def accounted(url: str) -> int:
    """How many records the ledger has taken, and none of whose messages waits."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        query = b"SELECT coalesce(sum(recorded + duplicates + rejected), 0) FROM offset_state"
        row = connection.execute(query).fetchone()
        waits = connection.execute(b"SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()
    assert row is not None
    assert waits is not None
    return int(row[0]) if waits[0] == 0 else -1


def rate(broker: str, postgres: Postgres, name: str, size: int, lines: Sequence[Line]) -> float:
    """Events a second of a crew, from the first record on the topic until the last message is sent."""
    site = Site(broker, postgres.address.new_database(name), f"{name}-", len(lines), lines[0].heard)
    site = replace(site, partitions=PARTITIONS)
    asyncio.run(make_topics(site))
    admin = AdminClient({"bootstrap.servers": site.broker})
    try:
        with crew(site, size) as pids:
            _wait(lambda: joined(admin, site.settings.group, size))
            with held(name, pids, SHARE):
                began = monotonic()
                asyncio.run(produce(site, lines))
                _wait(lambda: accounted(site.ledger) == len(lines))
                return len(lines) / (monotonic() - began)
    finally:
        postgres.address.drop_database(name)
        drop_topics(site)


def _wait(is_so: Callable[[], bool]) -> None:
    began = monotonic()
    while not is_so():
        if monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"it was not so within {PATIENCE_S} s")
        time.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=4_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    console, pairs = Console(stderr=True), []
    with private_kafka(java_options=("-Xms512m", "-Xmx1g")) as kafka, private_postgres() as postgres:
        for n in range(given.rounds):
            lines, broker = lines_of(n + 1, given.records), kafka.address.bootstrap
            sizes = (1, 2) if n % 2 else (2, 1)
            found = {size: rate(broker, postgres, f"w{n}x{size}", size, lines) for size in sizes}
            pairs.append(found)
            console.print(f"round {n + 1}: one {found[1]:,.0f} events/s, two {found[2]:,.0f} events/s")
    ratios = figure([pair[2] / pair[1] for pair in pairs])
    result = {
        "share_of_a_core": SHARE,
        "records": given.records,
        "one": figure([pair[1] for pair in pairs], 0),
        "two": figure([pair[2] for pair in pairs], 0),
        "ratio": ratios,
        "goal": GOAL,
    }
    publish(RESULTS, result)
    return int(ratios["median"] < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
