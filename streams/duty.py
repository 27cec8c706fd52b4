"""A duty: what a worker does for as long as it runs, and does not leave half-done when it is told to stop."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import faust

from streams.clock import monotonic
from streams.ledger import pulses
from streams.parts import Parts

PULSE_EVERY_S: Final = 10.0
"""How often a duty that is being done shows it in the ledger, in real seconds."""


class DutyEndedError(Exception):
    """A duty came to an end although nobody had told it to stop."""


class Duty(faust.Service):
    """A Faust service with one task, :meth:`work`, which does its work in pieces that should not be cut off.

    Told to stop, it finishes the piece in hand, for a quarter of ``stop_within_s`` at most, and is then cancelled
    wherever it waits. Whatever else ends it fails it, and so stops the worker: a duty that nobody does any more
    must not look as if it were done.
    """

    logger = logging.getLogger("faust.service")

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self._in_hand = asyncio.Lock()
        self._pulsed = float("-inf")

    async def work(self) -> None:
        """Do the duty until cancelled."""
        raise NotImplementedError

    @property
    def part(self) -> str:
        """What the duty is called where its health is told."""
        return type(self).__name__.lower()

    def turn(self) -> None:
        """The duty has gone round once more, whether or not there was anything to do."""
        self._parts.vitals.turn(self.part)

    async def pulse(self) -> None:
        """Show in the ledger that the duty is being done, now and then."""
        if not self._pulse_is_due():
            return
        async with self.piece():
            await pulses.beat(self._parts.ledger.database, self.part, self._parts.name, self._parts.clock.now())
        self._pulsed = monotonic()

    def _pulse_is_due(self) -> bool:
        return monotonic() - self._pulsed >= PULSE_EVERY_S

    @asynccontextmanager
    async def piece(self) -> AsyncGenerator[None]:
        """One piece of work; once a stop was asked for none begins, and to wait here is to wait for the end."""
        async with self._in_hand:
            begins = not self.should_stop
            if begins:
                yield
        if not begins:
            await asyncio.Event().wait()

    async def last_piece(self) -> None:
        """What is still to be done after a stop was asked for and the piece in hand is finished."""

    async def on_stop(self) -> None:
        """Finish the piece in hand, then do the last."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.settings.stop_within_s / 4), self._in_hand:
                await self.last_piece()

    @faust.Service.task
    async def _run(self) -> None:
        try:
            await self.work()
        except asyncio.CancelledError:
            # A library may cancel what we wait for; taken for a stop, that would end the duty without a word.
            if self.should_stop:
                raise
        raise DutyEndedError(f"the {self.part} ended although nobody had told it to stop")
