"""Signing in at the sign-in service: out to it with a secret that stays here, and back with a code that it redeems."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.access.oidc import pending, tokens
from desk.access.oidc.claims import NoVoice, voices_in
from desk.access.oidc.pending import TooMuchTyped
from desk.access.oidc.provider import BACK, Proof, Provider, Unreachable, state_of
from desk.access.oidc.tokens import NotProven
from desk.api.guard import Limits
from desk.api.place import Place
from desk.api.problems import Problem
from desk.pages import sessions
from desk.pages.cookies import SIGN_IN, cookie
from desk.pages.forms import read_form
from desk.pages.languages import language_of
from desk.pages.rendering import page
from desk.pages.signing_in import (
    has_begun,
    kept_in,
    local,
    note_failure,
    show_form,
    signed_in_meanwhile,
    with_session,
)
from desk.pages.visitors import too_often
from desk.pages.voices import Voice, voices
from desk.words import _

HERE: Final = "/sign-in/service"
AS: Final = "/sign-in/as"
TYPED: Final = "/sign-in/typed"
OUT: Final = "out"
"""What is kept while somebody is at the service."""
CHOICE: Final = "choice"
"""What is kept while somebody chooses one of several roles."""
KEPT: Final = "kept"
"""What is kept of a form until it is sent."""


def service_of(request: Request) -> Provider:
    """The sign-in service; where there is none these pages are missing."""
    found: Provider | None = request.app.state.sign_in_service
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", _("There is no such page here."))
    return found


async def go_out(request: Request) -> Response:
    """Send the browser to the service, and keep here where it wanted to be and what was typed there."""
    service = service_of(request)
    form = await read_form(request)
    onward, kept = local(form.one("next")), kept_in(form)
    if (instead := await signed_in_meanwhile(request, form, kept)) is not None:
        return instead
    limits: Limits = request.app.state.limits
    if not await limits.sign_in_begins(request.client.host if request.client is not None else ""):
        request.state.unrecorded = True
        raise too_often()
    secret = pending.new_secret()
    try:
        way = await service.way_in(secret, language_of(request))
        await keep(request, secret, OUT, {"next": onward, "kept": kept})
    except Unreachable:
        return show_form(request, onward, kept, HTTPStatus.SERVICE_UNAVAILABLE, faults=_silent(request))
    except TooMuchTyped:
        sentence = _(
            "What you typed is too long to be kept while you sign in. Copy it from the form that you came from first."
        )
        return show_form(request, onward, kept, HTTPStatus.UNPROCESSABLE_ENTITY, faults={"service": sentence})
    return holding(request, leaving(request, way), secret)


def leaving(request: Request, way: str) -> Response:
    """A page that leads to the service by itself: a form may lead to this desk only, and to nowhere beyond it."""
    return page(request, "leaving.html", HTTPStatus.OK, way=way, no_return=True)


async def come_back(request: Request) -> Response:
    """Whoever comes back from the service is signed in, or asked as whom, or told why not."""
    service = service_of(request)
    secret, said = request.cookies.get(SIGN_IN, ""), _said(request)
    state = state_of(secret) if 0 < len(secret) <= 100 else ""
    if not state or not hmac.compare_digest(state.encode(), said["state"].encode()):
        raise _not_ours()
    try:
        its_own = await service.answers_as(said["iss"])
    except Unreachable:
        its_own = True  # then nothing can be redeemed either, and that is said
    begun = await taken(request, secret, OUT) if its_own else None
    if begun is None:
        raise _not_ours()
    onward, kept = local(begun["next"]), begun["kept"]
    try:
        proof = await _proof(request, service, said["code"], secret)
        found = _voices(request, service, proof)
        if len(found) == 1:
            return await signed_in_as(request, found[0], proof, onward, kept)
        return await _ask_as_whom(request, proof, found, onward, kept)
    except (NotProven, NoVoice, Unreachable) as fault:
        status, code, sentence = _said_of(request, fault, said["error"])
        await note_failure(request, BACK, status, code)
        answer = show_form(request, onward, kept, status, faults={"service": sentence})
        return without_cookie(request, answer)


async def signed_in_as(
    request: Request, voice: Voice, proof: Proof, onward: str, kept: Mapping[str, Sequence[str]]
) -> Response:
    """Begin the session of whoever has proved who they are, and go on to where they wanted to be."""
    place: Place = request.app.state.place
    service, now = service_of(request), place.wall.now()
    longest = (now + sessions.LONGEST).timestamp()
    ends = datetime.fromtimestamp(longest if service.settings.back_channel else min(longest, proof.ends_at), UTC)
    if ends <= now:
        raise NotProven(tokens.EXPIRED)
    async with place.ledger.database.writing() as connection:
        secret = await sessions.begin_proven(connection, voice, now, service.issuer, proof, ends)
    await has_begun(request, f"oidc:{proof.subject}", secret)
    if not kept:
        return without_cookie(request, with_session(request, _to(onward), secret))
    holder = pending.new_secret()
    await keep(request, holder, KEPT, {"next": onward, "kept": kept})
    return holding(request, with_session(request, _to(TYPED), secret), holder)


async def _ask_as_whom(
    request: Request, proof: Proof, found: Sequence[Voice], onward: str, kept: Mapping[str, Sequence[str]]
) -> Response:
    secret = pending.new_secret()
    known = {"subject": proof.subject, "sid": proof.sid, "ends_at": proof.ends_at, "raw": proof.raw}
    content = {"next": onward, "kept": kept, "voices": [one.id for one in found], "proof": known}
    try:
        await keep(request, secret, CHOICE, content)
    except TooMuchTyped:
        raise NotProven(tokens.NOT_WHOLE) from None
    return holding(request, _to(AS), secret)


async def _proof(request: Request, service: Provider, code: str, secret: str) -> Proof:
    if not code:
        raise NotProven(tokens.NOT_WHOLE)
    place: Place = request.app.state.place
    return await service.proof(code, secret, place.wall.now())


def _voices(request: Request, service: Provider, proof: Proof) -> list[Voice]:
    place: Place = request.app.state.place
    settings, now = service.settings, place.clock.now()
    estate = place.world.estates.at(now)
    return voices_in(proof.claims, settings.claim, settings.marked, service.by_value, estate, voices(place.world, now))


def _said(request: Request) -> dict[str, str]:
    """What the service says by the address; nothing where it is said twice."""
    asked = request.query_params
    return {
        name: found[0] if len(found := asked.getlist(name)) == 1 else "" for name in ("state", "code", "error", "iss")
    }


def _said_of(request: Request, fault: Exception, error: str) -> tuple[HTTPStatus, str, str]:
    """The status, the code for the record, and the sentence for the person."""
    match fault:
        case Unreachable():
            return HTTPStatus.SERVICE_UNAVAILABLE, "service-silent", _silent(request)["service"]
        case NoVoice():
            return HTTPStatus.FORBIDDEN, "no-voice", str(fault)
        case _ if error:
            sentence = _("You are not signed in: signing in at the sign-in service was ended or declined there.")
            return HTTPStatus.FORBIDDEN, "declined", sentence
        case _:
            sentence = _(
                "You are not signed in. What the sign-in service sent is not believed: {why}. Try again.",
                why=_(str(fault)),
            )
            return HTTPStatus.FORBIDDEN, "not-proven", sentence


def _silent(request: Request) -> dict[str, str]:
    service = service_of(request)
    if service.settings.keys:
        sentence = _("The sign-in service does not answer just now. Try again in a moment, or sign in with a key.")
    else:
        sentence = _("The sign-in service does not answer just now. Try again in a moment.")
    return {"service": sentence}


def _not_ours() -> Problem:
    sentence = _(
        "This sign-in was not begun in this browser, was finished before, or took more than 15 minutes. Begin again."
    )
    return Problem(HTTPStatus.FORBIDDEN, "another-sign-in", sentence)


async def keep(request: Request, secret: str, purpose: str, content: Mapping[str, Any]) -> None:
    """Keep what belongs to a sign-in, for the browser with this secret."""
    place: Place = request.app.state.place
    async with place.ledger.database.writing() as connection:
        await pending.keep(connection, secret, purpose, content, place.wall.now())


async def taken(request: Request, secret: str, purpose: str) -> dict[str, Any] | None:
    """What was kept, given once; None where there is nothing any more."""
    place: Place = request.app.state.place
    async with place.ledger.database.writing() as connection:
        return await pending.take(connection, secret, purpose, place.wall.now())


def holding(request: Request, answer: Response, secret: str) -> Response:
    """The answer by which the browser gets the cookie of a sign-in that is under way."""
    lasts = int(pending.LASTS.total_seconds())
    answer.headers.append("Set-Cookie", cookie(request, SIGN_IN, secret, lasts_s=lasts))
    return answer


def without_cookie(request: Request, answer: Response) -> Response:
    """The answer by which that cookie goes."""
    answer.headers.append("Set-Cookie", cookie(request, SIGN_IN, "", lasts_s=0))
    return answer


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
