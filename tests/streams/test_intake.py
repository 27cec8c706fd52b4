"""Intake: by the ledger's offsets, each record once and in order, whatever the broker hands out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from aiokafka.errors import KafkaConnectionError

from models.tables import EventRow, OffsetStateRow
from streams.app import WorkerFailedError
from streams.incarnation import Incarnation
from streams.intake import Intake
from streams.kafka_client import Consumer
from streams.ledger.errors import LedgerConflict, LedgerUnavailable, OffsetGap
from streams.ledger.incoming import Incoming, Outcome
from streams.mass_rejection import MassRejectionError
from streams.parts import Parts
from streams.reader import Reader, RecordsLostError
from tests.streams.ledger.telling import AP, START, all_rows, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker, PaperConsumer, partition_of
from tests.streams.running_system import eventually

INPUT = ["work-orders", "shift-cover", "escalation-responses"]
WORK = partition_of("work-orders", AP)


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker()


@pytest.fixture
async def parts(tmp_path: Path, broker: PaperBroker) -> AsyncIterator[Parts]:
    async with parts_on_paper(tmp_path, broker) as opened:
        yield opened


def orders(*numbers: int) -> list[Incoming]:
    return [plain(raised(f"WO-{n}", id=f"raised-{n}")) for n in numbers]


def reader_of(parts: Parts, broker: PaperBroker) -> tuple[Reader, PaperConsumer]:
    """A reader of its own, as after a start."""
    broker.members.clear()
    consumer = PaperConsumer(broker)
    reader = Reader(parts, cast("Consumer", consumer), asyncio.Lock())
    consumer.subscribe(INPUT, listener=reader)
    return reader, consumer


async def taken(reader: Reader) -> int:
    """Read until nothing is left; how many records were fetched."""
    n = 0
    while found := await reader.fetch():
        n += sum(map(len, found.values()))
        await reader.take(found)
    return n


async def recorded(parts: Parts) -> list[str]:
    return [row.subject for row in await all_rows(parts.ledger, EventRow)]


class TestReader:
    """Where it reads on."""

    async def test_on_every_assignment_it_goes_on_where_the_ledger_stands(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2))
        await taken(reader_of(parts, broker)[0])
        broker.tell(*orders(3))
        for misled in (0, 1, 3):
            broker.committed = dict.fromkeys(broker.committed, misled)
            await taken(reader_of(parts, broker)[0])
        assert await recorded(parts) == ["WO-1", "WO-2", "WO-3"]
        assert parts.progress.duplicates == 0

    async def test_before_the_first_seek_there_is_no_offset_and_that_is_no_fault(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1))
        reader, consumer = reader_of(parts, broker)
        broker.members.append(consumer)
        consumer.positions = dict.fromkeys([WORK])
        sharing = asyncio.create_task(broker.share_out())
        assert await reader.fetch() == {}
        await sharing
        await taken(reader)
        assert await recorded(parts) == ["WO-1"]

    async def test_what_was_fetched_before_a_seek_is_dropped(self, parts: Parts, broker: PaperBroker) -> None:
        broker.tell(*orders(1, 2))
        reader, consumer = reader_of(parts, broker)
        stale = await reader.fetch()
        await reader.take(stale)
        assert await reader.take(stale) == []
        await consumer.lose(WORK)
        broker.tell(*orders(3))
        await reader.take({WORK: broker.logs[WORK][2:]})
        assert await recorded(parts) == ["WO-1", "WO-2"]

    async def test_what_was_fetched_too_far_ahead_is_sought_again_and_not_taken_for_a_gap(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2, 3))
        reader, _ = reader_of(parts, broker)
        ahead = {WORK: (await reader.fetch())[WORK][2:]}
        await reader.take(ahead)
        assert await taken(reader) == 3
        assert await recorded(parts) == ["WO-1", "WO-2", "WO-3"]

    async def test_a_hole_that_is_still_there_after_seeking_again_is_a_gap(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2, 3))
        reader, _ = reader_of(parts, broker)
        ahead = {WORK: (await reader.fetch())[WORK][2:]}
        await reader.take(ahead)
        with pytest.raises(OffsetGap, match="2 records are missing"):
            await reader.take(ahead)
        assert await recorded(parts) == []

    async def test_records_that_the_broker_has_dropped_are_a_gap_at_the_start(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1))
        await taken(reader_of(parts, broker)[0])
        broker.tell(*orders(2, 3))
        broker.forget_before(WORK, 3)
        with pytest.raises(OffsetGap, match="goes on at offset 3, but the ledger expects 1: 2 records are missing"):
            await reader_of(parts, broker)[0].fetch()

    async def test_records_that_the_broker_drops_under_way_are_a_gap(self, parts: Parts, broker: PaperBroker) -> None:
        reader, _ = reader_of(parts, broker)
        broker.tell(*orders(1))
        await taken(reader)
        broker.tell(*orders(2, 3))
        broker.forget_before(WORK, 2)
        with pytest.raises(OffsetGap, match="1 records are missing"):
            await reader.fetch()

    async def test_a_group_that_is_out_of_range_is_no_gap_for_the_ledger_is_what_counts(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2))
        reader, consumer = reader_of(parts, broker)
        await taken(reader)
        broker.forget_before(WORK, 2)
        consumer.positions[WORK] = 0
        assert await reader.fetch() == {}

    async def test_a_broker_that_has_lost_the_end_of_its_log_stops_reading(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2, 3))
        await taken(reader_of(parts, broker)[0])
        del broker.logs[WORK][1:]
        with pytest.raises(RecordsLostError, match="ends at offset 1, but the ledger has read it up to 3"):
            await reader_of(parts, broker)[0].fetch()

    async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1, 2))
        await taken(reader_of(parts, broker)[0])
        broker.identity, broker.logs = "paper again", {}
        broker.tell(*orders(3))
        await taken(reader_of(parts, broker)[0])
        assert await recorded(parts) == ["WO-1", "WO-2", "WO-3"]

    async def test_it_shouts_once_that_a_topic_of_the_same_cluster_was_made_anew(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        lives = ["first"]

        async def incarnations(names: Iterable[str]) -> dict[str, Incarnation]:
            return {name: Incarnation("paper", lives[-1]) for name in names}

        monkeypatch.setattr(broker, "incarnations", incarnations)
        broker.tell(*orders(1, 2))
        await taken(reader_of(parts, broker)[0])
        assert "made anew" not in caplog.text
        lives.append("second")
        broker.logs = {}
        broker.tell(*orders(3))
        for _ in range(2):
            await taken(reader_of(parts, broker)[0])
        assert caplog.text.count("the topic work-orders was made anew") == 1
        assert await recorded(parts) == ["WO-1", "WO-2", "WO-3"]

    async def test_when_another_writer_has_gone_further_it_reads_on_from_there(
        self, parts: Parts, broker: PaperBroker, caplog: pytest.LogCaptureFixture
    ) -> None:
        broker.tell(*orders(1, 2))
        slow, _ = reader_of(parts, broker)
        in_hand = await slow.fetch()
        await taken(reader_of(parts, broker)[0])
        assert await slow.take(in_hand) == []
        assert "the batch in hand was dropped: offset 0 " in caplog.text
        broker.tell(*orders(3))
        assert await taken(slow) == 3, "two are only looked at again"
        assert await recorded(parts) == ["WO-1", "WO-2", "WO-3"]
        assert parts.progress.duplicates == 0

    async def test_a_revocation_waits_for_the_batch_in_hand_and_nothing_of_it_is_taken_afterwards(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1))
        consumer = PaperConsumer(broker)
        in_hand = asyncio.Lock()
        reader = Reader(parts, cast("Consumer", consumer), in_hand)
        consumer.subscribe(INPUT, listener=reader)
        found = await reader.fetch()
        async with in_hand:
            losing = asyncio.create_task(consumer.lose(*consumer.positions))
            await asyncio.sleep(0.02)
            assert not losing.done()
            await reader.take(found)
        await losing
        assert await recorded(parts) == ["WO-1"]
        assert parts.progress.assigned == 0

    @pytest.mark.parametrize(("append_time", "expected"), [(None, START), (1_768_300_000_123, None)])
    async def test_heard_is_the_brokers_time_if_it_stamps_records_else_ours(
        self, parts: Parts, broker: PaperBroker, append_time: int | None, expected: datetime | None
    ) -> None:
        broker.append_time = append_time
        broker.tell(*orders(1))
        await taken(reader_of(parts, broker)[0])
        (event,) = await all_rows(parts.ledger, EventRow)
        stamped = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=append_time or 0)
        assert event.heard == (expected or stamped)

    async def test_the_group_is_told_how_far_it_is_and_if_it_cannot_be_nothing_is_lost(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        broker.tell(*orders(1))
        reader, _ = reader_of(parts, broker)
        await taken(reader)
        assert broker.committed[WORK] == 1

        def refuse(step: str) -> None:
            if step == "group-commit":
                raise KafkaConnectionError(step)

        broker.step = refuse
        broker.tell(*orders(2))
        await taken(reader)
        assert await recorded(parts) == ["WO-1", "WO-2"]
        assert broker.committed[WORK] == 1

    async def test_a_seek_that_fails_is_not_passed_over(self, parts: Parts, broker: PaperBroker) -> None:
        def refuse(step: str) -> None:
            if step == "incarnations":
                raise KafkaConnectionError(step)

        broker.step = refuse
        reader, _ = reader_of(parts, broker)
        broker.tell(*orders(1))
        with pytest.raises(KafkaConnectionError):
            await taken(reader)


class TestDuty:
    """What stops the worker, and what does not."""

    async def test_while_the_broker_fails_it_is_looked_for_again_and_again(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = put_on_paper(monkeypatch, broker)
        failures = iter(["consumer-start", "fetch", "fetch", "beginning-offsets", "incarnations"])
        next_one = [next(failures)]

        def refuse(step: str) -> None:
            if next_one and step == next_one[0]:
                next_one[:] = [each for each in [next(failures, None)] if each]
                raise KafkaConnectionError(step)

        broker.step = refuse
        broker.tell(*orders(1))
        async with at_work(Intake(parts)):
            await eventually(lambda: parts.progress.recorded == 1, "it is recorded")
            assert not parts.progress.broker_away
            assert parts.progress.assigned == 6
        assert len(made) == 6
        assert parts.progress.assigned == 0

    async def test_missing_records_stop_the_worker_with_a_plain_sentence(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        broker.tell(*orders(1))
        await taken(reader_of(parts, broker)[0])
        broker.tell(*orders(2))
        broker.forget_before(WORK, 2)
        sentence = f"partition {WORK.partition} of work-orders goes on at offset 2, but the ledger expects 1"
        with pytest.raises(WorkerFailedError, match=sentence):
            await ends(Intake(parts))

    async def test_an_unusable_ledger_stops_the_worker_without_a_commit(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        monkeypatch.setattr(type(parts.ledger), "take", failing(LedgerUnavailable("the disk is full")))
        broker.tell(*orders(1))
        with pytest.raises(WorkerFailedError, match="the disk is full"):
            await ends(Intake(parts))
        assert broker.committed == {}
        assert await all_rows(parts.ledger, OffsetStateRow) == []

    async def test_rejections_in_mass_from_several_sources_stop_the_worker_and_are_kept(
        self, tmp_path: Path, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        put_on_paper(monkeypatch, broker)
        for n in range(10):
            for source in ("estates-desk", "site-managers"):
                told = raised(f"WO-{n}", source=source)
                told["data"]["asset"] = "no-such-asset"
                broker.tell(plain(told))
        async with parts_on_paper(
            tmp_path, broker, mass_rejection_count=10, mass_rejection_sources=2, batch_max_records=4
        ) as parts:
            with pytest.raises(WorkerFailedError) as failed:
                await ends(Intake(parts))
            assert isinstance(failed.value.__cause__, MassRejectionError)
            assert parts.progress.rejected >= 19
        assert "rejected in mass: estates-desk" in caplog.text

    async def test_a_conflict_is_no_reason_to_stop(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        put_on_paper(monkeypatch, broker)
        take, once = type(parts.ledger).take, [LedgerConflict("another was faster")]

        async def conflicted(*given: object) -> Outcome:
            if once:
                raise once.pop()
            return await cast("Callable[..., Awaitable[Outcome]]", take)(*given)

        monkeypatch.setattr(type(parts.ledger), "take", conflicted)
        broker.tell(*orders(1, 2))
        async with at_work(Intake(parts)):
            await eventually(lambda: parts.progress.recorded == 2, "both are recorded")
        assert "another was faster" in caplog.text
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def ends(duty: Intake) -> None:
    async with at_work(duty) as task:
        await asyncio.wait({task}, timeout=10)


def failing(error: Exception) -> Callable[..., Awaitable[Outcome]]:
    async def fail(*_: object) -> Outcome:
        raise error

    return fail
