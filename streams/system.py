"""The system in one process: ledger, intake, sweeper, relay and watch, composed and run until it is told to stop.

With the embedded broker it is all there is; on servers every worker is one of these.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from streams.app import build_app, serve
from streams.clock import Clock
from streams.cluster import open_cluster
from streams.intake import Intake
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.relay import Relay
from streams.settings import Settings
from streams.sweeper import Sweeper
from streams.watch import build_watch
from streams.watch_app import keep_watching
from workorders.policy import World

log = logging.getLogger(__name__)

WATCH_PAUSE_S: Final = 2.0
SERVICES_SHARE: Final = 0.6
WATCHS_SHARE: Final = 0.3
"""What of the time that a stop may take is left to each before it is given up."""


@asynccontextmanager
async def open_parts(settings: Settings, clock: Clock, default: World) -> AsyncGenerator[Parts]:
    """The shared parts: an open ledger (a new one begins with ``default``) and the cluster, embedded or on servers."""
    ledger = await Ledger.open(settings.ledger_url, time_kind=clock.kind, now=clock.now())
    try:
        world = await ledger.world(default, clock.now())
        async with open_cluster(settings) as cluster:
            yield Parts(settings, clock, ledger, cluster, world)
    finally:
        await ledger.close()


async def run_parts(parts: Parts, stop: asyncio.Event) -> None:
    """Run the services until ``stop`` is set; raises ``WorkerFailedError`` if one of them fails.

    A stop takes ``stop_within_s`` at most. The watch stops last, so that it still sees what was said last.
    """
    _spare_the_collector()
    app = build_app(parts.settings)
    # Stopped in the reverse order: intake first, so that what it decided is still sent.
    for service in (Relay(parts), Sweeper(parts), Intake(parts)):
        # Faust takes an instance as well as a class, though its types name only the class.
        app.service(cast("Any", service))
    patience = parts.settings.stop_within_s
    watch_stops = asyncio.Event()
    watching = asyncio.create_task(_watch(parts, watch_stops))
    try:
        await serve(app, stop, stop_within_s=patience * SERVICES_SHARE)
    finally:
        watch_stops.set()
        await asyncio.wait({watching}, timeout=patience * WATCHS_SHARE)
        watching.cancel()
        await asyncio.wait({watching})


def _spare_the_collector() -> None:
    """Let the collector look at what a batch makes, not at all that was loaded: that saves a tenth of the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _watch(parts: Parts, stop: asyncio.Event) -> None:
    patience = parts.settings.stop_within_s * WATCHS_SHARE
    settings = parts.settings.model_copy(update={"stop_within_s": patience})
    bootstrap = parts.cluster.bootstrap
    await keep_watching(settings, bootstrap, lambda: build_watch(parts), stop, pause_s=WATCH_PAUSE_S)
