"""A site: workers as processes of their own, a broker, a ledger, and the log of what was handed in to them.

On servers the workers are those of the command ``workorders worker``, and each site has its own topics, group and
database. ``embedded`` sites have SQLite and the broker of one process.
"""

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final

import stamina

from streams.clock import SystemClock, monotonic
from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.kafka_client import BrokerUnreachable
from streams.ledger.ledger import Ledger
from streams.settings import EMBEDDED, Settings
from streams.topic_admin import apply
from streams.topics import EMBEDDED_PARTITIONS
from tests.faults import grounds
from tests.faults.evidence import ROOT
from tests.faults.patience import patience
from tests.faults.reading import Place
from tests.faults.told import Logbook
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from workorders.policy import World, default_world

UP_WITHIN_S: Final = 60.0
WORKER: Final = (str(Path(sys.executable).with_name("workorders")), "worker")
EMBEDDED_WORKER: Final = (sys.executable, "-m", "tests.faults.worker_process")
"""A worker with a broker inside, or on one that lives in the process of the test."""
HEARS: Final = "a signal to stop is heard from now on"
"""What a worker logs before it has anything in hand."""
_NUMBERS: Final = itertools.count(1)


@dataclass
class Worker:
    """One worker's process, and where it logs (JSON lines). ``expected`` is how it ended, once somebody said so."""

    process: Process
    log: Path

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    async def kill(self) -> None:
        """Kill it (-9)."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop, and wait; its exit status."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        return await self.process.wait()

    def ended_well(self, status: int) -> bool:
        """Whether it stopped in order; told to before it heard signals, it ends by the signal, with nothing in hand."""
        return status == 0 or (status == -signal.SIGTERM and HEARS not in self.log.read_text(encoding="utf-8"))

    def send(self, which: signal.Signals) -> None:
        """Send it a signal: ``SIGSTOP`` makes it hang, ``SIGCONT`` go on."""
        self.process.send_signal(which)


@dataclass
class Site:
    """A ledger, what was handed in, and how to reach the broker if it is not inside the worker.

    ``identity`` names a broker that lives in this process; servers tell their own. ``ledger`` is the URL of a
    PostgreSQL database; without one it is a SQLite file in the folder. ``changes`` are settings of the workers.
    ``explained`` are patterns of the ERROR lines that the fault explains.
    """

    folder: Path
    rng: Random
    broker: str = EMBEDDED
    identity: str = ""
    prefix: str = ""
    ledger: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    explained: tuple[str, ...] = ()
    world: World = field(default_factory=default_world)
    told: Logbook = field(default_factory=Logbook)
    orders: int = 0
    workers: list[Worker] = field(default_factory=list)
    slack: float = field(default_factory=lambda: patience(1.0))
    """How many times slower than on a quiet machine everything was when the site was made."""

    @property
    def session_s(self) -> float:
        """After how many seconds without a word a worker has left the group; 6 in real life."""
        return min(6.0, 2.0 * self.slack) if self.on_servers else 1.0

    @property
    def settings(self) -> Settings:
        """Settings for whoever is a part of the site."""
        given: dict[str, Any] = {
            "broker": self.broker, "data_dir": self.folder, "topic_prefix": self.prefix, "group": f"{self.prefix}group",
            "partitions": EMBEDDED_PARTITIONS, "replication": 1, "broker_timeout_s": 7.0, "sweep_every_s": 0.2,
            "session_timeout_ms": int(self.session_s * 1_000), "heartbeat_ms": 300, "log_format": "json",
        }  # fmt: skip
        if self.on_servers:
            given |= {"ledger": self.ledger, "stop_within_s": min(60.0, 10.0 * self.slack)}
        return Settings(**(given | self.changes))

    @property
    def on_servers(self) -> bool:
        """Whether the ledger is on PostgreSQL."""
        return bool(self.ledger)

    @property
    def place(self) -> Place:
        """Where the checker finds the ledger."""
        return self.ledger or self.settings.data_dir / "ledger.db"

    def environment(self) -> dict[str, str]:
        """The environment of a worker."""
        settings = self.settings
        given = settings.model_dump(exclude_unset=True) | {"ledger": self.ledger or None}
        ours = {f"WORKORDERS_{name.upper()}": str(value) for name, value in given.items() if value is not None}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")},
            **ours,
            "PYTHONPATH": str(ROOT),
            **({"BORROWED_BROKER": self.identity} if self.identity else {}),
        }

    async def open_ledger(self) -> Ledger:
        """The ledger, opened by this process; close it."""
        clock = SystemClock()
        return await Ledger.open(self.settings.ledger_url, time_kind=clock.kind, now=clock.now())

    async def begin(self, command: Sequence[str] = WORKER, **environment: str) -> Worker:
        """Start a worker; it may not be up yet."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=self.folder, env=self.environment() | environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=errors, stderr=errors,
            )  # fmt: skip
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    async def members(self) -> int:
        """How many workers are in the group, their intake being up; 0 while the broker cannot tell."""
        admin = admin_client(self.settings, self.broker)
        group = self.settings.group
        try:
            told = await answers(admin.describe_consumer_groups([group], request_timeout=5), self.settings, self.broker)
        except (KafkaRefused, BrokerUnreachable):
            return 0
        return len(told[group].members)

    async def is_up(self, count: int) -> None:
        """Wait until exactly so many workers are in the group."""
        ends = monotonic() + patience(UP_WITHIN_S)
        while (found := await self.members()) != count:
            assert monotonic() < ends, f"{found} workers are in the group, not {count}, and stay so"
            await asyncio.sleep(0.1)

    async def up(self, count: int, command: Sequence[str] = WORKER, **environment: str) -> list[Worker]:
        """Start so many workers and wait until they and those that ran before are in the group."""
        before = sum(worker.runs for worker in self.workers)
        begun = [await self.begin(command, **environment) for _ in range(count)]
        await self.is_up(before + count)
        return begun

    async def begin_embedded(self) -> Worker:
        """Start the worker of an embedded site; it may not be up yet."""
        return await self.begin(EMBEDDED_WORKER)

    async def up_embedded(self) -> Worker:
        """Start the worker of an embedded site, and wait until it is up."""
        worker = await self.begin_embedded()
        ends = monotonic() + patience(UP_WITHIN_S)
        while not worker.log.read_text(encoding="utf-8").startswith("up"):
            assert monotonic() < ends, "the worker does not come up"
            assert worker.runs, f"the worker ended before it was up: {worker.log.read_text(encoding='utf-8')[-2000:]}"
            await asyncio.sleep(0.05)
        return worker

    async def end(self) -> None:
        """Kill whatever still runs."""
        for worker in self.workers:
            if worker.runs:
                await worker.kill()


