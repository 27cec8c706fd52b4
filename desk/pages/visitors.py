"""Who is at a page, and may they be: the one way to a page, judged by the same table and scopes as the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from desk.access.oidc.provider import Provider
from desk.access.rights import Action, may
from desk.access.scope import units_within
from desk.api.guard import AFTER_S, Caller, Limits
from desk.api.operations import Operation
from desk.api.place import Place
from desk.api.problems import Problem
from desk.pages import sessions
from desk.pages.cookies import SESSION
from desk.pages.forms import Form, check_token, read_form
from desk.pages.sessions import Session
from desk.pages.voices import is_heard
from desk.words import _

LONGEST_SECRET: Final = 100
"""How many characters of a cookie are looked at."""
Page = Callable[["Visit"], Awaitable[Response]]
"""Answers the request of somebody who may be there."""


class SignInFirst(Exception):  # noqa: N818 - what must happen, in words
    """Nobody is signed in here; ``form`` is what they had typed, which must not be lost."""

    def __init__(self, form: Form | None) -> None:
        super().__init__()
        self.form = form


class SendAgain(Problem):
    """A form was made before somebody signed in anew, or for another: nothing is done, and what was typed is kept."""

    def __init__(self, form: Form, problem: Problem) -> None:
        super().__init__(problem.status, problem.code, problem.sentence)
        self.form = form


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in and may do this; ``form`` is what they posted."""

    request: Request
    caller: Caller
    session: Session
    form: Form


def allowed(action: Action, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """A page for those who may do this; every page of somebody who is signed in has exactly one action."""

    async def guarded(request: Request) -> Response:
        request.state.action = action.value
        place: Place = request.app.state.place
        desk = place.desk()
        form = await read_form(request) if request.method == "POST" else Form(())
        session = await signed_in(request)
        if session is None:
            raise SignInFirst(form if request.method == "POST" else None)
        key = session.as_key()
        request.state.key = key.id
        limits: Limits = request.app.state.limits
        if not await limits.key_comes(key.id):
            raise too_often()
        if not may(key.holder, action):
            sentence = _("Your role may not do this. If it should, ask whoever looks after this desk.")
            raise Problem(HTTPStatus.FORBIDDEN, "not-permitted", sentence)
        if request.method == "POST":
            _check(form, session)
        caller = Caller(place, key, action, desk, units_within(key, desk.world, desk.now))
        return await page(Visit(request, caller, session, form))

    guarded.action = action  # type: ignore[attr-defined]
    return guarded


def _check(form: Form, session: Session) -> None:
    try:
        check_token(form, session.secret)
    except Problem as problem:
        raise SendAgain(form, problem) from None


def can_say(visit: Visit, operation: Operation) -> bool:
    """Whether whoever is there has the right to report this, and is heard on it."""
    desk, key = visit.caller.desk, visit.caller.key
    return may(key.holder, operation.action) and is_heard(desk.world, key.source, operation, desk.now)


async def signed_in(request: Request) -> Session | None:
    """The session of whoever asks, looked up once for each request."""
    state: Any = request.state
    if not hasattr(state, "session"):
        state.session = await _look_up(request, request.cookies.get(SESSION, ""))
    found: Session | None = state.session
    return found


async def _look_up(request: Request, secret: str) -> Session | None:
    place: Place = request.app.state.place
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    now = place.wall.now()
    async with place.ledger.reading() as connection:
        found = await sessions.opened_by(connection, secret, now)
    if found is None or not _counts_here(request, found):
        return None
    if now - found.seen_at >= sessions.SEEN_EVERY and not getattr(request.state, "by_itself", False):
        async with place.ledger.database.writing() as connection:
            await sessions.note_use(connection, found.id, now)
    return found


def _counts_here(request: Request, session: Session) -> bool:
    """Whether this desk still takes what a session began by: settings change, and a role may have been chosen."""
    service: Provider | None = request.app.state.sign_in_service
    if session.issuer is not None:
        return service is not None and session.issuer == service.issuer
    if session.by_key:
        return service is None or service.settings.keys
    return bool(request.app.state.chooses_role)


def too_often() -> Problem:
    """The refusal of whoever comes too often."""
    sentence = _("Too many requests in this minute. Wait for a minute, then try again.")
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-often", sentence, Retry_After=str(AFTER_S))
