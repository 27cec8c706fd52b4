"""Working time: when a clock that started then, and runs only in a calendar's hours, has run so long.

All instants are aware and in UTC; all reckoning is in whole microseconds of UTC, so it is exact across clock changes.
An opening contains its first instant and not its last.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

from models.calendar import CalendarSpec, Week
from workorders.openings import NOTHING_YET, Openings, known_years, openings
from workorders.wall_clock import (
    MICROSECOND,
    SECOND,
    in_utc,
    instant_at,
    instant_of,
    micros,
    night_window,
    wall_time,
    zone_named,
)

__all__ = ["BeyondCalendar", "Calendar", "night_window"]

Span = tuple[datetime, datetime]


class BeyondCalendar(ValueError):  # noqa: N818 -- a refusal that reads as a sentence
    """The reckoning leaves the years in which the calendar's holidays are known."""


class Calendar(ABC):
    """Hours in which working time runs; made from its spec, never changed, free to share.

    ``amount`` is an exact ``timedelta`` or whole seconds, ``days`` a number of working days; a negative one, or an
    instant without an offset, is a ``ValueError``. Working calendars know the years 1990 to 2100 (fewer if the list of
    holidays is shorter) and raise :class:`BeyondCalendar` outside them.
    """

    __slots__ = ()

    @staticmethod
    def compile(spec: CalendarSpec) -> "Calendar":
        """The calendar that a spec describes; its openings are worked out when first asked for."""
        return RoundTheClock(spec) if spec.week is None else WorkingHours(spec, spec.week)

    @abstractmethod
    def add(self, start: datetime, amount: timedelta | int) -> datetime:
        """The earliest instant at which the working time since ``start`` equals the amount.

        A start outside hours counts from the next opening; an amount of nothing gives the start itself. Amounts add
        up: ``add(add(start, a), b) == add(start, a + b)``, so time spent paused is simply added to the amount.
        """

    @abstractmethod
    def add_days(self, start: datetime, days: int) -> datetime:
        """The same local wall time so many working days later; a start outside hours counts as the next opening.

        A working day is a local date on which a window starts. If that day is closed at that wall time, the next
        opening of that day counts; if it has none left, its last closing. A wall time that happens twice means its
        first occurrence, one that never happens the end of the gap. A moment after midnight in a window of the evening
        before belongs to that evening's day. No days give the start, or the next opening after it.
        """

    @abstractmethod
    def time_between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from ``a`` to ``b``, to the microsecond; negative if ``b`` comes first."""

    def seconds_between(self, a: datetime, b: datetime) -> int:
        """The whole working seconds from ``a`` to ``b``, a started one left out; negative if ``b`` comes first."""
        whole = abs(length := self.time_between(a, b)) // SECOND
        return whole if length.days >= 0 else -whole

    @abstractmethod
    def is_open(self, at: datetime) -> bool:
        """Whether working time runs at the instant."""

    @abstractmethod
    def next_open(self, at: datetime) -> datetime:
        """The instant itself if the calendar is open then, else its next opening."""

    @abstractmethod
    def intervals(self, a: datetime, b: datetime) -> list[Span]:
        """The stretches between ``a`` and ``b`` that are open, in order, joined where they touch."""


class RoundTheClock(Calendar):
    """24x7: working time is elapsed time, and every local date is a working day."""

    __slots__ = ("_zone",)

    def __init__(self, spec: CalendarSpec) -> None:
        self._zone = zone_named(spec.zone)

    def add(self, start: datetime, amount: timedelta | int) -> datetime:
        """Plain elapsed time in UTC."""
        length = amount if isinstance(amount, timedelta) else SECOND * amount
        if length.days < 0:
            raise ValueError(f"amount is {amount}: working time is added, never taken away")
        return (start if start.tzinfo is UTC else in_utc(start)) + length

    def add_days(self, start: datetime, days: int) -> datetime:
        """The same local wall time so many dates later."""
        if _checked(days) == 0:
            return in_utc(start)
        return instant_of(wall_time(in_utc(start), self._zone) + timedelta(days=days), self._zone)

    def time_between(self, a: datetime, b: datetime) -> timedelta:
        """Plain elapsed time."""
        return in_utc(b) - in_utc(a)

    def is_open(self, at: datetime) -> bool:
        """Always."""
        in_utc(at)
        return True

    def next_open(self, at: datetime) -> datetime:
        """The instant itself."""
        return in_utc(at)

    def intervals(self, a: datetime, b: datetime) -> list[Span]:
        """The whole stretch."""
        start, end = in_utc(a), in_utc(b)
        return [(start, end)] if start < end else []


class WorkingHours(Calendar):
    """A week of local hours less the holidays.

    Openings are kept for a run of whole decades that grows as later or earlier years are asked for. That is a cache
    and nothing else: every answer is a difference within one table, and any table that reaches gives the same one.
    """

    __slots__ = ("_openings", "_spec", "_week", "_years", "_zone")

    def __init__(self, spec: CalendarSpec, week: Week) -> None:
        self._spec = spec
        self._week = week
        self._zone = zone_named(spec.zone)
        self._years = range(0)
        self._openings = NOTHING_YET

    def add(self, start: datetime, amount: timedelta | int) -> datetime:
        """Found by the running total of working time at each closing."""
        length = (amount if isinstance(amount, timedelta) else SECOND * amount) // MICROSECOND
        if length <= 0:
            if length < 0:
                raise ValueError(f"amount is {amount}: working time is added, never taken away")
            return in_utc(start)
        at = micros(start)
        known = self._covering(at, at)
        while (wanted := known.worked_by(at) + length) > known.worked[-1]:
            known = self._learn(known, known.last_year + 1)
        opening = bisect_left(known.worked, wanted)
        return instant_at(known.closes[opening] - known.worked[opening] + wanted)

    def add_days(self, start: datetime, days: int) -> datetime:
        """Counted over local dates that have openings."""
        _checked(days)
        at = micros(start)
        known, opening = self._opening(at)
        while (day := known.day_of[opening] + days) >= len(known.midnights):
            known = self._learn(known, known.last_year + 1)
            opening = bisect_right(known.closes, at)
        begins = instant_at(max(at, known.opens[opening]))
        if days == 0:
            return begins
        into_day = wall_time(begins, self._zone) - known.midnights[known.day_of[opening]]
        same_time = instant_of(known.midnights[day] + into_day, self._zone)
        return instant_at(known.on_day(day, micros(same_time)))

    def time_between(self, a: datetime, b: datetime) -> timedelta:
        """The difference of two running totals."""
        start, end = micros(a), micros(b)
        known = self._covering(min(start, end), max(start, end))
        return MICROSECOND * (known.worked_by(end) - known.worked_by(start))

    def is_open(self, at: datetime) -> bool:
        """Whether an opening contains the instant."""
        moment = micros(at)
        known = self._covering(moment, moment)
        return moment < known.closes[bisect_right(known.opens, moment) - 1]

    def next_open(self, at: datetime) -> datetime:
        """The first opening that has not closed by then."""
        moment = micros(at)
        known, opening = self._opening(moment)
        return instant_at(max(moment, known.opens[opening]))

    def intervals(self, a: datetime, b: datetime) -> list[Span]:
        """The openings, cut to the stretch and joined where they touch."""
        start, end = micros(a), micros(b)
        if end <= start:
            return []
        known = self._covering(start, end)
        spans: list[tuple[int, int]] = []
        for i in range(bisect_right(known.closes, start), bisect_left(known.opens, end)):
            opens, closes = max(known.opens[i], start), min(known.closes[i], end)
            if spans and spans[-1][1] == opens:
                opens = spans.pop()[0]
            spans.append((opens, closes))
        return [(instant_at(opens), instant_at(closes)) for opens, closes in spans]

    def _opening(self, at: int) -> tuple[Openings, int]:
        """The first opening that has not closed by the instant, and the table it is in."""
        known = self._covering(at, at)
        while (opening := bisect_right(known.closes, at)) == len(known.closes):
            known = self._learn(known, known.last_year + 1)
        return known, opening

    def _covering(self, earliest: int, latest: int) -> Openings:
        """A table that knows everything between the two instants."""
        known = self._openings
        if known.since <= earliest and latest < known.until:
            return known
        known = self._learn(known, wall_time(instant_at(earliest), self._zone).year)
        return self._learn(known, wall_time(instant_at(latest), self._zone).year)

    def _learn(self, known: Openings, year: int) -> Openings:
        """The table widened by the decade of the year; kept for the next question."""
        if not self._years:  # only now, for the lists of holidays are slow to load
            self._years = known_years(self._spec)
        if year not in self._years:
            raise BeyondCalendar(
                f"{year} is beyond the calendar, which knows {self._years[0]} to {self._years[-1]} ({self._spec.zone})"
            )
        if known.first_year <= year <= known.last_year:
            return known
        first = min(known.first_year, max(year - year % 10, self._years[0]))
        last = max(known.last_year, min(year - year % 10 + 9, self._years[-1]))
        self._openings = openings(self._spec, self._week, first, last)
        return self._openings


def _checked(days: int) -> int:
    """The number of days, if it is not negative."""
    if days < 0:
        raise ValueError(f"days is {days}: working days are added, never taken away")
    return days
