"""Large messages on a real Kafka: what is taken goes out and is read, and what is refused waits for its topic alone."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models.tables import OffsetStateRow, OutboxRow
from streams import messages, refusals
from streams.clock import SystemClock
from streams.kafka_client import make_producer, running
from streams.messages import too_large
from streams.settings import Settings
from streams.timeline_topics import published
from streams.topic_admin import apply
from streams.topics import RECORD_BYTES
from tests.faults.poison import HUGE
from tests.servers.fixtures import own_topics, set_topic
from tests.servers.kafka import KafkaAddress
from tests.streams.ledger.telling import AP, OFFICE, START, all_rows, plain, raised
from tests.streams.running_system import eventually, submit, whole_worker
from workorders.policy import Estate, default_estate

CLOCK = SystemClock()


def estate_of(offices: int) -> Estate:
    """The packaged estate with so many more offices."""
    spec = default_estate().spec
    office = next(one for one in spec.premises if one.id == OFFICE)
    more = [
        office.model_copy(update={"id": f"office-extra-{n:05}", "name": f"Extra office number {n:05} of the estate"})
        for n in range(offices)
    ]
    return Estate(spec.model_copy(update={"premises": (*spec.premises, *more)}))


def hours_ago(hours: float) -> float:
    """So many hours before the present, as hours after the tests' beginning of time."""
    return (CLOCK.now() - START) / timedelta(hours=1) - hours


@pytest.fixture
async def settings(kafka: KafkaAddress, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Settings]:
    quick: dict[str, Any] = {"broker_timeout_s": 6.0, "session_timeout_ms": 2_000, "heartbeat_ms": 500}
    wanted = Settings(
        broker=kafka.bootstrap, replication=1, partitions=1, topic_prefix=topic_prefix, group=topic_prefix,
        data_dir=tmp_path, health_port="off", **quick,
    )  # fmt: skip
    async with own_topics(wanted):
        yield wanted


def shouted(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR and one.name.startswith("streams")
    ]


@pytest.mark.kafka
async def test_an_estate_with_ten_thousand_premises_more_is_published_and_read(settings: Settings) -> None:
    large = estate_of(10_000)
    assert too_large(large) is None
    async with whole_worker(settings) as parts:
        await parts.ledger.activate(large, CLOCK.now() + timedelta(days=1), CLOCK.now(), "division-facilities")

        async def all_is_sent() -> bool:
            return all(row.confirmed_at is not None for row in await all_rows(parts.ledger, OutboxRow))

        await eventually(all_is_sent, "it is sent and seen by the watch")
    found = await published(settings, settings.broker, 10)
    assert max(map(len, found)) > 1_048_588, "more than Kafka takes if it is told nothing"


@pytest.mark.kafka
async def test_what_the_broker_refuses_waits_alone_and_is_sent_when_the_topic_is_put_right(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(refusals, "LONGEST_PAUSE_S", 1.0)
    async with whole_worker(settings) as parts:

        async def report(n: int, premises: str) -> None:
            await submit(parts, plain(raised(f"WO-{n}", hours_ago(5), premises=premises, id=f"raised-{n}")))
            await eventually(lambda: parts.progress.recorded == n, "it is decided")

        async def nothing_waits() -> bool:
            return not await parts.ledger.unsent(1)

        await report(1, AP)
        await eventually(nothing_waits, "all is sent")
        await set_topic(settings, "escalations", {"max.message.bytes": "200"})
        await report(2, AP)
        await report(3, OFFICE)
        await report(4, "ap-plas-helyg")

        async def only_escalations_wait() -> bool:
            lines = {(one.topic, one.key) for one in await parts.ledger.unsent(1_000)}
            keys = {key.decode() for topic, key in lines if topic == "escalations"}
            return len(keys) >= 2 and len(keys) == len(lines) == parts.vitals.refused

        await eventually(only_escalations_wait, "all other topics are sent")
        assert parts.vitals.away == {}
        assert not parts.progress.broker_away
        said = shouted(caplog)
        assert len(said) == parts.vitals.refused, "each is told once"
        assert all(" cannot be sent to " in one and ": MessageSizeTooLargeError, it is " in one for one in said)
        await apply(settings)

        await eventually(nothing_waits, "all is sent")
        assert parts.vitals.refused == 0
        await report(5, AP)
        await eventually(nothing_waits, "and whatever comes after it")
        assert len(shouted(caplog)) == len(said)
    assert "looks for the broker again" not in caplog.text, "it was there all the time"


@pytest.mark.kafka
async def test_five_megabytes_of_poison_on_a_topic_that_takes_them_are_read_and_refused(settings: Settings) -> None:
    await set_topic(settings, "work-orders", {"max.message.bytes": str(RECORD_BYTES)})
    async with running(make_producer(settings, settings.broker), settings) as producer:
        name = f"{settings.topic_prefix}work-orders"
        await producer.send_and_wait(name, key=AP.encode(), value=b'"' + b"a" * HUGE + b'"')
    async with whole_worker(settings) as parts:
        await eventually(lambda: parts.progress.rejected == 1, "it is rejected")

        async def it_is_told() -> bool:
            sent = [row for row in await all_rows(parts.ledger, OutboxRow) if row.topic == "rejected-events"]
            return len(sent) == 1 and sent[0].sent_at is not None

        await eventually(it_is_told, "it is told")
        (row,) = [row for row in await all_rows(parts.ledger, OffsetStateRow) if row.next_offset]
        assert (row.rejected, row.recorded) == (1, 0)


def test_what_fits_in_one_message_is_no_fault_and_what_does_not_is_told_with_both_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert too_large(default_estate()) is None
    monkeypatch.setattr(messages, "VALUE_BYTES", 40_000)
    assert too_large(default_estate()) is None
    fault = too_large(estate_of(300))
    assert fault is not None
    assert re.fullmatch(r"the estate is [4-9]\d,\d{3} bytes long as the message .*, and 40,000 is the most .*", fault)
