"""The watch's app: a Faust app with agents, for those who read what we send and may miss a message.

An agent loses records when it raises, so the record itself is never kept by one. This app is apart from the
worker's: when its broker is away or its consumer fails, it is built anew after a pause, and nothing else is touched.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, cast

import faust
from faust.app.base import BootStrategy
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types import TP, TopicT
from mode.threads import ServiceThread, WorkerThread

from streams.app import serve
from streams.kafka_client import Consumer, find_broker, make_consumer
from streams.settings import Settings

log = logging.getLogger(__name__)

COMMIT_WITHIN_S: Final = 1.0
THREAD_ENDS_WITHIN_S: Final = 2.0
Beginning = Literal["earliest", "latest"]


class _NoProducer(BootStrategy):
    enable_kafka_producer = False


class _LeavableThread(WorkerThread):
    """The thread of Faust's consumer, which neither a stop nor the end of the process waits for without bound."""

    def __init__(self, service: ServiceThread) -> None:
        super().__init__(service)
        self.daemon = True

    def stop(self) -> None:
        if not self.is_stopped.wait(THREAD_ENDS_WITHIN_S):
            log.warning("the watch's thread was left behind: it did not end within %g s", THREAD_ENDS_WITHIN_S)


class WatchApp(faust.App):
    """A Faust app that reads and sends nothing: no tables, no web server, nothing on disk."""

    BootStrategy = _NoProducer
    logger = logging.getLogger("faust.app")

    async def on_first_start(self) -> None:
        """Keep nothing on disk; Faust would make directories for tables."""


def build_watch_app(settings: Settings, bootstrap: str, *, group: str, beginning: Beginning = "latest") -> faust.App:
    """An app whose agents read through our own consumer; ``beginning`` is where a new group starts to read."""
    app = WatchApp(
        group,
        broker=f"kafka://{bootstrap.replace(',', ';kafka://')}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=settings.heartbeat_ms / 1000,
        broker_request_timeout=settings.broker_timeout_s,
    )

    def consumer() -> Consumer:
        return make_consumer(settings, bootstrap, group=group, without_offset=beginning)

    app.transport = _transport(consumer)(app.conf.broker_consumer, app)
    return app


def raw_topic(app: faust.App, name: str) -> TopicT:
    """A topic whose keys and values reach the agent as the bytes that they are."""
    return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


async def keep_watching(
    settings: Settings,
    bootstrap: str,
    build: Callable[[], faust.App],
    stop: asyncio.Event,
    *,
    pause_s: float,
    anew: asyncio.Event | None = None,
) -> None:
    """Run the app that ``build`` makes until ``stop`` is set; when it fails, build and run another after a pause.

    Whoever sets ``anew`` has another built and run too. A broker is found first: Faust does not clean up after a
    start that finds none.
    """
    while not stop.is_set():
        try:
            await find_broker(settings, bootstrap)
            async with _either(stop, anew) as ends:
                await serve(build(), ends, stop_within_s=settings.stop_within_s)
        except Exception as error:  # noqa: BLE001 - whatever ends the watch, nothing that is relied on has failed
            log.warning("the watch stopped and starts again in %g s: %s", pause_s, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)


@asynccontextmanager
async def _either(stop: asyncio.Event, anew: asyncio.Event | None) -> AsyncGenerator[asyncio.Event]:
    """An event that is set once either of the two is."""
    if anew is None:
        yield stop
        return
    anew.clear()
    waiting = [asyncio.ensure_future(each.wait()) for each in (stop, anew)]
    ends = asyncio.Event()
    for each in waiting:
        each.add_done_callback(lambda _: ends.set())
    try:
        yield ends
    finally:
        for each in waiting:
            each.cancel()


def _transport(make: Callable[[], Consumer]) -> type[FaustTransport]:
    """Faust's way to Kafka, through our consumer, which can be stopped while the broker is away."""

    class Thread(AIOKafkaConsumerThread):
        Worker = _LeavableThread
        logger = logging.getLogger("faust.transport")

        def _create_worker_consumer(self, transport: FaustTransport) -> Consumer:  # noqa: ARG002 - as inherited
            return make()

        def close(self) -> None:
            """Leave the closing to the stop that follows.

            What we inherit, called when a rebalance falls into a stop, marks the consumer as closed, and closes half
            of it in another thread; the real stop then does nothing.
            """

        async def _commit(self, offsets: Mapping[TP, int]) -> bool:
            """Commit, unless the broker does not answer; a stop must not wait for it to come back."""
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_WITHIN_S):
                    return bool(await super()._commit(offsets))
            return False

    class OurConsumer(FaustConsumer):
        logger = logging.getLogger("faust.transport")

        def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
            return Thread(self, loop=self.loop, beacon=self.beacon)

    class OurTransport(FaustTransport):
        Consumer = OurConsumer

    return cast("type[FaustTransport]", OurTransport)
