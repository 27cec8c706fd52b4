"""Holidays are right in every year that is answered for, and a year that is not known is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.calendar import WEEKDAYS, CalendarSpec
from workorders.calendars import BeyondCalendar, Calendar
from workorders.openings import holiday_dates

NINE_TO_FIVE = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
WALES = {"country": "GB", "subdivision": "WLS"}


def office(zone: str = "Europe/London", **spec: Any) -> CalendarSpec:  # noqa: ANN401 -- the keys of a spec
    """Office hours as the policy file would write them."""
    return CalendarSpec.model_validate({"zone": zone, "week": NINE_TO_FIVE} | spec)


OFFICE = Calendar.compile(office(holidays=WALES))


def london(text: str) -> datetime:
    """The instant at which the wall in London shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)


def hours(number: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=number)


def test_extra_holidays_are_kept_and_not_holidays_are_worked() -> None:
    worked = ["2026-12-25", "2026-12-26"]
    special = Calendar.compile(office(holidays=WALES, extra_holidays=["2026-11-24"], not_holidays=worked))
    assert special.add(london("2026-11-23 16:00"), hours(2)) == london("2026-11-25 10:00")
    assert special.add(london("2026-12-24 16:00"), hours(2)) == london("2026-12-25 10:00")
    assert not special.is_open(london("2026-12-26 10:00"))


def test_the_bank_holidays_of_england_and_wales_are_right_including_the_special_ones() -> None:
    spec = office(holidays=WALES)
    kept = {year: sorted(day for day in holiday_dates(spec, year) if day.weekday() < 5) for year in (1999, 2022, 2026)}
    assert [f"{day:%d %b}" for day in kept[2022]] == [
        *("03 Jan", "15 Apr", "18 Apr", "02 May", "02 Jun", "03 Jun", "29 Aug", "19 Sep", "26 Dec", "27 Dec")
    ]
    assert [f"{day:%d %b}" for day in kept[2026]] == [
        *("01 Jan", "03 Apr", "06 Apr", "04 May", "25 May", "31 Aug", "25 Dec", "28 Dec")
    ]
    assert date(1999, 12, 31) in kept[1999]


@pytest.mark.parametrize("year", [1990, 2100])
def test_the_first_and_the_last_year_can_be_reckoned_whole(year: int) -> None:
    assert OFFICE.is_open(london(f"{year}-06-15 10:00"))
    first, last = london(f"{year}-01-01 00:00"), london(f"{year}-12-31 23:59:59")
    assert hours(8) * 252 <= OFFICE.time_between(first, last) <= hours(8) * 254


@pytest.mark.parametrize(
    ("start", "days"), [("1989-12-31 23:59", 1), ("2101-01-01 00:00", 1), ("2100-12-01 10:00", 400)]
)
def test_years_without_known_holidays_are_refused_not_guessed(start: str, days: int) -> None:
    with pytest.raises(BeyondCalendar, match=r"is beyond the calendar, which knows 1990 to 2100 \(Europe/London\)"):
        OFFICE.add_days(london(start), days)
    with pytest.raises(BeyondCalendar):
        OFFICE.add(london(start), hours(8 * days))


def test_a_shorter_list_of_holidays_makes_a_shorter_calendar() -> None:
    ghana = Calendar.compile(office("Africa/Accra", holidays={"country": "GH"}))
    with pytest.raises(BeyondCalendar, match="2001 is beyond the calendar, which knows 20"):
        ghana.is_open(london("2001-06-15 10:00"))
    assert ghana.is_open(london("2026-06-15 10:00"))


def test_a_reckoning_may_run_over_any_number_of_decades() -> None:
    start, days = london("2019-12-31 10:00"), 5800
    by_days, by_hours = (Calendar.compile(office(holidays=WALES)) for _ in range(2))
    due = by_days.add_days(start, days)
    assert due.year == 2042
    assert by_hours.add(start, hours(8 * days)) == due


def test_the_last_closing_of_the_last_year_can_be_reached_but_not_passed() -> None:
    eve = london("2100-12-31 16:00")
    assert OFFICE.add(eve, hours(1)) == london("2100-12-31 17:00")
    with pytest.raises(BeyondCalendar, match="2101 is beyond the calendar"):
        OFFICE.add(eve, hours(1) + timedelta(microseconds=1))


@pytest.mark.parametrize(("holidays", "is_open"), [([], True), (["2029-12-31"], False)])
def test_the_night_that_runs_into_a_year_is_known_when_that_year_is_asked_for_first(
    holidays: list[str], is_open: bool
) -> None:
    nights = {day: ["22:00-06:00"] for day in WEEKDAYS}
    fresh = Calendar.compile(office(week=nights, extra_holidays=holidays))
    assert fresh.is_open(london("2030-01-01 02:00")) == is_open
