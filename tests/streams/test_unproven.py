"""A broker's log that went back and has grown again is never read on as if it were the one that was read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import orjson
import pytest
from aiokafka.errors import OffsetOutOfRangeError

from models.refusal import Reason, Refusal
from models.tables import EventRow, OffsetStateRow, RejectedRow
from streams.clock import FixedClock
from streams.kafka_client import Consumer
from streams.ledger import sorting
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.reader import Reader, RecordsLostError
from streams.topics import INPUTS
from streams.unproven import LOOK_BACK
from tests.streams.ledger.telling import AP, START, all_rows, event, plain, raised
from tests.streams.on_paper import parts_on_paper
from tests.streams.paper_broker import PaperBroker, PaperConsumer, partition_of

WORK = partition_of("work-orders", AP)
UNIT = "source:fm-north"
STAMP = 1_768_300_000_000


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker(append_time=STAMP)


@pytest.fixture
async def parts(tmp_path: Path, broker: PaperBroker) -> AsyncIterator[Parts]:
    async with parts_on_paper(tmp_path, broker) as opened:
        yield opened


def order(n: int) -> Incoming:
    return plain(raised(f"WO-{n}", id=f"raised-{n}"))


def nonsense(n: int) -> Incoming:
    return Incoming("work-orders", AP.encode(), f"nonsense {n}".encode())


def in_binary_mode(n: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """An order as a record whose attributes are headers."""
    told = raised(f"WO-{n}", id=f"raised-{n}")
    headers = [(f"ce_{name}", str(value).encode()) for name, value in told.items() if name != "data"]
    return orjson.dumps(told["data"]), headers


async def assigned_anew(parts: Parts, broker: PaperBroker) -> Reader:
    """Read, as after a start, until nothing is left."""
    broker.members.clear()
    consumer = PaperConsumer(broker)
    reader = Reader(parts, cast("Consumer", consumer), asyncio.Lock())
    consumer.subscribe([topic.name for topic in INPUTS], listener=reader)
    await read_on(reader)
    return reader


async def read_on(reader: Reader) -> None:
    while found := await reader.fetch():
        await reader.take(found)


async def stands_at(parts: Parts) -> dict[str, int]:
    return {row.topic: row.next_offset for row in await all_rows(parts.ledger, OffsetStateRow)}


def with_last(broker: PaperBroker, last: str) -> None:
    """Three records, of which the third is of that sort."""
    broker.tell(order(1), order(2))
    if last == "binary":
        value, headers = in_binary_mode(3)
        broker.append("work-orders", AP.encode(), value, headers)
    else:
        sorts = {"event": order(3), "duplicate": order(2), "rejection": nonsense(3), "empty": nonsense(0)}
        broker.append("work-orders", AP.encode(), None if last == "empty" else sorts[last].value)


SORTS = ["event", "duplicate", "rejection", "empty", "binary"]


@pytest.mark.parametrize("last", SORTS)
async def test_the_log_that_was_read_is_read_on_in_silence(
    parts: Parts, broker: PaperBroker, last: str, caplog: pytest.LogCaptureFixture
) -> None:
    with_last(broker, last)
    await assigned_anew(parts, broker)
    caplog.clear()
    broker.append_time = STAMP + 1
    broker.tell(order(4))
    await assigned_anew(parts, broker)
    assert [row.subject for row in await all_rows(parts.ledger, EventRow)][-1] == "WO-4"
    assert "broker any more" not in caplog.text


@pytest.mark.parametrize(
    ("last", "instead"),
    [
        (last, instead)
        for last in SORTS
        for instead in (order(7), order(1), nonsense(7))
        if (last, instead) != ("duplicate", order(1))
    ],
)
async def test_a_log_that_went_back_and_has_grown_past_us_stops_reading(
    parts: Parts, broker: PaperBroker, last: str, instead: Incoming
) -> None:
    with_last(broker, last)
    await assigned_anew(parts, broker)
    del broker.logs[WORK][2:]
    broker.tell(instead, order(8), order(9))
    for _ in range(2):
        with pytest.raises(
            RecordsLostError, match="holds another record at offset 2 than the ledger took there: the broker"
        ):
            await assigned_anew(parts, broker)
    assert await stands_at(parts) == {"work-orders": 3}
    assert "WO-9" not in {row.subject for row in await all_rows(parts.ledger, EventRow)}


@pytest.mark.parametrize("last", ["event", "rejection", "binary"])
async def test_the_same_records_sent_again_at_another_time_are_another_log(
    parts: Parts, broker: PaperBroker, last: str
) -> None:
    with_last(broker, last)
    await assigned_anew(parts, broker)
    broker.logs, broker.append_time = {}, STAMP + 1
    with_last(broker, last)
    with pytest.raises(RecordsLostError, match="another record at offset 0"):
        await assigned_anew(parts, broker)


async def test_not_even_what_was_never_read_is_taken_from_another_log(parts: Parts, broker: PaperBroker) -> None:
    with_last(broker, "event")
    await assigned_anew(parts, broker)
    broker.logs[WORK] = broker.logs[WORK][:2]
    broker.tell(*(order(n) for n in range(20, 30)))
    with pytest.raises(RecordsLostError):
        await assigned_anew(parts, broker)
    assert len(await all_rows(parts.ledger, EventRow)) == 3


async def test_what_was_fetched_before_an_assignment_proves_nothing_after_it(
    parts: Parts, broker: PaperBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with_last(broker, "event")
    reader = await assigned_anew(parts, broker)
    broker.tell(order(4))
    in_hand = await reader.fetch()
    del broker.logs[WORK][1:]
    broker.tell(*(order(n) for n in range(20, 30)))
    await broker.share_out()
    assert await reader.take(in_hand) == []
    with pytest.raises(RecordsLostError, match="another record at offset 1"):
        await read_on(reader)
    assert "broker any more" not in caplog.text
    assert await stands_at(parts) == {"work-orders": 3}


async def test_what_was_in_hand_at_an_assignment_is_read_again_and_none_is_passed_over(
    parts: Parts, broker: PaperBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with_last(broker, "event")
    reader = await assigned_anew(parts, broker)
    broker.tell(order(4), order(5))
    in_hand = await reader.fetch()
    await broker.share_out()
    assert await reader.take(in_hand) == []
    await read_on(reader)
    assert [row.subject for row in await all_rows(parts.ledger, EventRow)] == [f"WO-{n}" for n in range(1, 6)]
    assert "broker any more" not in caplog.text


async def test_a_sign_of_life_is_recognised(parts: Parts, broker: PaperBroker) -> None:
    def sign(n: int) -> Incoming:
        return plain(event("source.heartbeat", UNIT, premises=UNIT, source="fm-north", id=f"alive-{n}"))

    broker.tell(sign(1))
    await assigned_anew(parts, broker)
    (row,) = await all_rows(parts.ledger, EventRow)
    assert row.type == "facilities.source.heartbeat"
    await assigned_anew(parts, broker)
    broker.logs = {}
    broker.tell(sign(2))
    with pytest.raises(RecordsLostError):
        await assigned_anew(parts, broker)


async def test_one_duplicate_in_place_of_another_is_not_told_apart_and_loses_nothing(
    parts: Parts, broker: PaperBroker
) -> None:
    with_last(broker, "duplicate")
    await assigned_anew(parts, broker)
    del broker.logs[WORK][2:]
    broker.tell(order(1), order(8))
    await assigned_anew(parts, broker)
    assert [row.subject for row in await all_rows(parts.ledger, EventRow)] == ["WO-1", "WO-2", "WO-8"]


async def test_where_the_broker_keeps_no_time_the_contents_are_compared(parts: Parts, broker: PaperBroker) -> None:
    broker.append_time = None
    broker.tell(order(1))
    await assigned_anew(parts, broker)
    cast("FixedClock", parts.clock).set(START + timedelta(hours=1))
    await assigned_anew(parts, broker)
    broker.logs = {}
    broker.tell(order(2))
    with pytest.raises(RecordsLostError, match="another record at offset 0"):
        await assigned_anew(parts, broker)


async def test_what_was_submitted_is_recognised_when_it_was_relayed(parts: Parts, broker: PaperBroker) -> None:
    await parts.ledger.submit([order(1)], START, parts.world)
    (waiting,) = await parts.ledger.unrelayed(10)
    broker.append(waiting.topic, waiting.key.encode(), waiting.value)
    await assigned_anew(parts, broker)
    (row,) = await all_rows(parts.ledger, EventRow)
    assert row.heard == START, "its own time, not the broker's"
    await assigned_anew(parts, broker)


async def test_what_is_in_an_accepted_gap_was_never_taken_so_the_one_before_it_counts(
    parts: Parts, broker: PaperBroker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.tell(order(1))
    await assigned_anew(parts, broker)
    (stream,) = await parts.ledger.known_streams()
    broker.tell(order(2), order(3))
    await parts.ledger.accept_gap(stream, 3, "nobody wants them", START)
    await assigned_anew(parts, broker)
    assert "broker any more" not in caplog.text
    broker.logs = {}
    broker.tell(order(5), order(2), order(3))
    with pytest.raises(RecordsLostError, match="another record at offset 0"):
        await assigned_anew(parts, broker)


@pytest.mark.parametrize("hidden", [False, True])
async def test_where_nothing_that_was_read_is_left_it_is_said_that_nothing_could_be_compared(
    parts: Parts, broker: PaperBroker, caplog: pytest.LogCaptureFixture, hidden: bool
) -> None:
    broker.tell(order(1))
    await assigned_anew(parts, broker)
    if hidden:
        (stream,) = await parts.ledger.known_streams()
        broker.tell(*(order(n) for n in range(2, 3 + LOOK_BACK)))
        await parts.ledger.accept_gap(stream, 2 + LOOK_BACK, "nobody wants them", START)
    else:
        broker.forget_before(WORK, 1)
    broker.tell(order(50))
    await assigned_anew(parts, broker)
    assert "what was read last of partition 1 of work-orders is not on the broker any more" in caplog.text
    assert (await all_rows(parts.ledger, EventRow))[-1].subject == "WO-50"


async def test_what_a_newer_release_took_is_recognised_by_its_name_and_place(
    parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.tell(order(1))
    await assigned_anew(parts, broker)
    monkeypatch.setattr(sorting, "parse", lambda *_: Refusal(Reason.UNKNOWN_TYPE, "type", "It is of the future."))
    await assigned_anew(parts, broker)
    broker.logs = {}
    broker.tell(order(2))
    with pytest.raises(RecordsLostError):
        await assigned_anew(parts, broker)


@pytest.mark.parametrize("value", [b"[]", b'{"source": 1, "id": "raised-1"}', b"{"])
async def test_what_bears_no_name_is_another_record(parts: Parts, broker: PaperBroker, value: bytes) -> None:
    broker.tell(order(1))
    await assigned_anew(parts, broker)
    broker.logs = {}
    broker.append("work-orders", AP.encode(), value)
    with pytest.raises(RecordsLostError):
        await assigned_anew(parts, broker)


async def test_a_record_that_goes_while_it_is_looked_at_again_keeps_nobody_from_reading_on(
    parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.tell(order(1), order(2))
    await assigned_anew(parts, broker)
    broker.tell(order(3))
    gone: list[bool] = []
    fetch = PaperConsumer.getmany

    async def getmany(self: PaperConsumer, **wanted: int) -> object:
        if not gone:
            await self.join()
            gone.append(True)
            broker.forget_before(WORK, 2)
            raise OffsetOutOfRangeError({WORK: 0})
        return await fetch(self, **wanted)

    monkeypatch.setattr(PaperConsumer, "getmany", getmany)
    await read_on(await assigned_anew(parts, broker))
    assert [row.subject for row in await all_rows(parts.ledger, EventRow)] == ["WO-1", "WO-2", "WO-3"]


async def test_what_is_read_once_more_is_taken_once(parts: Parts, broker: PaperBroker) -> None:
    broker.tell(order(1), nonsense(1), order(1))
    for _ in range(3):
        await assigned_anew(parts, broker)
    assert (parts.progress.recorded, parts.progress.rejected, parts.progress.duplicates) == (1, 1, 1)
    assert len(await all_rows(parts.ledger, RejectedRow)) == 1
