"""System: who was heard when, what waits, who shows signs of life; a page that answers though a part of it does not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from desk.opening import Desk
from desk.pages.rendering import page
from desk.pages.sentences import place_names, role_name
from desk.pages.visitors import Visit
from desk.views.system import (
    COUNTED,
    LIVES,
    Failed,
    Heard,
    Sign,
    Waiting,
    read_failed,
    read_heard,
    read_signs,
    read_waiting,
    silent,
)
from desk.words import _, reason, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.premises import ScopeKind, Source
from streams.ledger.errors import LedgerError

log = logging.getLogger(__name__)
T = TypeVar("T")

PARTS: Final[Mapping[str, str]] = {
    "intake": N_("Intake: takes what comes in"),
    "sweeper": N_("Sweeper: decides what time has made due"),
    "relay": N_("Relay: sends what was decided"),
}

PART_WITHIN_S: Final = 3.0
"""How long one part of the page is waited for."""
ALL_WITHIN_S: Final = 10.0
"""How long the page is waited for at all, with the look whether somebody is signed in."""
SLOW: Final = timedelta(minutes=1)
"""What has waited for longer is late."""
_OUTAGES: Final = (LedgerError, DBAPIError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits, or has failed: how many, since when in words, and whether that is bad."""

    name: str
    n: str
    since: str
    bad: bool


@dataclass(frozen=True, slots=True)
class SourceShown:
    """One source in words. ``state`` is unknown for one that should be heard and is not."""

    id: str
    who: str
    last: datetime | None
    ago: str
    every: str
    silent_since: datetime | None


def promptly(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The same page, or one that says that the ledger does not answer, within a time in any case."""

    async def within(request: Request) -> Response:
        try:
            async with asyncio.timeout(ALL_WITHIN_S):
                return await answer(request)
        except TimeoutError:
            sentence = _("The ledger does not answer, so nothing is known of the system just now.")
            return page(
                request, "problem.html", HTTPStatus.SERVICE_UNAVAILABLE,
                heading=_("This does not work just now"), sentence=sentence, more=[], way=("/system", _("Try again")),
            )  # fmt: skip

    within.action = answer.action  # type: ignore[attr-defined]
    return within


async def show_system(visit: Visit) -> Response:
    """Each part by itself; of one that gets no answer in time it is said that it is not known."""
    desk = visit.caller.desk
    waiting = await _part(visit, read_waiting)
    failed = await _part(visit, lambda connection: read_failed(connection, desk.now))
    signs = await _part(visit, lambda connection: read_signs(connection, desk.now))
    heard = await _part(visit, lambda connection: read_heard(connection, desk.world, desk.now))
    return page(
        visit.request, "system.html", HTTPStatus.OK,
        now=desk.now, decides=visit.caller.place.decides, lives=spoken().span(LIVES),
        waiting=_waits(waiting, desk.now) if waiting is not None else None,
        failed=_fails(failed) if failed is not None else None,
        signs=_signs(signs, desk.now) if signs is not None else None,
        sources=[_shown(one, desk) for one in heard] if heard is not None else None,
        silent=len(silent(heard)) if heard is not None else 0,
    )  # fmt: skip


async def _part(visit: Visit, read: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
    """One part, on a connection of its own; None if it gets no answer in time."""
    try:
        async with asyncio.timeout(PART_WITHIN_S), visit.caller.place.ledger.reading() as connection:
            return await read(connection)
    except _OUTAGES as error:
        log.warning("a part of the page of the system is not known: %s", type(error).__name__)
        return None


def _signs(found: Sequence[Sign], now: datetime) -> list[tuple[Sign, str, str]]:
    """Each sign with its part in words, and how old it is."""
    return [(one, _(PARTS.get(one.part, one.part)), spoken().span(now - one.at)) for one in found]


def _waits(found: Waiting, now: datetime) -> Sequence[Line]:
    """What waits, in the order in which an input goes through."""
    due = found.oldest_due if found.oldest_due is not None and found.oldest_due <= now else None
    return [
        _line(_("Submitted and not taken yet"), found.untaken, found.untaken_since, now),
        _line(_("Due and not decided yet"), None, due, now),
        _line(_("Decided and not sent yet"), found.unsent, found.unsent_since, now),
        _line(_("Sent and not seen on its topic yet"), found.unconfirmed, found.unconfirmed_since, now),
        _line(_("Notices that wait to be written or sent"), found.notices, found.notices_since, now),
    ]


def _line(name: str, n: int | None, since: datetime | None, now: datetime) -> Line:
    """How many, where that is known, and for how long the oldest has waited."""
    waited = now - since if since is not None else timedelta(0)
    some = _("some") if since is not None else _("none")
    number = spoken().number(n) if n else some
    length = _("the oldest for {length}", length=spoken().span(waited)) if waited > timedelta(0) else ""
    return Line(name, number, length, bad=waited >= SLOW)


def _fails(found: Failed) -> Sequence[Line]:
    return [
        Line(name, _number(n), "", bad=n > 0)
        for name, n in (
            (_("Notices that failed in the last day"), found.notices),
            (_("Statements of which no channel could tell anybody"), found.untold),
            (_("Held apart because they could not be decided"), found.held),
            (_("Events refused in the last day and not mended"), found.refused),
        )
    ]


def _number(n: int) -> str:
    number = spoken().number(n)
    return _("{n} or more", n=number) if n >= COUNTED else number


def _shown(one: Heard, desk: Desk) -> SourceShown:
    every = one.source.expect_every
    return SourceShown(
        id=one.source.id,
        who=f"{reason(role_name(desk, one.source.role))}, {_reach(one.source, desk)}",
        last=one.last_event,
        ago=_("{length} ago", length=spoken().span(desk.now - one.last_event)) if one.last_event is not None else "",
        every=spoken().span(every) if every is not None else "",
        silent_since=one.silent_since,
    )


def _reach(source: Source, desk: Desk) -> str:
    if source.scope is ScopeKind.DIVISION:
        return _("the whole division")
    return _(place_names(desk).get(source.of, source.of))
