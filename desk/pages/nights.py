"""Nights: tonight and the coming ones, which are covered, and which lack somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from desk.pages.board import as_sheet
from desk.pages.filters import Filters, filters, units
from desk.pages.navigation import NIGHTS
from desk.pages.orders import said
from desk.pages.rendering import page
from desk.pages.sentences import night_day, role_name
from desk.pages.visitors import Visit
from desk.views.board import SHORT_WITHIN
from desk.views.nights import NightLine, read_nights
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

STATUSES: Final[Mapping[str, str]] = {
    "covered": N_("Covered"),
    "short": N_("Short"),
    "not-confirmed": N_("Nobody has confirmed"),
    "ahead": N_("Not due yet"),
    "was-covered": N_("Was covered"),
    "was-short": N_("Was short"),
    "not-required": N_("Nobody is required"),
}
_BAD: Final = frozenset({"short", "not-confirmed", "was-short"})
_SHEET: Final = ("premises", "night", "status", "required", "deficit", "confirmed", "uncovered_minutes", "cost_pence")


@dataclass(frozen=True, slots=True)
class Shown:
    """One night in words."""

    line: NightLine
    day: str
    status: str
    is_bad: bool
    told: Sequence[str]


async def show_nights(visit: Visit) -> Response:
    """From last night to a week on, by date and premises."""
    chosen = filters(visit)
    desk = visit.caller.desk
    lines = await _lines(visit, chosen)
    shown = [
        Shown(one, night_day(one.subject), _(STATUSES[one.status]), one.status in _BAD,
              [role_name(desk, role) for role in one.told])
        for one in lines
    ]  # fmt: skip
    narrows = Filters(chosen.ldu, chosen.premises, short=chosen.short)
    return page(
        visit.request, "nights.html", 200,
        lines=shown, now=desk.now, narrowed=said(visit, narrows), sheet=chosen.address(f"{NIGHTS}.csv"),
    )  # fmt: skip


async def nights_sheet(visit: Visit) -> Response:
    """The same as CSV."""
    lines = await _lines(visit, filters(visit))
    return as_sheet(_SHEET, [{name: _plain(getattr(one, name)) for name in _SHEET} for one in lines], "nights")


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def _lines(visit: Visit, chosen: Filters) -> Sequence[NightLine]:
    caller, desk = visit.caller, visit.caller.desk
    today = desk.now.astimezone(desk.zone).date()
    async with caller.place.ledger.reading() as connection:
        found = await read_nights(connection, desk.world, desk.now, today - timedelta(days=1), today + SHORT_WITHIN)
    within = units(visit, chosen)
    mine = [one for one in found if within is None or one.premises in within]
    return [one for one in mine if not chosen.short or _counts(visit, one)]


def _counts(visit: Visit, one: NightLine) -> bool:
    """Whether the board counts it as short: it lacks somebody, and somebody has said or should have said so."""
    now = visit.caller.desk.now
    return one.ends > now and one.starts <= now + SHORT_WITHIN and one.status in {"short", "not-confirmed"}
