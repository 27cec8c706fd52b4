"""A whole system on the embedded broker for the tests: real broker, real Faust services, real SQLite, our own clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from models.refusal import Refusal
from streams.clock import Clock, SystemClock
from streams.kafka_client import make_consumer, make_producer, running
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts, run_parts
from streams.topics import EMBEDDED_PARTITIONS
from workorders.policy import default_world

PATIENCE_S = 40.0


@asynccontextmanager
async def running_system(
    directory: Path,
    clock: Clock | None = None,
    **options: Any,  # noqa: ANN401 - any setting
) -> AsyncIterator[Parts]:
    """The system, running; it must stop in time and leave nothing running behind."""
    settings = Settings(data_dir=directory, **{"sweep_every_s": 0.2, **options})
    before = asyncio.all_tasks()
    async with open_parts(settings, clock or SystemClock(), default_world()) as parts:
        stop = asyncio.Event()
        task = asyncio.create_task(run_parts(parts, stop))
        try:
            yield parts
        finally:
            stop.set()
            async with asyncio.timeout(settings.stop_within_s):
                await task
    left = asyncio.all_tasks() - before
    assert not left, f"still running: {[task.get_coro() for task in left]}"


@asynccontextmanager
async def whole_worker(settings: Settings) -> AsyncIterator[Parts]:
    """A worker with these settings on servers, with every part, for as long as the block lasts."""
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        stop = asyncio.Event()
        task = asyncio.create_task(run_parts(parts, stop))
        try:
            yield parts
        finally:
            stop.set()
            await task


async def eventually(true: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Wait until it is true; fail with the sentence, and with what every task waits for, if it never is."""
    for _ in range(int(PATIENCE_S / 0.05)):
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_S:g} s: {what}\n{_what_all_wait_for()}")


def _what_all_wait_for() -> str:
    said = StringIO()
    for task in asyncio.all_tasks():
        print(task.get_name(), file=said)
        waits: Any = task.get_coro()
        while (frame := getattr(waits, "cr_frame", None)) is not None:
            print(f"    {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}", file=said)
            waits = waits.cr_await
    return said.getvalue()


async def submit(parts: Parts, *told: Incoming) -> list[Receipt | Refusal]:
    """Hand inputs in at the front door."""
    return await parts.ledger.submit(told, parts.clock.now(), parts.world)


async def produce(parts: Parts, *told: Incoming) -> None:
    """Put records straight on the topics, as another producer would."""
    producer = make_producer(parts.settings, parts.cluster.bootstrap)
    async with running(producer, parts.settings):
        for one in told:
            await producer.send_and_wait(parts.topic(one.topic), value=one.value, key=one.key)


async def on_topic(parts: Parts, topic: str) -> list[bytes]:
    """Everything that is on a topic now."""
    consumer = make_consumer(parts.settings, parts.cluster.bootstrap, group=None, without_offset="earliest")
    found: list[bytes] = []
    async with running(consumer, parts.settings):
        name = parts.topic(topic)
        partitions = [TopicPartition(name, n) for n in range(EMBEDDED_PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = sum(ends.values())
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found.extend(record.value for record in records)
                left -= len(records)
    return found
