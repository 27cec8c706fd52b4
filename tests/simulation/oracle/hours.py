"""Working time counted by hand: every minute is looked at, and is either worked or not."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from holidays import country_holidays

from tests.simulation.oracle.instants import DAY, MINUTE, first_at_wall, wall

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT: Final = 24 * 60
_FAR: Final = 600 * 24 * 60


def _minutes(text: str) -> tuple[int, int]:
    opens, closes = text.split("-")
    first = int(opens[:2]) * 60 + int(opens[3:])
    last = int(closes[:2]) * 60 + int(closes[3:])
    return first, last if last > first else last + _MIDNIGHT


@cache
def _listed(country: str, subdivision: str | None, categories: tuple[str, ...] | None, year: int) -> frozenset[date]:
    return frozenset(country_holidays(country, subdiv=subdivision, categories=categories, years=year))


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


class Hours:
    """One calendar of a policy file. Instants and amounts are whole seconds; windows begin and end on whole minutes."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.zone = ZoneInfo(spec["zone"])
        self.always = bool(spec.get("always", False))
        week = spec.get("week", {})
        self.week = [[_minutes(text) for text in week.get(name, [])] for name in WEEKDAYS]
        self.listed = spec.get("holidays")
        self.extra = {_day(value) for value in spec.get("extra_holidays", [])}
        self.worked_all_the_same = {_day(value) for value in spec.get("not_holidays", [])}
        self._days: dict[int, list[bool]] = {}
        self._sums: dict[tuple[int, int], int] = {}
        self._adds: dict[tuple[int, int], int] = {}

    def holiday(self, day: date) -> bool:
        """Whether no window starts on the date although its weekday has some."""
        if day in self.extra:
            return True
        if self.listed is None or day in self.worked_all_the_same:
            return False
        kinds = tuple(self.listed["categories"]) if self.listed.get("categories") else None
        return day in _listed(self.listed["country"], self.listed.get("subdivision"), kinds, day.year)

    def windows(self, day: date) -> list[tuple[int, int]]:
        """The windows that start on a local date, in minutes after its midnight."""
        if self.always:
            return [(0, _MIDNIGHT)]
        return [] if self.holiday(day) else self.week[day.weekday()]

    def day_of(self, at: int) -> date | None:
        """The local date whose window is open at the instant; None if none is."""
        shown = wall(at, self.zone)
        minute = shown.hour * 60 + shown.minute
        if any(opens <= minute < closes for opens, closes in self.windows(shown.date())):
            return shown.date()
        eve = shown.date() - timedelta(days=1)
        if any(opens <= minute + _MIDNIGHT < closes for opens, closes in self.windows(eve)):
            return eve
        return None

    def is_open(self, at: int) -> bool:
        """Whether working time runs at the instant."""
        if self.always:
            return True
        number, second = divmod(at, DAY)
        minutes = self._days.get(number)
        if minutes is None:
            start = number * DAY
            minutes = [self.day_of(start + k * MINUTE) is not None for k in range(_MIDNIGHT)]
            self._days[number] = minutes
        return minutes[second // MINUTE]

    def add(self, start: int, seconds: int) -> int:
        """The earliest instant by which so many seconds have been worked since the start."""
        if seconds == 0:
            return start
        known = self._adds.get((start, seconds))
        if known is None:
            known = self._adds[start, seconds] = start + seconds if self.always else self._walk(start, seconds)
        return known

    def _walk(self, start: int, seconds: int) -> int:
        at, left = start, seconds
        for _ in range(_FAR):
            minute_ends = (at // MINUTE + 1) * MINUTE
            if self.is_open(at):
                if left <= minute_ends - at:
                    return at + left
                left -= minute_ends - at
            at = minute_ends
        raise ValueError("the calendar never works so long")

    def between(self, first: int, last: int) -> int:
        """Seconds worked from the first instant to the last; negative if the last comes first."""
        if last < first:
            return -self.between(last, first)
        if self.always:
            return last - first
        known = self._sums.get((first, last))
        if known is None:
            known, at = 0, first
            while at < last:
                minute_ends = min(last, (at // MINUTE + 1) * MINUTE)
                if self.is_open(at):
                    known += minute_ends - at
                at = minute_ends
            self._sums[first, last] = known
        return known

    def add_days(self, start: int, days: int) -> int:
        """The same wall time so many working days later, moved into that day's hours where it lies outside them."""
        if days == 0 and self.always:
            return start
        at = start
        while not self.is_open(at):
            at = (at // MINUTE + 1) * MINUTE
        day = self.day_of(at)
        if day is None:
            raise ValueError("an open minute has a day")
        if days == 0:
            return at
        into_day = wall(at, self.zone) - datetime.combine(day, datetime.min.time())
        while days:
            day += timedelta(days=1)
            days -= 1 if self.windows(day) else 0
        return self._on_day(day, into_day)

    def _on_day(self, day: date, into_day: timedelta) -> int:
        midnight = datetime.combine(day, datetime.min.time())
        wanted = first_at_wall(midnight + into_day, self.zone)
        last = max(first_at_wall(midnight + timedelta(minutes=closes), self.zone) for _, closes in self.windows(day))
        at = wanted
        while at < last:
            if self.is_open(at) and self.day_of(at) == day:
                return at
            at = (at // MINUTE + 1) * MINUTE
        return last
