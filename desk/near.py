"""What somebody may have meant by a name that nobody knows: the nearest known ones, as a question."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from typing import Any, Final

from models.refusal import Reason
from workorders.policy import World

MOST: Final = 3
"""How many names are offered at most."""
LIKE_ENOUGH: Final = 0.6
MARGIN: Final = 0.05
"""What is less like than the best by more than this is not offered beside it."""
_CODES: Final = {"asset": "assets", "fault": "faults", "impacts": "impacts"}


def did_you_mean(written: str, known: Mapping[str, str] | Iterable[str]) -> str:
    """`` Did you mean ...?`` with the nearest ids, empty if none is near; ``known`` may give each id its name."""
    names = dict(known) if isinstance(known, Mapping) else {one: one for one in known}
    if written in names:
        return ""
    ids = {text.casefold(): id_ for id_, name in names.items() for text in (name, id_)}
    near = get_close_matches(written.casefold(), ids, n=2 * MOST, cutoff=LIKE_ENOUGH)
    likeness = {text: _likeness(written.casefold(), text) for text in near}
    best = sorted(near, key=lambda text: -likeness[text])
    found = dict.fromkeys(ids[text] for text in best if likeness[text] >= likeness[best[0]] - MARGIN)
    return f" Did you mean {' or '.join(list(found)[:MOST])}?" if found else ""


def _likeness(written: str, known: str) -> float:
    """How like two names are, from 0 to 1; the same beginning counts, for most slips come later."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(written, known, strict=False))) / len(written)
    return 0.7 * SequenceMatcher(None, written, known).ratio() + 0.3 * same


def premises_names(world: World, now: datetime) -> dict[str, str]:
    """The premises in use at an instant, with their names."""
    return {one.id: one.name for one in world.estates.at(now).spec.premises if one.holds_at(now)}


def hint(code: str, field: str, event: Mapping[str, Any], world: World, now: datetime) -> str:
    """What may have been meant, for the refusal of an unknown premises, code or source; empty where nothing is near."""
    data = event.get("data")
    said = data if isinstance(data, Mapping) else {}
    if code == Reason.UNKNOWN_PREMISES:
        return _near(said.get("premises"), premises_names(world, now)) or _LISTS_PREMISES
    if code == Reason.UNKNOWN_SOURCE:
        return _near(event.get("source"), [one.id for one in world.estates.at(now).spec.sources])
    if code == Reason.UNKNOWN_CODE:
        _, name, *place = field.split(".")
        written = said.get(name)
        if place and isinstance(written, list):
            written = written[int(place[0])]
        known: Mapping[str, str] = getattr(world.policies.at(now).spec.codes, _CODES.get(name, ""), {})
        return _near(written, known) or _LISTS_CODES
    return ""


_LISTS_PREMISES: Final = " 'workorders estate show' lists them."
_LISTS_CODES: Final = " 'workorders policy show' lists the codes."


def _near(written: object, known: Mapping[str, str] | Iterable[str]) -> str:
    return did_you_mean(written, known) if isinstance(written, str) else ""
