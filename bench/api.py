"""How long a submit takes until it is durable, at 200 requests a second on PostgreSQL (A1).

``workorders desk`` as it is shipped, on a PostgreSQL that waits for the disk. Another process sends the requests at
their instants, whether or not the earlier ones were answered, and counts from that instant: orders at every premises
of the packaged estate, each completed some hundred orders later, with ``Prefer: respond-async``. Rounds with and
without Idempotency-Key, and of the least that any service must do (:mod:`bench.bare_desk`), are in turn. After each
round it waits until everything is decided, and counts what was kept.
Run ``python -m bench.api``; it writes ``bench/results/api.json``.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import psycopg
import uvloop
from rich.console import Console

from bench.ledger import FACETS
from bench.race.referee import ROOT, figure, publish
from bench.totals import percentile
from desk.access.granting import grant, scope_of
from desk.access.rights import Holder
from desk.api.again import HEADER
from models.ids import new_id
from streams.clock import SystemClock, monotonic
from streams.ledger.ledger import Ledger
from tests.servers.postgres import private_postgres
from workorders.policy import default_world

RESULTS: Final = ROOT / "bench" / "results" / "api.json"
DESK: Final = (str(Path(sys.executable).with_name("workorders")), "desk")
GOAL_MS: Final = 50.0
OPEN: Final = 300
"""How many orders are raised before the first of them is completed."""
PATIENCE_S: Final = 60.0
OURS: Final = {"named": "with Idempotency-Key", "plain": "without"}
KINDS: Final = {**OURS, "bare": "one row each, and nothing else"}


@dataclass(frozen=True, slots=True)
class Door:
    """Where the desk answers, the key that opens it, its process, and its ledger."""

    address: str
    key: str
    pid: int
    ledger: str


def bodies(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where to post what, for ever: an order is raised, and an earlier one is completed."""
    units = [one.id for one in default_world().estates.at(SystemClock().now()).spec.premises]
    n = 0
    while True:
        yield "/v1/orders", {"premises": units[n % len(units)], "order": f"{name}-{n}", **FACETS[n % len(FACETS)]}
        if (before := n - OPEN) >= 0:
            yield f"/v1/orders/{name}-{before}/completions", {"premises": units[before % len(units)]}
        n += 1


async def send(address: str, key: str, name: str, rate: int, seconds: float, *, named: bool) -> list[float]:
    """Send at the rate; from the instant at which each was to be sent until its answer was read, in milliseconds."""
    headers = {"Authorization": f"Bearer {key}", "Prefer": "respond-async"}
    found: list[float] = []

    async def one(path: str, body: dict[str, Any], due: float) -> None:
        own = {HEADER: new_id()} if named else {}
        async with session.post(path, json=body, headers=own) as answered:
            told = await answered.json()
            assert answered.status == 201, told
            assert told["saved"], told
        found.append(1_000 * (monotonic() - due))

    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(address, headers=headers, connector=connector) as session,
        asyncio.TaskGroup() as at,
    ):
        began, asked = monotonic(), bodies(name)
        for n in range(int(rate * seconds)):
            due = began + n / rate
            await asyncio.sleep(due - monotonic())
            at.create_task(one(*next(asked), due))
    return found


@contextmanager
def bare(folder: Path, database: str) -> Iterator[Door]:
    """The least of services, on a database of its own."""
    command = (sys.executable, "-m", "bench.bare_desk", database)
    with _process(command, dict(os.environ), folder / "bare.log", ROOT) as (address, pid):
        yield Door(address, "", pid, database)


