"""The whole movement on the embedded broker: what is handed in is decided, said on the topics, and proven."""

import asyncio
import gc
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from models.tables import OutboxRow
from streams import kafka_client
from streams.app import WorkerFailedError
from streams.clock import AcceleratedClock
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming, Outcome, Rejection
from streams.ledger.ledger import Ledger
from streams.mass_rejection import MassRejectionError, MassRejections
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts
from streams.watch import WATCHED
from tests.streams.ledger.telling import AP, LOCK, all_rows
from tests.streams.running_system import eventually, on_topic, produce, running_system, submit
from workorders.policy import default_world

pytestmark = pytest.mark.timeout(90)


def lock_fault(n: int, hours_ago: float = 3.0) -> Incoming:
    """A lock that will not secure, raised so long ago at an approved premises."""
    said = {
        "specversion": "1.0",
        "id": f"raised-{n}",
        "source": "estates-desk",
        "type": "facilities.work-order.raised",
        "subject": f"WO-{n}",
        "time": (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat(),  # noqa: TID251 - real time on purpose
        "data": {"premises": AP, **LOCK},
    }
    return Incoming("work-orders", AP.encode(), orjson.dumps(said))


async def waiting(parts: Parts) -> int:
    """How many messages are not yet on their topic, or not yet confirmed by the watch."""
    watched = {topic.name for topic in WATCHED}
    messages = await all_rows(parts.ledger, OutboxRow)
    return sum(one.sent_at is None or (one.topic in watched and one.confirmed_at is None) for one in messages)


async def test_what_is_handed_in_is_decided_said_on_the_topic_and_confirmed(tmp_path: Path) -> None:
    async with running_system(tmp_path) as parts:
        receipts = await submit(parts, *(lock_fault(n) for n in range(20)))
        assert all(isinstance(receipt, Receipt) for receipt in receipts)
        progress = parts.progress
        await eventually(lambda: progress.recorded == 20, "twenty orders are recorded")
        # Each order: one classification, a breach of attend and a warning of make-safe.
        await eventually(lambda: progress.confirmed >= 60, "classifications and statements are confirmed")
        said = [orjson.loads(value) for value in await on_topic(parts, "escalations")]
        breaches = [one for one in said if one["data"]["kind"] == "breach"]
        assert {one["subject"] for one in breaches} == {f"WO-{n}" for n in range(20)}
        assert len({one["id"] for one in said}) == len(said)


async def test_a_record_of_another_producer_is_taken_and_the_same_record_again_is_a_counted_duplicate(
    tmp_path: Path,
) -> None:
    async with running_system(tmp_path) as parts:
        twice = lock_fault(1)
        await produce(parts, twice, twice, lock_fault(2))
        await eventually(lambda: parts.progress.recorded == 2, "two orders are recorded")
        await eventually(lambda: parts.progress.duplicates == 1, "the second copy is a duplicate")


async def test_a_record_that_cannot_be_taken_is_on_rejected_events_and_harms_no_neighbour(tmp_path: Path) -> None:
    async with running_system(tmp_path) as parts:
        bad = Incoming("work-orders", AP.encode(), b'{"specversion": "1.0", ')
        await produce(parts, bad, lock_fault(1))
        await eventually(lambda: parts.progress.recorded == 1, "the neighbour is recorded")
        await eventually(lambda: parts.progress.rejected == 1, "the bad record is rejected")

        async def nothing_waits() -> bool:
            return not await waiting(parts)

        await eventually(nothing_waits, "the rejection is sent")
        (rejected,) = [orjson.loads(value) for value in await on_topic(parts, "rejected-events")]
        assert rejected["data"]["code"] == "not-json"
        assert rejected["data"]["topic"] == "work-orders"


async def test_with_the_broker_away_what_is_handed_in_is_still_decided_and_sent_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_client, "METADATA_AGE_MS", 1_000)
    clock = AcceleratedClock(datetime.now(UTC), 10)  # noqa: TID251 - real time on purpose
    quick = {"broker_timeout_s": 2.0, "session_timeout_ms": 1500, "heartbeat_ms": 400}
    async with running_system(tmp_path, clock, **quick) as parts:
        await eventually(lambda: parts.progress.assigned > 0, "intake is at work")
        broker = parts.cluster
        broker.go_away()  # type: ignore[attr-defined]
        await submit(parts, lock_fault(1))
        await eventually(lambda: parts.progress.recorded == 1, "the sweeper takes it from the inbox")
        assert await waiting(parts)
        broker.come_back()  # type: ignore[attr-defined]

        async def nothing_waits() -> bool:
            return not await waiting(parts)

        await eventually(nothing_waits, "the relay catches up and the watch confirms")


