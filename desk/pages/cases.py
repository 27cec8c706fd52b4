"""The business-critical cases that stand escalated: age, whose they are, and who is told next; the taskforce's view."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from desk.access.rights import Holder
from desk.api.guard import Caller
from desk.api.problems import Problem
from desk.opening import Desk
from desk.pages.by_now_words import broken_said, by_now_said
from desk.pages.filters import filters, units
from desk.pages.navigation import ESCALATIONS, leads_to
from desk.pages.rendering import page
from desk.pages.sentences import place_name, place_names, role_name, subject_name, what
from desk.pages.shared import shared
from desk.pages.visitors import Visit
from desk.views.cases import CaseLine, read_cases
from desk.words import _, spoken
from models.refusal import Reason

HERE: Final = f"{ESCALATIONS}/cases"
AT_ONCE: Final = 50
FURTHEST: Final = 100_000
"""Beyond which case nobody pages on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One case in words; ``owner`` has taken it on until ``held_until``, or else was told last.

    ``by_now``: how what it is about stands, where that differs from what its role was told.
    """

    key: str
    what: str
    where: str
    about: str
    broken: str
    href: str | None
    priority: str | None
    by_now: str
    age: str
    since: datetime
    owner: str
    told_at: datetime
    held_until: datetime | None
    following: str | None
    again: bool
    next_at: datetime | None


async def show_cases(visit: Visit) -> Response:
    """Those within reach, the oldest first."""
    return page(visit.request, "cases.html", HTTPStatus.OK, **await content(visit))


async def content(visit: Visit) -> dict[str, Any]:
    """What the page is drawn from."""
    chosen, caller, desk = filters(visit), visit.caller, visit.caller.desk
    first = _first(visit)
    within = units(visit, chosen)
    lines = await shared(("cases", within, first), lambda: _read(caller, within, first))
    more = str(first + AT_ONCE) if len(lines) > AT_ONCE else None
    return {
        "lines": [shown(one, desk, caller.key.holder) for one in lines[:AT_ONCE]],
        "first": first,
        "now": desk.now,
        "narrowed": place_names(desk).get(chosen.premises or chosen.ldu or "", ""),
        "later": chosen.address(HERE, first=more) if more is not None else None,
    }


async def _read(caller: Caller, within: frozenset[str] | None, first: int) -> list[CaseLine]:
    desk = caller.desk
    async with caller.place.ledger.reading() as connection:
        return await read_cases(connection, desk.world, desk.now, units=within, limit=AT_ONCE + 1, first=first)


def shown(one: CaseLine, desk: Desk, holder: Holder) -> Shown:
    """A case in words, with the way to it for whoever may read it."""
    owner = one.taken_by or one.told
    return Shown(
        key=f"{one.premises}/{one.subject}/{one.kind}/{one.clock}/{one.spell}",
        what=what(one.kind, one.clock),
        where=place_name(desk, one.premises),
        about=subject_name(one.subject),
        broken=broken_said(one.order, desk),
        href=leads_to(holder, one.premises, one.subject),
        priority=one.priority,
        by_now=by_now_said(one.priority, one.order),
        age=spoken().span(desk.now - one.since),
        since=one.since,
        owner=role_name(desk, owner),
        told_at=one.told_at,
        held_until=one.held_until,
        following=role_name(desk, one.next_role) if one.next_role is not None else None,
        again=one.next_role == one.told,
        next_at=one.next_at,
    )


def _first(visit: Visit) -> int:
    asked = visit.request.query_params.get("first", "0")
    if asked.isascii() and asked.isdigit() and len(asked) <= len(str(FURTHEST)):
        return int(asked)
    sentence = _("This address asks for something that there is not here.")
    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), sentence)
