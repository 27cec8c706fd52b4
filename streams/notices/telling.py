"""Telling: what one statement means for those whom it concerns; pure, for any history of notices.

A raised or reinstated escalation is told to its role, an amended one again if its priority rose. That it is withdrawn
or closed is told to those who may have been told, and to nobody else: what nobody knows of is let go in silence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from models.escalation import EscalationKind, StatementKind
from models.ids import escalation_id, statement_id, subject_name
from models.work_order import Priority
from streams.notices.notice import REACHED_SOMEBODY, TELLS, Address, Due, Fate, Notice, notice_id
from workorders.priority import STRICTNESS

SAID_AGAIN: Final = "said again since"
"""The end of a rung whose later repeat says all of it again: nobody needs to hear of both."""
NO_ROUTE: Final = "skipped-no-route"
"""The label of a rung that the ladder has skipped because its role had no route."""
LOOK_AGAIN: Final = timedelta(minutes=5)
"""How soon it is looked again whether a route of the role is open."""
IN_HAND: Final = timedelta(seconds=75)
"""How long an end waits for the digest that is being sent just then and may say the opposite."""
OVER: Final = "it was over before it was sent"


class Reachable(Protocol):
    """Where roles are reached now."""

    def of(self, due: Due) -> Sequence[Address]:
        """Where the role of a statement is; empty if no route is open."""
        ...

    def has_routes(self, due: Due) -> bool:
        """Whether the role of a statement has any route, open now or at another hour."""
        ...

    def refuse_unconfigured(self, notice: Notice) -> None:
        """Settle a notice for which nothing here can send."""
        ...


@dataclass(slots=True)
class Plan:
    """What comes of one statement.

    ``new``: notices to be sent. ``changed``: earlier ones that are settled by it. ``again_at``: no route is open, so it
    waits. ``lost``: nobody can be told of it.
    """

    new: list[Notice] = field(default_factory=list)
    changed: list[Notice] = field(default_factory=list)
    again_at: datetime | None = None
    lost: bool = False


def is_urgent(priority: str | None, kind: EscalationKind) -> bool:
    """Whether it is never held back: what endangers the public, and a night that is uncovered."""
    return priority == Priority.P1 or kind is EscalationKind.UNCOVERED_NIGHT


def plan(due: Due, told: Sequence[Notice], reachable: Reachable, now: datetime, before: Sequence[Notice] = ()) -> Plan:
    """What comes of a statement; ``told`` are all earlier notices about its escalation, in the order of n.

    ``before`` are those about the ``earlier`` repeats of its rung.
    """
    if due.statement is StatementKind.ACKNOWLEDGED:
        return Plan()
    if due.statement not in TELLS:
        return _ended(due, told, before, reachable, now)
    if not due.stands or NO_ROUTE in due.reached.labels or not _is_news(due, told):
        return Plan()
    addresses = list(dict.fromkeys(reachable.of(due)))
    urgent = is_urgent(due.reached.priority, due.reached.kind)
    if not addresses:
        may_wait = not urgent and reachable.has_routes(due)
        return Plan(again_at=now + LOOK_AGAIN) if may_wait else Plan(lost=True)
    new = [_notice(due, to, now, urgent=urgent) for to in addresses]
    for notice in new:
        reachable.refuse_unconfigured(notice)
    return Plan(new, _overtaken(told, now), lost=all(notice.settled_at is not None for notice in new))


def earlier(due: Due) -> list[UUID]:
    """The escalations that the one of an end repeats: who was told of them knows of the rung, too."""
    if due.statement in TELLS or due.reason == SAID_AGAIN:
        return []
    one, name = due.reached, subject_name(due.unit, due.reached.subject)
    return [escalation_id(name, one.kind, one.clock, one.rung, one.spell, k) for k in range(one.repeat)]


def _is_news(due: Due, told: Iterable[Notice]) -> bool:
    """Whether the role must hear of it: an amendment only if the priority is stricter than any that it was told."""
    if due.statement is not StatementKind.AMENDED:
        return True
    before = [STRICTNESS[Priority(one.priority)] for one in told if one.what in TELLS and one.priority is not None]
    priority = due.reached.priority
    return priority is not None and bool(before) and STRICTNESS[priority] < min(before)


def _ended(due: Due, told: Sequence[Notice], before: Sequence[Notice], reachable: Reachable, now: datetime) -> Plan:
    busy = {one.to: one.next_at or now + IN_HAND for one in told if one.in_hand}
    changed = _overtaken(told, now)
    if due.reason == SAID_AGAIN:
        return Plan(changed=changed)
    raised = [one for one in (*told, *_unended(before)) if one.what in TELLS]
    knew = dict.fromkeys(one.to for one in raised if one.outcome in REACHED_SOMEBODY)
    new = [_notice(due, to, now, urgent=False) for to in knew]
    for notice in new:
        # Else who is told just now that it is their turn would hear of the end first.
        notice.next_at = busy.get(notice.to, now)
        reachable.refuse_unconfigured(notice)
    return Plan(new, changed)


def _unended(before: Sequence[Notice]) -> list[Notice]:
    """Those of which their address was told no end."""
    ends = {(one.escalation_id, one.to): one.n for one in before if one.what not in TELLS}
    return [one for one in before if one.n > ends.get((one.escalation_id, one.to), 0)]


def _overtaken(told: Iterable[Notice], now: datetime) -> list[Notice]:
    """Stop what is still to be tried, for there is something newer to tell."""
    changed = [one for one in told if one.settled_at is None]
    for one in changed:
        if one.outcome in {Fate.WAITING, Fate.IN_DIGEST}:
            one.settle(Fate.OVERTAKEN, OVER, now)
        else:
            one.settle(Fate(one.outcome), one.detail, now)
    return changed


def _notice(due: Due, to: Address, now: datetime, *, urgent: bool) -> Notice:
    return Notice(
        id=notice_id(statement_id(due.escalation_id, due.n), to),
        escalation_id=due.escalation_id,
        n=due.n,
        what=due.statement.value,
        unit=due.unit,
        role=due.reached.role,
        kind=to.kind,
        address=to.address,
        language=to.language,
        priority=due.reached.priority,
        urgent=urgent,
        planned_at=now,
        next_at=now,
    )
