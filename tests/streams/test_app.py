"""The worker: it starts without a broker, stops in time, and does not live on when a service fails."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import faust
import pytest

from streams.app import WorkerFailedError, build_app, serve, stop_on_signals
from streams.clock import monotonic
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
NO_BROKER = Settings(broker="127.0.0.1:1")


class Ticking(faust.Service):
    """Counts until it is stopped."""

    def __init__(self, *, stop_after: int = -1, stop: asyncio.Event | None = None) -> None:
        super().__init__()
        self.stop_after, self.asks = stop_after, stop or asyncio.Event()
        self.ticks = 0
        self.stopped_in_order = False

    @faust.Service.task
    async def _tick(self) -> None:
        while not self.should_stop:
            self.ticks += 1
            if self.ticks == self.stop_after:
                self.asks.set()
            await self.sleep(0.01)

    async def on_stop(self) -> None:
        self.stopped_in_order = True


class FailingLater(faust.Service):
    @faust.Service.task
    async def _fail(self) -> None:
        await self.sleep(0.05)
        raise RuntimeError("the ledger is gone")


class FailingAtOnce(faust.Service):
    async def on_start(self) -> None:
        raise RuntimeError("cannot begin")


class HangingStart(faust.Service):
    async def on_start(self) -> None:
        await asyncio.Event().wait()


class HangingStop(faust.Service):
    def __init__(self) -> None:
        super().__init__()
        self.release = asyncio.Event()

    async def on_stop(self) -> None:
        await self.release.wait()


def others() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def app_with(*services: faust.Service) -> faust.App:
    app = build_app(NO_BROKER)
    for service in services:
        app.service(cast("Any", service))  # an instance will do, though its types name only the class
    return app


async def test_services_run_while_no_broker_can_be_reached_and_stop_clean(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    threads = threading.enumerate()
    stop = asyncio.Event()
    ticking = Ticking(stop_after=10, stop=stop)
    began = monotonic()
    await serve(app_with(ticking), stop, stop_within_s=5)
    assert monotonic() - began < 3
    assert ticking.ticks >= 10
    assert ticking.stopped_in_order
    assert others() == set()
    assert threading.enumerate() == threads
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing else runs that could be kept waiting


async def test_when_a_service_fails_the_others_are_stopped_and_its_reason_is_told() -> None:
    ticking = Ticking()
    with pytest.raises(WorkerFailedError, match="the ledger is gone") as failed:
        await serve(app_with(ticking, FailingLater()), asyncio.Event(), stop_within_s=5)
    assert isinstance(failed.value.__cause__, RuntimeError)
    assert ticking.stopped_in_order
    assert others() == set()


async def test_when_a_service_cannot_start_those_started_before_it_are_stopped() -> None:
    ticking = Ticking()
    with pytest.raises(RuntimeError, match="cannot begin"):
        await serve(app_with(ticking, FailingAtOnce()), asyncio.Event(), stop_within_s=5)
    assert ticking.stopped_in_order
    assert others() == set()


async def test_a_stop_that_is_asked_for_during_a_start_is_obeyed() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, stop.set)
    await asyncio.wait_for(serve(app_with(HangingStart()), stop, stop_within_s=5), 3)
    assert others() == set()


async def test_what_does_not_stop_in_time_is_left_behind_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    hanging, stop = HangingStop(), asyncio.Event()
    stop.set()
    began = monotonic()
    await serve(app_with(hanging), stop, stop_within_s=0.2)
    assert monotonic() - began < 1
    assert "did not stop within 0.2 s" in caplog.text
    hanging.release.set()
    await asyncio.sleep(0.1)
    assert others() == set()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_asks_for_a_stop_and_the_second_is_no_longer_caught(sent: signal.Signals) -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), sent)
        await asyncio.wait_for(stop.wait(), 1)
        assert signal.getsignal(sent) in {signal.SIG_DFL, signal.default_int_handler}


WHOLE_PROCESS = """
import asyncio, faust, uvloop
from streams.app import build_app, serve, stop_on_signals
from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_consumer, running
from streams.settings import Settings
from streams.watch_app import build_watch_app, keep_watching, raw_topic

class Reader(faust.Service):
    def __init__(self, settings, bootstrap):
        super().__init__()
        self.settings, self.bootstrap = settings, bootstrap

    @faust.Service.task
    async def read(self):
        consumer = make_consumer(self.settings, self.bootstrap, group="reader", without_offset="earliest")
        consumer.subscribe(["work-orders"])
        async with running(consumer, self.settings):
            print("ready", flush=True)
            while not self.should_stop:
                await consumer.getmany(timeout_ms=200)

async def main():
    settings = Settings()
    with stop_on_signals() as stop:
        async with EmbeddedBroker() as broker:
            app = build_app(settings)
            app.service(Reader(settings, broker.bootstrap))

            def build():
                watch = build_watch_app(settings, broker.bootstrap, group="watch")
                watch.agent(raw_topic(watch, "escalations"))(look)
                return watch

            async def look(stream):
                async for _ in stream:
                    pass

            watching = asyncio.create_task(keep_watching(settings, broker.bootstrap, build, stop, pause_s=1))
            await serve(app, stop, stop_within_s=settings.stop_within_s)
            await watching
    print("stopped", flush=True)

uvloop.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 2.0])
def test_broker_worker_and_watch_in_one_process_stop_clean_on_sigterm(after_s: float) -> None:
    command = [sys.executable, "-X", "dev", "-W", "always", "-c", WHOLE_PROCESS]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        threading.Event().wait(after_s)
        began = monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (0, "stopped\n"), err
        assert monotonic() - began < 10
    for trouble in ("Traceback", "never awaited", "never retrieved", "destroyed", "Unclosed", "unclosed"):
        assert trouble not in err


def test_the_command_line_can_start_without_loading_faust() -> None:
    light = "streams.clock, streams.settings, streams.topics, streams.incarnation, streams.log"
    program = f"import sys, {light}; print(sorted({{'faust', 'aiokafka', 'confluent_kafka'}} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout == "[]\n"
