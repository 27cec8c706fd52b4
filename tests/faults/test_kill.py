"""Workers that are killed (-9) at random moments, again and again, while people and other systems go on reporting.

``WORKORDERS_TEST_KILLS`` says how often in each test (5), ``WORKORDERS_TEST_SEED`` which moments and reports.
"""

import asyncio
import os
import signal
import sys
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest
from aiokafka import TopicPartition

from models.refusal import Refusal
from streams.clock import SystemClock, monotonic
from streams.embedded import EmbeddedBroker
from streams.kafka_admin import admin_client, answers
from streams.kafka_client import Producer, make_consumer, make_producer, running
from streams.ledger.ledger import Ledger
from streams.settings import EMBEDDED, Settings
from streams.topic_admin import apply
from streams.topics import EMBEDDED_PARTITIONS, INPUTS
from tests.faults.checker import faults_of, is_at_rest
from tests.faults.life import OUTPUTS
from tests.faults.told import Logbook, Told, order
from workorders.policy import default_world

KILLS: Final = int(os.environ.get("WORKORDERS_TEST_KILLS", "5"))
SEED: Final = int(os.environ.get("WORKORDERS_TEST_SEED", "1804"))
SERVERS: Final = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
HEALED_WITHIN_S: Final = 60.0
NONSENSE: Final = b'{"specversion": "1.0", "n": %d'
ROOT: Final = Path(__file__).parents[2]

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(90 + 15 * KILLS)]


@dataclass
class Site:
    """A ledger, what was handed in, and how to reach the broker if it is not inside the worker.

    ``identity`` names a broker that lives in this process; servers tell their own.
    """

    folder: Path
    rng: Random
    broker: str = EMBEDDED
    identity: str = ""
    prefix: str = ""
    told: Logbook = field(default_factory=Logbook)
    orders: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(
            broker=self.broker, data_dir=self.folder, topic_prefix=self.prefix, group=f"{self.prefix}group",
            partitions=EMBEDDED_PARTITIONS, replication=1, session_timeout_ms=self.session_ms, heartbeat_ms=300,
            broker_timeout_s=7, sweep_every_s=0.2,
        )  # fmt: skip

    @property
    def session_ms(self) -> int:
        return 6_000 if self.prefix else 1_000  # servers allow no less

    @property
    def file(self) -> Path:
        return self.folder / "ledger.db"

    def environment(self) -> dict[str, str]:
        given = self.settings.model_dump(exclude_unset=True)
        ours = {f"WORKORDERS_{name.upper()}": str(value) for name, value in given.items()}
        return {**os.environ, **ours, **({"BORROWED_BROKER": self.identity} if self.identity else {})}


