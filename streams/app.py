"""The worker: the Faust app that hosts the services that keep the record, started and stopped inside our own loop.

A service is a ``faust.Service``: ``app.service(Intake)`` adds one, ``app.start()`` starts them in that order and
``app.stop()`` stops them in the reverse. A service whose task raises stops the whole worker: what we rely on is the
ledger, so a fresh start is always safe.

The app itself connects to nothing. Faust would start its services only after its own consumer has joined a group,
but what is due must be found and told while the broker is away; each service makes the connection that it needs.
Faust's ``Worker`` is not used: it takes over logging, standard output, signals and the working directory.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import faust
from faust.app.base import BootStrategy

from streams.settings import Settings

log = logging.getLogger(__name__)

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

CRASH_NOTICED_WITHIN_S: Final = 0.2
"""How often a failed service is looked for; it may have failed in another thread, which wakes nobody here."""


class WorkerFailedError(Exception):
    """A service of the worker failed, so the worker has stopped; the cause is the service's exception."""


class _NoKafka(BootStrategy):
    enable_kafka = False


class WorkerApp(faust.App):
    """A Faust app that hosts services: no consumer of its own, no tables, no web server, nothing on disk."""

    BootStrategy = _NoKafka
    logger = logging.getLogger("faust.app")

    async def on_first_start(self) -> None:
        """Keep nothing on disk; Faust would make directories for tables."""

    async def on_start(self) -> None:
        """Only settle the configuration; Faust would make a consumer, with a thread that nothing then stops."""
        self.finalize()


def build_app(settings: Settings) -> faust.App:
    """The worker's app, to which services are then added."""
    return WorkerApp(
        settings.group,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


async def serve(app: faust.App, stop: asyncio.Event, *, stop_within_s: float) -> None:
    """Run the app until ``stop`` is set or one of its services fails; it has stopped when this returns.

    Raises what a service's start raised, and ``WorkerFailedError`` for a service that failed while running. What
    does not stop in time is left behind with an error in the log.
    """
    asked = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(app.start())
    try:
        await asyncio.wait({asked, starting}, return_when=asyncio.FIRST_COMPLETED)
        # A start is seen through, for what is stopped while it starts may never hear of the stop.
        await asyncio.wait({starting}, timeout=stop_within_s / 2)
        if starting.done():
            starting.result()
        while not asked.done() and not app.crashed:
            await asyncio.wait({asked}, timeout=CRASH_NOTICED_WITHIN_S)
    finally:
        starting.cancel()
        asked.cancel()
        await _stop(app, stop_within_s)
    if app.crash_reason is not None:
        raise WorkerFailedError(f"a service failed: {_said(app.crash_reason)}") from app.crash_reason


def _said(reason: BaseException) -> str:
    """What our own errors say is a sentence for people; of any other the kind is worth more."""
    ours = type(reason).__module__.partition(".")[0] in {"streams", "workorders", "models"}
    return str(reason) if ours else repr(reason)


@contextmanager
def stop_on_signals(asked: Callable[[], None] = lambda: None) -> Iterator[asyncio.Event]:
    """An event that the first SIGTERM or SIGINT sets; a second signal ends the process at once, as by default.

    ``asked`` is called at that moment too.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def release() -> None:
        for each in STOP_SIGNALS:
            loop.remove_signal_handler(each)

    def ask() -> None:
        log.info("stopping")
        asked()
        stop.set()
        release()

    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, ask)
    try:
        yield stop
    finally:
        release()


async def end(tasks: set[asyncio.Task[None]], within_s: float) -> None:
    """Cancel the tasks and wait for them, but not for one whose clearing up waits for a server that is frozen."""
    for task in tasks:
        task.cancel()
    _, left = await asyncio.wait(tasks, timeout=within_s)
    for task in left:
        log.error("%s was left behind: it did not end within %g s", task.get_name(), within_s)


async def _stop(app: faust.App, within_s: float) -> None:
    """Stop the app, or leave it: Faust shields its parts from being cancelled, so a plain time-out would not end."""
    stopping = asyncio.ensure_future(app.stop())
    await asyncio.wait({stopping}, timeout=within_s)
    if stopping.done():
        stopping.result()
    else:
        log.error("the worker was left behind: it did not stop within %g s", within_s)
