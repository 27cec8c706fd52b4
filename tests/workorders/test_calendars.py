"""Working time is exact: in hours and out, over holidays, midnights and clock changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.calendar import WEEKDAYS, CalendarSpec
from workorders.calendars import Calendar

NINE_TO_FIVE = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
EVERY_NIGHT = {day: ["22:00-06:00"] for day in WEEKDAYS}
WALES = {"country": "GB", "subdivision": "WLS"}


def calendar(zone: str = "Europe/London", **spec: Any) -> Calendar:  # noqa: ANN401 -- the keys of a spec
    """A calendar as the policy file would write it."""
    return Calendar.compile(CalendarSpec.model_validate({"zone": zone, **spec}))


OFFICE = calendar(week=NINE_TO_FIVE, holidays=WALES)
ALWAYS = calendar(always=True)
NIGHTS = calendar(week=EVERY_NIGHT)
LUNCH = calendar(week={"mon": ["09:00-17:00"], "tue": ["13:00-16:00", "09:00-12:00"], "wed": ["10:00-11:00"]})


def london(text: str, fold: int = 0) -> datetime:
    """The instant at which the wall in London shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"), fold=fold).astimezone(UTC)


def hours(number: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-11-23 10:00", hours(3), "2026-11-23 13:00"),
        ("2026-11-23 16:59:59.999999", timedelta(microseconds=2), "2026-11-24 09:00:00.000001"),
        ("2026-11-23 10:00", hours(7), "2026-11-23 17:00"),
        ("2026-11-23 09:00", hours(8), "2026-11-23 17:00"),
        ("2026-11-23 09:00", hours(9), "2026-11-24 10:00"),
        ("2026-11-23 03:00", hours(1), "2026-11-23 10:00"),
        ("2026-11-23 17:00", hours(1), "2026-11-24 10:00"),
        ("2026-11-27 16:00", hours(2), "2026-11-30 10:00"),
        ("2026-11-28 12:00", hours(1), "2026-11-30 10:00"),
        ("2026-12-24 16:00", hours(2), "2026-12-29 10:00"),
        ("2026-12-28 12:00", hours(1), "2026-12-29 10:00"),
        ("2026-03-27 16:00", hours(2), "2026-03-30 10:00"),
    ],
)
def test_working_time_runs_only_in_hours_on_working_days(start: str, amount: timedelta, due: str) -> None:
    assert OFFICE.add(london(start), amount) == london(due)
    assert OFFICE.time_between(london(start), london(due)) == amount


def test_no_amount_leaves_the_start_where_it_is_even_outside_hours() -> None:
    sunday = london("2026-11-22 12:00")
    assert [OFFICE.add(sunday, 0), ALWAYS.add(sunday, 0), OFFICE.add(sunday, hours(0))] == [sunday] * 3


def test_a_number_is_whole_seconds() -> None:
    start = london("2026-11-23 10:00")
    assert OFFICE.add(start, 90) == ALWAYS.add(start, 90) == start + timedelta(seconds=90)


@pytest.mark.parametrize("change", ["2026-03-28 20:00", "2026-10-24 20:00"])
def test_round_the_clock_is_elapsed_time_whatever_the_clock_on_the_wall_does(change: str) -> None:
    start = london(change)
    assert ALWAYS.add(start, hours(24)) == start + hours(24)
    assert ALWAYS.time_between(start, start + hours(24)) == hours(24)
    assert ALWAYS.next_open(start) == start
    assert ALWAYS.is_open(start)
    assert ALWAYS.intervals(start, start + hours(1)) == [(start, start + hours(1))]
    assert ALWAYS.intervals(start, start) == []


