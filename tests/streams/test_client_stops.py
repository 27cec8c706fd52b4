"""Kafka clients that are stopped at an awkward moment leave nothing open and nothing running."""

import asyncio
import gc

import pytest
from aiokafka.conn import AIOKafkaConnection

from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_consumer, make_producer, running
from streams.settings import Settings
from tests.streams.test_kafka_client import others


def open_connections() -> list[AIOKafkaConnection]:
    return [one for one in gc.get_objects() if isinstance(one, AIOKafkaConnection) and one.connected()]


@pytest.mark.parametrize("kind", ["producer", "consumer"])
async def test_a_start_that_is_cancelled_at_any_moment_leaves_nothing_open(
    broker: EmbeddedBroker, settings: Settings, kind: str
) -> None:
    async def use(group: str) -> None:
        if kind == "producer":
            async with running(make_producer(settings, broker.bootstrap), settings):
                await asyncio.Event().wait()
        else:
            consumer = make_consumer(settings, broker.bootstrap, group=group, without_offset="earliest")
            consumer.subscribe(["work-orders"])
            async with running(consumer, settings):
                await asyncio.Event().wait()

    for milliseconds in range(25):
        using = asyncio.create_task(use(f"group-{milliseconds}"))
        await asyncio.sleep(milliseconds / 1000)
        using.cancel()
        await asyncio.wait({using})
        assert using.cancelled()
        assert open_connections() == []
        assert others() == set()


async def test_a_stop_that_is_cancelled_is_done_all_the_same(broker: EmbeddedBroker, settings: Settings) -> None:
    async def use(ready: asyncio.Event) -> None:
        async with running(make_producer(settings, broker.bootstrap), settings) as producer:
            await producer.send_and_wait("work-orders", b"1")
            ready.set()

    ready = asyncio.Event()
    using = asyncio.create_task(use(ready))
    await ready.wait()
    await asyncio.sleep(0)
    using.cancel()
    await asyncio.wait({using})
    assert open_connections() == []
    assert others() == set()
