"""When a working calendar is open, year by year: its windows as UTC spans, ready to be searched."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from models.calendar import FIRST_YEAR, LAST_YEAR, CalendarSpec, HolidayList, Week, window_minutes
from workorders.wall_clock import instant_of, micros, midnight, zone_named


@lru_cache(maxsize=4096)
def _listed(holidays: HolidayList, year: int) -> frozenset[date]:
    """The days of one year that the list keeps; the same whatever was asked before."""
    from holidays import country_holidays  # noqa: PLC0415 - slow to load, and most readers ask for no holiday

    days = country_holidays(
        holidays.country, subdiv=holidays.subdivision, categories=holidays.categories, years=year, expand=False
    )
    return frozenset(days)


def holiday_dates(spec: CalendarSpec, year: int) -> frozenset[date]:
    """The days of a year on which no window starts: the listed holidays, plus the extra ones, less the worked ones."""
    listed = _listed(spec.holidays, year) if spec.holidays else frozenset()
    extra = {day for day in spec.extra_holidays if day.year == year}
    return (listed | extra) - set(spec.not_holidays)


def known_years(spec: CalendarSpec) -> range:
    """The years that the calendar can be reckoned in: 1990 to 2100, or less if the list of holidays is shorter.

    A list that does not reach a year would otherwise pass for a year without holidays.
    """
    if spec.holidays is None:
        return range(FIRST_YEAR, LAST_YEAR + 1)
    from holidays import country_holidays  # noqa: PLC0415 - as above

    listed = country_holidays(spec.holidays.country, subdiv=spec.holidays.subdivision)
    # The year before counts too: its last night may run into the first day.
    return range(max(FIRST_YEAR, listed.start_year + 1), min(LAST_YEAR, listed.end_year) + 1)


@dataclass(frozen=True, slots=True)
class Openings:
    """All openings of some whole years, in order; instants and lengths are whole microseconds.

    ``opens[i]`` to ``closes[i]`` is one opening, ``worked[i]`` the working time from the first of them to its end, and
    ``day_of[i]`` the number of its working day. Of working day ``k``, ``midnights[k]`` is the wall time at which its
    date begins and ``first_of[k]`` its first opening. Opening 0 has no length: it is there so that every instant that
    the table knows (``since`` to ``until``) has one before it.
    """

    first_year: int
    last_year: int
    since: int
    until: int
    opens: tuple[int, ...] = ()
    closes: tuple[int, ...] = ()
    worked: tuple[int, ...] = ()
    day_of: tuple[int, ...] = ()
    midnights: tuple[datetime, ...] = ()
    first_of: tuple[int, ...] = ()

    def worked_by(self, at: int) -> int:
        """Working time from the first opening until the instant."""
        latest = bisect_right(self.opens, at) - 1
        left = self.closes[latest] - at
        return self.worked[latest] - left if left > 0 else self.worked[latest]

    def on_day(self, day: int, at: int) -> int:
        """The instant, if the working day is open then; else its next opening of that day; else its last closing."""
        first, end = self.first_of[day], self.first_of[day + 1]
        opening = bisect_right(self.closes, at, first, end)
        return self.closes[end - 1] if opening == end else max(at, self.opens[opening])


NOTHING_YET = Openings(first_year=LAST_YEAR + 1, last_year=FIRST_YEAR - 1, since=0, until=0)


def openings(spec: CalendarSpec, week: Week, first_year: int, last_year: int) -> Openings:
    """Every opening of the years from the first to the last, both whole."""
    zone = zone_named(spec.zone)
    begins = micros(instant_of(midnight(date(first_year - 1, 12, 31)), zone))
    opens, closes, worked, day_of = [begins], [begins], [0], [-1]
    midnights: list[datetime] = []
    first_of: list[int] = []
    for day, spans in _working_days(spec, week, first_year, last_year):
        first_of.append(len(opens))
        for opening, closing in spans:
            opens.append(opening)
            closes.append(closing)
            worked.append(worked[-1] + closing - opening)
            day_of.append(len(midnights))
        midnights.append(midnight(day))
    return Openings(
        first_year=first_year,
        last_year=last_year,
        since=micros(instant_of(midnight(date(first_year, 1, 1)), zone)),
        until=micros(instant_of(midnight(date(last_year + 1, 1, 1)), zone)),
        opens=tuple(opens),
        closes=tuple(closes),
        worked=tuple(worked),
        day_of=tuple(day_of),
        midnights=tuple(midnights),
        first_of=(*first_of, len(opens)),
    )


def _working_days(
    spec: CalendarSpec, week: Week, first_year: int, last_year: int
) -> Iterator[tuple[date, list[tuple[int, int]]]]:
    """Each local date with hours, and its spans; from the day before the years, whose night may run into them."""
    zone = zone_named(spec.zone)
    hours = [sorted(window_minutes(window) for window in windows) for windows in week.days()]
    closed = frozenset[date]().union(*(holiday_dates(spec, year) for year in range(first_year - 1, last_year + 1)))
    day = date(first_year - 1, 12, 31)
    while day.year <= last_year:
        if day not in closed:
            spans = [(_at(day, opens, zone), _at(day, closes, zone)) for opens, closes in hours[day.weekday()]]
            # A window that lies wholly in a gap of the clock never happens.
            happening = [(opening, closing) for opening, closing in spans if opening < closing]
            if happening:
                yield day, happening
        day += timedelta(days=1)


def _at(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The instant so many minutes of wall time after the midnight that begins the day."""
    return micros(instant_of(midnight(day) + timedelta(minutes=minutes), zone))