@asynccontextmanager
async def database_site(
    folder: Path,
    seed: int,
    *,
    server: Postgres | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    **fields: Any,  # noqa: ANN401 - a site's
) -> AsyncIterator[Site]:
    """A site with an upgraded ledger in a database of its own, on this process's PostgreSQL or the one given.

    ``settings`` are the database's own, in PostgreSQL's words.
    """
    grounds.stand()
    address = (server or grounds.postgres()).address
    name = f"t{os.getpid()}_{next(_NUMBERS)}_"
    ledger = address.new_database(name)
    try:
        for key, value in settings.items():
            address.execute(f"ALTER DATABASE {name} SET {key} = '{value}'")
        site = Site(folder, Random(seed), **{"ledger": ledger, "prefix": name, **fields})
        opened = await replace(site, ledger=ledger).open_ledger()
        site.world = await opened.world(site.world, SystemClock().now())
        await opened.close()
        yield site
    finally:
        address.drop_database(name)


@asynccontextmanager
async def site_on_servers(
    folder: Path,
    seed: int,
    *,
    broker_server: Kafka | None = None,
    server: Postgres | None = None,
    **fields: Any,  # noqa: ANN401 - a site's
) -> AsyncIterator[Site]:
    """A site on this process's Kafka and PostgreSQL, or on those given, with topics and a ledger, and no worker yet.

    Another ``broker`` or ``ledger`` may be given for the workers, for instance one that is reached through a proxy.
    """
    direct = (broker_server or grounds.kafka()).address.bootstrap
    async with (
        database_site(folder, seed, server=server, **{"broker": direct, **fields}) as site,
        AsyncExitStack() as closing,
    ):
        plain = replace(site, broker=direct, changes={})
        await _make_topics(plain)
        closing.push_async_callback(_remove_topics, plain)
        closing.push_async_callback(site.end)
        yield site


async def _make_topics(site: Site) -> None:
    """Make them; a broker that has only just begun may not answer at once."""
    async for attempt in stamina.retry_context(on=BrokerUnreachable, attempts=10, timeout=None, wait_initial=0.5):
        with attempt:
            await apply(site.settings)


async def _remove_topics(site: Site) -> None:
    admin = admin_client(site.settings, site.broker)
    ours = [name for name in admin.list_topics(timeout=10).topics if name.startswith(site.prefix)]
    await answers(admin.delete_topics(ours), site.settings, site.broker)
