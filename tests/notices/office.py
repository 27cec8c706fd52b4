"""An office on paper: what is heard is decided at once, and what is sent lies there to be looked at."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from models.tables import NoticeAttemptRow, NoticeRow
from streams.clock import FixedClock
from streams.cluster import KafkaServers
from streams.ledger.ledger import Ledger
from streams.notice_settings import NoticeSettings
from streams.notices.channels.channel import Channel, Letter, Outcome, Sent
from streams.notices.notice import Notice, Told, thread_of
from streams.notices.notifier import Notifier
from streams.parts import Parts
from streams.settings import Settings
from tests.streams.ledger.telling import START, Feed, all_rows, hour
from workorders.policy import Estate, World, default_estate, default_policy
from workorders.policy.load import world_of

ACCEPTED: Final = Sent(Outcome.ACCEPTED, "taken")
REFUSED: Final = Sent(Outcome.FAILED, "there is no such address", final=True)
BUSY: Final = Sent(Outcome.FAILED, "it is busy")
DROPPED: Final = Sent(Outcome.UNKNOWN, "the reply was dropped")
SETTINGS: Final = NoticeSettings(tries=5, first_pause_s=5, longest_pause_s=60, send_within_s=1)


@cache
def quiet_world() -> World:
    """The default rules where only what a test tells of happens: no night is watched, and no source is missed."""
    spec = default_estate().spec
    premises = tuple(one.model_copy(update={"watched_from": None}) for one in spec.premises)
    sources = tuple(one.model_copy(update={"expect_every": None}) for one in spec.sources)
    estate = Estate(spec.model_copy(update={"premises": premises, "sources": sources}))
    return world_of(default_policy(), estate, "a quiet estate")


class Post:
    """A channel that keeps what it is given; it answers as it is told to, and then accepts."""

    def __init__(self, *answers: Sent, always: Sent | None = None) -> None:
        self.letters: list[Letter] = []
        self.gate: asyncio.Event | None = None
        self.dead: dict[str, asyncio.Event] = {}
        """Addresses that do not answer until then."""
        self._answers, self._always = list(answers), always
        self.closed = False

    async def send(self, letter: Letter) -> Sent:
        self.letters.append(letter)
        if self.gate is not None:
            await self.gate.wait()
        if letter.address in self.dead:
            await self.dead[letter.address].wait()
        if self._always is not None:
            return self._always
        return self._answers.pop(0) if self._answers else ACCEPTED

    async def close(self) -> None:
        self.closed = True

    def told(self) -> list[str]:
        return [letter.text for letter in self.letters]


def plainly(notice: Notice, told: Sequence[Told], world: World, now: datetime) -> Letter:
    """A letter in codes: what is told, about what, to which rung."""
    lines = [
        f"{one.what} {one.reached.kind.value} {one.reached.subject} {one.reached.rung} {one.reached.clock}"
        for one in told
    ]
    return Letter(
        key=str(notice.id), role=notice.role, address=notice.address, subject=notice.what, text="\n".join(lines),
        html=None, short="", thread=thread_of(told[0].unit, told[0].reached),
        data={"before": [one.before for one in told]}, urgent=notice.urgent, rehearsal=notice.what == "rehearsal",
        language="both",
    )  # fmt: skip


class Office:
    """A ledger in which time is moved by hand, with a notifier on it."""

    def __init__(
        self, ledger: Ledger, posts: Mapping[str, Post], settings: NoticeSettings = SETTINGS, world: World | None = None
    ) -> None:
        self.ledger, self.posts = ledger, posts
        self.world = world or quiet_world()
        self.clock = FixedClock(START)
        self.feed = Feed()
        made = Settings(broker="127.0.0.1:1", notices=settings)
        # Time is moved by hand here, and nobody moves the database's.
        made = made.model_copy(update={"clock_skew_limit_s": 1e12})
        self.parts = Parts(made, self.clock, ledger, KafkaServers(made), self.world)
        self.notifier = self.another()

    @property
    def email(self) -> Post:
        return self.posts["email"]

    @property
    def text(self) -> Post:
        return self.posts["text"]

    def another(self, write: Callable[..., Letter] = plainly) -> Notifier:
        """One more notifier on the same ledger and channels."""
        return Notifier(self.parts, write, cast("Mapping[str, Channel]", self.posts))

    async def hear(self, *told: dict[str, Any]) -> None:
        """Take these events now."""
        await self.ledger.take(self.feed.read(*told), self.clock.now(), self.world)

    async def at(self, hours: float) -> None:
        """Go to so many hours after the start, and decide what has fallen due."""
        self.clock.set(hour(hours))
        await self.sweep()

    async def later(self, seconds: float) -> None:
        """Go on by so many seconds, without deciding anything."""
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    async def sweep(self) -> None:
        while (await self.ledger.sweep(self.clock.now(), 500, self.world)).more:
            pass

    async def tell(self) -> None:
        """Plan and send everything that is to be sent now, and see to what nobody could be told."""
        before = -1
        while before != (before := len(await all_rows(self.ledger, NoticeAttemptRow))):
            for _ in range(2):
                await self.notifier.look()
                await self.notifier.settle()

    async def notices(self) -> list[Any]:
        return list(await all_rows(self.ledger, NoticeRow))

    async def attempts(self, notice: UUID) -> list[Any]:
        return [row for row in await all_rows(self.ledger, NoticeAttemptRow) if row.notice == notice]
