"""The watch's app: it reads bytes, and outlives its broker's absence."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import faust
import pytest
from faust.types import StreamT

from streams import watch_app
from streams.clock import monotonic
from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_producer, running
from streams.settings import Settings
from streams.watch_app import build_watch_app, keep_watching, raw_topic

PATIENCE_S = 15.0


class Seen:
    """What the agent has read."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self.settings, self.bootstrap = settings, bootstrap
        self.values: list[bytes] = []
        self.keys: list[bytes | None] = []
        self.built = 0
        self.fail_on: bytes | None = None

    def build(self) -> faust.App:
        self.built += 1
        app = build_watch_app(self.settings, self.bootstrap, group="watch", beginning="earliest")

        async def look(stream: StreamT[bytes]) -> None:
            async for event in stream.events():
                self.keys.append(event.key)
                self.values.append(event.value)

        app.agent(raw_topic(app, "escalations"))(look)
        return app

    async def until(self, *values: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not set(values) <= set(self.values):  # noqa: ASYNC110 - it looks at what a thread has appended
                await asyncio.sleep(0.05)


@asynccontextmanager
async def watching(seen: Seen) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(keep_watching(seen.settings, seen.bootstrap, seen.build, stop, pause_s=0.2))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def say(settings: Settings, bootstrap: str, *values: bytes) -> None:
    async with running(make_producer(settings, bootstrap), settings) as producer:
        for value in values:
            await producer.send_and_wait("escalations", value, key=b"ap-1")


async def test_an_agent_reads_keys_and_values_as_the_bytes_that_they_are(
    broker: EmbeddedBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    seen = Seen(settings, broker.bootstrap)
    values = [b"\xff\xfe", b"{not json", b"", b'{"a": 1}']
    await say(settings, broker.bootstrap, *values)
    async with watching(seen):
        await seen.until(*values)
    assert seen.values == values
    assert set(seen.keys) == {b"ap-1"}
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()
    assert threading.active_count() == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_watch_that_finds_no_broker_waits_for_one(
    broker: EmbeddedBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    broker.go_away()
    seen = Seen(settings, broker.bootstrap)
    async with watching(seen):
        await asyncio.sleep(0.5)
        assert seen.built == 0
        broker.come_back()
        await say(settings, broker.bootstrap, b"1")
        await seen.until(b"1")
    assert "the watch stopped and starts again in 0.2 s: no broker can be reached" in caplog.text
    assert seen.built == 1


async def test_a_watch_whose_broker_went_away_reads_on_when_it_is_back(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    seen = Seen(settings, broker.bootstrap)
    async with watching(seen):
        await say(settings, broker.bootstrap, b"1")
        await seen.until(b"1")
        broker.go_away()
        await asyncio.sleep(2.0)
        broker.come_back()
        await say(settings, broker.bootstrap, b"2")
        await seen.until(b"2")


@pytest.mark.parametrize("away_s", [0.0, 1.0, pytest.param(4.0, marks=pytest.mark.slow)])
async def test_a_watch_stops_in_time_while_its_broker_is_away(
    broker: EmbeddedBroker, settings: Settings, away_s: float
) -> None:
    patient = settings.model_copy(update={"stop_within_s": 10.0})
    seen = Seen(patient, broker.bootstrap)
    async with watching(seen):
        await say(settings, broker.bootstrap, b"1")
        await seen.until(b"1")
        broker.go_away()
        await asyncio.sleep(away_s)
        began = monotonic()
    assert monotonic() - began < 8
    assert threading.active_count() == 1


async def test_whatever_ends_the_watch_another_is_built(broker: EmbeddedBroker, settings: Settings) -> None:
    seen = Seen(settings, broker.bootstrap)
    whole = seen.build

    def first_broken() -> faust.App:
        if seen.built == 0:
            seen.built = 1
            raise RuntimeError("a mistake of ours")
        return whole()

    seen.build = first_broken  # type: ignore[method-assign]
    await say(settings, broker.bootstrap, b"1")
    async with watching(seen):
        await seen.until(b"1")
    assert seen.built == 2


def test_a_thread_that_does_not_end_keeps_nobody_waiting_for_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch_app, "THREAD_ENDS_WITHIN_S", 0.01)
    endless = watch_app._LeavableThread(cast("Any", None))
    assert endless.daemon
    endless.stop()
    assert "did not end within 0.01 s" in caplog.text
