"""A time of day that somebody types about a night: one instant, and never a guess."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from desk.pages.night_times import read_time

LONDON = ZoneInfo("Europe/London")
JANUARY = datetime(2026, 1, 14, 20, tzinfo=UTC), datetime(2026, 1, 15, 8, tzinfo=UTC)
BACK = datetime(2026, 10, 24, 19, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)
FORWARD = datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)


@pytest.mark.parametrize(("typed", "hour", "day"), [
    ("20:00", 20, 14), ("23.30", 23, 14), ("00:15", 0, 15), ("6:05", 6, 15), ("08:00", 8, 15), ("22:00 GMT", 22, 14),
])  # fmt: skip
def test_a_time_means_the_one_instant_of_the_night_at_which_clocks_show_it(typed: str, hour: int, day: int) -> None:
    found = read_time(typed, *JANUARY, LONDON)
    assert found.fault == ""
    assert found.at is not None
    assert (found.at.hour, found.at.day, found.at.tzinfo) == (hour, day, UTC)


@pytest.mark.parametrize("typed", [
    "19:59", "08:01", "24:00", "20:60", "8pm", "20", "2000", "\u0662\u0660:00", "20:00 CET", "22:00 BST", "-1:00",
    "20:00:00",
])  # fmt: skip
def test_what_is_no_time_of_the_night_is_none(typed: str) -> None:
    found = read_time(typed, *JANUARY, LONDON)
    assert found.at is None
    assert found.fault


def test_nothing_typed_is_no_fault() -> None:
    assert read_time("", *JANUARY, LONDON) == read_time("", *BACK, LONDON)
    assert read_time("", *JANUARY, LONDON).fault == ""


def test_the_hour_that_comes_twice_is_asked_for_with_its_zone() -> None:
    assert "twice" in read_time("01:30", *BACK, LONDON).fault
    assert read_time("01:30 bst", *BACK, LONDON).at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read_time("01:30 GMT", *BACK, LONDON).at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert read_time("02:30", *BACK, LONDON).at == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_the_hour_that_never_comes_means_nothing() -> None:
    assert read_time("01:30", *FORWARD, LONDON).at is None
    assert read_time("02:30", *FORWARD, LONDON).at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
