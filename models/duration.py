"""Lengths of time as people write them in a policy: ``15min``, ``2h``, ``1d 12h``; a day is 24 hours."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_UNIT: Final = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
_TEXT: Final = re.compile(r"\s*(?=\d)" + "".join(rf"(?:([0-9]{{1,7}})\s*{unit}\s*)?" for unit in _UNIT))
LONGEST: Final = timedelta(days=3_660)


def parse_duration(value: object) -> timedelta:
    """The elapsed time that a text such as ``1d 12h`` names; ``ValueError`` says what is allowed.

    Each unit (d, h, min, s) stands at most once, the longest first. Ten years is the most that is believed.
    """
    found = value if isinstance(value, timedelta) else _from_text(str(value))
    if found is None:
        raise ValueError(f"{value!r} is no duration: write for example '15min', '2h' or '1d 12h'")
    if not timedelta(0) <= found <= LONGEST or found.microseconds:
        raise ValueError(f"{value!s} is no duration in whole seconds from nothing to {LONGEST.days} days")
    return found


def _from_text(text: str) -> timedelta | None:
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    return timedelta(seconds=sum(int(n or 0) * size for n, size in zip(match.groups(), _UNIT.values(), strict=True)))


def format_duration(value: timedelta) -> str:
    """The shortest text that :func:`parse_duration` reads back to the same length."""
    left, parts = int(value.total_seconds()), []
    for unit, seconds in _UNIT.items():
        n, left = divmod(left, seconds)
        if n:
            parts.append(f"{n}{unit}")
    return " ".join(parts) or "0s"


def _something(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than nothing")
    return value


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
"""A length of time in whole seconds, from nothing to ten years."""

Length = Annotated[Duration, AfterValidator(_something)]
"""A length of time that is longer than nothing."""
