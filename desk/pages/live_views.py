"""Views that are followed: each is drawn once for all who see the same, soon after something within its reach changes.

What is sent is always the whole part of the page as the server draws it. So whoever was cut off for a while has lost
nothing and gets nothing twice: what comes next is how it stands.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from fastapi.sse import format_sse_event

from desk.access.scope import is_within, units_within
from desk.api.guard import Caller
from desk.api.place import Place
from desk.api.telling import OUTAGES
from desk.pages.forms import Form
from desk.pages.live_changes import Changes
from desk.pages.live_pace import Pace
from desk.pages.live_sights import Sight, request_of
from desk.pages.rendering import templates
from desk.pages.sessions import Session, still_open
from desk.pages.shared import one_round
from desk.pages.visitors import Visit
from desk.words import in_language
from streams.clock import monotonic

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
AT_ONCE: Final = 3
"""How many views are drawn side by side, so that each waits for the ledger while others are written."""
RENEWED_EVERY_S: Final = 30.0
"""How often a view is drawn although nothing has changed, for time alone makes things late."""
CHECKED_EVERY_S: Final = 1.0
"""How often it is asked which sessions still hold."""


@dataclass(slots=True)
class View:
    """One view as it was last drawn; ``n`` counts how often it has changed."""

    sight: Sight
    session: Session
    units: frozenset[str] | None = None
    html: str = ""
    message: bytes = b""
    n: int = 0
    stale: bool = True
    drawn_at: float = float("-inf")
    viewers: int = 0
    lost: bool = False
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)


class Live:
    """All views that are followed in this process. It looks at the ledger only while somebody follows."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._views: dict[Sight, View] = {}
        self._sessions: dict[str, int] = {}
        self._over: set[str] = set()
        self._changes = Changes()
        self._looking = asyncio.Lock()
        self._drawing = asyncio.Semaphore(AT_ONCE)
        self._task: asyncio.Task[None] | None = None
        self._looked_at = self._checked_at = float("-inf")
        self._pace = Pace()
        self.knows = True
        """Whether the ledger could be asked at the last look: else nothing is live."""
        self.ended = False

    async def join(self, sight: Sight, session: Session) -> View:
        """The view as it is now, for one more who follows it; give it back with :meth:`leave`."""
        view = self._views.setdefault(sight, View(sight, session))
        view.viewers += 1
        self._sessions[session.id] = self._sessions.get(session.id, 0) + 1
        self._over.discard(session.id)
        try:
            await self.look()
            await self._draw(view)
        except BaseException:
            self.leave(view, session)
            raise
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return view

    def leave(self, view: View, session: Session) -> None:
        """One less follows this view."""
        view.viewers -= 1
        if not view.viewers and self._views.get(view.sight) is view:
            del self._views[view.sight]
        self._sessions[session.id] -= 1
        if not self._sessions[session.id]:
            del self._sessions[session.id]

    def viewers_of(self, session: Session) -> int:
        """How many views are followed in one session."""
        return self._sessions.get(session.id, 0)

    def is_over(self, session: Session) -> bool:
        """Whether a session has ended since it began to follow."""
        return session.id in self._over

    async def moves(self, view: View, n: int, session: Session, patience: float) -> None:
        """Wait until the view has changed since ``n``, or nothing more is to come, or the time is over."""
        knew = self.knows

        def has_moved() -> bool:
            return (view.n > n and self.knows) or view.lost or self.ended or self.is_over(session) or self.knows != knew

        try:
            async with asyncio.timeout(patience), view.moved:
                await view.moved.wait_for(has_moved)
        except TimeoutError:
            pass

    async def end(self) -> None:
        """Let go of all who follow."""
        self.ended = True
        await self._tell_all()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def look(self) -> None:
        """Note which views are not true any more."""
        async with self._looking:
            now = monotonic()
            if now - self._looked_at < LOOK_EVERY_S / 5:
                return
            asked = sorted(self._sessions)  # who comes while the ledger is asked is not in its answer, and not over
            async with self._place.ledger.reading() as connection:
                self._mark(await self._changes.look(connection))
                if now - self._checked_at >= CHECKED_EVERY_S:
                    held = await still_open(connection, asked, self._place.wall.now())
                    self._over, self._checked_at = {*asked} - held, now
            self._looked_at = monotonic()

    def _mark(self, changed: frozenset[str] | None) -> None:
        """Note which views are not true any more; of what is noted here nothing is heard a second time."""
        for view in self._views.values():
            if changed is None or any(is_within(unit, view.units) for unit in changed):
                view.stale = True

    async def _run(self) -> None:
        while self._views and not self.ended:
            await asyncio.sleep(LOOK_EVERY_S)
            before = self.knows
            try:
                await self.look()
                self.knows = True
                await self._draw_stale()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may go on believing that this is live
                self.knows = False
                if before:
                    log.warning("what changes cannot be followed for the moment: %s", type(error).__name__)
            if self._over or self.knows != before:
                await self._tell_all()

    async def _tell_all(self) -> None:
        for view in [*self._views.values()]:
            await _tell(view)

    async def _draw_stale(self) -> None:
        """Draw what is not true any more, unless too much has been drawn just now."""
        now = monotonic()
        due = [one for one in self._views.values() if one.stale or now - one.drawn_at >= RENEWED_EVERY_S]
        if not due or not self._pace.is_rested():
            return
        for view in due:  # before anything is asked: what is found to have changed meanwhile is drawn in the next round
            view.stale = False
        self._pace.begin()
        with one_round():
            await asyncio.gather(*(self._draw_or_lose(view) for view in due))
        self._pace.end()

    async def _draw_or_lose(self, view: View) -> None:
        """Draw a view; one that cannot be drawn is let go, and whoever follows it asks anew and is told why."""
        try:
            async with view.drawing, self._drawing:  # one at a time, so that no older drawing comes after a newer one
                await self._redraw(view)
        except OUTAGES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one view must not end the others
            log.warning("a view of %s is lost: %s", view.sight.part.path, type(error).__name__)
            view.lost = True
            await _tell(view)
            if self._views.get(view.sight) is view:
                del self._views[view.sight]

    async def _draw(self, view: View) -> None:
        """Draw a view if it may not be true any more; many who come at once have it drawn once."""
        async with view.drawing:
            if view.stale or not view.n:
                view.stale = False
                await self._redraw(view)

    async def _redraw(self, view: View) -> None:
        try:
            html = await self._drawn(view)
        except BaseException:
            view.stale = True
            raise
        view.drawn_at = monotonic()
        if html != view.html:
            view.html, view.message, view.n = html, format_sse_event(event="part", data_str=html), view.n + 1
            await _tell(view)

    async def _drawn(self, view: View) -> str:
        sight, desk = view.sight, self._place.desk()
        key = view.session.as_key()
        view.units = units_within(key, desk.world, desk.now)
        caller = Caller(self._place, key, sight.part.action, desk, view.units)
        with in_language(sight.language):
            content = await sight.part.content(Visit(request_of(sight), caller, view.session, Form(())))
            template = templates().get_template(sight.part.template)
            return "".join(template.blocks["live"](template.new_context(content)))


async def _tell(view: View) -> None:
    """Wake whoever waits for a view to change."""
    async with view.moved:
        view.moved.notify_all()
