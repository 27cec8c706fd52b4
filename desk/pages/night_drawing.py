"""The drawings of nights with their words: one night in lanes, and the coming nights of several premises as a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final

from markupsafe import Markup

from desk.opening import Desk
from desk.pages.charts.nights import Cell, LaneWords, Mood, Piece, Row, draw_map, draw_night
from desk.pages.navigation import subject_address
from desk.pages.night_words import BAD, STATUSES, clock, shortages
from desk.pages.sentences import night_day
from desk.views.nights_ahead import NightAhead
from desk.words import _, spoken
from desk.words.dates import written

NIGHTS_AT_MOST: Final = 14
"""How many nights the map has; more would not fit a telephone."""
_MIDDAY: Final = time(12)
_HOUR: Final = timedelta(hours=1)
_APART: Final = timedelta(hours=2)
"""Nearer to an end of the window no other hour is marked: they would run into each other."""
_NOBODY: Final = "\u2013"


@dataclass(frozen=True, slots=True)
class MapCell:
    """One night in the table beside the map."""

    figure: str
    word: str
    address: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class MapRow:
    """One premises in the table beside the map; None where there is no such night yet."""

    name: str
    cells: Sequence[MapCell | None]


@dataclass(frozen=True, slots=True)
class NightMap:
    """The coming nights of several premises: the drawing, and the table beside it."""

    drawing: Markup
    days: Sequence[str]
    rows: Sequence[MapRow]


def night_drawing(night: NightAhead, desk: Desk) -> Markup:
    """One night as a drawing; empty where nobody is required."""
    pieces = [
        Piece(one.starts, one.until, max(one.required - one.missing, 0), one.missing, one.ahead)
        for one in night.outlook.stretches
    ]
    if not any(one.places for one in pieces):
        return Markup("")
    said = shortages(night, desk)
    desc = "; ".join(said) if said else _("Nobody is missing.")
    title = _("{place}, {day}: who is there, hour by hour", place=spoken()(night.premises.name), day=_day(night))
    marks = [(at, clock(at, night, desk)) for at in _marks(night, desk)]
    is_now = night.outlook.plan.starts <= desk.now < night.outlook.plan.ends
    words = LaneWords(_("there"), _("expected"), _("needed") if night.status == "ahead" else _("nobody"))
    return draw_night("night", title, desc, pieces, marks, (desk.now, _("now")) if is_now else None, words)


def _marks(night: NightAhead, desk: Desk) -> list[datetime]:
    """Both ends of the window, and between them every fourth hour that the clocks show."""
    plan = night.outlook.plan
    whole = plan.starts.replace(minute=0, second=0, microsecond=0)
    hours = [whole + _HOUR * n for n in range(1, (plan.ends - whole) // _HOUR + 1)]
    inner = [one for one in hours if plan.starts + _APART <= one <= plan.ends - _APART]
    return [plan.starts, *(one for one in inner if one.astimezone(desk.zone).hour % 4 == 0), plan.ends]


def night_map(nights: Sequence[NightAhead]) -> NightMap | None:
    """The map of nights; None where they are of one premises only."""
    dates = sorted({one.night for one in nights})[:NIGHTS_AT_MOST]
    by_place = sorted(nights, key=lambda one: (one.premises.name, one.premises.id, one.night))
    places = [list(group) for _id, group in groupby(by_place, key=lambda one: (one.premises.name, one.premises.id))]
    if len(places) < 2:
        return None
    title = _("The coming nights: how many people are missing at the worst")
    lacking = [
        _("{place}, {day}: {status}", place=spoken()(one.premises.name), day=_day(one), status=_(STATUSES[one.status]))
        for one in nights if one.status in BAD
    ]  # fmt: skip
    rows = [Row(spoken()(group[0].premises.name), [_drawn(cell) for cell in _cells(group, dates)]) for group in places]
    table = [MapRow(group[0].premises.name, [_told(cell) for cell in _cells(group, dates)]) for group in places]
    desc = "; ".join(lacking) if lacking else _("None that must be covered by now lacks anybody.")
    drawing = draw_map("nights", title, desc, [str(one.day) for one in dates], rows)
    return NightMap(drawing, [_short_day(one) for one in dates], table)


def _cells(nights: Sequence[NightAhead], dates: Sequence[date]) -> list[NightAhead | None]:
    found = {one.night: one for one in nights}
    return [found.get(one) for one in dates]


def figure(night: NightAhead) -> str:
    """How many are missing at the worst, as far as is known; where other news may not have reached us, never zero."""
    if night.status == "not-required":
        return _NOBODY
    return "?" if night.in_doubt and not night.worst else spoken().number(night.worst)


def _drawn(night: NightAhead | None) -> Cell:
    if night is None:
        return Cell("", Mood.NOBODY)
    if night.status == "not-required":
        return Cell(_NOBODY, Mood.NOBODY)
    if night.status in BAD:
        return Cell(figure(night), Mood.SHORT)
    if night.status == "ahead":
        return Cell(figure(night), Mood.AHEAD)
    return Cell(figure(night), Mood.UNKNOWN if night.in_doubt else Mood.COVERED)


def _told(night: NightAhead | None) -> MapCell | None:
    if night is None:
        return None
    address = subject_address(night.premises.id, night.subject)
    return MapCell(figure(night), _(STATUSES[night.status]), address, night.status in BAD)


def _day(night: NightAhead) -> str:
    return night_day(night.subject)


def _short_day(day: date) -> str:
    """``Wed 14``, as the language writes it."""
    return written(datetime.combine(day, _MIDDAY, UTC), "EEE d", spoken().language)
