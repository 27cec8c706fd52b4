"""What a worker looks at before it says anything: the newest message of each partition of what a ledger says."""

import asyncio

import orjson
import pytest

from models.ids import new_id
from streams import taken_back
from streams.embedded import EmbeddedBroker
from streams.kafka_client import BrokerUnreachable, make_producer, running
from streams.settings import Settings
from streams.taken_back import LOOK_BACK, newest_said


async def put(settings: Settings, bootstrap: str, topic: str, *values: bytes | None, partition: int = 0) -> None:
    async with running(make_producer(settings, bootstrap), settings) as producer:
        for value in values:
            await producer.send_and_wait(topic, value=value, key=b"k", partition=partition)


def message() -> tuple[str, bytes]:
    id_ = new_id()
    return id_, orjson.dumps({"id": id_, "data": {}})


async def test_it_is_the_last_message_of_each_partition_of_what_a_ledger_says(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    assert await newest_said(settings, broker.bootstrap) == {}
    (_, older), (first, newer), (second, other), (_, not_asked) = (message() for _ in range(4))
    await put(settings, broker.bootstrap, "escalations", older, newer)
    await put(settings, broker.bootstrap, "disputes", other, partition=2)
    await put(settings, broker.bootstrap, "backlog", not_asked)
    found = await newest_said(settings, broker.bootstrap)
    assert {(at.topic, at.partition): (str(id_), text.encode()) for at, (id_, text) in found.items()} == {
        ("escalations", 0): (first, newer),
        ("disputes", 2): (second, other),
    }


@pytest.mark.parametrize("nonsense", [None, b"\xff", b"[]", b"{}", b'{"id": 1}', b'{"id": "one"}', b"{"])
async def test_what_is_no_message_of_anybody_is_looked_past(
    broker: EmbeddedBroker, settings: Settings, nonsense: bytes | None
) -> None:
    id_, value = message()
    await put(settings, broker.bootstrap, "escalations", value, nonsense)
    ((found, _),) = (await newest_said(settings, broker.bootstrap)).values()
    assert str(found) == id_


async def test_however_much_was_said_only_the_end_is_read(broker: EmbeddedBroker, settings: Settings) -> None:
    _, value = message()
    await put(settings, broker.bootstrap, "escalations", value, *[b"nonsense"] * LOOK_BACK)
    assert await newest_said(settings, broker.bootstrap) == {}


async def test_topics_that_are_not_there_hold_nothing(broker: EmbeddedBroker, settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"topic_prefix": "nobodys-"})
    assert await newest_said(elsewhere, broker.bootstrap) == {}


async def test_a_broker_that_answers_and_gives_nothing_is_not_waited_for_without_end(
    broker: EmbeddedBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken_back, "_newest", lambda *_: asyncio.sleep(60))
    with pytest.raises(BrokerUnreachable, match="what was said last was not read within 1 s"):
        await newest_said(settings.model_copy(update={"broker_timeout_s": 1.0}), broker.bootstrap)
