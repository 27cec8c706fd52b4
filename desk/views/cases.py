"""Business-critical cases that stand escalated: how old, whose, and who is told next unless something is done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.by_now import order_in, subjects_now
from desk.views.coming import Ahead, LadderKey, ladder_of, read_ahead
from models.decision import OrderState, Reached, Said
from models.escalation import EscalationAcknowledged, EscalationKind, EscalationResolved, StatementKind
from models.ids import SOURCE_PREFIX
from models.tables import EscalationRow
from workorders.policy import World

_ENDS: Final = frozenset({StatementKind.CLOSED, StatementKind.WITHDRAWN})
_LADDER: Final = tuple(col(getattr(EscalationRow, name)) for name in ("unit", "subject", "kind", "clock", "spell"))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One ladder about one subject. ``since`` is when it was due, or when its first rung was reached.

    ``taken_by`` is the role that has taken it on until ``held_until``; None if nobody has. ``told`` was told last, at
    ``told_at``. ``next_role`` is told at ``next_at`` unless something is done; it is ``told`` if that is told again.
    ``order`` is the order as it stands by now, if it is about one.
    """

    premises: str
    subject: str
    kind: str
    clock: str
    spell: str
    priority: str | None
    since: datetime
    told: str
    told_at: datetime
    taken_by: str | None
    held_until: datetime | None
    next_role: str | None
    next_at: datetime | None
    order: OrderState | None


async def read_cases(
    connection: AsyncConnection,
    world: World,
    now: datetime,
    *,
    units: Collection[str] | None,
    limit: int,
    first: int = 0,
) -> list[CaseLine]:
    """The cases within reach, the longest-standing first, from the ``first`` on."""
    since = func.min(func.coalesce(col(EscalationRow.original_due_at), col(EscalationRow.due_at))).label("since")
    # A ladder is as old as its first rung, though that may have been reached before it was business-critical.
    critical = select(*_LADDER).where(col(EscalationRow.standing), col(EscalationRow.business_critical))
    query = (
        select(*_LADDER, since)
        .where(col(EscalationRow.standing), tuple_(*_LADDER).in_(critical))
        .group_by(*_LADDER)
        .order_by(since, *_LADDER)
        .offset(first)
        .limit(limit)
    )
    if units is not None:
        query = query.where(col(EscalationRow.unit).in_(sorted(units)))
    rows = [row for row in await connection.execute(query) if not row.subject.startswith(SOURCE_PREFIX)]
    keys = {(row.unit, row.subject) for row in rows}
    ahead, stands = await read_ahead(connection, world, now, keys), await subjects_now(connection, keys)
    cases = (
        _case(
            row.unit, (EscalationKind(row.kind), row.clock, row.spell), ahead[row.unit, row.subject],
            order_in(stands, row.unit, row.subject), now,
        )
        for row in rows
    )  # fmt: skip
    return [one for one in cases if one is not None]


def _case(unit: str, ladder: LadderKey, ahead: Ahead, order: OrderState | None, now: datetime) -> CaseLine | None:
    said = ahead.known.remembered.said
    standing = [one.reached for one in said.values() if ladder_of(one.reached) == ladder and one.statement not in _ENDS]
    if not standing:
        return None
    last = max(standing, key=lambda one: (one.due_at, one.repeat))
    ends = [one.acknowledged_until for one in standing if one.acknowledged_until is not None]
    held = max((until for until in ends if until > now), default=None)
    coming = ahead.coming.get(ladder)
    return CaseLine(
        premises=unit,
        subject=last.subject,
        kind=last.kind.value,
        clock=last.clock,
        spell=last.spell,
        priority=last.priority.value if last.priority is not None else None,
        since=_since(standing),
        told=last.role,
        told_at=last.due_at,
        taken_by=_taken_by(ahead, said, ladder) if held is not None else None,
        held_until=held,
        next_role=coming.role if coming is not None else None,
        next_at=coming.due_at if coming is not None else None,
        order=order,
    )


def _since(standing: Sequence[Reached]) -> datetime:
    return min(one.original_due_at or one.due_at for one in standing)


def _taken_by(ahead: Ahead, said: Mapping[UUID, Said], ladder: LadderKey) -> str | None:
    """The role that answered last with taking it on, or that it is done; its answer may cover the whole subject."""
    ids = {one.reached.id for one in said.values() if ladder_of(one.reached) == ladder}
    found = [
        one
        for one in ahead.known.history
        if isinstance(one.event, EscalationAcknowledged | EscalationResolved)
        and (one.event.data.escalation_id in ids or one.event.data.covers_subject)
    ]
    return max(found, key=lambda one: one.event.time).role if found else None
