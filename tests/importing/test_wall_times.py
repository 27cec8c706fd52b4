from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.importing.mapping import Times
from desk.importing.remarks import Why
from desk.importing.wall_times import Reading, Unreadable, WallTimes

FORM = "%m/%d/%Y %I:%M:%S %p"
YEARS = tuple(datetime(year, 1, 1) for year in (1950, 2099))  # noqa: DTZ001 - walls have no zone
BOSTON = ZoneInfo("America/New_York")


def times(**how: str) -> WallTimes:
    return WallTimes(Times.model_validate({"zone": "America/New_York", "forms": [FORM], **how}))


def test_a_plain_time_is_the_instant_that_the_clock_in_the_zone_showed() -> None:
    assert times().read("07/04/2015 09:30:15 PM") == Reading(datetime(2015, 7, 5, 1, 30, 15, tzinfo=UTC))
    assert times().read("12/31/2015 12:00:00 AM") == Reading(datetime(2015, 12, 31, 5, tzinfo=UTC))


@pytest.mark.parametrize("minute", ["01:00:00", "01:30:00", "01:59:59"])
def test_a_time_in_the_repeated_hour_is_refused_unless_the_mapping_chooses(minute: str) -> None:
    found = times().read(f"11/01/2015 {minute} AM")
    assert isinstance(found, Unreadable)
    assert found.code == Why.REPEATED_HOUR
    assert "showed twice" in found.why


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_the_mapping_may_take_a_repeated_time_as_the_first_and_then_it_is_flagged(minute: int) -> None:
    found = times(repeated="first").read(f"11/01/2015 01:{minute:02}:00 AM")
    assert found == Reading(datetime(2015, 11, 1, 5, minute, tzinfo=UTC), Why.REPEATED_HOUR)


@pytest.mark.parametrize("minute", ["02:00:00", "02:30:00", "02:59:59"])
def test_a_time_in_the_gap_of_spring_is_refused_unless_the_mapping_chooses(minute: str) -> None:
    found = times().read(f"03/08/2015 {minute} AM")
    assert isinstance(found, Unreadable)
    assert found.code == Why.SKIPPED_HOUR
    assert "never showed" in found.why


@pytest.mark.parametrize("minute", ["02:00:00", "02:30:00", "02:59:59"])
def test_the_mapping_may_take_a_skipped_time_as_the_end_of_the_gap_and_then_it_is_flagged(minute: str) -> None:
    found = times(skipped="end-of-gap").read(f"03/08/2015 {minute} AM")
    assert found == Reading(datetime(2015, 3, 8, 7, tzinfo=UTC), Why.SKIPPED_HOUR)


@pytest.mark.parametrize(
    "text", ["11/01/2015 12:59:59 AM", "11/01/2015 02:00:00 AM", "03/08/2015 01:59:59 AM", "03/08/2015 03:00:00 AM"]
)
def test_times_beside_a_clock_change_are_plain(text: str) -> None:
    found = times().read(text)
    assert isinstance(found, Reading)
    assert found.flag is None


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "13/01/2015 09:00:00 AM", "02/30/2015 09:00:00 AM", "05/04/2015 13:00:00 PM", "05/04/2015",
     "05/04/15 09:00:00 AM", "2015-05-04T09:00:00", "05/04/2015 09:00:00 AM EST", "\u0660\u0665/04/2015 09:00:00 AM"],
)  # fmt: skip
def test_what_is_not_written_as_the_mapping_says_is_no_time(text: str) -> None:
    found = times().read(text)
    assert isinstance(found, Unreadable)
    assert found.code == Why.NO_TIME
    assert "which is no time written as '%m/%d/%Y %I:%M:%S %p'" in found.why


def test_a_time_with_an_offset_needs_no_choice_and_leaves_the_zone_alone() -> None:
    read = WallTimes(Times(zone="America/New_York", forms=("%Y-%m-%dT%H:%M:%S%z",))).read
    assert read("2015-11-01T01:30:00-0500") == Reading(datetime(2015, 11, 1, 6, 30, tzinfo=UTC))
    assert read("2015-11-01T01:30:00+00:00") == Reading(datetime(2015, 11, 1, 1, 30, tzinfo=UTC))


def test_of_several_forms_the_first_that_fits_is_read() -> None:
    read = WallTimes(Times(zone="Europe/London", forms=("%d/%m/%Y %H:%M", FORM))).read
    assert read("04/05/2015 09:30") == Reading(datetime(2015, 5, 4, 8, 30, tzinfo=UTC))
    assert read("04/05/2015 09:30:00 AM") == Reading(datetime(2015, 4, 5, 8, 30, tzinfo=UTC))


def test_a_time_at_the_edge_of_the_calendar_is_refused_in_words() -> None:
    found = times().read("12/31/9999 11:00:00 PM")
    assert found == Unreadable(Why.NO_TIME, "is '12/31/9999 11:00:00 PM', which lies beyond the years 1 to 9999 in UTC")


@given(st.datetimes(YEARS[0], YEARS[1]).map(lambda at: at.replace(microsecond=0)))
def test_every_time_that_was_shown_once_is_read_back_as_it_was_written(wall: datetime) -> None:
    found = times(repeated="first", skipped="end-of-gap").read(wall.strftime(FORM))
    assert isinstance(found, Reading)
    shown = found.at.astimezone(BOSTON).replace(tzinfo=None)
    if found.flag is Why.SKIPPED_HOUR:
        assert timedelta(0) < shown - wall <= timedelta(hours=1)
    else:
        assert shown == wall
        twice = (found.at + timedelta(hours=1)).astimezone(BOSTON).replace(tzinfo=None) == wall
        assert twice == (found.flag is Why.REPEATED_HOUR)
