"""What the broker refuses by itself holds up its own key and nothing else, is told, and is sent when it is taken."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    TopicAuthorizationFailedError,
)

from streams import refusals, relay
from streams.kafka_client import BrokerUnreachable, Producer
from streams.parts import Parts
from streams.refusals import LONGEST_PAUSE_S, SAY_AGAIN_S, Refusals
from streams.relay import ProducerSpoiltError, Relay
from streams.sending import Parcel, is_refusal, send
from tests.streams.ledger.telling import AP, OFFICE, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker, PaperProducer
from tests.streams.running_system import eventually, submit

TOO_LARGE = MessageSizeTooLargeError()


@dataclass
class Door:
    """What a broker does not take: by topic and key, of a batch or even alone, at once or only in its answer."""

    closed: set[tuple[str, str]] = field(default_factory=set)
    bad_company: bool = False
    at_once: bool = False
    error: KafkaError = TOO_LARGE
    tried: list[tuple[str, str]] = field(default_factory=list)
    made: int = 0

    def refuses(self, topic: str, key: str, *, alone: bool) -> bool:
        self.tried.append((topic, key))
        return (topic, key) in self.closed or (self.bad_company and not alone and topic == "escalations")


class Picky(PaperProducer):
    """A producer for a broker with a door."""

    def __init__(self, broker: PaperBroker, door: Door, *, alone: bool) -> None:
        super().__init__(broker)
        self.door, self.alone = door, alone

    async def send(
        self, topic: str, *, value: bytes, key: bytes, headers: Collection[tuple[str, bytes]] = ()
    ) -> "asyncio.Future[None]":
        if not self.door.refuses(topic, key.decode(), alone=self.alone):
            return await super().send(topic, value=value, key=key, headers=headers)
        if self.door.at_once:
            raise self.door.error
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.set_exception(self.door.error)
        return answer


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def parts(
    tmp_path: Path, broker: PaperBroker, door: Door, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Parts]:
    def make(*_: object, numbers: bool = True, **__: object) -> Picky:
        door.made += 1
        return Picky(broker, door, alone=not numbers)

    put_on_paper(monkeypatch, broker)
    monkeypatch.setattr(relay, "make_producer", make)
    monkeypatch.setattr(refusals, "FIRST_PAUSE_S", 0.02)
    async with parts_on_paper(
        tmp_path, broker, broker_timeout_s=1.1, session_timeout_ms=1_000, heartbeat_ms=300, relay_batch=3
    ) as opened:
        yield opened


def main_producer(broker: PaperBroker, door: Door) -> Producer:
    return cast("Producer", Picky(broker, door, alone=False))


async def passes(sending: Relay, broker: PaperBroker, door: Door) -> None:
    """Send all that waits, a batch at a time."""
    while await sending._pass(main_producer(broker, door)):
        pass


async def decided(parts: Parts, *premises: str, first: int = 0) -> None:
    """An order is recorded at each of the premises, in this order."""
    for n, name in enumerate(premises, first):
        told = [plain(raised(f"WO-{n}", -5, premises=name, id=f"raised-{n}"))]
        await parts.ledger.take(told, parts.clock.now(), parts.world)


def left(parts: Parts) -> Callable[[], Any]:
    async def lines() -> set[tuple[str, str]]:
        return {(one.topic, one.key.decode()) for one in await parts.ledger.unsent(1_000)}

    return lines


def shouted(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_refused_message_stops_its_own_key_alone_however_much_waits_behind_it(
    parts: Parts, broker: PaperBroker, door: Door, caplog: pytest.LogCaptureFixture, at_once: bool
) -> None:
    door.at_once = at_once
    door.closed.add(("classifications", AP))
    await decided(parts, *[AP] * 5, OFFICE)
    assert sum(one.topic == "classifications" for one in await parts.ledger.unsent(1_000)) > 5
    async with at_work(Relay(parts)):

        async def only_that_key_waits() -> bool:
            return bool(await left(parts)() == {("classifications", AP)})

        await eventually(only_that_key_waits, "all other keys are sent")
        assert not parts.progress.broker_away
        assert parts.vitals.away == {}
        assert parts.vitals.refused == 1
        await eventually(lambda: door.tried.count(("classifications", AP)) > 5, "it is tried again and again")
        (said,) = shouted(caplog)
        assert "cannot be sent to classifications: MessageSizeTooLargeError, it is " in said
        assert said.startswith("record ")
        assert door.made < len(door.tried), "the connection is not made anew for each trial"
        first = [one.value for one in await parts.ledger.unsent(1_000)]
        door.closed.clear()

        async def nothing_waits() -> bool:
            return not await left(parts)()

        await eventually(nothing_waits, "all is sent when it is taken")
        assert parts.vitals.refused == 0
    arrived = [record.value for record in broker.on("classifications") if record.key == AP.encode()]
    assert arrived == first, "in order, and once"


async def test_what_was_only_in_bad_company_is_sent_alone_at_once(
    parts: Parts, broker: PaperBroker, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.bad_company = True
    await decided(parts, AP, OFFICE, AP)
    wanted = [one.value for one in await parts.ledger.unsent(1_000) if one.topic == "escalations"]
    assert wanted
    sending = Relay(parts)
    with pytest.raises(ProducerSpoiltError, match="the broker refused"):
        await passes(sending, broker, door)
    for _ in range(20):
        with suppress(ProducerSpoiltError):
            await passes(sending, broker, door)
    assert await left(parts)() == set()
    assert sorted(record.value for record in broker.on("escalations")) == sorted(wanted)
    assert shouted(caplog) == []
    assert parts.vitals.refused == 0


async def test_a_submitted_input_that_is_refused_holds_up_no_other(
    parts: Parts, broker: PaperBroker, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.closed.add(("work-orders", AP))
    await submit(parts, *(plain(raised(f"WO-{n}", -1, premises=AP)) for n in range(4)))
    await submit(parts, plain(raised("WO-9", -1, premises=OFFICE)))
    async with at_work(Relay(parts)):
        await eventually(lambda: parts.progress.relayed == 1, "the other is relayed")
        assert [record.key for record in broker.on("work-orders")] == [OFFICE.encode()]
        assert len(shouted(caplog)) == 1
        door.closed.clear()
        await eventually(lambda: parts.progress.relayed == 5, "all are relayed")
    subjects = [orjson.loads(record.value)["subject"] for record in broker.on("work-orders")]
    assert subjects == ["WO-9", "WO-0", "WO-1", "WO-2", "WO-3"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_refused_sign_of_life_is_no_broker_that_is_away(
    parts: Parts, broker: PaperBroker, door: Door, caplog: pytest.LogCaptureFixture, at_once: bool
) -> None:
    door.at_once = at_once
    door.closed.add(("pulses", parts.name))
    await decided(parts, AP)
    async with at_work(Relay(parts)):

        async def nothing_waits() -> bool:
            return not await left(parts)()

        await eventually(nothing_waits, "all is sent")
        await eventually(lambda: parts.vitals.refused == 1, "it is told")
        assert parts.vitals.away == {}
    assert parts.vitals.refused == 0, "who sends no more is not to blame"
    assert len(shouted(caplog)) == 1


async def test_what_was_sent_meanwhile_is_held_no_more(parts: Parts, broker: PaperBroker, door: Door) -> None:
    door.closed.add(("classifications", AP))
    await decided(parts, AP)
    await submit(parts, plain(raised("WO-9", -1, premises=OFFICE)))
    door.closed.add(("work-orders", OFFICE))
    sending = Relay(parts)
    for _ in range(3):
        with suppress(ProducerSpoiltError):
            await sending._pass(main_producer(broker, door))
    assert parts.vitals.refused == 2
    await parts.ledger.mark_sent([one.seq for one in await parts.ledger.unsent(1_000)], parts.clock.now())
    await parts.ledger.mark_relayed([one.seq for one in await parts.ledger.unrelayed(1_000)], parts.clock.now())
    await asyncio.sleep(0.1)
    await sending._pass(main_producer(broker, door))
    assert parts.vitals.refused == 0


async def test_a_broker_that_goes_away_while_one_is_tried_alone_is_away(
    parts: Parts, broker: PaperBroker, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(Picky):
        async def send(self, *_: object, **__: object) -> "asyncio.Future[None]":
            raise KafkaConnectionError

    door.closed.add(("classifications", AP))
    await decided(parts, AP)
    monkeypatch.setattr(relay, "make_producer", lambda *_, **__: Gone(broker, door, alone=True))
    with pytest.raises(BrokerUnreachable, match="1 of 1 records were not acknowledged"):
        await passes(Relay(parts), broker, door)


async def test_what_there_is_no_time_to_try_alone_waits_for_the_next_pass(
    parts: Parts, broker: PaperBroker, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.closed.add(("classifications", AP))
    await decided(parts, AP)
    times = iter(range(0, 1_000, 10))
    monkeypatch.setattr(relay, "monotonic", lambda: next(times))
    with pytest.raises(ProducerSpoiltError):
        await passes(Relay(parts), broker, door)
    assert ("classifications", AP) in await left(parts)()
    assert parts.vitals.refused == 0


def test_only_what_is_wrong_with_the_record_or_its_topic_is_a_refusal() -> None:
    assert is_refusal(MessageSizeTooLargeError())
    assert is_refusal(TopicAuthorizationFailedError("escalations"))
    for error in (KafkaConnectionError(), OutOfOrderSequenceNumber(), None):
        assert not is_refusal(error)


async def test_what_follows_a_record_that_cannot_be_handed_over_is_not_sent_before_it(broker: PaperBroker) -> None:
    parcels = [Parcel(n, "backlog", key, b"", ()) for n, key in enumerate((b"a", b"b", b"a"), 1)]
    refused = [True]

    def refuse(step: str) -> None:
        if step == "send backlog" and refused:
            refused.clear()
            raise KafkaConnectionError(step)

    broker.step = refuse
    answers = await send(cast("Producer", PaperProducer(broker)), parcels, str, 1.0)
    assert (answers.sent, answers.refused, answers.unanswered(parcels)) == ([2], {}, 2)
    assert [record.key for record in broker.on("backlog")] == [b"b"]


class TestPauses:
    """When a refused record is tried again, by a clock of the test's own."""

    @pytest.fixture
    def now(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        at = [0.0]
        monkeypatch.setattr(refusals, "monotonic", lambda: at[0])
        return at

    def test_they_double_from_a_second_to_a_minute_and_the_log_tells_of_it_each_ten_minutes(
        self, now: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        held, parcel = Refusals(), Parcel(7, "estates", b"k", b"x" * 300, ())
        pauses = []
        while now[0] < SAY_AGAIN_S + 200:
            held.hold(parcel, "south.estates", TOO_LARGE)
            assert held.due() == []
            began = now[0]
            while not held.due():
                now[0] += 0.5
            pauses.append(now[0] - began)
        assert pauses[:7] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S]
        assert set(pauses[6:]) == {LONGEST_PAUSE_S}
        expected = "record 7 cannot be sent to south.estates: MessageSizeTooLargeError, it is 300 bytes long; "
        assert [line.startswith(expected) for line in shouted(caplog)] == [True, True]

    def test_another_record_of_the_key_begins_with_a_short_pause(self, now: list[float]) -> None:
        held = Refusals()
        for _ in range(9):
            held.hold(Parcel(7, "estates", b"k", b"", ()), "estates", TOO_LARGE)
        held.hold(Parcel(8, "estates", b"k", b"", ()), "estates", TOO_LARGE)
        now[0] = 1
        assert held.due() == [8]
        held.release([7])
        assert len(held) == 1
        held.release([8])
        assert len(held) == 0
