"""My escalations: what needs this role now, what somebody has taken on, and what else stands within its reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from desk.access.rights import may
from desk.api import operations, pages
from desk.api.guard import Caller
from desk.api.lines import EscalationShort, as_line
from desk.opening import Desk
from desk.pages.filters import Filters, filters, units
from desk.pages.navigation import ESCALATIONS, leads_to
from desk.pages.rendering import page
from desk.pages.sentences import Matter, lateness, matter, place_names
from desk.pages.shared import shared
from desk.pages.visitors import Visit
from desk.views.by_now import ByNow, by_now
from desk.words import _
from streams.ledger import queries
from streams.ledger.queries.escalations import ByNeed

AT_ONCE: Final = 50
"""How many are shown on one page, and can be answered at once."""
MINE, ALL = "mine", "all"


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the list, with its lateness in words, and where all about it is for whoever may read that."""

    matter: Matter
    late: str
    href: str | None


async def show_escalations(visit: Visit) -> Response:
    """What stands: told to this role, or with ``show=all`` to anybody within its reach."""
    return page(visit.request, "escalations.html", 200, **await content(visit))


async def content(visit: Visit) -> dict[str, Any]:
    """What the list is drawn from."""
    asked = visit.request.query_params
    show = ALL if asked.get("show") == ALL else MINE
    chosen = filters(visit)
    after = asked.get("after")
    lines, more, total = await _lines(visit, show, chosen, after)
    desk = visit.caller.desk
    free = [one for one in lines if not one.matter.is_held]
    return {
        "show": show,
        "total": total,
        "most": AT_ONCE,
        "waiting": [one for one in free if not one.matter.declined],
        "declined": [one for one in free if one.matter.declined],
        "held": [one for one in lines if one.matter.is_held],
        "first": after is None,
        "now": desk.now,
        "verbs": verbs(visit),
        "narrowed": _narrowed(chosen, desk),
        "later": chosen.address(ESCALATIONS, show=show, after=more) if more is not None else None,
    }


async def _lines(
    visit: Visit, show: str, chosen: Filters, after: str | None
) -> tuple[list[Shown], str | None, tuple[int, int] | None]:
    """A page of the list, what nobody holds first and of that the gravest, and where the next page begins.

    Where that is not all, also how many nobody holds, and how many somebody does.
    """
    caller, desk = visit.caller, visit.caller.desk
    within, role = units(visit, chosen), visit.session.voice.role if show == MINE else None
    name = ("escalations", within, role, after)
    found, total, now = await shared(name, lambda: _read(caller, within, role, after))
    shown = found[:AT_ONCE]
    matters = [matter(one, desk, now[one.id]) for one in shown]
    more = pages.cursor_of(_place(shown[-1], matters[-1])) if len(found) > AT_ONCE else None
    holder = caller.key.holder
    hrefs = [leads_to(holder, one.premises, one.subject) for one in shown]
    return [Shown(one, lateness(one), href) for one, href in zip(matters, hrefs, strict=True)], more, total


async def _read(
    caller: Caller, within: frozenset[str] | None, role: str | None, after: str | None
) -> tuple[list[EscalationShort], tuple[int, int] | None, dict[UUID, ByNow]]:
    """One more than a page, how many there are if that is not all, and how it stands with each by now."""
    at, roles = caller.desk.now, {role} if role is not None else None
    async with caller.place.ledger.reading() as connection:
        rows = await queries.escalations(
            connection, units=within, roles=roles, needed_at=at, limit=AT_ONCE + 1, after=pages.key_in(after, ByNeed)
        )
        found = [as_line(EscalationShort, row) for row in rows]
        is_all = after is None and len(found) <= AT_ONCE
        total = None if is_all else await queries.escalations_held(connection, at, units=within, roles=roles)
        return found, total, await by_now(connection, found[:AT_ONCE])


def _place(one: EscalationShort, said: Matter) -> ByNeed:
    return int(said.is_held), int(not one.business_critical), one.priority or "", one.due_at, one.id


def _narrowed(chosen: Filters, desk: Desk) -> str:
    """The place to which the list is narrowed, as people know it; empty if it is not."""
    return place_names(desk).get(chosen.premises or chosen.ldu or "", "")


@dataclass(frozen=True, slots=True)
class Verb:
    """One way to answer: its name in an address, and what the button says."""

    name: str
    text: str


def verbs(visit: Visit) -> list[Verb]:
    """How this role may answer."""
    words: Mapping[str, str] = {"acknowledge": _("Take on"), "resolve": _("It is done"), "decline": _("Decline")}
    holder, every = visit.caller.key.holder, operations.OF_ESCALATION
    return [Verb(one.action.value, words[one.action.value]) for one in every if may(holder, one.action)]
