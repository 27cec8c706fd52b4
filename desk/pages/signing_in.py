"""Signing in: with a key that is pasted once; with the embedded broker by choosing a role, which proves nothing."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.access.record import Access
from desk.api.guard import Limits
from desk.api.place import Place
from desk.api.problems import Problem
from desk.opening import Desk
from desk.pages import sessions
from desk.pages.cookies import GUEST, SESSION, cookie
from desk.pages.forms import TOKEN, Form, check_token, read_form, without
from desk.pages.navigation import ESCALATIONS
from desk.pages.rendering import guest_secret, page
from desk.pages.sentences import reach_name, role_name
from desk.pages.sessions import Session
from desk.pages.visitors import signed_in, too_often
from desk.pages.voices import Voice, voices
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.premises import Party

HERE: Final = "/sign-in"
SIGN_IN: Final = "sign-in"
KEPT: Final = "kept."
"""What the names of fields begin with that were typed into another form before."""
_LONGEST_KEY: Final = 200
_SIDES: Final = (
    (Party.CLIENT, N_("Premises, delivery units and estates")),
    (Party.DIVISION, N_("The division")),
    (Party.PROVIDER, N_("Contractors for repairs")),
    (Party.AGENCY, N_("Agencies for night staff")),
    (Party.SYSTEM, N_("This system")),
)
_UNTYPED: Final = frozenset({TOKEN, "once", "e", "do", "commitment"})
"""What a form holds that nobody typed into it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One role that can be chosen."""

    id: str
    role: str
    reach: str


@dataclass(frozen=True, slots=True)
class Group:
    """The roles of one side of the contract, the n-th of those that have any."""

    n: int
    name: str
    voices: Sequence[Offer]

    @property
    def first(self) -> bool:
        """Whether it is the first on the page."""
        return self.n == 1


async def show_sign_in(request: Request) -> Response:
    """The choice of a role, or the question for a key."""
    await signed_in(request)
    return _form(request, request.query_params.get("next", ""), {}, "", "")


async def sign_in(request: Request) -> Response:
    """Begin a session, and go on to where somebody wanted to be, with what they had typed there."""
    form = await read_form(request)
    before = await signed_in(request)
    kept = {name.removeprefix(KEPT): values for name, values in without(form).items() if name.startswith(KEPT)}
    try:
        check_token(form, before.secret if before is not None else guest_secret(request))
    except Problem:
        if before is None or not kept:
            raise
        return _kept(request, local(form.one("next")), kept, HTTPStatus.FORBIDDEN)  # signed in elsewhere meanwhile
    place: Place = request.app.state.place
    limits: Limits = request.app.state.limits
    begun = await (_by_choice if request.app.state.chooses_role else _by_key)(place, form)
    if begun is None:
        if not await limits.sign_in_fails(request.client.host if request.client is not None else ""):
            request.state.unrecorded = True
            raise too_often()
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        await place.recording.ask(Access(place.clock.now(), None, SIGN_IN, HERE, status, "no-key"))
        return _form(request, form.one("next"), kept, form.one("voice"), _fault(request))
    by, secret = begun
    if before is not None:
        await _end(place, before)
    async with place.ledger.reading() as connection:
        session = request.state.session = await sessions.opened_by(connection, secret, place.clock.now())
    about = session.as_key().id if session is not None else ""
    await place.recording.ask(Access(place.clock.now(), by, SIGN_IN, about, HTTPStatus.OK))
    answer = _onward(request, local(form.one("next")), kept)
    answer.headers.append("Set-Cookie", cookie(request, SESSION, secret))
    answer.headers.append("Set-Cookie", cookie(request, GUEST, "", lasts_s=0))
    return answer


def _onward(request: Request, onward: str, kept: Mapping[str, Sequence[str]]) -> Response:
    if not kept:
        return RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    return _kept(request, onward, kept, HTTPStatus.OK)


def send_again(request: Request, form: Form) -> Response:
    """What was typed into a form that was made before somebody signed in anew, to be looked at and sent by them."""
    return _kept(request, local(_here(request)), without(form, TOKEN), HTTPStatus.FORBIDDEN)


def _kept(request: Request, onward: str, kept: Mapping[str, Sequence[str]], status: HTTPStatus) -> Response:
    typed = [value for name, values in kept.items() if name not in _UNTYPED for value in values if value.strip()]
    fields = {name: values for name, values in kept.items() if name != TOKEN}
    return page(request, "kept.html", status, next=onward, kept=fields, typed=typed)


async def _by_choice(place: Place, form: Form) -> tuple[str, str] | None:
    """The role that was chosen, and the secret of a session as that; None if it is none of those offered."""
    now = place.clock.now()
    chosen = next((one for one in voices(place.world, now) if one.id == form.one("voice")), None)
    if chosen is None:
        return None
    async with place.ledger.database.writing() as connection:
        return f"chosen:{chosen.id}", await sessions.begin(connection, chosen, now)


async def _by_key(place: Place, form: Form) -> tuple[str, str] | None:
    """The id of a key, and the secret of a session as its holder; None if the key opens nothing."""
    now = place.clock.now()
    key = await place.key(form.one("key")[:_LONGEST_KEY], now)
    source = place.world.estates.at(now).source(key.source, now) if key is not None else None
    if key is None or source is None:
        return None
    voice = Voice(source.role, key.source, key.holder, key.reach, key.of)
    async with place.ledger.database.writing() as connection:
        return key.id, await sessions.begin(connection, voice, now, key)


def _fault(request: Request) -> str:
    if request.app.state.chooses_role:
        return _("Choose the role as which you want to act")
    return _("That is no key, or one that opens nothing any more")


async def sign_out(request: Request) -> Response:
    """End the session, here and in the ledger."""
    form = await read_form(request)
    session = await signed_in(request)
    if session is not None:
        check_token(form, session.secret)
        await _end(request.app.state.place, session)
    answer = RedirectResponse(HERE, HTTPStatus.SEE_OTHER)
    answer.headers.append("Set-Cookie", cookie(request, SESSION, "", lasts_s=0))
    return answer


async def _end(place: Place, session: Session) -> None:
    async with place.ledger.database.writing() as connection:
        await sessions.end(connection, session.id, place.clock.now())


async def sign_in_first(request: Request, form: Form | None) -> Response:
    """Where nobody is signed in: the way to sign in, from where one comes back, with what was typed."""
    here = _here(request)
    if form is not None:
        return _form(request, here, without(form, TOKEN), "", "")
    return RedirectResponse(f"{HERE}?next={quote(here, safe='')}", HTTPStatus.SEE_OTHER)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _form(request: Request, onward: str, kept: Mapping[str, Sequence[str]], chosen: str, fault: str) -> Response:
    """The form for signing in; whoever is not signed in gets a cookie by which only they can post it."""
    chooses = request.app.state.chooses_role
    fresh = None
    if getattr(request.state, "session", None) is None and not request.cookies.get(GUEST):
        fresh = request.state.guest = secrets.token_urlsafe(24)
    faults = {("voice" if chooses else "key"): fault} if fault else {}
    groups = _groups(request.app.state.place.desk()) if chooses else []
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    answer = page(
        request, "sign-in.html", status, next=local(onward), kept=kept, groups=groups, chosen=chosen, faults=faults
    )
    if fresh is not None:
        answer.headers.append("Set-Cookie", cookie(request, GUEST, fresh))
    return answer


def _groups(desk: Desk) -> list[Group]:
    estate = desk.world.estates.at(desk.now)
    offered = voices(desk.world, desk.now)
    by_side = [
        (name, [Offer(one.id, role_name(desk, one.role), reach_name(desk, one)) for one in offered
                if estate.party_of(one.role) is party])
        for party, name in _SIDES
    ]  # fmt: skip
    return [Group(n, _(name), found) for n, (name, found) in enumerate(filter(lambda side: side[1], by_side), start=1)]


def local(onward: str) -> str:
    """The address to go on to, if it is one of this desk; else the first page."""
    is_ours = onward.startswith("/") and not onward.startswith(("//", "/\\")) and onward.isprintable()
    return onward if is_ours and not onward.startswith((HERE, "/sign-out")) else ESCALATIONS
