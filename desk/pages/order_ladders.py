"""The ladders of an order as its page shows them: each rung that was reached, and which comes next and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desk.opening import Desk
from desk.pages.ladder_rules import rule_of, rules_of
from desk.pages.order_reading import OrderRead
from desk.pages.sentences import role_name, what
from desk.pages.timeline_words import CHANNELS
from desk.views.escalations import EscalationLine
from desk.views.explaining import LadderLine
from desk.words import _
from models.decision import Reached


class Place(StrEnum):
    """How far a ladder is at a rung."""

    STANDS = "stands"
    OVER = "over"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: whom it tells, by which rule, and where the ladder is there.

    ``at`` is when it was reached, or when it will be if it is the next; ``again`` when it will be said again.
    """

    role: str
    rule: str
    place: Place
    at: datetime | None
    again: datetime | None
    told_by: Sequence[str]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder that was climbed; ``answer`` is the escalation by which it is answered, if it stands.

    ``held_until``: somebody has taken it on until then, and nobody else is told before.
    """

    title: str
    reason: str
    stands: bool
    reopened: bool
    answer: str | None
    held_until: datetime | None
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Ahead:
    """A ladder that has not begun: what it will be about, and whom its first rung tells when."""

    title: str
    role: str
    at: datetime


def ladders(read: OrderRead, desk: Desk) -> list[Ladder]:
    """Every ladder that was climbed, those that stand first."""
    found = [_ladder(line, read, desk) for line in read.why.ladders]
    return sorted(found, key=lambda one: not one.stands)


def ahead(read: OrderRead, desk: Desk) -> list[Ahead]:
    """The ladders that begin if nothing else is heard, the soonest first."""
    begun = {(one.kind, one.clock, one.spell) for one in read.why.ladders}
    return [
        Ahead(what(one.kind, one.clock), role_name(desk, one.role), one.due_at)
        for one in read.coming
        if (one.kind, one.clock, one.spell) not in begun
    ]


def _ladder(line: LadderLine, read: OrderRead, desk: Desk) -> Ladder:
    mine = [one for one in read.view.escalations if (one.kind, one.clock, one.spell) == _key(line)]
    standing = [one for one in mine if one.standing]
    coming = next((one for one in read.coming if (one.kind, one.clock, one.spell) == _key(line)), None)
    latest = max(standing, key=lambda one: (one.due_at, one.repeat), default=None)
    return Ladder(
        title=what(line.kind, line.clock),
        reason=line.reason,
        stands=bool(standing),
        reopened=bool(line.clock) and line.spell != "first",
        answer=str(latest.id) if latest is not None else None,
        held_until=_held(standing, desk.now),
        steps=tuple(_steps(line, coming, desk)),
    )


def _key(line: LadderLine) -> tuple[str, str, str]:
    return line.kind, line.clock, line.spell


def _held(standing: Sequence[EscalationLine], now: datetime) -> datetime | None:
    ends = [one.acknowledged_until for one in standing if one.acknowledged_until is not None]
    return max((until for until in ends if until > now), default=None)


def _steps(line: LadderLine, coming: Reached | None, desk: Desk) -> Iterator[Step]:
    rules = rules_of(line, desk)
    for one in line.rungs:
        comes = coming is not None and coming.rung == one.rung
        reached = one.reached_at is not None
        place = Place.LATER
        if reached:
            place = Place.STANDS if one.standing else Place.OVER
        elif comes:
            place = Place.NEXT
        yield Step(
            role=role_name(desk, one.role),
            rule=rule_of(rules[one.rung]),
            place=place,
            at=one.reached_at if reached else coming.due_at if comes and coming is not None else None,
            again=coming.due_at if reached and comes and coming is not None else None,
            told_by=[_(CHANNELS[kind]) if kind in CHANNELS else kind for kind in one.told_by],
            remarks=one.remarks,
        )
