"""Instants as people write them on a command line, and as they read them on a screen.

Three forms are taken: with an offset (``2026-01-14T02:10:00+00:00``, ``...Z``), local to the policy's zone
(``2026-01-14T02:10`` or with a space), or counted from now (``+2h``, ``-30min``). A local time that a clock change
skips or repeats is refused with its two readings, for choosing one would be a guess.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from desk.exits import BadValue
from desk.words import _, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from desk.words.language import ENGLISH

_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?")
_FROM_NOW: Final = re.compile(r"([+-])\s*(.+)")
_FORMS: Final = "write for example 2026-01-14T02:10:00Z, '2026-01-14 02:10' or -30min"
_UNITS: Final = {"d": N_("{n} d"), "h": N_("{n} h"), "min": N_("{n} min"), "s": N_("{n} s")}


def instant(text: str, *, now: datetime, zone: ZoneInfo, name: str) -> datetime:
    """The instant in UTC that a person wrote for the option ``name``; ``BadValue`` says what is allowed."""
    written = text.strip()
    if written == "now":
        return now
    counted = _FROM_NOW.fullmatch(written)
    if counted is not None:
        length = _length(counted[2], name, text)
        return now + length if counted[1] == "+" else now - length
    if _LOCAL.fullmatch(written):
        return _local(written, zone, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise BadValue(f"{name} is {text!r}, which is no time: {_FORMS}.") from None
    if found.tzinfo is None:
        raise BadValue(f"{name} is {text!r}, which is no time: {_FORMS}.")
    return found.astimezone(UTC)


def day(text: str, name: str) -> date:
    """The date that a person wrote as ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"{name} is {text!r}, which is no date: write for example 2026-01-14.") from None


def _length(text: str, name: str, whole: str) -> timedelta:
    from models.duration import parse_duration  # noqa: PLC0415 - pydantic would slow every --help down

    try:
        return parse_duration(text)
    except ValueError:
        raise BadValue(f"{name} is {whole!r}, which is no time: {_FORMS}.") from None


def _local(written: str, zone: ZoneInfo, name: str) -> datetime:
    try:
        naive = datetime.fromisoformat(written)
    except ValueError:
        raise BadValue(f"{name} is {written!r}, a moment that does not exist.") from None
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    earlier, later = sorted((first, second))
    what = "occurs twice" if _exists(first, naive, zone) else "does not exist"
    what += f" in {zone.key} because the clocks change"
    raise BadValue(f"{name} is {written!r}, which {what}; write {utc(earlier)} or {utc(later)}.")


def _exists(found: datetime, naive: datetime, zone: ZoneInfo) -> bool:
    return found.astimezone(zone).replace(tzinfo=None) == naive


def utc(at: datetime) -> str:
    """An instant as machines read it: RFC 3339 in UTC, to the second unless it has a fraction."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant as people of the zone read it: ``Wed 14 Jan 02:10``."""
    return _written(at, zone, "%a %d %b %H:%M", "EEE dd MMM HH:mm")


def local_in_full(at: datetime, zone: ZoneInfo) -> str:
    """The same with the year and the zone's name: ``Wed 14 Jan 2026 02:10 GMT``."""
    written = _written(at, zone, "%a %d %b %Y %H:%M", "EEE dd MMM y HH:mm")
    return f"{written} {at.astimezone(zone).tzname()}"


def short_day(value: date) -> str:
    """A day as people read it: ``Wed 14 Jan``."""
    return _written(datetime(value.year, value.month, value.day, tzinfo=UTC), ZoneInfo("UTC"), "%a %d %b", "EEE dd MMM")


def _written(at: datetime, zone: ZoneInfo, english: str, pattern: str) -> str:
    """An instant in English as it has always been written here, in another language by the data of its locale."""
    language = spoken().language
    if language == ENGLISH:
        return at.astimezone(zone).strftime(english)
    from desk.words.dates import written  # noqa: PLC0415 - babel is only needed where it is not English

    return written(at, pattern, language, zone)


def length(value: timedelta) -> str:
    """A length of time in its two greatest units: ``3 d 4 h``, ``2 h 5 min``, ``40 s``."""
    seconds = int(abs(value.total_seconds()))
    parts: list[tuple[int, str]] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        n, seconds = divmod(seconds, size)
        if n or (parts and len(parts) < 2):
            parts.append((n, unit))
        if len(parts) == 2:
            break
    shown = [_(_UNITS[unit], n=n) for n, unit in parts if n]
    return " ".join(shown) or _(_UNITS["s"], n=0)
