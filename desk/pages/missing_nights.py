"""The nights that can be reported by one tap, with what is known of each already, and who of the first can be named."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from desk.opening import Desk
from desk.pages.night_words import Person, people
from desk.pages.sentences import night_day
from desk.pages.visitors import Visit
from desk.telling.nights import window
from desk.views.nights_ahead import NightAhead, read_nights_ahead
from desk.words import _, many, spoken
from models.ids import night_id

NIGHTS_OFFERED: Final = 4
"""Tonight and the next ones; what is further ahead has time to be said to the agency."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night that can be reported: its date, and what is said beside it."""

    id: str
    day: str
    hint: str


def offered(desk: Desk) -> list[date]:
    """The nights that have not ended, the one that is going on or comes first."""
    today = desk.now.astimezone(desk.zone).date()
    found = [today + timedelta(days=n) for n in range(-1, NIGHTS_OFFERED + 1)]
    return [one for one in found if _window(desk, one)[1] > desk.now][:NIGHTS_OFFERED]


async def read_offered(visit: Visit, premises: str) -> tuple[list[Night], list[Person]]:
    """Each night of these premises that is offered, and who still counts for the first of them."""
    caller, desk = visit.caller, visit.caller.desk
    nights = offered(desk)
    async with caller.place.ledger.reading() as connection:
        known = await read_nights_ahead(connection, desk.world, desk.now, [premises], (nights[0], nights[-1]))
    by_date = {one.night: one for one in known}
    first = by_date.get(nights[0])
    return [_night(desk, one, by_date.get(one)) for one in nights], nameable(first, desk) if first is not None else []


def nameable(night: NightAhead, desk: Desk) -> list[Person]:
    """Whoever is to cover a night and has not been taken out of it."""
    return [one for one in people(night, desk) if one.stands]


def _window(desk: Desk, night: date) -> tuple[datetime, datetime]:
    return window(desk, night_id("any", night.isoformat()))


def _night(desk: Desk, night: date, known: NightAhead | None) -> Night:
    starts, ends = _window(desk, night)
    time = spoken().time
    if starts <= desk.now < ends:
        hint = _("now, until {time}", time=time(ends))
    else:
        hint = _("from {starts} to {ends}", starts=time(starts), ends=time(ends))
    if known is not None and known.outlook.state.confirmed and known.worst:
        already = many("{n} person short already, as far as is known",
                       "{n} people short already, as far as is known", known.worst)  # fmt: skip
        hint = f"{hint}. {already}."
    return Night(night.isoformat(), night_day(night_id("any", night.isoformat())), hint)
