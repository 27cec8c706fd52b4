"""Several worker processes on a real Kafka and PostgreSQL: they share, leave, die and freeze, and lose nothing."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from models.tables import EventRow
from streams.clock import SystemClock, monotonic
from streams.kafka_client import make_producer, running
from streams.ledger import queries
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from streams.topics import INPUTS
from tests.faults.told import OFFICES
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.ledger.telling import all_rows, plain, raised
from tests.streams.worker_processes import Worker, shares, within, worker
from workorders.policy import default_world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(120)]

PARTITIONS = 4
EVERY = PARTITIONS * len(INPUTS)
TAKEN_OVER_WITHIN_S = 10.0
STOPS_WITHIN_S = 10.0


@pytest.fixture
async def settings(
    kafka: KafkaAddress, topic_prefix: str, ledger_on_postgres: str, tmp_path: Path
) -> AsyncIterator[Settings]:
    wanted = Settings.model_validate({
        "broker": kafka.bootstrap, "ledger": ledger_on_postgres, "data_dir": tmp_path, "topic_prefix": topic_prefix,
        "group": f"{topic_prefix}group", "partitions": PARTITIONS, "replication": 1, "sweep_every_s": 0.5,
    })  # fmt: skip
    async with own_topics(wanted):
        yield wanted


def orders(first: int, last: int) -> list[Incoming]:
    ago = (SystemClock().now() - timedelta(hours=1)).isoformat()
    return [
        plain({**raised(f"WO-{n}", premises=OFFICES[n % len(OFFICES)], id=f"raised-{n}"), "time": ago})
        for n in range(first, last)
    ]


async def produce(settings: Settings, told: Sequence[Incoming]) -> None:
    producer = make_producer(settings, settings.broker)
    async with running(producer, settings):
        for one in told:
            await producer.send_and_wait(settings.topic_prefix + one.topic, value=one.value, key=one.key)


@asynccontextmanager
async def ledger_of(settings: Settings) -> AsyncIterator[Ledger]:
    clock = SystemClock()
    ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=clock.now())
    try:
        yield ledger
    finally:
        await ledger.close()


async def is_recorded(ledger: Ledger, last: int) -> bool:
    return len(await all_rows(ledger, EventRow)) >= last


async def is_whole(ledger: Ledger, last: int) -> None:
    """Orders 0 to ``last`` are one event each, every record is accounted for, and the ledger verifies."""
    subjects = Counter(row.subject for row in await all_rows(ledger, EventRow))
    assert subjects == Counter({f"WO-{n}": 1 for n in range(last)})
    async with ledger.reading() as connection:
        accounts = await queries.proof(connection)
    assert all(one.adds_up for one in accounts)
    assert sum(one.recorded for one in accounts) == last
    world = await ledger.world(default_world(), SystemClock().now())
    assert (await ledger.verify(world)).findings == []


@asynccontextmanager
async def two_workers(settings: Settings) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers, each with its share."""
    async with AsyncExitStack() as stack:
        both = [stack.enter_async_context(worker(settings, name)) for name in ("first", "second")]
        first, second = await asyncio.gather(*both)
        await within(TAKEN_OVER_WITHIN_S, lambda: are_shared(settings, 2), "each has its share")
        yield first, second


async def has_ended(one: Worker) -> bool:
    return one.process.returncode is not None


async def are_shared(settings: Settings, members: int) -> bool:
    return [len(share) for share in await shares(settings)] == [EVERY // members] * members


async def test_one_premises_has_one_worker_and_a_stopped_one_leaves_its_share_within_ten_seconds(
    settings: Settings,
) -> None:
    async with ledger_of(settings) as ledger, two_workers(settings) as (first, second):
        mine, others = await shares(settings)
        for share in (mine, others):
            assert share == {(topic.name, number) for topic in INPUTS for number in {number for _, number in share}}
        assert {number for _, number in mine}.isdisjoint({number for _, number in others})
        await produce(settings, orders(0, 60))
        began = monotonic()
        second.send(signal.SIGTERM)
        await within(STOPS_WITHIN_S, lambda: has_ended(second), "the second has stopped")
        assert second.process.returncode == 0
        await within(STOPS_WITHIN_S - (monotonic() - began), lambda: are_shared(settings, 1), "the first has all")
        await within(TAKEN_OVER_WITHIN_S, lambda: is_recorded(ledger, 60), "all are recorded")
        await is_whole(ledger, 60)
        assert (await first.answer("/health/progress"))[0] == 200


async def test_what_a_killed_worker_held_is_taken_over_within_ten_seconds(settings: Settings) -> None:
    async with ledger_of(settings) as ledger, two_workers(settings) as (killed, _):
        await produce(settings, orders(0, 20))
        killed.send(signal.SIGKILL)
        await killed.process.wait()
        began = monotonic()
        await produce(settings, orders(20, 60))
        await within(TAKEN_OVER_WITHIN_S - (monotonic() - began), lambda: is_recorded(ledger, 60), "all are recorded")

        async def all_is_sent() -> bool:
            return await ledger.unsent(1) == []

        await within(TAKEN_OVER_WITHIN_S, all_is_sent, "the other sends")
        await is_whole(ledger, 60)


async def test_a_worker_that_was_frozen_past_its_session_comes_back_and_doubles_nothing(settings: Settings) -> None:
    async with ledger_of(settings) as ledger, two_workers(settings) as (frozen, other):
        await produce(settings, orders(0, 20))
        await within(TAKEN_OVER_WITHIN_S, lambda: is_recorded(ledger, 20), "the first are recorded")
        frozen.send(signal.SIGSTOP)
        await produce(settings, orders(20, 120))
        await within(2 * TAKEN_OVER_WITHIN_S, lambda: is_recorded(ledger, 120), "the other has taken all")
        frozen.send(signal.SIGCONT)
        await produce(settings, orders(120, 140))
        await within(2 * TAKEN_OVER_WITHIN_S, lambda: are_shared(settings, 2), "the frozen one has joined again")
        await within(TAKEN_OVER_WITHIN_S, lambda: is_recorded(ledger, 140), "all are recorded")
        await is_whole(ledger, 140)
        await within(TAKEN_OVER_WITHIN_S, frozen.is_ready, "the frozen one is ready again")
        await within(TAKEN_OVER_WITHIN_S, other.is_ready, "the other is ready with the share that is left to it")
