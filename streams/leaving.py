"""Leaving: once a stop was asked for, the process is gone within its time, whoever still waits for an answer.

A database that is frozen answers nobody: the drivers wait for it to take back what they asked, and the event loop
waits for them at its end. Nothing is owed to that. What was committed is committed; what was not, the database rolls
back when our sockets close; and what was taken or sent and not noted is taken or sent again under the same ids.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

log = logging.getLogger(__name__)

SHARE: Final = 0.95
"""What of ``stop_within_s`` is waited at most, so that the end itself still falls within it."""


class Leaving:
    """The last moment of a process: it stands from :meth:`begin` on, by a thread of its own."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._timer: threading.Timer | None = None

    def begin(self, code: int = 0, why: str = "it was told to stop") -> None:
        """From now on the time counts; what is begun again goes on as it was begun first."""
        if self._timer is None:
            self._timer = threading.Timer(self._within_s * SHARE, self._leave, (code, why))
            self._timer.daemon = True
            self._timer.start()

    def done(self) -> None:
        """Everything has ended in order."""
        if self._timer is not None:
            self._timer.cancel()

    def _leave(self, code: int, why: str) -> None:
        log.error(
            "the worker leaves after %g s, though something still waits for an answer (%s): nothing committed is lost",
            self._within_s,
            why,
        )
        for handler in logging.getLogger().handlers:
            with suppress(OSError, ValueError):  # nobody may read what we write any more
                handler.flush()
        os._exit(code)


@contextmanager
def leaving(within_s: float) -> Iterator[Leaving]:
    """What must have come to its end within the time, once it has begun to."""
    found = Leaving(within_s)
    try:
        yield found
    finally:
        found.done()
