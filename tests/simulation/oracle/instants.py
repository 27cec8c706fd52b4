"""Instants as whole seconds since 1970 in UTC, which is all that the second reckoning counts in."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400

_PART: Final = re.compile(r"(\d+)\s*(d|h|min|s)")
_UNITS: Final = {"d": DAY, "h": HOUR, "min": MINUTE, "s": 1}


def instant(text: str | datetime) -> int:
    """The second that an ISO text with an offset (or an aware datetime) names; parts of a second are refused."""
    moment = datetime.fromisoformat(text) if isinstance(text, str) else text
    if moment.tzinfo is None or moment.microsecond:
        raise ValueError(f"{text!r} is no whole second with an offset")
    return round(moment.timestamp())


def optional_instant(text: str | datetime | None) -> int | None:
    """The same for a text that may be left out."""
    return None if text is None else instant(text)


def text_of(at: int) -> str:
    """The instant as people read it, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def duration(text: str) -> int:
    """Seconds of a text such as ``1d 12h``."""
    parts = _PART.findall(text)
    if not parts:
        raise ValueError(f"{text!r} is no duration")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def wall(at: int, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows at an instant; naive, because a wall does not know its offset."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)


def first_at_wall(shown: datetime, zone: ZoneInfo) -> int:
    """The first minute at which the wall clock has reached what is asked, found by looking at every minute.

    A wall time that happens twice is met at its first occurrence, one that never happens at the end of the gap.
    """
    seconds = timedelta(seconds=shown.second)
    wanted = shown - seconds
    at = round(wanted.replace(tzinfo=UTC).timestamp()) - 15 * HOUR
    while wall(at + HOUR, zone) < wanted - timedelta(hours=2):
        at += HOUR
    while wall(at, zone) < wanted:
        at += MINUTE
    return at + int(seconds.total_seconds())