@asynccontextmanager
async def worker(site: Site) -> AsyncIterator[Process]:
    """A worker; killed at the end of the block unless it has ended."""
    with (site.folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.worker_process",
            cwd=ROOT, env=site.environment(), stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def is_up(process: Process) -> None:
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n", "the worker ended before it was up"


async def report(site: Site, ledger: Ledger, producer: Producer | None) -> None:
    """Hand in one order after the other, each event by the front door or straight on its topic, some of them twice."""
    clock, world, rng = SystemClock(), default_world(), site.rng
    while True:
        events = list(order(site.orders, clock.now(), rng))
        site.orders += 1
        rng.shuffle(events)
        for one in events:
            site.told.unknown.append(one)
            if producer is None or rng.random() < 0.6:
                (receipt,) = await ledger.submit([one.incoming()], clock.now(), world)
                assert not isinstance(receipt, Refusal)
                site.told.receipts[receipt.id] = one
            else:
                await _produce(producer, site.prefix, one, twice=rng.random() < 0.2)
            site.told.unknown.remove(one)
            site.told.accepted.append(one)
        if producer is not None and rng.random() < 0.1:
            nonsense = NONSENSE % site.orders
            await producer.send_and_wait(site.prefix + "work-orders", nonsense, key=b"nobody")
            site.told.refused.append(nonsense)
        await asyncio.sleep(rng.uniform(0.1, 0.5))


async def _produce(producer: Producer, prefix: str, one: Told, *, twice: bool) -> None:
    given = one.incoming()
    for _ in range(2 if twice else 1):
        await producer.send_and_wait(prefix + given.topic, given.value, key=given.key)


async def kill_again_and_again(site: Site) -> None:
    for n in range(KILLS):
        async with worker(site) as process:
            if n % 4 != 3:  # every fourth dies while it starts
                await is_up(process)
            await asyncio.sleep(site.rng.uniform(0.0, 1.6))
            await _kill(process)


async def kill_in_turn(site: Site) -> None:
    """Kill one of two workers at a time, always the elder."""
    async with AsyncExitStack() as stack:
        elder = await stack.enter_async_context(worker(site))
        await is_up(elder)
        for _ in range(KILLS):
            younger = await stack.enter_async_context(worker(site))
            await is_up(younger)
            await asyncio.sleep(site.rng.uniform(0.0, 8.0))
            await _kill(elder)
            elder = younger
        await _kill(elder)


async def _kill(process: Process) -> None:
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def let_heal(site: Site) -> float:
    """Run one worker until nothing is left to do, and stop it; the seconds that it took."""
    async with worker(site) as process:
        await is_up(process)
        began = monotonic()
        while not is_at_rest(site.file, SystemClock().now(), await records(site), forgetful=site.broker == EMBEDDED):
            assert monotonic() - began < HEALED_WITHIN_S, "it did not come to rest"
            assert process.returncode is None, "the worker ended"
            await asyncio.sleep(0.25)
        took = monotonic() - began
        process.terminate()
        assert await process.wait() == 0
    return took


async def records(site: Site) -> int | None:
    """How many records the input topics hold; None where they died with the worker."""
    if site.broker == EMBEDDED:
        return None
    return sum(map(len, (await on_topics(site, [topic.name for topic in INPUTS])).values()))


async def on_topics(site: Site, topics: list[str]) -> dict[str, list[bytes]]:
    """Everything on these topics."""
    found: dict[str, list[bytes]] = {topic: [] for topic in topics}
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        partitions = [TopicPartition(site.prefix + topic, n) for topic in topics for n in range(EMBEDDED_PARTITIONS)]
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        await consumer.seek_to_beginning(*partitions)
        while left > 0:
            for partition, values in (await consumer.getmany(timeout_ms=500)).items():
                found[partition.topic.removeprefix(site.prefix)] += [record.value for record in values]
                left -= len(values)
    return found


async def faults_after_kills(
    site: Site, producer: Producer | None, kill: Callable[[Site], Awaitable[None]] = kill_again_and_again
) -> list[str]:
    clock = SystemClock()
    ledger = await Ledger.open(site.settings.ledger_url, time_kind="real", now=clock.now())
    try:
        world = await ledger.world(default_world(), clock.now())
        reporting = asyncio.create_task(report(site, ledger, producer))
        await kill(site)
        reporting.cancel()
        await asyncio.wait({reporting})
        assert reporting.cancelled(), reporting.exception()
        took = await let_heal(site)
        said = None if site.broker == EMBEDDED else await on_topics(site, list(OUTPUTS))
        found = faults_of(site.file, site.told, clock.now(), said=said, records=await records(site))
        found += [f"verify: {finding}" for finding in (await ledger.verify(world)).findings]
    finally:
        await ledger.close()
    sys.stderr.write(
        f"kills: n = {KILLS}, seed {SEED}, {len(site.told.accepted)} events of {site.orders} orders accepted, "
        f"{len(site.told.unknown)} unknown, at rest {took:.1f} s after the last start\n"
    )
    return found


async def test_kills_lose_and_double_nothing_on_a_broker_that_lives_on(tmp_path: Path) -> None:
    async with EmbeddedBroker() as broker:
        site = Site(tmp_path, Random(SEED), broker.bootstrap, broker.identity)
        async with running(make_producer(site.settings, broker.bootstrap), site.settings) as producer:
            assert await faults_after_kills(site, producer) == [], f"seed {SEED}"


async def test_kills_lose_and_double_nothing_though_the_broker_dies_with_the_worker(tmp_path: Path) -> None:
    assert await faults_after_kills(Site(tmp_path, Random(SEED)), None) == [], f"seed {SEED}"


@pytest.mark.kafka
@pytest.mark.skipif(not SERVERS, reason="KAFKA_BOOTSTRAP_SERVERS is not set")
async def test_killing_one_of_two_workers_on_kafka_loses_and_doubles_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, Random(SEED), SERVERS, prefix=f"test-{uuid.uuid4().hex[:8]}-")  # noqa: TID251 - its own topics
    await apply(site.settings)
    try:
        async with running(make_producer(site.settings, SERVERS), site.settings) as producer:
            assert await faults_after_kills(site, producer, kill_in_turn) == [], f"seed {SEED}"
    finally:
        admin = admin_client(site.settings, SERVERS)
        ours = [name for name in admin.list_topics(timeout=10).topics if name.startswith(site.prefix)]
        await answers(admin.delete_topics(ours), site.settings, SERVERS)
