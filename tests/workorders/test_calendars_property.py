"""What holds of working time for every calendar, start and amount; a second, minute-by-minute reckoning judges."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.calendar import WEEKDAYS, CalendarSpec
from workorders.calendars import Calendar

MINUTE = timedelta(minutes=1)
patient = settings(deadline=None)  # the first question to a calendar makes its table
WEEK = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
SPECS: tuple[dict[str, Any], ...] = (
    {"zone": "Europe/London", "always": True},
    {"zone": "Europe/London", "week": WEEK, "holidays": {"country": "GB", "subdivision": "WLS"}},
    {"zone": "Europe/London", "week": {day: ["20:00-08:00"] for day in WEEKDAYS}},
    {"zone": "Europe/London", "week": {"sat": ["22:00-01:30"], "sun": ["01:30-02:30", "03:00-24:00"]}},
    {"zone": "America/New_York", "week": {"mon": ["08:30-12:00", "13:00-17:00"], "fri": ["22:00-24:00"]}},
    {"zone": "Australia/Lord_Howe", "week": {day: ["01:45-02:15", "02:15-23:00"] for day in WEEKDAYS[4:]}},
    {"zone": "Pacific/Apia", "week": {day: ["00:00-24:00"] for day in WEEKDAYS}},
)
CALENDARS = tuple(Calendar.compile(CalendarSpec.model_validate(spec)) for spec in SPECS)

calendars = st.sampled_from(CALENDARS)
instants = st.datetimes(datetime(2011, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
amounts = st.timedeltas(timedelta(0), timedelta(days=30))


@patient
@given(calendars, instants, amounts)
def test_the_working_time_until_the_end_is_the_amount(calendar: Calendar, start: datetime, amount: timedelta) -> None:
    due = calendar.add(start, amount)
    assert calendar.time_between(start, due) == amount
    assert calendar.seconds_between(start, due) == amount // timedelta(seconds=1)


@patient
@given(calendars, instants, amounts)
def test_no_earlier_instant_will_do(calendar: Calendar, start: datetime, amount: timedelta) -> None:
    assume(amount)
    assert calendar.is_open(calendar.add(start, amount) - timedelta(microseconds=1))


@patient
@given(calendars, instants, instants)
def test_adding_what_lies_between_leads_to_the_end_or_to_the_closing_before_it(
    calendar: Calendar, a: datetime, b: datetime
) -> None:
    a, b = sorted((a, b))
    due = calendar.add(a, calendar.time_between(a, b))
    assert due <= b
    assert due == b or calendar.intervals(due, b) == []


@patient
@given(calendars, instants, amounts, amounts)
def test_amounts_add_up(calendar: Calendar, start: datetime, a: timedelta, b: timedelta) -> None:
    assert calendar.add(calendar.add(start, a), b) == calendar.add(start, a + b)


@patient
@given(calendars, instants, amounts, amounts, amounts)
def test_later_or_longer_never_ends_earlier(
    calendar: Calendar, start: datetime, later: timedelta, amount: timedelta, longer: timedelta
) -> None:
    assert calendar.add(start, amount) <= calendar.add(start + later, amount + longer)


@patient
@given(calendars, instants, instants, instants)
def test_times_between_add_up_and_turn_round(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    assert calendar.time_between(a, b) + calendar.time_between(b, c) == calendar.time_between(a, c)
    assert calendar.seconds_between(a, b) == -calendar.seconds_between(b, a)


@patient
@given(calendars, instants, amounts)
def test_intervals_are_apart_in_order_open_and_as_long_as_the_time_between(
    calendar: Calendar, start: datetime, length: timedelta
) -> None:
    end = start + length
    spans = calendar.intervals(start, end)
    assert sum((closes - opens for opens, closes in spans), timedelta(0)) == calendar.time_between(start, end)
    assert all(start <= opens < closes <= end for opens, closes in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert all(calendar.is_open(opens) for opens, _ in spans)
    assert not any(calendar.is_open(closes) for _, closes in spans if closes < end)


@patient
@given(calendars, instants)
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar: Calendar, at: datetime) -> None:
    opens = calendar.next_open(at)
    assert at <= opens
    assert calendar.is_open(opens)
    assert calendar.is_open(at) == (opens == at)
    assert calendar.time_between(at, opens) == timedelta(0)


@patient
@given(calendars, instants, st.integers(1, 300), st.integers(0, 30))
def test_working_days_end_in_an_opening_or_at_its_closing_and_more_days_never_end_earlier(
    calendar: Calendar, start: datetime, days: int, more: int
) -> None:
    due = calendar.add_days(start, days)
    assert start < due <= calendar.add_days(start, days + more)
    assert calendar.is_open(due) or calendar.is_open(due - timedelta(microseconds=1))


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(SPECS), instants, amounts, st.integers(0, 60), st.lists(instants, max_size=2))
def test_answers_do_not_depend_on_what_was_asked_before(
    spec: dict[str, Any], start: datetime, amount: timedelta, days: int, asked_before: list[datetime]
) -> None:
    fresh, used = (Calendar.compile(CalendarSpec.model_validate(spec)) for _ in range(2))
    for at in asked_before:
        used.next_open(at)
    assert used.add_days(start, days) == fresh.add_days(start, days)
    assert used.add(start, amount) == fresh.add(start, amount)


# --- working days, counted by hand over local dates ------------------------------------------------------------------


@patient
@given(instants, st.integers(0, 40))
def test_working_days_are_counted_over_local_dates(start: datetime, days: int) -> None:
    """Office hours lie far from any clock change, so plain wall-clock arithmetic can judge."""
    zone = ZoneInfo("Europe/London")
    wall = start.astimezone(zone).replace(tzinfo=None)
    if wall.weekday() > 4 or wall.time() >= time(17):
        wall = datetime.combine(next_weekday(wall.date()), time(9))
    wall = max(wall, datetime.combine(wall.date(), time(9)))
    day = wall.date()
    for _ in range(days):
        day = next_weekday(day)
    due = datetime.combine(day, wall.time(), tzinfo=zone)
    assert OFFICE_WITHOUT_HOLIDAYS.add_days(start, days) == due


OFFICE_WITHOUT_HOLIDAYS = Calendar.compile(CalendarSpec.model_validate({"zone": "Europe/London", "week": WEEK}))


def next_weekday(day: date) -> date:
    """The first day after this one that is no Saturday or Sunday."""
    return day + timedelta(days={4: 3, 5: 2}.get(day.weekday(), 1))


# --- an independent reckoning: walk minute by minute and look at the clock on the wall -------------------------------


def open_minutes(spec: dict[str, Any], start: datetime, minutes: int) -> list[bool]:
    """Whether each minute from ``start`` is open; knows nothing but what the wall shows as the minutes pass.

    The latest time that the wall has shown so far decides: so a gap opens or closes at its end whatever lies in it,
    and in a repeated hour nothing that has opened or closed does so again.
    """
    zone, lead_in = ZoneInfo(spec["zone"]), 3 * 60
    walls = ((start + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(-lead_in, minutes))
    windows = {WEEKDAYS.index(day): [*map(window_in_minutes, texts)] for day, texts in spec["week"].items()}
    closed = spec.get("extra_holidays", ())
    return [is_open_at(windows, closed, shown) for shown in accumulate(walls, max)][lead_in:]


def window_in_minutes(text: str) -> tuple[int, int]:
    """Opening and closing of a window in minutes of its day."""
    opens, closes = (int(at[:2]) * 60 + int(at[3:]) for at in text.split("-"))
    return opens, closes if closes > opens else closes + 1440


def is_open_at(windows: dict[int, list[tuple[int, int]]], closed: Sequence[date], shown: datetime) -> bool:
    """Whether the wall shows a time inside a window of today or of yesterday, whose days are no holidays."""
    return any(
        opens <= shown.hour * 60 + shown.minute + days_ago * 1440 < closes
        for days_ago in (0, 1)
        for opens, closes in windows.get((shown.weekday() - days_ago) % 7, ())
        if shown.date() - timedelta(days=days_ago) not in closed
    )


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, list[str]]:
    """Windows between times drawn over the whole week, so that they never overlap; many touch or cross midnight."""
    quarters = st.integers(0, 7 * 96 - 1)
    edges = sorted(draw(st.sets(quarters, min_size=2, max_size=16)))
    week: dict[str, list[str]] = {}
    for opens, closes in pairwise([*edges, edges[0] + 7 * 96]):
        if closes - opens < 96 and draw(st.booleans()):
            text = "-".join(f"{at // 4 % 24:02}:{at % 4 * 15:02}" for at in (opens, closes))
            week.setdefault(WEEKDAYS[opens // 96], []).append(text)
    assume(week)
    return week


def clock_changes(zone: str, year: int) -> list[datetime]:
    """The first minute after each change of the zone's offset in a year."""
    place, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    offsets = [(first + timedelta(minutes=15 * n)).astimezone(place).utcoffset() for n in range(366 * 96)]
    return [first + timedelta(minutes=15 * (n + 1)) for n, (a, b) in enumerate(pairwise(offsets)) if a != b]


