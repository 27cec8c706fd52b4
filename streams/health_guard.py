"""The guard: a worker that makes no progress ends itself, for whoever supervises it starts it anew.

It is a thread, because an event loop that is stuck cannot end itself. It counts by its own turns, so that a process
that was halted and goes on, or a machine that slept, is given the whole time again.
"""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from streams.clock import monotonic
from streams.health import NoProgressError
from streams.health_server import Answer
from streams.settings import Settings

log = logging.getLogger(__name__)

NO_PROGRESS: Final = 75
"""The exit code of a worker that ended itself (``EX_TEMPFAIL``): try again."""
LOOK_EVERY_S: Final = 1.0
LEFT_AFTER: Final = 1.5
"""How many times ``stop_within_s`` the worker has to stop in order before the process is ended."""


class Guard:
    """Looks at the progress again and again; ``ended`` says why, once it has asked the worker to end."""

    def __init__(self, settings: Settings, progress: Callable[[], Answer], end: Callable[[], None]) -> None:
        self._settings, self._progress, self._end = settings, progress, end
        self._stop = threading.Event()
        self._since: float | None = None
        self.ended = ""

    def watch(self) -> None:
        """Look until told to stop, or until the worker was told to end."""
        every = min(LOOK_EVERY_S, self._settings.health_end_after_s / 4)
        while not self._stop.wait(every):
            if self._too_long():
                self._finish()
                return

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _too_long(self) -> bool:
        """Whether this worker has been at fault, at every look, for as long as the settings allow."""
        ours = [one.sentence for one in self._progress().findings if one.ours]
        if not ours:
            self._since = None
            return False
        if self._since is None:
            self._since = monotonic()
        if monotonic() - self._since < self._settings.health_end_after_s:
            return False
        self.ended = "; ".join(ours)
        return True

    def _finish(self) -> None:
        log.error("the worker ends itself, for it makes no progress: %s", self.ended)
        faulthandler.dump_traceback(sys.__stderr__ or sys.stderr)
        self._end()
        threading.Thread(target=self._leave, name="health-end", daemon=True).start()

    def _leave(self) -> None:
        """End the process if it has not stopped in order by then."""
        if not self._stop.wait(self._settings.stop_within_s * LEFT_AFTER):
            os._exit(NO_PROGRESS)


@contextmanager
def guarded(settings: Settings, progress: Callable[[], Answer], stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` when the block makes no progress; then, at its end, raises ``NoProgressError``."""
    if not settings.health_end_after_s:
        yield
        return
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.call_soon_threadsafe(stop.set)

    guard = Guard(settings, progress, end)
    thread = threading.Thread(target=guard.watch, name="health-guard", daemon=True)
    thread.start()
    try:
        yield
    finally:
        guard.stop()
        thread.join()
    if guard.ended:
        raise NoProgressError(f"the worker ended itself, for it made no progress: {guard.ended}")
