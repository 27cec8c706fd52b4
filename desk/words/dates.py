"""Dates, times, lengths and figures as each language writes them, by the data of Unicode's CLDR (babel).

Welsh has six plurals, and a unit mutates with its number (``2 funud``, ``3 munud``): CLDR knows which.
"""

from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.units import format_unit

ZONE: Final = ZoneInfo("Europe/London")
"""All premises are in Wales."""

ANY: Final = ZoneInfo("UTC")
"""The zone of what is a day alone."""
_DAY: Final = "EEEE d MMMM y"
_TIME: Final = "HH:mm"
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_LOCALES: Final = {"en": "en_GB", "cy": "cy_GB"}


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])


def written(instant: datetime, pattern: str, language: str, zone: ZoneInfo = ZONE) -> str:
    """An instant in a pattern of CLDR, such as ``EEE dd MMM``."""
    return format_datetime(instant.astimezone(zone), pattern, locale=_locale(language))


def day(instant: datetime, language: str) -> str:
    """``Tuesday 13 January 2026``."""
    return written(instant, _DAY, language)


def time(instant: datetime, language: str) -> str:
    """``04:10``."""
    return written(instant, _TIME, language)


@lru_cache(4_096)  # a page names the same ones again and again, and to write one takes longer than to draw a line
def moment(instant: datetime, language: str) -> str:
    """``Tuesday 13 January 2026, 04:10 GMT``: with the zone, for one hour of the year occurs twice."""
    return f"{written(instant, f'{_DAY}, {_TIME}', language)} {instant.astimezone(ZONE).tzname()}"


def span(length: timedelta, language: str) -> str:
    """``2 hours 5 minutes``: the two greatest units, rounded down; seconds only below an hour."""
    left = int(abs(length.total_seconds()))
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        n, left = divmod(left, size)
        if n or parts:
            parts.append((n, unit))
    return " ".join(_unit(n, unit, language) for n, unit in parts[:2] if n) or _unit(0, "minute", language)


@lru_cache(4_096)
def _unit(n: int, unit: str, language: str) -> str:
    """So many of a unit; babel leaves out the long patterns that CLDR takes over from the short ones."""
    named = f"duration-{unit}"
    said: str = format_unit(n, named, "long", locale=_locale(language))
    if named in said:
        said = format_unit(n, named, "short", locale=_locale(language))
    return said


@lru_cache(4_096)
def number(n: float, language: str) -> str:
    """``1,234``."""
    return str(format_decimal(n, locale=_locale(language)))
