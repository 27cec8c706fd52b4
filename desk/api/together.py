"""What many ask at the same moment, done at once: one transaction for all who wait, and to each its own answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

from streams.clock import monotonic

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

MOST: Final = 200
"""How many are done at once, unless it is said otherwise."""
LEFT_AT_MOST: Final = 2_000
"""How many may wait before nothing more can be left here, unless it is in a hurry."""


class Together(Generic[T, R]):
    """Does what is asked, as many at once as wait while the last ones are being done.

    ``act`` answers in the order in which it was asked; if it raises, all who were in it hear of that. What is only left
    here is gathered for ``gather_s`` seconds, and not done for longer than it is not, unless somebody asks meanwhile.
    """

    def __init__(
        self, act: Callable[[Sequence[T]], Awaitable[Sequence[R]]], gather_s: float = 0.0, most: int | None = None
    ) -> None:
        self._act, self._gather_s, self._most = act, gather_s, most or MOST
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._busy: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._took_s = 0.0

    async def ask(self, one: T) -> R:
        """The answer to this one. Whoever stops waiting stops only to wait: what was asked is done."""
        self._hurry.set()
        return await self._put(one)

    def leave(self, one: T, *, hurry: bool = False) -> bool:
        """Have this one done soon, with nobody waiting for it; tells whether there was room for it.

        What is in a ``hurry`` is the next to be done.
        """
        if not hurry and len(self._waiting) >= LEFT_AT_MOST:
            return False
        if hurry:
            self._hurry.set()
        self._put(one, first=hurry).add_done_callback(_noticed)
        return True

    async def finish(self) -> None:
        """Wait until nothing is left to do."""
        while self._busy is not None:
            self._hurry.set()
            await asyncio.wait({self._busy})

    def _put(self, one: T, *, first: bool = False) -> "asyncio.Future[R]":
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.insert(0 if first else len(self._waiting), (one, answer))
        if self._busy is None:
            self._busy = asyncio.create_task(self._work())
        return answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not self._waiting:
                    self._hurry.clear()
                began = monotonic()
                await self._do(batch)
                self._took_s = monotonic() - began
        finally:
            self._busy = None

    async def _gather(self) -> None:
        if self._gather_s:
            enough = len(self._waiting) >= self._most
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    self._hurry.wait(), self._took_s if enough else max(self._gather_s, self._took_s)
                )

    async def _do(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._act([one for one, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who asked
            for _, waits in batch:
                if not waits.done():
                    waits.set_exception(error)
            return
        for (_, waits), answer in zip(batch, answers, strict=True):
            if not waits.done():
                waits.set_result(answer)


def _noticed(left: "asyncio.Future[R]") -> None:
    """Nobody waits for it, so that nobody else would hear of an error."""
    if not left.cancelled() and (error := left.exception()) is not None:
        log.warning("what nobody waited for could not be done: %s", type(error).__name__)