@pytest.mark.parametrize(("evening", "length"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-23", 8)])
def test_a_window_across_midnight_has_the_hours_that_truly_pass_in_it(evening: str, length: int) -> None:
    opens = london(f"{evening} 22:00")
    closes = london(str(datetime.fromisoformat(evening) + timedelta(hours=30)))
    assert NIGHTS.add(opens, hours(length)) == closes == opens + hours(length)
    assert NIGHTS.intervals(opens - hours(2), opens + hours(12)) == [(opens, closes)]
    assert not NIGHTS.is_open(closes)


def test_a_window_across_midnight_runs_into_a_holiday_but_none_starts_on_it() -> None:
    nights = calendar(week=EVERY_NIGHT, extra_holidays=["2026-05-05"])
    assert nights.add(london("2026-05-04 22:00"), hours(8)) == london("2026-05-05 06:00")
    assert nights.add(london("2026-05-04 22:00"), hours(9)) == london("2026-05-06 23:00")


def test_an_opening_contains_its_first_instant_and_not_its_last() -> None:
    times = ("08:59:59.999999", "09:00", "16:59:59.999999", "17:00")
    assert [OFFICE.is_open(london(f"2026-11-23 {time}")) for time in times] == [False, True, True, False]


def test_the_next_opening_is_now_or_the_first_that_comes() -> None:
    asked = ("2026-11-23 10:00", "2026-11-23 08:00", "2026-11-23 17:00", "2026-12-25 10:00", "2029-12-31 18:00")
    opens = ("2026-11-23 10:00", "2026-11-23 09:00", "2026-11-24 09:00", "2026-12-29 09:00", "2030-01-02 09:00")
    assert [OFFICE.next_open(london(at)) for at in asked] == [london(at) for at in opens]


def test_intervals_are_cut_to_the_stretch_and_joined_where_windows_touch() -> None:
    shifts = calendar(week={"mon": ["08:00-16:00", "16:00-24:00"], "tue": ["00:00-08:00", "12:00-20:00"]})
    assert shifts.intervals(london("2026-11-23 07:00"), london("2026-11-24 13:00")) == [
        (london("2026-11-23 08:00"), london("2026-11-24 08:00")),
        (london("2026-11-24 12:00"), london("2026-11-24 13:00")),
    ]
    assert shifts.intervals(london("2026-11-24 13:00"), london("2026-11-24 14:00")) == [
        (london("2026-11-24 13:00"), london("2026-11-24 14:00"))
    ]
    assert shifts.intervals(london("2026-11-24 20:00"), london("2026-11-30 08:00")) == []
    assert shifts.intervals(london("2026-11-24 13:00"), london("2026-11-23 13:00")) == []


def test_time_between_counts_backwards_if_the_later_comes_first() -> None:
    monday, tuesday = london("2026-11-23 16:00"), london("2026-11-24 10:30") + timedelta(milliseconds=1)
    assert OFFICE.time_between(monday, tuesday) == hours(2.5) + timedelta(milliseconds=1)
    assert OFFICE.time_between(tuesday, monday) == -OFFICE.time_between(monday, tuesday)
    assert (OFFICE.seconds_between(monday, tuesday), OFFICE.seconds_between(tuesday, monday)) == (9000, -9000)


# Promised times of the City of Boston's 311 service, 2015 (public domain, PDDL): reported, working days, promised.
BOSTON = (
    ("2015-03-25 10:13:38", 10, "2015-04-08 10:13:38"),
    ("2015-02-24 17:50:01", 10, "2015-03-11 08:30:00"),
    ("2015-04-09 17:51:49", 1, "2015-04-13 08:30:00"),
    ("2015-03-12 07:52:05", 1, "2015-03-13 08:30:00"),
    ("2015-04-13 16:59:34", 10, "2015-04-28 16:59:34"),
    ("2015-05-15 17:00:00", 1, "2015-05-19 08:30:00"),
    ("2015-03-16 17:00:28", 1, "2015-03-18 08:30:00"),
    ("2015-01-10 16:02:45", 3, "2015-01-15 08:30:00"),
    ("2015-01-14 09:27:54", 3, "2015-01-20 09:27:54"),
    ("2015-01-19 19:27:48", 10, "2015-02-03 08:30:00"),
    ("2015-02-11 10:41:33", 3, "2015-02-17 10:41:33"),
    ("2015-03-06 12:19:42", 1, "2015-03-09 12:19:42"),
    ("2015-02-26 08:40:19", 10, "2015-03-12 08:40:19"),
    ("2015-03-07 13:35:25", 10, "2015-03-23 08:30:00"),
    ("2015-04-20 18:42:20", 10, "2015-05-05 08:30:00"),
    ("2015-05-25 02:41:29", 1, "2015-05-27 08:30:00"),
)


@pytest.mark.parametrize(("reported", "days", "promised"), BOSTON)
def test_working_days_end_where_a_real_service_desk_promised(reported: str, days: int, promised: str) -> None:
    zone = ZoneInfo("America/New_York")
    desk = calendar(
        zone.key,
        week={day: ["08:30-17:00"] for day in WEEKDAYS[:5]},
        holidays={"country": "US", "subdivision": "MA"},
    )
    due = desk.add_days(datetime.fromisoformat(reported).replace(tzinfo=zone), days)
    assert due == datetime.fromisoformat(promised).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-23 10:00", 1, "2026-11-24 10:00"),
        ("2026-11-23 12:00", 1, "2026-11-24 13:00"),
        ("2026-11-23 12:30", 1, "2026-11-24 13:00"),
        ("2026-11-23 16:30", 1, "2026-11-24 16:00"),
        ("2026-11-23 09:30", 2, "2026-11-25 10:00"),
        ("2026-11-23 16:30", 2, "2026-11-25 11:00"),
        ("2026-11-23 16:30", 3, "2026-11-30 16:30"),
        ("2026-11-25 11:00", 0, "2026-11-30 09:00"),
    ],
)
def test_a_working_day_that_is_closed_at_that_time_gives_its_next_opening_or_else_its_last_closing(
    start: str, days: int, due: str
) -> None:
    assert LUNCH.add_days(london(start), days) == london(due)


