"""Where the link in a notice leads: to one escalation, which whoever was told of it may acknowledge, no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from uuid import uuid5

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from desk.access.keys import Key
from desk.access.record import Access
from desk.access.rights import Action, may
from desk.api.guard import Caller, Limits
from desk.api.place import Place
from desk.api.reference import read_reference
from desk.api.telling import ReceiptBody, receipt_body
from desk.notices import links
from desk.notices.links import BadLink, Link
from desk.opening import Desk
from desk.pages.answers import Answered, answer_of, answers
from desk.pages.rendering import page
from desk.pages.visitors import too_often
from desk.pages.voices import voice_about
from desk.views.by_now import ByNow, by_now
from desk.views.escalations import EscalationLine, escalations_named
from desk.views.receipts import read_submission
from desk.words import _
from streams.ledger.notices_rehearsal import is_rehearsed

LINK: Final = "/a/"
"""What the address of every link begins with, and all that is ever put on record of a bad one."""
LONGEST: Final = 1_000
"""How many characters of a link are looked at."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A good link that somebody followed: what it is about as that stands now, and who may answer by it."""

    token: str
    link: Link
    line: EscalationLine
    answers: Sequence[Answered]
    own: Answered | None
    """What was said by this very link."""
    receipt: ReceiptBody | None
    """What has become of what was said by it, if the address bears its reference."""
    caller: Caller
    now: ByNow
    """How what it is about stands."""

    @property
    def name(self) -> str:
        """What tells this link from every other, without being one."""
        return _name_of(self.token)

    @property
    def event(self) -> str:
        """The id of the one event that this link can say, however often it is posted."""
        return _event_of(self.line, self.token)

    @property
    def is_used(self) -> bool:
        """Whether it has been said."""
        return self.own is not None

    @property
    def is_held(self) -> bool:
        """Whether somebody has taken it on, and that still holds."""
        until = self.line.acknowledged_until
        return until is not None and until > self.caller.desk.now

    @property
    def can_answer(self) -> bool:
        """Whether there is something to be acknowledged by it now."""
        return self.line.standing and not self.is_held and not self.is_used


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A good link of a rehearsal: it answers the rehearsal and nothing else."""

    link: Link


async def follow(request: Request) -> Followed | Rehearsed | Response:
    """Where the link of this address leads; a page in plain words if nowhere. Every look is put on record."""
    token = request.path_params["token"][:LONGEST]
    place: Place = request.app.state.place
    desk = place.desk()
    request.state.action = Action.ACKNOWLEDGE.value
    keys: Sequence[str] = request.app.state.link_keys
    link = links.read(keys, token, desk.now) if keys else BadLink(links.Reason.NOT_OURS)
    if isinstance(link, BadLink):
        return await _bad(request, link)
    request.state.key = f"notice:{link.role}"
    async with place.ledger.reading() as connection:
        found = await escalations_named(connection, str(link.escalation_id))
        if not found and await is_rehearsed(connection, link.escalation_id):
            return Rehearsed(link)
        caller = _caller(place, desk, link, found[0]) if found else None
        if caller is None:
            return await _gone(request)
        given = await answers(connection, desk, found[0])
        event = _event_of(found[0], token)
        own = await answer_of(connection, caller.key.source, event)
        # Within the same view: what is decided between two looks would be taken, and the matter as it was before.
        receipt = await _receipt(request, connection, caller, event)
        now = (await by_now(connection, found[:1]))[found[0].id]
    about = f"{found[0].subject} {found[0].id}"
    await place.recording.ask(Access(desk.now, caller.key.id, caller.action.value, about, HTTPStatus.OK))
    return Followed(token, link, found[0], given, own, receipt, caller, now)


async def _receipt(request: Request, connection: AsyncConnection, caller: Caller, event: str) -> ReceiptBody | None:
    """What has become of what was said by this link; None for any other reference."""
    wanted = read_reference(request.query_params.get("receipt", ""))
    found = await read_submission(connection, wanted) if wanted is not None else None
    return receipt_body(caller, found) if found is not None and found.event_id == event else None


def _name_of(token: str) -> str:
    """Of what is signed alone: one signature can be written in several ways, and all of them are one link."""
    return sha256(token.rpartition(".")[0].encode()).hexdigest()


def _event_of(line: EscalationLine, token: str) -> str:
    return str(uuid5(line.id, _name_of(token)))


def _caller(place: Place, desk: Desk, link: Link, line: EscalationLine) -> Caller | None:
    """Who answers by a link: the role that it was sent to, through its registered source, about this one thing."""
    voice = voice_about(desk.world, link.role, line.premises, desk.now)
    if voice is None or not may(voice.holder, Action.ACKNOWLEDGE):
        return None
    key = Key(f"notice:{link.role}", voice.source, voice.holder, voice.reach, voice.of, desk.now, None, None, None)
    return Caller(place, key, Action.ACKNOWLEDGE, desk, frozenset({line.premises}))


async def _bad(request: Request, bad: BadLink) -> Response:
    """What is said of a link that nothing can be done by; whoever only tries links is soon told nothing more."""
    limits: Limits = request.app.state.limits
    if not await limits.stranger_comes(request.client.host if request.client is not None else ""):
        request.state.unrecorded = True
        raise too_often()
    await _note(request, HTTPStatus.GONE if bad.reason is links.Reason.EXPIRED else HTTPStatus.NOT_FOUND, bad.reason)
    if bad.reason is links.Reason.EXPIRED:
        sentence = _("A link in a notice acknowledges for a limited time only, and this one's time has passed.")
        return _plain(request, HTTPStatus.GONE, _("This link has expired"), sentence)
    sentence = _("It was not sent from here, or is not whole. Copy all of it, or open the notice again.")
    return _plain(request, HTTPStatus.NOT_FOUND, _("This link does not work"), sentence)


async def _gone(request: Request) -> Response:
    await _note(request, HTTPStatus.GONE, "gone")
    sentence = _("What it was about is not known here any more, or its role cannot answer any more.")
    return _plain(request, HTTPStatus.GONE, _("There is nothing to acknowledge"), sentence)


async def _note(request: Request, status: HTTPStatus, code: str) -> None:
    """Put on record that nothing could be done by a link."""
    place: Place = request.app.state.place
    key: str | None = getattr(request.state, "key", None)
    await place.recording.ask(Access(place.clock.now(), key, Action.ACKNOWLEDGE.value, LINK, status, code))


def _plain(request: Request, status: HTTPStatus, heading: str, sentence: str) -> Response:
    more = [_("Nothing was acknowledged. Answer by the newest notice, or sign in and answer there.")]
    return page(
        request, "problem.html", status, heading=heading, sentence=sentence, more=more, way=("/", _("Go to the desk"))
    )
