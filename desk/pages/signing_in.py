"""Signing in: at a sign-in service, or with a key; with the embedded broker as a role that is chosen, not proven."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.access.oidc.provider import BACK, SIGNED_OUT, Provider
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
_UNTYPED: Final = frozenset(
    {TOKEN, "once", "e", "do", "commitment", "because", "alternative_available", "impacts"}
    | {"was_alternative", "was_impacts"}
)
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
    return show_form(request, request.query_params.get("next", ""), {})


async def sign_in(request: Request) -> Response:
    """Begin a session, and go on to where somebody wanted to be, with what they had typed there."""
    form = await read_form(request)
    onward, kept = local(form.one("next")), kept_in(form)
    if (instead := await signed_in_meanwhile(request, form, kept)) is not None:
        return instead
    place: Place = request.app.state.place
    if not request.app.state.chooses_role and not takes_keys(request):
        sentence = _("No key opens this desk. Sign in with the sign-in service.")
        raise Problem(HTTPStatus.FORBIDDEN, "no-keys", sentence)
    begun = await (_by_choice if request.app.state.chooses_role else _by_key)(place, form)
    if begun is None:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        await note_failure(request, HERE, status, "no-key")
        name, sentence = _fault(request)
        return show_form(request, onward, kept, status, form.one("voice"), {name: sentence})
    by, secret = begun
    await has_begun(request, by, secret)
    answer = kept_page(request, onward, kept) if kept else RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    return with_session(request, answer, secret)


def kept_in(form: Form) -> dict[str, Sequence[str]]:
    """What was typed into another form before, by its fields."""
    return {name.removeprefix(KEPT): values for name, values in without(form).items() if name.startswith(KEPT)}


async def signed_in_meanwhile(request: Request, form: Form, kept: Mapping[str, Sequence[str]]) -> Response | None:
    """What is kept, where somebody has signed in elsewhere since; a ``Problem`` for a form that is not theirs."""
    before = await signed_in(request)
    try:
        check_token(form, before.secret if before is not None else guest_secret(request))
    except Problem:
        if before is None or not kept:
            raise
        return kept_page(request, local(form.one("next")), kept, HTTPStatus.FORBIDDEN)
    return None


def takes_keys(request: Request) -> bool:
    """Whether somebody may sign in with a key."""
    service: Provider | None = request.app.state.sign_in_service
    return service is None or service.settings.keys


async def note_failure(request: Request, where: str, status: int, code: str) -> None:
    """Put on record that signing in failed; a ``Problem`` for whoever fails too often."""
    place: Place = request.app.state.place
    limits: Limits = request.app.state.limits
    if not await limits.sign_in_fails(request.client.host if request.client is not None else ""):
        request.state.unrecorded = True
        raise too_often()
    await place.recording.ask(Access(place.clock.now(), None, SIGN_IN, where, status, code))


async def has_begun(request: Request, by: str, secret: str) -> None:
    """A session has begun: it is on record by whom, and the one before it in this browser has ended."""
    place: Place = request.app.state.place
    before = await signed_in(request)
    if before is not None:
        await end_session(place, before)
    async with place.ledger.reading() as connection:
        session = request.state.session = await sessions.opened_by(connection, secret, place.wall.now())
    about = session.as_key().id if session is not None else ""
    await place.recording.ask(Access(place.clock.now(), by, SIGN_IN, about, HTTPStatus.OK))


def with_session(request: Request, answer: Response, secret: str) -> Response:
    """The answer by which the browser gets the session's cookie, and loses that of somebody who is not signed in."""
    answer.headers.append("Set-Cookie", cookie(request, SESSION, secret))
    answer.headers.append("Set-Cookie", cookie(request, GUEST, "", lasts_s=0))
    return answer


def send_again(request: Request, form: Form) -> Response:
    """What was typed into a form that was made before somebody signed in anew, to be looked at and sent by them."""
    return kept_page(request, local(_here(request)), without(form, TOKEN), HTTPStatus.FORBIDDEN)


def kept_page(
    request: Request, onward: str, kept: Mapping[str, Sequence[str]], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """The page that shows what was typed before, to be sent now."""
    typed = [value for name, values in kept.items() if name not in _UNTYPED for value in values if value.strip()]
    fields = {name: values for name, values in kept.items() if name != TOKEN}
    return page(request, "kept.html", status, next=onward, kept=fields, typed=typed)


async def _by_choice(place: Place, form: Form) -> tuple[str, str] | None:
    """The role that was chosen, and the secret of a session as that; None if it is none of those offered."""
    chosen = next((one for one in voices(place.world, place.clock.now()) if one.id == form.one("voice")), None)
    if chosen is None:
        return None
    async with place.ledger.database.writing() as connection:
        return f"chosen:{chosen.id}", await sessions.begin(connection, chosen, place.wall.now())


async def _by_key(place: Place, form: Form) -> tuple[str, str] | None:
    """The id of a key, and the secret of a session as its holder; None if the key opens nothing."""
    now = place.clock.now()
    key = await place.key(form.one("key")[:_LONGEST_KEY], now)
    source = place.world.estates.at(now).source(key.source, now) if key is not None else None
    if key is None or source is None:
        return None
    voice = Voice(source.role, key.source, key.holder, key.reach, key.of)
    async with place.ledger.database.writing() as connection:
        return key.id, await sessions.begin(connection, voice, place.wall.now(), key)


def _fault(request: Request) -> tuple[str, str]:
    if request.app.state.chooses_role:
        return "voice", _("Choose the role as which you want to act")
    return "key", _("That is no key, or one that opens nothing any more")


async def end_session(place: Place, session: Session) -> None:
    """Let a session open nothing from now on."""
    async with place.ledger.database.writing() as connection:
        await sessions.end(connection, session.id, place.wall.now())


async def sign_in_first(request: Request, form: Form | None) -> Response:
    """Where nobody is signed in: the way to sign in, from where one comes back, with what was typed."""
    here = _here(request)
    if form is not None:
        return show_form(request, here, without(form, TOKEN))
    return RedirectResponse(f"{HERE}?next={quote(here, safe='')}", HTTPStatus.SEE_OTHER)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def show_form(
    request: Request, onward: str, kept: Mapping[str, Sequence[str]], status: HTTPStatus = HTTPStatus.OK,
    chosen: str = "", faults: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """The form for signing in; whoever is not signed in gets a cookie by which only they can post it."""
    chooses = request.app.state.chooses_role
    fresh = None
    if getattr(request.state, "session", None) is None and not request.cookies.get(GUEST):
        fresh = request.state.guest = secrets.token_urlsafe(24)
    answer = page(
        request, "sign-in.html", status,
        next=local(onward), kept=kept, groups=_groups(request.app.state.place.desk()) if chooses else [],
        chosen=chosen, faults=faults or {}, service=request.app.state.sign_in_service is not None,
        keys=takes_keys(request), no_return=request.url.path == BACK,
    )  # fmt: skip
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
    return onward if is_ours and not onward.startswith((HERE, "/sign-out", SIGNED_OUT)) else ESCALATIONS
