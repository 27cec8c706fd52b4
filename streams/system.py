"""The system in one process: ledger, intake, sweeper, relay and watch, composed and run until it is told to stop.

With the embedded broker it is all there is; on servers every worker is one of these.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

from models.parse import make_ready
from streams.app import build_app, end, serve
from streams.clock import Clock
from streams.cluster import open_cluster
from streams.health_guard import guarded
from streams.health_server import answers, health_served
from streams.health_stock import keep_stock, keep_turning
from streams.intake import Intake
from streams.ledger.ledger import Ledger
from streams.notices.notifier import Notifier
from streams.parts import Parts
from streams.relay import Relay
from streams.second_look import SecondLook
from streams.settings import Settings
from streams.sweeper import Sweeper
from streams.taken_back import look_at_start
from streams.timeline_topics import first_world
from streams.tracing import Tracing, open_tracing
from streams.watch import build_watch
from streams.watch_app import keep_watching
from workorders.policy import World

log = logging.getLogger(__name__)

WATCH_PAUSE_S: Final = 2.0
SERVICES_SHARE: Final = 0.6
WATCHS_SHARE: Final = 0.3
STOCKS_SHARE: Final = 0.05
"""What of the time that a stop may take is left to each before it is given up."""
CLEARING_SHARE: Final = 0.5
"""What is left to each for its clearing up once it was given up; where several need that, the process is left first."""


@asynccontextmanager
async def open_parts(settings: Settings, clock: Clock, default: World) -> AsyncGenerator[Parts]:
    """The shared parts: an open ledger and the cluster, embedded or on servers.

    A new ledger begins with the policies and estates that were published, else with ``default``. Raises
    ``TimelinesDiffer`` if what was published contradicts what the ledger holds.
    """
    ledger = await Ledger.open(settings.ledger_url, time_kind=clock.kind, now=clock.now())
    try:
        async with open_cluster(settings) as cluster:
            world = await first_world(settings, cluster.bootstrap, ledger, default, clock)
            with _traced(settings) as tracing:
                yield Parts(settings, clock, ledger, cluster, world, tracing=tracing)
    finally:
        closing = asyncio.create_task(ledger.close(), name="the closing of the ledger")
        await asyncio.wait({closing}, timeout=settings.stop_within_s * CLEARING_SHARE)
        await end({closing}, settings.stop_within_s * CLEARING_SHARE)


@contextmanager
def _traced(settings: Settings) -> Iterator[Tracing | None]:
    tracing = open_tracing(settings)
    try:
        yield tracing
    finally:
        if tracing is not None:
            tracing.close()


async def run_parts(parts: Parts, stop: asyncio.Event) -> None:
    """Run the services until ``stop`` is set; raises ``WorkerFailedError`` if one of them fails.

    A stop takes ``stop_within_s`` at most. The watch stops last, so that it still sees what was said last. Raises
    ``TakenBack`` before any of them begins if the ledger does not know what was said last, and ``NoProgressError``
    when nothing has been done for so long that a new start is better.
    """
    await look_at_start(parts)
    _spare_the_collector()
    parts.metrics.expect(parts.world)
    with health_served(parts), guarded(parts.settings, answers(parts)["progress"], stop):
        turning = asyncio.create_task(keep_turning(parts.vitals), name="the pulse of the loop")
        no_more = asyncio.Event()
        stock = asyncio.create_task(keep_stock(parts, no_more), name="the taking of stock")
        try:
            await _run_services(parts, stop)
        finally:
            no_more.set()
            patience = parts.settings.stop_within_s
            await asyncio.wait({stock}, timeout=patience * STOCKS_SHARE)
            await end({turning, stock}, patience * CLEARING_SHARE)


async def _run_services(parts: Parts, stop: asyncio.Event) -> None:
    app = build_app(parts.settings)
    # Stopped in the reverse order: intake first, so that what it decided is still sent.
    telling = () if parts.letters is None else (Notifier(parts, parts.letters),)
    for service in (Relay(parts), *telling, Sweeper(parts), Intake(parts)):
        # Faust takes an instance as well as a class, though its types name only the class.
        app.service(cast("Any", service))
    patience = parts.settings.stop_within_s
    watch_stops = asyncio.Event()
    watching = asyncio.create_task(_watch(parts, watch_stops), name="the watch")
    try:
        await serve(app, stop, stop_within_s=patience * SERVICES_SHARE)
    finally:
        watch_stops.set()
        await asyncio.wait({watching}, timeout=patience * WATCHS_SHARE)
        await end({watching}, patience * CLEARING_SHARE)


def _spare_the_collector() -> None:
    """Let the collector look at what a batch makes, not at all that was loaded: that saves a tenth of the work."""
    make_ready()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _watch(parts: Parts, stop: asyncio.Event) -> None:
    patience = parts.settings.stop_within_s * WATCHS_SHARE
    settings = parts.settings.model_copy(update={"stop_within_s": patience})
    anew = asyncio.Event()
    looking = asyncio.create_task(SecondLook(parts, anew).work(stop), name="the second look")
    try:
        await keep_watching(
            settings, parts.cluster.bootstrap, lambda: build_watch(parts), stop, pause_s=WATCH_PAUSE_S, anew=anew
        )
    finally:
        await end({looking}, parts.settings.stop_within_s * CLEARING_SHARE)
