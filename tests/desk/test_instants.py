from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.exits import BadInput
from desk.instants import day, instant, length, local, local_in_full, utc

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def read(text: str) -> datetime:
    return instant(text, now=NOW, zone=LONDON, name="--at")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("2026-01-14T02:10:00Z", datetime(2026, 1, 14, 2, 10, tzinfo=UTC)),
        ("2026-07-14T02:10:00+02:00", datetime(2026, 7, 14, 0, 10, tzinfo=UTC)),
        ("2026-07-14 02:10", datetime(2026, 7, 14, 1, 10, tzinfo=UTC)),
        ("2026-01-14T02:10", datetime(2026, 1, 14, 2, 10, tzinfo=UTC)),
        ("+2h", NOW + timedelta(hours=2)),
        ("-1d 30min", NOW - timedelta(days=1, minutes=30)),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(text: str, expected: datetime) -> None:
    assert read(text) == expected
    assert read(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01 02:10", "2026-01-14", "14:10", "+soon", "1768356600", ""])
def test_what_is_no_time_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadInput, match="--at is"):
        read(text)


@pytest.mark.parametrize(
    ("text", "what", "readings"),
    [
        ("2026-03-29 01:30", "does not exist", ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")),
        ("2026-10-25 01:30", "occurs twice", ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")),
    ],
)
def test_a_local_time_that_a_clock_change_skips_or_repeats_is_refused_with_its_readings(
    text: str, what: str, readings: tuple[str, str]
) -> None:
    with pytest.raises(BadInput, match=what) as refused:
        read(text)
    assert all(reading in str(refused.value) for reading in readings)


def test_a_date_is_read_and_what_is_none_is_refused() -> None:
    assert day("2026-01-13", "NIGHT") == date(2026, 1, 13)
    with pytest.raises(BadInput, match="NIGHT is '13/01/2026', which is no date"):
        day("13/01/2026", "NIGHT")


def test_machines_read_utc_and_people_their_own_time() -> None:
    assert utc(NOW) == "2026-07-01T12:00:00Z"
    assert local(NOW, LONDON) == "Wed 01 Jul 13:00"
    assert local_in_full(NOW, LONDON) == "Wed 01 Jul 2026 13:00 BST"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(hours=2, minutes=5, seconds=9), "2 h 5 min"),
        (timedelta(days=3, minutes=5), "3 d"),
        (-timedelta(days=3, hours=4), "3 d 4 h"),
    ],
)
def test_a_length_is_said_in_its_two_greatest_units(value: timedelta, said: str) -> None:
    assert length(value) == said
