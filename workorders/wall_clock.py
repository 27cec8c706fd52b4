"""Which instant a local wall time means, and exact whole microseconds to reckon with."""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from models.calendar import ZONES

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = timedelta(seconds=1)
_WALL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- a wall time has no offset
_NO_OFFSET: Final = timedelta(0)


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone as the pinned time-zone package has it, so that every machine reckons the same due times.

    ``ZoneInfo(name)`` would prefer the machine's own files, which may be older or newer. An unknown name is a
    ``ValueError``.
    """
    if name not in ZONES:
        raise ValueError(f"{name!r} is no zone of the time-zone database")
    place = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with place.open("rb") as stored:
        return ZoneInfo.from_file(stored, key=name)


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC; a time without an offset names no instant and is a ``ValueError``."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no offset, so it names no instant")
    return instant.astimezone(UTC)


def micros(instant: datetime) -> int:
    """Microseconds from the start of 1970 UTC to the instant; exact, negative before."""
    return ((instant if instant.tzinfo is UTC else in_utc(instant)) - EPOCH) // MICROSECOND


def instant_at(at: int) -> datetime:
    """The UTC instant so many microseconds after the start of 1970."""
    return EPOCH + MICROSECOND * at


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows at an instant: a time without offset."""
    return _WALL_EPOCH + (at - EPOCH) + _offset(at.astimezone(zone), zone)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The one instant that a wall time (without offset, ``fold`` 0) means: never two, never none.

    A wall time that happens twice (the clock goes back) means its first occurrence. One that never happens (the
    clock goes forward over it) means the instant at which the gap ends. So a later wall time never means an earlier
    instant, and windows that touch on the wall touch in UTC too.
    """
    offset = _offset(wall, zone)
    instant = EPOCH + (wall - _WALL_EPOCH - offset)
    return instant if instant.astimezone(zone).utcoffset() == offset else _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock on the wall springs over the time, which zones do on a whole second."""
    # In a gap the offset of fold 0 is the one before the change, and that of fold 1 the one after it.
    before, after = _offset(wall, zone), _offset(wall.replace(fold=1), zone)
    early = EPOCH + (wall.replace(microsecond=0) - _WALL_EPOCH - after)
    into = bisect_right(range((after - before) // SECOND), wall, key=lambda s: wall_time(early + SECOND * s, zone))
    return early + SECOND * into


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    """How far the zone is ahead of UTC at its own wall time, which ``fold`` tells apart if it happens twice."""
    return zone.utcoffset(at) or _NO_OFFSET


def midnight(day: date) -> datetime:
    """The wall time at which a local date begins."""
    return datetime.combine(day, time())


def night_window(night: date, start: time, end: time, zone: str) -> tuple[datetime, datetime]:
    """Start and end (UTC) of a night given by local wall times; the end is not part of it.

    The night bears the date on which it starts; an ``end`` not after ``start`` is on the next date. 20:00-08:00 in
    Europe/London is 12 h, but 11 h when the clock goes forward in it and 13 h when it goes back. A start or end
    that happens twice, or never, means what :func:`instant_of` says. Equal times are a ``ValueError``.
    """
    opens, closes = _on(night, start), _on(night, end)
    if opens == closes:
        raise ValueError(f"the night of {night} starts and ends at {start:%H:%M}: it has no length")
    if closes < opens:
        closes += timedelta(days=1)
    place = zone_named(zone)
    return instant_of(opens, place), instant_of(closes, place)


def _on(day: date, at: time) -> datetime:
    """The wall time of a day; a time that brings its own zone is a ``ValueError``."""
    if at.tzinfo is not None:
        raise ValueError(f"{at.isoformat()} has an offset of its own, but the zone alone decides it")
    return datetime.combine(day, at.replace(fold=0))
