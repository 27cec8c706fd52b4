"""Nights on which the clocks change, every one from 2020 to 2040: no minute is lost or counted twice."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.workorders.night_by_hand import ByHand
from tests.workorders.night_telling import AP, POLICY, Night
from workorders.cover import nights_in_play


def last_sunday(year: int, month: int) -> date:
    day = date(year, month, 31)
    return day - timedelta(days=(day.weekday() + 1) % 7)


SPRING = [last_sunday(year, 3) - timedelta(days=1) for year in range(2020, 2041)]
AUTUMN = [last_sunday(year, 10) - timedelta(days=1) for year in range(2020, 2041)]
NIGHTS = [(night, 11) for night in SPRING] + [(night, 13) for night in AUTUMN]


@pytest.mark.parametrize(("night", "hours"), NIGHTS)
def test_the_night_is_an_hour_shorter_or_longer(night: date, hours: int) -> None:
    state = Night(night).reckon("11:00").state
    assert state.ends - state.starts == timedelta(hours=hours)
    assert state.uncovered_minutes == hours * 60
    assert state.short == ((state.starts, state.ends),)


@pytest.mark.parametrize(("night", "hours"), NIGHTS)
def test_cover_for_the_whole_night_leaves_no_gap(night: date, hours: int) -> None:
    told = Night(night).own().confirmed("a1", "14:00", -2).checked_in("own", "a1")
    found = told.reckon("11:00")
    assert (found.state.own_minutes, found.state.agency_minutes) == (hours * 60, hours * 60)
    assert (found.state.short, found.conditions) == ((), ())


@pytest.mark.parametrize(("night", "hours"), NIGHTS)
def test_checkpoints_are_elapsed_hours_before_the_start(night: date, hours: int) -> None:
    told = Night(night)
    start = told.at("20:00")
    assert [one.onset for one in told.reckon("11:00").conditions] == [
        start - timedelta(hours=24),
        start - timedelta(hours=4),
    ]


@pytest.mark.parametrize("night", AUTUMN)
def test_who_leaves_in_the_hour_that_happens_twice_is_missing_from_that_instant(night: date) -> None:
    first = datetime(night.year, night.month, night.day, tzinfo=UTC) + timedelta(days=1, minutes=30)
    second = first + timedelta(hours=1)
    told = Night(night).own().confirmed("a1", "14:00", -2).checked_in("own", "a1")
    told.of("left-early", "a1", first).contingency("c1", first, starts=second).checked_in("c1", when="20:00")
    state = told.reckon("11:00").state
    assert state.short == ((first, second),)
    assert state.uncovered_minutes == 60
    reasons = [one.reason for one in told.reckon("11:00").conditions]
    assert reasons == ["1 of 2 people missing from 01:30 BST; cover a1 left at 01:30 BST, 5 hours after the start."]


@pytest.mark.parametrize("night", SPRING)
def test_a_cover_until_the_hour_that_never_is_ends_where_the_clock_springs(night: date) -> None:
    springs = datetime(night.year, night.month, night.day, tzinfo=UTC) + timedelta(days=1, hours=1)
    told = Night(night).own().confirmed("a1", "14:00", -2, until=springs).checked_in("own", "a1")
    reasons = [one.reason for one in told.reckon("07:59").conditions]
    assert reasons[-1].startswith("1 of 2 people missing from 02:00 BST;")
    assert told.reckon("11:00").state.uncovered_minutes == 6 * 60


@pytest.mark.parametrize("night", [SPRING[0], AUTUMN[0], SPRING[-1], AUTUMN[-1]])
def test_a_reckoning_minute_by_minute_agrees(night: date) -> None:
    told = Night(night).own(until="01:30").confirmed("a1", "14:00", starts="22:10", until="05:40").checked_in("own")
    told.checked_in("a1", when="22:20").of("left-early", "a1", "04:00").contingency("c1", "03:30", starts="04:10")
    by_hand, state = ByHand(told), told.reckon("11:00").state
    length = (state.ends - state.starts) // timedelta(minutes=1)
    minutes = [state.starts + timedelta(minutes=n) for n in range(length)]
    short = [moment for moment in minutes if by_hand.deficit(moment, moment)]
    assert state.uncovered_minutes == len(short)
    assert all(any(start <= moment < (end or moment) for start, end in state.short) for moment in short)


@pytest.mark.parametrize("year", range(2020, 2041))
def test_each_night_of_the_year_is_in_play_once(year: int) -> None:
    begins, ends = datetime(year, 1, 1, 12, tzinfo=UTC), datetime(year + 1, 1, 1, 12, tzinfo=UTC)
    found = list(nights_in_play(AP, POLICY, begins, ends - timedelta(hours=17), timedelta(0)))
    assert found == [date(year, 1, 1) + timedelta(days=n) for n in range((ends - begins).days)]
