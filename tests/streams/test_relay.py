"""The relay: everything is sent, in order for each key, and counts as sent only by the broker's word."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError

from models.tables import InboxRow, OutboxRow
from streams import relay
from streams.clock import monotonic
from streams.kafka_client import BrokerUnreachable, Producer
from streams.ledger.outbox import Unsent
from streams.parts import Parts
from streams.relay import Relay
from streams.sending import WHOLE_EVENT
from streams.sole import ClaimLostError
from tests.streams.ledger.telling import AP, OFFICE, all_rows, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker, PaperProducer
from tests.streams.running_system import eventually, submit


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker()


@pytest.fixture
async def parts(tmp_path: Path, broker: PaperBroker) -> AsyncIterator[Parts]:
    async with parts_on_paper(
        tmp_path, broker, broker_timeout_s=1.1, session_timeout_ms=1_000, heartbeat_ms=300
    ) as opened:
        yield opened


async def decided(parts: Parts, *premises: str) -> int:
    """An order is recorded at each of the premises; how many messages wait."""
    told = [plain(raised(f"WO-{n}", -5, premises=name, id=f"raised-{n}")) for n, name in enumerate(premises)]
    await parts.ledger.take(told, parts.clock.now(), parts.world)
    return len(await parts.ledger.unsent(1_000))


def sender(parts: Parts, broker: PaperBroker) -> tuple[Relay, Producer]:
    return Relay(parts), cast("Producer", PaperProducer(broker))


async def waiting(parts: Parts) -> int:
    return len(await parts.ledger.unsent(1_000)) + len(await parts.ledger.unrelayed(1_000))


def ids(broker: PaperBroker, topic: str, key: str) -> list[str]:
    return [orjson.loads(record.value)["id"] for record in broker.on(topic) if record.key == key.encode()]


class TestSending:
    """One pass."""

    async def test_what_waits_is_sent_with_its_key_value_and_headers_and_marked(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        await decided(parts, AP)
        await submit(parts, plain(raised("WO-9", -1)))
        due = await parts.ledger.unsent(1_000)
        assert await Relay(parts)._pass(sender(parts, broker)[1]) == len(due) + 1
        assert await waiting(parts) == 0
        for one in due:
            (sent,) = [record for record in broker.on(one.topic) if record.value == one.value]
            assert (sent.key, tuple(sent.headers)) == (one.key, (WHOLE_EVENT, *one.headers))
        (submitted,) = broker.on("work-orders")
        assert orjson.loads(submitted.value)["subject"] == "WO-9"
        assert submitted.headers == (WHOLE_EVENT,)
        assert parts.progress.sent == len(due)
        assert parts.progress.relayed == 1

    async def test_when_one_send_fails_what_follows_of_its_key_is_sent_after_it_and_the_rest_at_once(
        self, parts: Parts, broker: PaperBroker
    ) -> None:
        await decided(parts, AP, AP, OFFICE)
        order = {key: [one.message_id for one in await of_key(parts, key)] for key in (AP, OFFICE)}
        assert len(order[AP]) > 1
        first = [True]

        def refuse(step: str) -> None:
            if step == "ack classifications" and first:
                first.clear()
                raise KafkaConnectionError(step)

        broker.step = refuse
        relay, producer = sender(parts, broker)
        with pytest.raises(BrokerUnreachable, match="records were not acknowledged in time"):
            await relay._pass(producer)
        left = await parts.ledger.unsent(1_000)
        assert {one.key for one in left} == {AP.encode()}
        assert {one.topic for one in left} == {"classifications"}
        await relay._pass(producer)
        assert await waiting(parts) == 0
        last = {one: n for n, one in enumerate(ids(broker, "classifications", AP))}
        known = [str(one) for one in order[AP] if str(one) in last]
        assert sorted(known, key=last.__getitem__) == known

    async def test_what_was_sent_and_not_marked_is_sent_again_under_the_same_id(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await decided(parts, AP)
        with monkeypatch.context() as dying:
            dying.setattr(type(parts.ledger), "mark_sent", _die)
            with pytest.raises(SystemError):
                await Relay(parts)._pass(sender(parts, broker)[1])
        await Relay(parts)._pass(sender(parts, broker)[1])
        for topic in ("classifications", "escalations"):
            values = [record.value for record in broker.on(topic)]
            assert len(values) == 2 * len(set(values)) > 0
        assert all(row.sent_at is not None for row in await all_rows(parts.ledger, OutboxRow))

    async def test_one_pass_holds_no_more_than_one_batch(self, tmp_path: Path, broker: PaperBroker) -> None:
        async with parts_on_paper(tmp_path, broker, relay_batch=3) as parts:
            total = await decided(parts, *[AP] * 5)
            assert total > 6
            assert await Relay(parts)._pass(sender(parts, broker)[1]) == 3
            assert await waiting(parts) == total - 3

    async def test_a_broker_that_never_answers_is_given_up_in_time(self, parts: Parts, broker: PaperBroker) -> None:
        class Silent(PaperProducer):
            async def send(self, topic: str, **_: object) -> "asyncio.Future[None]":
                if topic == "escalations":
                    await asyncio.Event().wait()
                return asyncio.get_running_loop().create_future()

        total = await decided(parts, AP)
        began = monotonic()
        with pytest.raises(BrokerUnreachable, match=f"{total} of {total} records"):
            await Relay(parts)._pass(cast("Producer", Silent(broker)))
        assert monotonic() - began < 3
        assert await waiting(parts) == total

    async def test_topics_bear_the_prefix_of_the_cluster(self, tmp_path: Path, broker: PaperBroker) -> None:
        async with parts_on_paper(tmp_path, broker, topic_prefix="south.") as parts:
            await decided(parts, AP)
            await Relay(parts)._pass(sender(parts, broker)[1])
            assert broker.on("south.classifications")


class TestDuty:
    """While it runs."""

    async def test_while_the_broker_is_away_everything_waits_and_then_is_sent(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        away = [True]

        def refuse(step: str) -> None:
            if away:
                raise KafkaConnectionError(step)

        broker.step = refuse
        total = await decided(parts, AP, OFFICE)
        async with at_work(Relay(parts)):
            await eventually(lambda: parts.progress.broker_away, "it has noticed")
            assert await waiting(parts) == total
            away.clear()
            await eventually(lambda: parts.progress.sent == total, "all is sent")
            assert not parts.progress.broker_away

    async def test_it_is_woken_by_those_who_leave_it_something(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        monkeypatch.setattr(relay, "IDLE_S", 60)
        sends = Relay(parts)
        async with at_work(sends):
            await eventually(lambda: sends._producer is not None, "it can send")
            await decided(parts, AP)
            parts.work_waits.set()

            async def nothing_waits() -> bool:
                return not await waiting(parts)

            await eventually(nothing_waits, "all is sent")
            assert broker.on("escalations")

    async def test_what_was_decided_last_is_sent_before_it_stops(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        monkeypatch.setattr(relay, "IDLE_S", 60)
        sends = Relay(parts)
        async with at_work(sends):
            await eventually(lambda: sends._producer is not None, "it can send")
            await decided(parts, AP)
        assert await waiting(parts) == 0
        assert broker.on("escalations")

    async def test_it_stops_in_time_while_the_broker_is_silent(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Silent(PaperProducer):
            async def send(self, *_: object, **__: object) -> "asyncio.Future[None]":
                return asyncio.get_running_loop().create_future()

        put_on_paper(monkeypatch, broker)
        monkeypatch.setattr(relay, "make_producer", lambda *_, **__: Silent(broker))
        patient = parts.settings.model_copy(update={"broker_timeout_s": 60.0})
        parts.settings = patient
        total = await decided(parts, AP)
        async with at_work(Relay(parts)):
            await asyncio.sleep(0.1)
            began = monotonic()
        assert monotonic() - began < patient.stop_within_s
        assert await waiting(parts) == total
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

    async def test_what_was_submitted_goes_to_its_topic_once(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_on_paper(monkeypatch, broker)
        async with at_work(Relay(parts)):
            await submit(parts, *(plain(raised(f"WO-{n}", -1)) for n in range(7)))
            await eventually(lambda: parts.progress.relayed == 7, "all are relayed")
        assert len(broker.on("work-orders")) == 7
        assert all(row.relayed_at is not None for row in await all_rows(parts.ledger, InboxRow))

    async def test_of_several_relays_one_sends_and_when_it_stops_another_does(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        put_on_paper(monkeypatch, broker)
        total = await decided(parts, AP, OFFICE)
        async with parts_on_paper(tmp_path, broker) as other, at_work(Relay(other)):
            async with at_work(Relay(parts)):
                await eventually(lambda: parts.progress.sent + other.progress.sent == total, "all is sent")
                await asyncio.sleep(0.3)
                assert 0 in {parts.progress.sent, other.progress.sent}
            await submit(other, plain(raised("WO-9", -1)))
            await eventually(lambda: parts.progress.relayed + other.progress.relayed == 1, "it is sent")
        assert len(broker.on("work-orders")) == 1
        assert len(broker.on("classifications")) == 2

    async def test_who_has_lost_the_claim_leaves_the_sending_to_others(
        self, parts: Parts, broker: PaperBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        put_on_paper(monkeypatch, broker)
        lost = [True]

        @asynccontextmanager
        async def claimed(*_: object, **__: object) -> AsyncIterator[Callable[[], Awaitable[None]]]:
            async def check() -> None:
                if lost:
                    lost.clear()
                    raise ClaimLostError("the session has ended")

            yield check

        monkeypatch.setattr(relay, "sole", claimed)
        total = await decided(parts, AP)
        async with at_work(Relay(parts)):
            await eventually(lambda: parts.progress.sent == total, "claimed again, it sends")
        assert "the relay leaves the sending to others: the session has ended" in caplog.text


async def of_key(parts: Parts, key: str) -> list[Unsent]:
    return [one for one in await parts.ledger.unsent(1_000) if one.key == key.encode()]


async def _die(*_: object) -> None:
    raise SystemError("killed between the send and the mark")
