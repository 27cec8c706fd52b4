"""Flood: when so much happens in a minute that a role could read none of it, one digest tells of all; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from streams.notices.notice import DIGEST, REHEARSAL, Address, Fate, Notice, digest_id

MINUTE: Final = timedelta(minutes=1)
MOST_LISTED: Final = 200
"""So many notices one digest lists at most; what is more goes into another."""
ONE_BY_ONE: Final = frozenset({DIGEST, REHEARSAL})


@dataclass(slots=True)
class Digests:
    """What a flood makes of notices: digests that are new, and earlier notices that go into one after all."""

    new: list[Notice] = field(default_factory=list)
    changed: list[Notice] = field(default_factory=list)


def gather(new: Sequence[Notice], recent: Iterable[Notice], most: int, now: datetime) -> Digests:
    """Put into digests what is too much for one address; the notices themselves are changed.

    ``recent`` are the notices of the last minute to these addresses, digests that are still open among them. A digest
    is sent a minute after its first notice at the latest, and lists all that came to its address in between, as far as
    there is room; the rest is in the next.
    """
    found = Digests()
    lately = _by_address(recent)
    for to, fresh in _by_address(one for one in new if _may_wait(one)).items():
        before = lately.get(to, [])
        single = [one for one in before if _counts(one)]
        if len(single) + len(fresh) <= most:
            continue
        waiting = [one for one in single if one.outcome == Fate.WAITING and one.tries == 0]
        room = {one.id: MOST_LISTED - sum(two.digest == one.id for two in before) for one in before if _is_open(one)}
        for one in (*waiting, *fresh):
            digest = next((id_ for id_, left in room.items() if left > 0), None)
            if digest is None:
                found.new.append(_digest(one, now))
                digest = found.new[-1].id
                room[digest] = MOST_LISTED
            one.outcome, one.digest, one.next_at = Fate.IN_DIGEST, digest, None
            room[digest] -= 1
        found.changed += waiting
    return found


def _may_wait(one: Notice) -> bool:
    return not one.urgent and one.settled_at is None and one.what not in ONE_BY_ONE


def _counts(one: Notice) -> bool:
    return not one.urgent and one.what not in ONE_BY_ONE and one.outcome != Fate.OVERTAKEN


def _is_open(one: Notice) -> bool:
    return one.what == DIGEST and one.outcome == Fate.WAITING and one.tries == 0


def _by_address(notices: Iterable[Notice]) -> dict[tuple[str, Address], list[Notice]]:
    found: dict[tuple[str, Address], list[Notice]] = {}
    for one in notices:
        found.setdefault((one.role, one.to), []).append(one)
    return found


def _digest(first: Notice, now: datetime) -> Notice:
    id_ = digest_id(first.id)
    return Notice(
        id=id_, escalation_id=id_, n=0, what=DIGEST, unit="", role=first.role, kind=first.kind, address=first.address,
        language=first.language, priority=None, urgent=False, planned_at=now, next_at=first.planned_at + MINUTE,
    )  # fmt: skip
