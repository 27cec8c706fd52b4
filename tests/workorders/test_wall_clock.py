"""Every local wall time means one instant, and nights have the hours that they truly have."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from workorders.wall_clock import in_utc, instant_of, micros, night_window, wall_time, zone_named


def utc(text: str) -> datetime:
    """An instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def last_sunday(year: int, month: int) -> date:
    """The last Sunday of a month of 31 days, on which clocks change."""
    end = date(year, month, 31)
    return end - timedelta(days=(end.weekday() + 1) % 7)


SPRINGS = [last_sunday(year, 3) for year in range(2020, 2041)]
AUTUMNS = [last_sunday(year, 10) for year in range(2020, 2041)]


def night_hours(night: date, start: str = "20:00", end: str = "08:00", zone: str = "Europe/London") -> timedelta:
    """How long the night truly is."""
    begins, ends = night_window(night, time.fromisoformat(start), time.fromisoformat(end), zone)
    assert begins.tzinfo is UTC
    assert ends.tzinfo is UTC
    return ends - begins


@pytest.mark.parametrize("sunday", SPRINGS, ids=str)
def test_the_night_in_which_the_clock_goes_forward_has_eleven_hours(sunday: date) -> None:
    eve = sunday - timedelta(days=1)
    assert [night_hours(eve + timedelta(days=n)) for n in (-1, 0, 1)] == [timedelta(hours=n) for n in (12, 11, 12)]
    assert night_window(eve, time(20), time(8), "Europe/London") == (utc(f"{eve} 20:00"), utc(f"{sunday} 07:00"))


@pytest.mark.parametrize("sunday", AUTUMNS, ids=str)
def test_the_night_in_which_the_clock_goes_back_has_thirteen_hours(sunday: date) -> None:
    eve = sunday - timedelta(days=1)
    assert [night_hours(eve + timedelta(days=n)) for n in (-1, 0, 1)] == [timedelta(hours=n) for n in (12, 13, 12)]
    assert night_window(eve, time(20), time(8), "Europe/London") == (utc(f"{eve} 19:00"), utc(f"{sunday} 08:00"))


def test_each_year_from_2020_to_2040_has_one_night_of_eleven_one_of_thirteen_and_else_twelve_hours() -> None:
    for year in range(2020, 2041):
        nights = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
        odd = [night_hours(night) for night in nights if night_hours(night) != timedelta(hours=12)]
        assert odd == [timedelta(hours=11), timedelta(hours=13)]


def test_a_night_that_does_not_pass_midnight_stays_on_its_date() -> None:
    assert night_window(date(2026, 1, 5), time(0, 30), time(6), "Europe/London") == (
        utc("2026-01-05 00:30"),
        utc("2026-01-05 06:00"),
    )


def test_a_night_that_starts_or_ends_in_the_gap_does_so_when_the_gap_ends() -> None:
    gap_ends = utc("2026-03-29 01:00")
    assert night_window(date(2026, 3, 28), time(20), time(1, 30), "Europe/London")[1] == gap_ends
    assert night_window(date(2026, 3, 29), time(1, 30), time(8), "Europe/London")[0] == gap_ends
    assert night_hours(date(2026, 3, 29), "01:10", "01:50") == timedelta(0)


def test_a_night_that_starts_or_ends_at_a_time_that_happens_twice_means_the_first() -> None:
    first = utc("2026-10-25 00:30")
    assert night_window(date(2026, 10, 24), time(20), time(1, 30), "Europe/London")[1] == first
    assert night_window(date(2026, 10, 25), time(1, 30, fold=1), time(8), "Europe/London")[0] == first


def test_a_night_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="the night of 2026-01-05 starts and ends at 20:00: it has no length"):
        night_window(date(2026, 1, 5), time(20), time(20), "Europe/London")


def test_a_time_of_night_with_its_own_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="08:00:00\\+00:00 has an offset of its own"):
        night_window(date(2026, 1, 5), time(20), time(8, tzinfo=UTC), "Europe/London")


def test_a_night_in_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="'Europe/Cardiff' is no zone of the time-zone database"):
        night_window(date(2026, 1, 5), time(20), time(8), "Europe/Cardiff")


@pytest.mark.parametrize(
    ("zone", "wall", "means"),
    [
        ("Europe/London", "2026-03-29 00:59:59.999999", "2026-03-29 00:59:59.999999"),
        ("Europe/London", "2026-03-29 01:00", "2026-03-29 01:00"),
        ("Europe/London", "2026-03-29 01:59:59.999999", "2026-03-29 01:00"),
        ("Europe/London", "2026-03-29 02:00", "2026-03-29 01:00"),
        ("Europe/London", "2026-10-25 00:59", "2026-10-24 23:59"),
        ("Europe/London", "2026-10-25 01:00", "2026-10-25 00:00"),
        ("Europe/London", "2026-10-25 01:59:59", "2026-10-25 00:59:59"),
        ("Europe/London", "2026-10-25 02:00", "2026-10-25 02:00"),
        # Half an hour, a date that was left out whole, and an offset that is no whole hour.
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00"),
        ("Asia/Kathmandu", "2026-06-01 12:00", "2026-06-01 06:15"),
        ("America/New_York", "2015-03-08 02:30", "2015-03-08 07:00"),
        ("America/New_York", "2015-11-01 01:30", "2015-11-01 05:30"),
    ],
)
def test_a_wall_time_means_its_first_occurrence_or_else_the_end_of_the_gap(zone: str, wall: str, means: str) -> None:
    assert instant_of(datetime.fromisoformat(wall), zone_named(zone)) == utc(means)


@pytest.mark.parametrize("day", [*SPRINGS, *AUTUMNS], ids=str)
def test_a_later_wall_time_never_means_an_earlier_instant(day: date) -> None:
    london, start = zone_named("Europe/London"), datetime.combine(day, time())
    instants = [instant_of(start + timedelta(minutes=n), london) for n in range(24 * 60)]
    assert instants == sorted(instants)


def test_the_wall_shows_the_same_hour_twice_when_the_clock_goes_back() -> None:
    london = zone_named("Europe/London")
    shown = [wall_time(utc(at), london) for at in ("2026-10-25 00:30", "2026-10-25 01:30")]
    assert shown == [datetime.fromisoformat("2026-10-25 01:30")] * 2


def test_an_instant_in_another_zone_is_taken_as_the_same_instant_in_utc() -> None:
    summer = datetime(2026, 7, 1, 10, tzinfo=ZoneInfo("Europe/London"))
    assert in_utc(summer) == utc("2026-07-01 09:00")
    assert in_utc(summer).tzinfo is UTC
    assert micros(summer) == micros(utc("2026-07-01 09:00")) == 1_782_896_400_000_000


def test_a_time_without_offset_is_refused_because_it_names_no_instant() -> None:
    with pytest.raises(ValueError, match="2026-07-01T10:00:00 has no offset, so it names no instant"):
        micros(datetime.fromisoformat("2026-07-01 10:00"))
