"""Signing out: here, at the sign-in service that proved who somebody is, and whenever that service says so."""

import logging
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.access.oidc.provider import ENDED, SIGNED_OUT, Provider, Unreachable
from desk.access.oidc.tokens import NotProven
from desk.access.record import Access
from desk.api.place import Place
from desk.api.problems import Problem
from desk.pages import sessions
from desk.pages.cookies import SESSION, cookie
from desk.pages.forms import check_token, read_form
from desk.pages.languages import language_of
from desk.pages.oidc import leaving, service_of
from desk.pages.rendering import page
from desk.pages.sessions import Session
from desk.pages.signing_in import HERE, end_session, note_failure
from desk.pages.visitors import signed_in
from desk.words import _

log = logging.getLogger(__name__)

SIGN_OUT: Final = "sign-out"
ONLY_HERE: Final = "only-here"
"""The part of an address that says that somebody may still be signed in at the service."""


async def sign_out(request: Request) -> Response:
    """End the session, here and in the ledger, and go on to end the one at the sign-in service."""
    form = await read_form(request)
    session = await signed_in(request)
    way: str | None = HERE
    if session is not None:
        check_token(form, session.secret)
        place: Place = request.app.state.place
        await end_session(place, session)
        name = session.as_key().id
        await place.recording.ask(Access(place.clock.now(), name, SIGN_OUT, name, HTTPStatus.OK))
        way = await _way_out(request, session)
        request.state.session = None
    if way is not None and not way.startswith("/"):
        answer = leaving(request, way)
    else:
        answer = RedirectResponse(way or f"{SIGNED_OUT}?{ONLY_HERE}=1", HTTPStatus.SEE_OTHER)
    answer.headers.append("Set-Cookie", cookie(request, SESSION, "", lasts_s=0))
    return answer


async def _way_out(request: Request, session: Session) -> str | None:
    """Where signing out goes on: at the service by which the session began; None where it cannot be told."""
    service: Provider | None = request.app.state.sign_in_service
    if session.issuer is None or service is None:
        return HERE
    try:
        return await service.way_out(session.proof, language_of(request))
    except Unreachable:
        return None


async def show_signed_out(request: Request) -> Response:
    """Says that somebody is signed out, and where else they may still be signed in."""
    if await signed_in(request) is not None:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    return page(request, "signed-out.html", HTTPStatus.OK, only_here=ONLY_HERE in request.query_params)


async def end_from_elsewhere(request: Request) -> Response:
    """The service says that somebody signed out there: their sessions here end.

    A token that comes again ends nothing that began after it was made: whoever has signed in since stays so.
    """
    service = service_of(request)
    if not service.settings.back_channel:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", _("There is no such page here."))
    form = await read_form(request)
    place: Place = request.app.state.place
    try:
        ending = await service.signed_out(form.one("logout_token"), place.wall.now())
    except NotProven as fault:
        await note_failure(request, ENDED, HTTPStatus.BAD_REQUEST, "not-proven")
        log.warning("a sign-out that the sign-in service is said to have sent is not believed: %s", fault)
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    except Unreachable:
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    async with place.ledger.database.writing() as connection:
        ended = await sessions.end_of(connection, service.issuer, ending, place.wall.now())
    by = "oidc" if ending.subject is None else f"oidc:{ending.subject}"
    for one in ended:
        await place.recording.ask(Access(place.clock.now(), by, SIGN_OUT, f"session:{one}", HTTPStatus.OK))
    return Response(status_code=HTTPStatus.OK)
