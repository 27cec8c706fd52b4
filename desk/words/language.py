"""Which languages there are, and which of them somebody asks for."""

import re
from collections.abc import Mapping
from typing import Final

ENGLISH: Final = "en"
WELSH: Final = "cy"
LANGUAGES: Final = (ENGLISH, WELSH)
"""The languages that everything is said in; the first is that of the message ids."""

_ASKED: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_LONGEST: Final = 1_000
"""How many characters of a header are looked at: nobody knows that many languages."""


def best(accept_language: str | None) -> str:
    """The language that an ``Accept-Language`` header prefers of those there are (RFC 9110): English unless it says so.

    Of two that are wanted equally the one named first is taken; a part that is not written as it should be is left out.
    """
    wanted: dict[str, float] = {}
    for part in (accept_language or "")[:_LONGEST].split(","):
        asked = _ASKED.fullmatch(part)
        if asked is None:
            continue
        name = asked[1].lower().partition("-")[0]
        quality = min(float(asked[2]), 1.0) if asked[2] else 1.0
        if name in LANGUAGES or name == "*":
            wanted.setdefault(name, quality)
    others = wanted.pop("*", 0.0)
    found = {**wanted, **{name: others for name in LANGUAGES if others and name not in wanted}}
    return max(found, key=lambda name: found[name]) if any(found.values()) else ENGLISH


def of_environment(environment: Mapping[str, str]) -> str:
    """The language of a command line: WORKORDERS_LANGUAGE, else the locale of the terminal; English unless Welsh."""
    for name in ("WORKORDERS_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "").strip().lower()
        if value:
            return WELSH if re.match(r"cy(?![a-z])", value) else ENGLISH
    return ENGLISH
