"""Nights: tonight and the coming ones, who is required and who comes, when somebody lacks, and where that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import Response

from desk.opening import Desk
from desk.pages.board import as_sheet
from desk.pages.filters import Filters, filters, units
from desk.pages.navigation import NIGHTS, subject_address
from desk.pages.night_drawing import night_drawing, night_map
from desk.pages.night_words import BAD, STATUSES, headcounts, missing_when, shortages
from desk.pages.orders import said
from desk.pages.rendering import page
from desk.pages.sentences import night_day, role_name
from desk.pages.shared import shared
from desk.pages.visitors import Visit
from desk.views.board import SHORT_WITHIN
from desk.views.nights_ahead import NightAhead, read_nights_ahead
from desk.words import _

AHEAD: Final = 14
"""How many nights are shown from the present one on."""
_SHEET: Final = (
    "premises", "night", "status", "required", "deficit", "confirmed", "uncovered_minutes", "cost_pence",
    "people_confirmed", "people_checked_in", "missing_at_worst", "in_doubt",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One night in words."""

    night: NightAhead
    day: str
    status: str
    is_bad: bool
    required: int
    confirmed: int
    here: int
    missing: Sequence[str]
    told: Sequence[str]
    address: str


@dataclass(frozen=True, slots=True)
class Tonight:
    """The present night of the only premises that are shown, or the one that comes next."""

    shown: Shown
    is_now: bool
    lacks: Sequence[str]
    drawing: Markup


async def show_nights(visit: Visit) -> Response:
    """Two weeks from the present night on, by date and premises, and last night; beside a map only what matters."""
    return page(visit.request, "nights.html", 200, **await content(visit))


async def content(visit: Visit) -> dict[str, Any]:
    """What the list is drawn from."""
    chosen = filters(visit)
    desk = visit.caller.desk
    nights = await shared(("nights", units(visit, chosen), chosen.short), lambda: _nights(visit, chosen))
    coming = [one for one in nights if one.outlook.plan.ends > desk.now]
    narrows = Filters(chosen.ldu, chosen.premises, short=chosen.short)
    one_place = len({one.premises.id for one in nights}) == 1
    drawn = night_map(coming) if not chosen.short else None
    listed = [one for one in nights if drawn is None or one.status != "ahead" or one.outlook.state.confirmed]
    return {
        "lines": [_shown(one, desk) for one in sorted(listed, key=lambda one: one.outlook.plan.ends <= desk.now)],
        "left_out": len(nights) - len(listed),
        "now": desk.now,
        "narrowed": said(visit, narrows),
        "sheet": chosen.address(f"{NIGHTS}.csv"),
        "tonight": _tonight(coming[0], desk) if coming and one_place and not chosen.short else None,
        "map": drawn,
        "silent": sorted({name for one in coming for name in one.silent}),
    }


async def nights_sheet(visit: Visit) -> Response:
    """The same as CSV."""
    nights = await _nights(visit, filters(visit))
    return as_sheet(_SHEET, [_line(one) for one in nights], "nights")


def _line(night: NightAhead) -> dict[str, object]:
    state, (confirmed, here) = night.outlook.state, headcounts(night)
    return {
        "premises": night.premises.id, "night": night.night.isoformat(), "status": night.status,
        "required": state.required, "deficit": state.deficit, "confirmed": state.confirmed,
        "uncovered_minutes": state.uncovered_minutes, "cost_pence": state.cost_pence,
        "people_confirmed": confirmed, "people_checked_in": here, "missing_at_worst": night.worst,
        "in_doubt": night.in_doubt,
    }  # fmt: skip


async def _nights(visit: Visit, chosen: Filters) -> Sequence[NightAhead]:
    caller, desk = visit.caller, visit.caller.desk
    today = desk.now.astimezone(desk.zone).date()
    within = units(visit, chosen)
    places = {one.id for one in desk.world.estates.at(desk.now).spec.premises}
    dates = today - timedelta(days=1), today + timedelta(days=AHEAD - 1)
    async with caller.place.ledger.reading() as connection:
        found = await read_nights_ahead(
            connection, desk.world, desk.now, places if within is None else places & within, dates
        )
    return [one for one in found if not chosen.short or _counts(one, desk)]


def _counts(one: NightAhead, desk: Desk) -> bool:
    """Whether the board counts it as short: it lacks somebody, and somebody has said or should have said so."""
    plan = one.outlook.plan
    return plan.ends > desk.now and plan.starts <= desk.now + SHORT_WITHIN and one.status in {"short", "not-confirmed"}


def _shown(night: NightAhead, desk: Desk) -> Shown:
    confirmed, here = headcounts(night)
    return Shown(
        night, night_day(night.subject), _(STATUSES[night.status]), night.status in BAD,
        night.outlook.state.required, confirmed, here, missing_when(night, desk),
        [role_name(desk, role) for role in night.told], subject_address(night.premises.id, night.subject),
    )  # fmt: skip


def _tonight(night: NightAhead, desk: Desk) -> Tonight:
    is_now = night.outlook.plan.starts <= desk.now
    return Tonight(_shown(night, desk), is_now, shortages(night, desk), night_drawing(night, desk))