PLACES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca")
CHANGES = {zone: clock_changes(zone, 2026) for zone in PLACES} | {"Pacific/Apia": clock_changes("Pacific/Apia", 2011)}


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(sorted(CHANGES)), weeks(), st.integers(-1440, 1440), st.integers(0, 4000))
def test_a_reckoning_minute_by_minute_around_a_clock_change_comes_to_the_same(
    data: st.DataObject, zone: str, week: dict[str, list[str]], offset: int, amount: int
) -> None:
    start = data.draw(st.sampled_from(CHANGES[zone])) + offset * MINUTE
    holidays = data.draw(
        st.lists(st.sampled_from([start.date() + timedelta(days=n) for n in range(-1, 3)]), max_size=1)
    )
    spec = {"zone": zone, "week": week, "extra_holidays": holidays}
    calendar = Calendar.compile(CalendarSpec.model_validate(spec))
    is_open = open_minutes(spec, start, 3 * 24 * 60)
    worked = [0, *accumulate(is_open)]
    assert [calendar.is_open(start + n * MINUTE) for n in range(len(is_open))] == is_open
    assert calendar.time_between(start, start + len(is_open) * MINUTE) == worked[-1] * MINUTE
    amount = min(amount, worked[-1])
    assert calendar.add(start, amount * MINUTE) == start + bisect_left(worked, amount) * MINUTE