@contextmanager
def desk(folder: Path, ledger: str) -> Iterator[Door]:
    """The desk as the command line starts it, with the settings as shipped but for where everything is."""
    key = asyncio.run(_key(ledger))
    others = {name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")}
    ours = {
        "LEDGER": ledger,
        "BROKER": "127.0.0.1:9",
        "API_PORT": "0",
        "API_PER_MINUTE": "1000000",
        "LOG_LEVEL": "error",
    }
    env = others | {f"WORKORDERS_{name}": value for name, value in ours.items()}
    with _process(DESK, env, folder / "desk.log", folder) as (address, pid):
        yield Door(address, key, pid, ledger)


@contextmanager
def _process(command: Sequence[str], env: dict[str, str], log: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """A server as a process of its own: its address and its pid."""
    with log.open("wb") as told, subprocess.Popen(command, cwd=folder, env=env, stderr=told) as process:  # noqa: S603 - our own
        try:
            yield _address(log), process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


async def _key(url: str) -> str:
    now = SystemClock().now()
    ledger = await Ledger.open(url, time_kind="real", now=now)
    try:
        world = await ledger.world(default_world(), now)
        wanted = ("division", Holder.DIVISION, *scope_of("division"))
        return (await grant(ledger, world, now, wanted, timedelta(days=1)))[1]
    finally:
        await ledger.close()


def _address(log: Path) -> str:
    ends = monotonic() + PATIENCE_S
    while True:
        for line in log.read_text().splitlines():
            if line.strip().startswith("API"):
                return line.split()[1].removesuffix("/v1,")
        if monotonic() > ends:
            raise TimeoutError(log.read_text())
        time.sleep(0.05)


def one_round(door: Door, name: str, rate: int, seconds: float, kind: str) -> dict[str, float]:
    """The percentiles in milliseconds, the desk's processor time for a request, and how long it decided after."""
    before, cpu = _kept(door.ledger)[0], _processor_ms(door.pid)
    command = [sys.executable, "-m", "bench.api", "--send", door.address, "--name", name, "--kind", kind]
    command += ["--rate", str(rate), "--seconds", str(seconds)]
    env = os.environ | {"BENCH_KEY": door.key}
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    ended = monotonic()
    delays: list[float] = json.loads(done.stdout.splitlines()[-1])
    while (kept := _kept(door.ledger))[1]:
        if monotonic() > ended + PATIENCE_S:
            raise TimeoutError(f"{kept[1]} were not decided")
        time.sleep(0.05)
    lost = len(delays) - (kept[0] - before)
    assert lost == 0, f"{lost} were answered and not kept"
    return {
        "p50": percentile(delays, 0.5),
        "p95": percentile(delays, 0.95),
        "p99": percentile(delays, 0.99),
        "longest": max(delays),
        "requests": len(delays),
        "processor_ms": (_processor_ms(door.pid) - cpu) / len(delays),
        "decided_after_s": monotonic() - ended,
    }


def _kept(url: str) -> tuple[int, int]:
    """How many inputs the ledger has kept, and how many of them wait for a decision."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        query = b"SELECT count(*), count(*) FILTER (WHERE taken_at IS NULL) FROM inbox"
        row = connection.execute(query).fetchone()
    return (row[0], row[1]) if row is not None else (0, 0)


def _processor_ms(pid: int) -> float:
    spent = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return 1_000 * sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def rounds(number: int, rate: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """So many rounds of each kind, in turn, on one ledger; a short one of each before them warms everything up."""
    console, found = Console(stderr=True), {kind: list[dict[str, float]]() for kind in KINDS}
    with (
        TemporaryDirectory(prefix="workorders-api-") as folder,
        private_postgres(settings={"fsync": "on"}) as postgres,
        desk(Path(folder), postgres.address.new_database("api")) as ours,
        bare(Path(folder), postgres.address.new_database("bare")) as least,
    ):
        doors = {kind: ours if kind in OURS else least for kind in KINDS}
        for kind, door in doors.items():
            one_round(door, f"warm-{kind}", rate, 2.0, kind)
        for n in range(number):
            for kind, rounds_ in found.items():
                rounds_.append(one_round(doors[kind], f"{kind}-{n}", rate, seconds, kind))
                console.print(f"round {n + 1}, {KINDS[kind]}: {rounds_[-1]}")
    return found


def summary(found: Sequence[dict[str, float]]) -> dict[str, Any]:
    """What the rounds of one kind show."""
    shown = {f"{name}_ms": figure([one[name] for one in found]) for name in ("p50", "p95", "p99", "longest")}
    return {
        **shown,
        "requests": sum(int(one["requests"]) for one in found),
        "processor_ms_a_request": figure([one["processor_ms"] for one in found]),
        "decided_after_s": figure([one["decided_after_s"] for one in found]),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if a median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=int, default=200)
    options.add_argument("--seconds", type=float, default=12.0)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--send", default=None, help="send once to this address, with the key in BENCH_KEY")
    options.add_argument("--name", default="once")
    options.add_argument("--kind", choices=list(KINDS), default="plain")
    given = options.parse_args(arguments)
    if given.send is not None:
        key, named = os.environ["BENCH_KEY"], given.kind == "named"
        print(json.dumps(uvloop.run(send(given.send, key, given.name, given.rate, given.seconds, named=named))))
        return 0
    found = rounds(given.rounds, given.rate, given.seconds)
    result = {
        "what": "from the instant at which a request was to be sent until its answer was read, durable by then",
        "requests_a_second": given.rate,
        "seconds": given.seconds,
        **{kind: summary(of_kind) for kind, of_kind in found.items()},
        "against_bare": {
            name: figure([one[name] / least[name] for one, least in zip(found["plain"], found["bare"], strict=True)])
            for name in ("p50", "p99")
        },
        "goal_ms": GOAL_MS,
    }
    publish(RESULTS, result)
    return int(max(result[kind]["p99_ms"]["median"] for kind in OURS) > GOAL_MS)


if __name__ == "__main__":
    raise SystemExit(main())