def test_no_working_days_give_the_start_or_the_next_opening() -> None:
    assert OFFICE.add_days(london("2026-11-23 10:00"), 0) == london("2026-11-23 10:00")
    assert OFFICE.add_days(london("2026-11-28 10:00"), 0) == london("2026-11-30 09:00")
    assert ALWAYS.add_days(london("2026-11-28 10:00"), 0) == london("2026-11-28 10:00")


def test_a_moment_after_midnight_belongs_to_the_working_day_of_the_evening_before() -> None:
    weeknights = calendar(week={day: ["22:00-06:00"] for day in ("mon", "thu")})
    assert weeknights.add_days(london("2026-11-24 02:00"), 1) == london("2026-11-27 02:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-28 01:30", "2026-03-29 02:00"),
        ("2026-03-28 12:00", "2026-03-29 12:00"),
        ("2026-10-24 01:30", "2026-10-25 01:30"),
        ("2026-10-24 12:00", "2026-10-25 12:00"),
    ],
)
def test_a_day_later_is_the_same_time_on_the_wall_its_first_occurrence_or_the_end_of_the_gap(
    start: str, due: str
) -> None:
    open_all_day = calendar(week={day: ["00:00-24:00"] for day in WEEKDAYS})
    assert ALWAYS.add_days(london(start), 1) == open_all_day.add_days(london(start), 1) == london(due)


def test_a_start_in_the_repeated_hour_keeps_its_time_on_the_wall() -> None:
    assert ALWAYS.add_days(london("2026-10-25 01:30", fold=1), 1) == london("2026-10-26 01:30")


def test_a_window_that_lies_wholly_in_the_gap_makes_no_working_day() -> None:
    early = calendar(week={day: ["01:00-02:00"] for day in WEEKDAYS})
    assert early.add_days(london("2026-03-28 01:15"), 1) == london("2026-03-30 01:15")
    assert early.add(london("2026-03-28 01:15"), hours(1)) == london("2026-03-30 01:15")


def test_a_local_date_that_never_was_is_no_working_day() -> None:
    apia = calendar("Pacific/Apia", week=NINE_TO_FIVE)
    start = datetime(2011, 12, 29, 10, tzinfo=ZoneInfo("Pacific/Apia"))
    assert apia.add_days(start, 1) == datetime(2012, 1, 2, 10, tzinfo=ZoneInfo("Pacific/Apia"))


@pytest.mark.parametrize("each", [OFFICE, ALWAYS], ids=["office", "always"])
def test_time_is_never_taken_away(each: Calendar) -> None:
    start = london("2026-11-23 10:00")
    with pytest.raises(ValueError, match="amount is -1: working time is added, never taken away"):
        each.add(start, -1)
    with pytest.raises(ValueError, match="amount is -1 day, 23:59:59"):
        each.add(start, timedelta(seconds=-1))
    with pytest.raises(ValueError, match="days is -1: working days are added, never taken away"):
        each.add_days(start, -1)


@pytest.mark.parametrize("each", [OFFICE, ALWAYS], ids=["office", "always"])
@pytest.mark.parametrize("amount", [0, 1])
def test_a_time_without_offset_is_refused(each: Calendar, amount: int) -> None:
    wall = datetime.fromisoformat("2026-11-23 10:00")
    for ask in (each.is_open, each.next_open, lambda at: each.add(at, amount), lambda at: each.add_days(at, amount)):
        with pytest.raises(ValueError, match="2026-11-23T10:00:00 has no offset"):
            ask(wall)
    for between in (each.time_between, each.intervals):
        with pytest.raises(ValueError, match="has no offset"):
            between(wall, wall)


def test_an_instant_in_another_zone_is_the_same_instant_and_the_answer_is_in_utc() -> None:
    start = london("2026-07-01 10:00")
    local = start.astimezone(ZoneInfo("Asia/Tokyo"))
    for each in (OFFICE, ALWAYS):
        answers = (each.add(local, 60), each.add(local, 0), each.add_days(local, 0), each.next_open(local))
        assert answers == (each.add(start, 60), start, start, start)
        assert {answer.tzinfo for answer in answers} == {UTC}