def london_changes() -> list[datetime]:
    """The clock changes of Europe/London, 2020 to 2040: 01:00 UTC on the last Sundays of March and of October."""
    ends = [date(year, month, 31) for year in range(2020, 2041) for month in (3, 10)]
    return [datetime.combine(end - timedelta(days=end.isoweekday() % 7), time(1), tzinfo=UTC) for end in ends]


@pytest.mark.parametrize("change", london_changes(), ids=lambda change: str(change.date()))
def test_each_london_clock_change_is_reckoned_minute_by_minute_to_the_same(change: datetime) -> None:
    start = change - timedelta(hours=30)
    for spec, calendar in zip(SPECS, CALENDARS, strict=True):
        if spec["zone"] == "Europe/London" and "week" in spec and "holidays" not in spec:
            worked = [0, *accumulate(open_minutes(spec, start, 60 * 60))]
            assert [calendar.time_between(start, start + n * MINUTE) // MINUTE for n in range(len(worked))] == worked
            for amount in range(1, worked[-1] + 1, 7):
                assert calendar.add(start, amount * MINUTE) == start + bisect_left(worked, amount) * MINUTE
        due = calendar.add(start, timedelta(hours=48))
        assert calendar.time_between(start, due) == timedelta(hours=48)


def test_there_are_forty_two_london_clock_changes_from_2020_to_2040() -> None:
    zone = ZoneInfo("Europe/London")
    assert len(london_changes()) == 42
    for change in london_changes():
        before, after = ((change + moved).astimezone(zone).utcoffset() for moved in (-MINUTE, timedelta(0)))
        assert before != after