async def test_time_alone_brings_the_breach_to_the_senior_account_manager(tmp_path: Path) -> None:
    start = datetime(2026, 1, 13, 2, 10, tzinfo=UTC)
    async with running_system(tmp_path, AcceleratedClock(start, 10_000), sweep_every_s=60) as parts:
        said = orjson.loads(lock_fault(1).value or b"")
        said["time"] = start.isoformat()
        await submit(parts, Incoming("work-orders", AP.encode(), orjson.dumps(said)))

        async def all_are_told() -> bool:
            said = [orjson.loads(value) for value in await on_topic(parts, "escalations")]
            rungs = {one["data"]["rung"] for one in said if one["data"]["kind"] == "breach"}
            return {"account-manager", "senior-account-manager", "national-taskforce"} <= rungs

        await eventually(all_are_told, "everybody is told")
        assert parts.clock.now() > start + timedelta(hours=10)


async def test_what_was_handed_in_survives_a_broker_that_forgets_everything(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    from streams.clock import SystemClock  # noqa: PLC0415

    async with open_parts(settings, SystemClock(), default_world()) as parts:
        await submit(parts, *(lock_fault(n) for n in range(5)))
    async with running_system(tmp_path) as again:
        await eventually(lambda: again.progress.recorded == 5, "the five are recorded")


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3, 0.7])
async def test_a_stop_soon_after_the_start_leaves_nothing_open(
    tmp_path: Path, after_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_system(tmp_path):
        await asyncio.sleep(after_s)
    gc.collect()  # whatever was left open says so now, and a warning is an error
    assert [record for record in caplog.records if record.name in {"asyncio", "streams.app"}] == []


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_broker_that_is_never_there_keeps_nobody_from_deciding_or_stopping(
    tmp_path: Path, is_silent: bool
) -> None:
    # The kernel lets everybody in and nobody ever speaks: a broker that hangs.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if is_silent else 1
        clock = AcceleratedClock(datetime.now(UTC), 20)  # noqa: TID251 - real time on purpose
        options = {"stop_within_s": 4, "broker_timeout_s": 3, "session_timeout_ms": 2000, "heartbeat_ms": 500}
        async with open_parts(Settings(data_dir=tmp_path), clock, default_world()):
            pass  # it was there when the ledger began
        async with running_system(tmp_path, clock, broker=f"127.0.0.1:{port}", **options) as parts:
            await submit(parts, lock_fault(1))
            await eventually(lambda: parts.progress.recorded == 1, "the sweeper takes it from the inbox")


async def test_what_the_ledger_cannot_do_ends_the_system_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Outcome:
        raise LedgerUnavailable("the disk is full")

    monkeypatch.setattr(Ledger, "sweep", fail)
    with pytest.raises(WorkerFailedError, match="the disk is full"):
        async with running_system(tmp_path) as parts:
            await eventually(lambda: parts.progress.assigned == 12, "intake is at work")


def test_rejections_of_one_source_only_shout_and_those_of_several_stop_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counting = MassRejections(Settings(mass_rejection_count=5, mass_rejection_sources=2))
    now = datetime(2026, 1, 13, tzinfo=UTC)

    def rejections(source: str | None, many: int) -> list[Rejection]:
        return [Rejection(lock_fault(1), "not-json", "", "No.", source) for _ in range(many)]

    counting.note(rejections("a", 50), now)
    assert "rejected in mass: a" in caplog.text
    counting.note(rejections("b", 4), now)
    with pytest.raises(MassRejectionError, match="2 sources"):
        counting.note(rejections("b", 1), now)


def test_rejections_are_forgotten_after_the_window() -> None:
    counting = MassRejections(Settings(mass_rejection_count=5, mass_rejection_sources=2, mass_rejection_window_s=60))
    now = datetime(2026, 1, 13, tzinfo=UTC)
    counting.note([Rejection(lock_fault(1), "x", "", "No.", "a")] * 5, now)
    counting.note([Rejection(lock_fault(1), "x", "", "No.", "b")] * 5, now + timedelta(seconds=61))
