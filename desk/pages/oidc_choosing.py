"""After the sign-in service: choosing one of several roles, and going on with what was typed before."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.access.oidc import pending
from desk.access.oidc.provider import Proof
from desk.access.oidc.tokens import NotProven
from desk.api.place import Place
from desk.api.problems import Problem
from desk.pages.cookies import SIGN_IN
from desk.pages.forms import check_token, read_form, token_for
from desk.pages.navigation import ESCALATIONS
from desk.pages.oidc import AS, CHOICE, KEPT, service_of, signed_in_as, taken
from desk.pages.rendering import page
from desk.pages.sentences import reach_name, role_name
from desk.pages.signing_in import HERE, Offer, kept_page, local
from desk.pages.visitors import SignInFirst, signed_in
from desk.pages.voices import Voice, voices
from desk.words import _


async def ask_as_whom(request: Request) -> Response:
    """The roles that the sign-in service gives somebody, to choose one."""
    content = await _kept(request, CHOICE)
    return _question(request, content, "") if content is not None else _to(HERE)


async def choose(request: Request) -> Response:
    """Begin the session in the role that was chosen."""
    form = await read_form(request)
    secret = request.cookies.get(SIGN_IN, "")
    check_token(form, secret)
    content = await _kept(request, CHOICE)
    if content is None:
        return _to(HERE)
    voice = next((one for one in _offered(request, content) if one.id == form.one("voice")), None)
    if voice is None:
        return _question(request, content, _("Choose the role as which you want to act"))
    if await taken(request, secret, CHOICE) is None:
        return _to(HERE)  # chosen a moment ago in another window
    known = content["proof"]
    proof = Proof(known["subject"], known["sid"], known["ends_at"], known["raw"], {})
    try:
        return await signed_in_as(request, voice, proof, local(content["next"]), content["kept"])
    except NotProven:
        sentence = _("What the sign-in service said of you has expired since. Sign in again.")
        raise Problem(HTTPStatus.FORBIDDEN, "not-proven", sentence) from None


async def show_typed(request: Request) -> Response:
    """What was typed before somebody had to sign in, to be looked at and sent."""
    content = await _kept(request, KEPT)
    if await signed_in(request) is None:
        raise SignInFirst(None)
    return kept_page(request, local(content["next"]), content["kept"]) if content is not None else _to(ESCALATIONS)


async def _kept(request: Request, purpose: str) -> dict[str, Any] | None:
    service_of(request)
    place: Place = request.app.state.place
    secret = request.cookies.get(SIGN_IN, "")
    if not 0 < len(secret) <= 100:
        return None
    async with place.ledger.reading() as connection:
        return await pending.look(connection, secret, purpose, place.wall.now())


def _offered(request: Request, content: Mapping[str, Any]) -> list[Voice]:
    """The roles that the service gave and that the estate still has."""
    place: Place = request.app.state.place
    given = {*content["voices"]}
    return [one for one in voices(place.world, place.clock.now()) if one.id in given]


def _question(request: Request, content: Mapping[str, Any], fault: str) -> Response:
    desk = request.app.state.place.desk()
    found = [Offer(one.id, role_name(desk, one.role), reach_name(desk, one)) for one in _offered(request, content)]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return page(
        request, "sign-in-as.html", status,
        here=AS, offers=found, faults={"voice": fault} if fault else {},
        choice_token=token_for(request.cookies.get(SIGN_IN, "")),
    )  # fmt: skip


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
