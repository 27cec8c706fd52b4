"""Moments that come from Python or TOML, and what they become."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest
from pydantic import TypeAdapter, ValidationError

from models.envelope import Instant

INSTANT = TypeAdapter[datetime](Instant)


def test_an_aware_moment_is_held_in_utc() -> None:
    in_summer = datetime(2026, 7, 1, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    assert INSTANT.validate_python(in_summer) == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
    assert INSTANT.validate_python(in_summer).tzinfo is UTC


def test_a_moment_in_utc_is_kept_as_it_is() -> None:
    moment = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    assert INSTANT.validate_python(moment) is moment


class Nowhere(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta | None:
        return None

    def dst(self, _: datetime | None) -> timedelta | None:
        return None

    def tzname(self, _: datetime | None) -> str | None:
        return None


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_a_moment_without_offset_is_refused(zone: tzinfo | None) -> None:
    with pytest.raises(ValidationError, match="has no offset from UTC"):
        INSTANT.validate_python(datetime(2026, 7, 1, 10, 0, tzinfo=zone))


@pytest.mark.parametrize("value", [date(2026, 7, 1), 1_735_689_600, None, b"2026-07-01T10:00:00Z"])
def test_what_is_no_moment_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="a time is a text"):
        INSTANT.validate_python(value)


def test_a_moment_outside_the_calendar_in_utc_is_refused() -> None:
    with pytest.raises(ValidationError, match="the years 1 to 9999"):
        INSTANT.validate_python(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


@pytest.mark.parametrize(
    ("written", "micros"), [("", 0), (".5", 500_000), (".123456", 123_456), (".123456789", 123_456)]
)
def test_a_moment_is_held_to_the_microsecond(written: str, micros: int) -> None:
    assert INSTANT.validate_json(f'"2026-07-01T10:00:00{written}Z"').microsecond == micros


def test_a_moment_is_written_as_it_is_read() -> None:
    for said in ('"2026-07-01T10:00:00Z"', '"2026-07-01T10:00:00.250000Z"'):
        assert INSTANT.dump_json(INSTANT.validate_json(said)).decode() == said


def test_its_schema_is_a_date_time() -> None:
    assert INSTANT.json_schema()["format"] == "date-time"
