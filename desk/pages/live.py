"""Live pages: the parts that change, sent as server-sent events to whoever has such a page open and may see it.

A part that is asked for in any other way is answered once, as it is now.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from desk.access.rights import Action
from desk.api.following import FOLLOWERS_PER_KEY
from desk.pages import board, cases, escalations, nights, orders
from desk.pages.languages import ASKED, language_of
from desk.pages.live_sights import Part, Sight, sight_of
from desk.pages.live_views import Live, View
from desk.pages.navigation import BOARD, ESCALATIONS, NIGHTS, ORDERS
from desk.pages.sessions import Session
from desk.pages.visitors import SignInFirst, Visit, allowed, too_often
from desk.words import LANGUAGES

HERE: Final = "/live"
MEDIA_TYPE: Final = "text/event-stream"
ALIVE_EVERY_S: Final = 5.0
"""After how long a silence a page is told that the line still holds; the script gives up on a line after twice that."""
IN: Final = "in"
"""The language of the page that is open, which may have been changed in another window since."""
PARTS: Final = (
    Part(ESCALATIONS, Action.READ_ESCALATIONS, "escalations.html", escalations.content, by_role=True),
    Part(cases.HERE, Action.READ_ESCALATIONS, "cases.html", cases.content),
    Part(BOARD, Action.READ_BOARD, "board.html", board.content),
    Part(ORDERS, Action.READ_ORDERS, "orders.html", orders.content),
    Part(NIGHTS, Action.READ_NIGHTS, "nights.html", nights.content),
)
_OVER: Final = b"event: over\ndata: \n\n"
_ALIVE: Final = b"event: alive\ndata: \n\n"
_OFF: Final = b"event: off\ndata: \n\n"


def routes() -> list[Route]:
    """The address of each part: that of its page, below ``/live``."""
    return [Route(f"{HERE}{one.path}", followed(one), methods=["GET"]) for one in PARTS]


def followed(part: Part) -> Callable[[Request], Awaitable[Response]]:
    """A part, guarded like its page; to whoever follows it the end of their session is said in the stream."""
    page = allowed(part.action, partial(_show, part))

    async def guarded(request: Request) -> Response:
        request.state.by_itself = True  # a page that nobody uses must not keep its session open
        try:
            return await page(request)
        except SignInFirst:
            if not _follows(request):
                raise
            return _Stream(_ended(), lambda: None)

    guarded.action = part.action  # type: ignore[attr-defined]
    return guarded


async def _show(part: Part, visit: Visit) -> Response:
    live: Live = visit.request.app.state.live
    if live.viewers_of(visit.session) >= FOLLOWERS_PER_KEY:
        raise too_often()
    view = await live.join(_sight(part, visit), visit.session)
    if _follows(visit.request):
        return _Stream(_events(live, view, visit.session), lambda: live.leave(view, visit.session))
    live.leave(view, visit.session)
    return HTMLResponse(view.html)


def _sight(part: Part, visit: Visit) -> Sight:
    asked = visit.request.query_params
    wanted = asked.get(IN)
    query = urlencode(sorted((name, value) for name, value in asked.multi_items() if name not in {IN, ASKED}))
    language = wanted if wanted in LANGUAGES else language_of(visit.request)
    return sight_of(part, query, visit.session.voice, language)


def _follows(request: Request) -> bool:
    return MEDIA_TYPE in request.headers.get("accept", "")


class _Stream(StreamingResponse):
    """A stream that gives back what it holds, whether or not anybody ever read of it."""

    def __init__(self, events: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(events, HTTPStatus.OK, {"X-Accel-Buffering": "no"}, MEDIA_TYPE)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


async def _ended() -> AsyncIterator[bytes]:
    yield _OVER


async def _events(live: Live, view: View, session: Session) -> AsyncIterator[bytes]:
    """The part as it is, and again whenever it has changed; between them that the line holds."""
    sent = 0
    while not live.ended:
        if live.is_over(session):
            yield _OVER
            return
        if view.lost:
            yield _OFF
            return
        if view.n > sent and live.knows:
            sent = view.n
            yield view.message
        else:
            yield _ALIVE if live.knows else _OFF
        await live.moves(view, sent, session, ALIVE_EVERY_S)
