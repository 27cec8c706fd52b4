"""A lane: one kind of channel with tasks of its own, so that what hangs or fails there holds up no other kind."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from streams.clock import monotonic
from streams.ledger import notices, notices_noting
from streams.ledger.engine import Database
from streams.ledger.errors import LedgerError
from streams.ledger.notices import Room
from streams.ledger.transaction import retried
from streams.notice_settings import NoticeSettings
from streams.notices import retrying
from streams.notices.channels.channel import Channel, Outcome, Sent
from streams.notices.letters import Writer
from streams.notices.notice import Fate, Notice
from streams.notices.telling import OVER
from workorders.policy import World

log = logging.getLogger(__name__)

GRACE_S: Final = 30.0
"""How much longer than an attempt may take a notice stays in hand, for what came of it to be kept."""

GIVEN_UP: Final = "it was taken in hand too often without an end, so it is not sent again"

Count = Callable[[str, str], None]
"""Told of each attempt: the kind of channel, and the outcome."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all lanes of a worker share; ``ended`` is set whenever something in hand is done with, so there is room."""

    database: Database
    settings: NoticeSettings
    write: Writer
    worker: str
    count: Count
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Lane:
    """Sends notices of one kind, so many at once; what it has in hand nobody else takes up until it must be over."""

    def __init__(self, kind: str, channel: Channel, shared: Shared) -> None:
        self.kind = kind
        self._channel, self._shared, self._settings = channel, shared, shared.settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_hand: dict[UUID, Notice] = {}
        # A thread of its own: a long digest holds up nothing else, and nobody keeps a lane from a thread.
        self._writing = ThreadPoolExecutor(1, thread_name_prefix=f"notices-{kind}-words")

    @property
    def free(self) -> int:
        """How many more notices it can take in hand."""
        return self._settings.at_once - len(self._tasks)

    async def take_up(self, world: World, now: Callable[[], datetime]) -> int:
        """Take in hand what is due, as many as are free, and begin to send them; how many."""
        if self.free <= 0:
            return 0
        at = now()
        until = at + timedelta(seconds=self._settings.send_within_s + GRACE_S)
        taken = await self._claim(at, until)
        for notice in taken:
            self._in_hand[notice.id] = notice
            task = asyncio.create_task(self._send(notice, world, now), name=f"a notice by {self.kind}")
            self._tasks.add(task)
            task.add_done_callback(self._end)
        return len(taken)

    async def settle(self, within_s: float | None = None) -> None:
        """Wait until nothing is in hand, so long at most; what is not finished then is given up."""
        if not self._tasks:
            return
        _, left = await asyncio.wait(self._tasks, timeout=within_s)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1.0)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._shared.ended.set()

    def _room(self) -> Room:
        """What was tried before gets half of the places, so that what was never tried waits for no dead receiver."""
        in_hand = self._in_hand.values()
        again = max(1, self._settings.at_once // 2) - sum(one.tries > 1 for one in in_hand)
        return Room(self.free, max(0, again), self._in_hand.keys(), {one.address for one in in_hand})

    async def _claim(self, now: datetime, until: datetime) -> Sequence[Notice]:
        async def once() -> list[Notice]:
            async with self._shared.database.writing() as connection:
                return await notices.claim(connection, self.kind, now, until, self._room(), self._shared.worker)

        return await retried(once)

    async def _send(self, notice: Notice, world: World, now: Callable[[], datetime]) -> None:
        try:
            await self._try(notice, world, now)
        finally:
            self._in_hand.pop(notice.id, None)

    async def _try(self, notice: Notice, world: World, now: Callable[[], datetime]) -> None:
        began = monotonic()
        sent = await self._sent(notice, world, now())
        took_ms = int((monotonic() - began) * 1000)
        at = now()
        notice.next_at = retrying.after(sent, notice.tries, self._settings, at, random.random()).at  # noqa: S311 - no secret
        self._shared.count(self.kind, str(sent.outcome))
        try:
            await self._note(notice, sent, took_ms, at)
        except LedgerError as error:
            log.warning("what came of notice %s is not kept, so it is sent again: %s", notice.id, error)
        except Exception:
            log.exception("what came of notice %s could not be kept, so it is sent again", notice.id)

    async def _sent(self, notice: Notice, world: World, at: datetime) -> Sent:
        """What came of one attempt; whatever goes wrong in it is an outcome, and stops nobody.

        What was tried as often as it may be, and is due though nothing more was to be tried, had a worker that died.
        """
        if notice.tries > self._settings.tries:
            return Sent(Outcome.UNKNOWN, GIVEN_UP, final=True)
        try:
            async with self._shared.database.reading() as connection:
                told = await notices_noting.contents(connection, notice)
            if not told:
                return Sent(Outcome.FAILED, OVER, final=True)
            write = partial(self._shared.write, notice, told, world, at)
            letter = await asyncio.get_running_loop().run_in_executor(self._writing, write)
            async with asyncio.timeout(self._settings.send_within_s):
                return await self._channel.send(letter)
        except TimeoutError:
            return Sent(Outcome.UNKNOWN, f"no answer within {self._settings.send_within_s:g} s")
        except Exception as error:  # a fault of ours must not look like silence
            log.exception("notice %s could not be sent", notice.id)
            return Sent(Outcome.FAILED, f"a fault of this program: {type(error).__name__}")

    async def _note(self, notice: Notice, sent: Sent, took_ms: int, at: datetime) -> None:
        async def once() -> None:
            async with self._shared.database.writing() as connection:
                await notices_noting.note(connection, notice, Fate(sent.outcome.value), sent.detail, took_ms, at)

        await retried(once)


async def settle_all(lanes: Collection[Lane], within_s: float | None = None) -> None:
    """Wait until no lane has anything in hand, so long at most."""
    await asyncio.gather(*(lane.settle(within_s) for lane in lanes))
