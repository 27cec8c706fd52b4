"""A time of day as somebody types it about one night, and the one instant that it means."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from desk.words import _

EARLY: Final = timedelta(hours=4)
"""How long before the night begins somebody may have come."""
_TIME: Final = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})(?: *(GMT|BST))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a time means: an instant, or None where nothing was typed; ``fault`` is the sentence for what is none."""

    at: datetime | None = None
    fault: str = ""


def read_time(text: str, since: datetime, until: datetime, zone: ZoneInfo) -> Typed:
    """The one instant from ``since`` to ``until``, both included, at which a clock at the premises shows that time.

    A time that comes twice, in the night in which the clocks go back, is asked for with its zone.
    """
    if not text:
        return Typed()
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return Typed(None, _("Write the time of day with hours and minutes, such as 20:00"))
    wall, named = time(int(found[1]), int(found[2])), (found[3] or "").upper()
    meant = [one for one in _instants(wall, since, until, zone) if named in {"", one.astimezone(zone).tzname()}]
    if not meant:
        return Typed(None, _("That time is not within the time that is meant here"))
    if len(meant) > 1:
        return Typed(None, _("That time comes twice in this night: write GMT or BST after it"))
    return Typed(meant[0])


def _instants(wall: time, since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    first = since.astimezone(zone).date()
    days = (first + timedelta(days=n) for n in range((until.astimezone(zone).date() - first).days + 1))
    local = [datetime.combine(day, wall, zone).replace(fold=fold) for day in days for fold in (0, 1)]
    found = {one.astimezone(UTC) for one in local if _exists(one, zone)}
    return sorted(one for one in found if since <= one <= until)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock on the wall ever shows it: not in the hour that is left out when the clocks go forward."""
    return local.astimezone(UTC).astimezone(zone).replace(fold=0) == local.replace(fold=0)
