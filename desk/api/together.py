"""What many ask at the same moment, done at once: one transaction for all who wait, and to each its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 200
"""How many are done at once."""


class Together(Generic[T, R]):
    """Does what is asked, as many at once as wait while the last ones are being done.

    ``act`` answers in the order in which it was asked; if it raises, all who were in it hear of that.
    """

    def __init__(self, act: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        self._act = act
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._busy: asyncio.Task[None] | None = None

    async def ask(self, one: T) -> R:
        """The answer to this one. Whoever stops waiting stops only to wait: what was asked is done."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._busy is None:
            self._busy = asyncio.create_task(self._work())
        return await answer

    async def finish(self) -> None:
        """Wait until nothing is left to do."""
        while self._busy is not None:
            await asyncio.wait({self._busy})

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._do(batch)
        finally:
            self._busy = None

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
