"""Two workers on one broker and one ledger: they share the partitions, and each record is recorded once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from models.tables import EventRow
from streams.clock import SystemClock
from streams.embedded import EmbeddedBroker
from streams.ledger import queries
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.settings import Settings
from streams.system import run_parts
from tests.faults.told import OFFICES
from tests.streams.ledger.telling import all_rows, plain, raised
from tests.streams.running_system import PATIENCE_S, eventually, produce, submit
from workorders.policy import default_world

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


@asynccontextmanager
async def worker(folder: Path, broker: EmbeddedBroker) -> AsyncIterator[Parts]:
    """One of the workers; its group gets over the loss of a member within a second and a half."""
    settings = Settings(
        broker=broker.bootstrap, data_dir=folder, sweep_every_s=0.2, batch_max_records=20,
        session_timeout_ms=1_500, heartbeat_ms=300, broker_timeout_s=5,
    )  # fmt: skip
    clock, world = SystemClock(), default_world()
    ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=clock.now())
    parts = Parts(settings, clock, ledger, broker, await ledger.world(world, clock.now()))
    stop = asyncio.Event()
    task = asyncio.create_task(run_parts(parts, stop))
    try:
        yield parts
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task
        await ledger.close()


def orders(first: int, last: int) -> list[Incoming]:
    ago = SystemClock().now() - timedelta(hours=1)
    found = []
    for n in range(first, last):
        told = raised(f"WO-{n}", premises=OFFICES[n % len(OFFICES)], id=f"raised-{n}")
        found.append(plain({**told, "time": ago.isoformat()}))
    return found


async def subjects(parts: Parts) -> Counter[str]:
    return Counter(row.subject for row in await all_rows(parts.ledger, EventRow))


async def test_through_joining_and_leaving_every_record_is_recorded_exactly_once(tmp_path: Path) -> None:
    async with EmbeddedBroker() as broker, worker(tmp_path, broker) as first:
        # As a server does, wait a moment for every member before the partitions are shared out.
        broker._library.rd_kafka_mock_group_initial_rebalance_delay_ms(broker._cluster, 1_000)
        await eventually(lambda: first.progress.assigned == 12, "the first has every partition")
        await produce(first, *orders(0, 100))
        async with worker(tmp_path, broker) as second:
            await produce(first, *orders(100, 200))
            await submit(second, *orders(200, 220))
            await eventually(lambda: 0 < second.progress.assigned < 12, "the second has its share")
            await produce(first, *orders(220, 300), *orders(0, 20))
            done = (first.progress, second.progress)
            await eventually(lambda: sum(one.recorded for one in done) == 300, "all are recorded")
            assert second.progress.recorded > 0
        await eventually(lambda: first.progress.assigned == 12, "the first has every partition again")
        await produce(first, *orders(300, 340))
        await eventually(lambda: sum(one.recorded for one in done) == 340, "the last are recorded")
        assert await subjects(first) == Counter({f"WO-{n}": 1 for n in range(340)})
        await eventually(lambda: _adds_up(first, 100 + 100 + 20 + 80 + 20 + 40), "every record is accounted for")
        assert (await first.ledger.verify(first.world)).findings == []


async def _adds_up(parts: Parts, records: int) -> bool:
    async with parts.ledger.reading() as connection:
        accounts = await queries.proof(connection)
    return all(one.adds_up for one in accounts) and sum(one.consumed for one in accounts) == records
