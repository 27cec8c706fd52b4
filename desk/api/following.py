"""Following what is said: one look at the ledger for all who follow, and to each what is within reach of their key."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.exc import DBAPIError

from desk.views.said import Settling
from streams.ledger.ledger import Ledger

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.25
FOLLOWERS_PER_KEY: Final = 20


class Following:
    """Knows up to where all that was said can be passed on. It looks only while somebody follows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._settling = Settling()
        self._moved = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self.ended = False
        self.followers: Counter[str] = Counter()
        self.others: list[Callable[[], Awaitable[None]]] = []
        """What else lets go of those who follow when this does."""

    async def present(self) -> int:
        """The number of the newest message there is now, once everything below it is there too."""
        await self._glance()
        present = self._settling.newest
        while self._settling.settled < present and not self.ended:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._glance()
        return present

    async def _glance(self) -> int:
        async with self._ledger.reading() as connection:
            return await self._settling.look(connection)

    async def moves(self, seen: int, patience: float) -> int:
        """The place once it is beyond what was seen; what it was if it does not move in time."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(patience), self._moved:
                await self._moved.wait_for(lambda: self._settling.settled > seen or self.ended)
        except TimeoutError:
            pass
        return self._settling.settled

    async def end(self) -> None:
        """Let go of all who follow."""
        self.ended = True
        async with self._moved:
            self._moved.notify_all()
        if self._looking is not None:
            await asyncio.wait({self._looking})
        for end in self.others:
            await end()

    async def _look(self) -> None:
        while self.followers and not self.ended:
            try:
                before = self._settling.settled
                if await self._glance() > before:
                    async with self._moved:
                        self._moved.notify_all()
            except DBAPIError as error:
                log.warning("what is said cannot be followed for the moment: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)


def joined(following: Following, key: str) -> bool:
    """Whether one more may follow with this key; counted until :func:`left`."""
    if following.followers[key] >= FOLLOWERS_PER_KEY:
        return False
    following.followers[key] += 1
    return True


def left(following: Following, key: str) -> None:
    """One less follows with this key."""
    following.followers[key] -= 1
    if not following.followers[key]:
        del following.followers[key]
