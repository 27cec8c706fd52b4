"""What an event says, in words: yes and no, local times, pounds, and ids as short as they can be answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.instants import local
from desk.words import _, reason, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

_ID_DIGITS: Final = 8
_NO_NEWS: Final = frozenset({"covers_subject", "alternative_available"})
"""What is only worth a word where it is so."""


def details(says: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Every field of an event's data with its value; what is false by default is left out."""
    return ", ".join(
        _field(name, value, zone) for name, value in says.items() if value is not False or name not in _NO_NEWS
    )


def _field(name: str, value: object, zone: ZoneInfo) -> str:
    if name == "cost_pence":
        return _("cost {pounds}", pounds=spoken().pounds(int(str(value))))
    words = reason(name.removesuffix("_id").replace("_", " "))
    if name == "escalation_id":
        return f"{words} {str(value)[:_ID_DIGITS]}"
    if value is True:
        return words
    return f"{words} {_value(value, zone)}"


def _value(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or _("none")
    if value is None or isinstance(value, bool):
        return _({None: N_("unknown"), True: N_("yes"), False: N_("no")}[value])
    return _local(str(value), zone) or reason(str(value))


def _local(text: str, zone: ZoneInfo) -> str | None:
    """An instant as people of the zone read it; None for what is no instant."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return local(found, zone) if found.tzinfo is not None else None
