"""Two workers on one broker and one ledger: they share the partitions, and each record is recorded once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from models.tables import EventRow
from streams.clock import AcceleratedClock, SystemClock
from streams.intake import Intake
from streams.ledger import queries
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.relay import Relay
from streams.settings import Settings
from streams.sweeper import Sweeper
from tests.faults.told import OFFICES
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.ledger.telling import all_rows, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually, produce, submit, whole_worker

pytestmark = pytest.mark.timeout(180)


def orders(first: int, last: int) -> list[Incoming]:
    ago = SystemClock().now() - timedelta(hours=1)
    found = []
    for n in range(first, last):
        told = raised(f"WO-{n}", premises=OFFICES[n % len(OFFICES)], id=f"raised-{n}")
        found.append(plain({**told, "time": ago.isoformat()}))
    return found


async def is_recorded_once(parts: Parts, last: int, records: int) -> None:
    """Orders 0 to ``last`` are one event each, and so many records of the topics are accounted for."""

    async def adds_up() -> bool:
        async with parts.ledger.reading() as connection:
            accounts = await queries.proof(connection)
        return all(one.adds_up for one in accounts) and sum(one.consumed for one in accounts) == records

    await eventually(adds_up, f"{records} records are accounted for")
    subjects = Counter(row.subject for row in await all_rows(parts.ledger, EventRow))
    assert subjects == Counter({f"WO-{n}": 1 for n in range(last)})
    assert (await parts.ledger.verify(parts.world)).findings == []


async def test_through_joining_and_leaving_every_record_is_recorded_exactly_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, clock = PaperBroker(), SystemClock()
    put_on_paper(monkeypatch, broker)
    async with parts_on_paper(tmp_path, broker, clock, batch_max_records=7) as first:
        async with at_work(Intake(first)), parts_on_paper(tmp_path, broker, clock, batch_max_records=7) as second:
            await eventually(lambda: first.progress.assigned == 6, "the first has every partition")
            broker.tell(*orders(0, 20))
            async with at_work(Intake(second)):
                broker.tell(*orders(20, 50))
                await eventually(lambda: second.progress.assigned == 3, "the second has its share")
                broker.tell(*orders(50, 80), *orders(0, 10))
                done = (first.progress, second.progress)
                await eventually(lambda: sum(one.recorded for one in done) == 80, "all are recorded")
                assert min(one.recorded for one in done) > 0
            await eventually(lambda: first.progress.assigned == 6, "the first has every partition again")
            broker.tell(*orders(80, 90))
            await eventually(lambda: sum(one.recorded for one in done) == 90, "the last are recorded")
        await is_recorded_once(first, 90, 100)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of either kind of ledger."""
    return {} if request.param == "sqlite" else {"ledger": request.getfixturevalue("ledger_on_postgres")}


@asynccontextmanager
async def two_on_paper(folder: Path, broker: PaperBroker, ledger: dict[str, str]) -> AsyncIterator[tuple[Parts, Parts]]:
    clock, options = AcceleratedClock(SystemClock().now(), 20), {**ledger, "sweep_every_s": 0.2}
    async with (
        parts_on_paper(folder, broker, clock, **options) as first,
        parts_on_paper(folder, broker, clock, **options) as second,
    ):
        yield first, second


async def test_two_relays_send_everything_once_and_the_second_goes_on_for_the_first(
    tmp_path: Path, ledger: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = PaperBroker()
    put_on_paper(monkeypatch, broker)
    async with two_on_paper(tmp_path, broker, ledger) as (first, second):
        done = (first.progress, second.progress)
        async with at_work(Relay(second)):
            async with at_work(Relay(first)):
                await submit(first, *orders(0, 20))
                await eventually(lambda: sum(one.relayed for one in done) == 20, "the first twenty are sent")
                await submit(second, *orders(20, 40))
                await eventually(lambda: sum(one.relayed for one in done) == 40, "the next are sent")
                assert sorted(one.relayed for one in done) == [0, 40]
                assert first.vitals.sends != second.vitals.sends
            await submit(first, *orders(40, 60))
            await eventually(lambda: sum(one.relayed for one in done) == 60, "the last are sent")
        assert len(broker.on("work-orders")) == 60


async def test_two_sweepers_say_everything_once(tmp_path: Path, ledger: dict[str, str]) -> None:
    async with two_on_paper(tmp_path, PaperBroker(), ledger) as (first, second):
        await submit(first, *orders(0, 20))
        async with at_work(Sweeper(first)), at_work(Sweeper(second)):
            done = (first.progress, second.progress)
            await eventually(lambda: sum(one.recorded for one in done) == 20, "all are taken from the inbox")
            await asyncio.sleep(0.3)
        await is_recorded_once(first, 20, 0)


@pytest.mark.kafka
@pytest.mark.slow
class TestOnKafka:
    """The same with whole workers on a real cluster; the embedded broker cannot keep two members of a group."""

    @pytest.fixture
    async def settings(self, tmp_path: Path, kafka: KafkaAddress, topic_prefix: str) -> AsyncIterator[Settings]:
        settings = Settings(
            broker=kafka.bootstrap, data_dir=tmp_path, replication=1, partitions=4, topic_prefix=topic_prefix,
            group=f"{topic_prefix}group", sweep_every_s=0.2, batch_max_records=20,
            session_timeout_ms=6_000, heartbeat_ms=500,
        )  # fmt: skip
        async with own_topics(settings):
            yield settings

    async def test_through_joining_and_leaving_every_record_is_recorded_exactly_once(self, settings: Settings) -> None:
        async with whole_worker(settings) as first:
            await eventually(lambda: first.progress.assigned == 12, "the first has every partition")
            await produce(first, *orders(0, 100))
            async with whole_worker(settings) as second:
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
            await is_recorded_once(first, 340, 100 + 100 + 20 + 80 + 20 + 40)
