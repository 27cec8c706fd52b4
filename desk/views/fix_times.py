"""How long repairs took: those that were never escalated, and those that were, until then and from then on.

Escalated is what missed a target or was rejected; a warning before that is none. What was said in error does not count.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.escalation import EscalationKind, StatementKind
from models.tables import EscalationRow, WorkOrderRow
from models.work_order import Priority

WITHIN: Final = timedelta(days=90)
"""How far back a repair counts."""
AT_MOST: Final = 20_000
"""How many of the latest repairs are looked at."""
_KINDS: Final = (EscalationKind.BREACH.value, EscalationKind.REJECTED_WORK.value)
_ORDER: Final = tuple(col(getattr(WorkOrderRow, name)) for name in ("effective", "raised_at", "ended_at"))


@dataclass(frozen=True, slots=True)
class FixTimes:
    """The repairs of one priority: how many of each sort, and their middle lengths; None where there are none."""

    priority: str
    never: int
    never_took: timedelta | None
    escalated: int
    before: timedelta | None
    after: timedelta | None


Done = tuple[str, datetime, datetime, datetime | None]
"""A repair: its priority, when it was raised and ended, and when it was first escalated, if it was."""


async def read_fix_times(connection: AsyncConnection, now: datetime, units: Collection[str] | None) -> list[FixTimes]:
    """By priority, what was repaired lately at these premises, or at all for None."""
    first = func.min(col(EscalationRow.due_at)).label("first")
    same = and_(
        col(EscalationRow.unit) == col(WorkOrderRow.unit),
        col(EscalationRow.subject) == col(WorkOrderRow.subject),
        col(EscalationRow.kind).in_(_KINDS),
        col(EscalationRow.last_statement) != StatementKind.WITHDRAWN.value,
    )
    done = [
        col(WorkOrderRow.status) == "completed",
        col(WorkOrderRow.ended_at) > now - WITHIN,
        col(WorkOrderRow.raised_at).is_not(None),
        col(WorkOrderRow.effective).is_not(None),
    ]
    if units is not None:
        done.append(col(WorkOrderRow.unit).in_(sorted(units)))
    query = (
        select(*_ORDER, first)
        .join(EscalationRow, same, isouter=True)
        .where(*done)
        .group_by(col(WorkOrderRow.unit), col(WorkOrderRow.subject))
        .order_by(col(WorkOrderRow.ended_at).desc())
        .limit(AT_MOST)
    )
    rows: Sequence[Any] = (await connection.execute(query)).all()
    return summed((row.effective, row.raised_at, row.ended_at, row.first) for row in rows)


def summed(repairs: Iterable[Done]) -> list[FixTimes]:
    """The repairs by priority; every priority has a line."""
    found: dict[str, list[Done]] = {level.value: [] for level in Priority}
    for one in repairs:
        found[one[0]].append(one)
    return [_of(level, some) for level, some in found.items()]


def _of(level: str, repairs: Sequence[Done]) -> FixTimes:
    never = [ended - raised for _, raised, ended, first in repairs if first is None]
    begun = [
        (raised, ended, min(max(first, raised), ended)) for _, raised, ended, first in repairs if first is not None
    ]
    return FixTimes(
        priority=level,
        never=len(never),
        never_took=_middle(never),
        escalated=len(begun),
        before=_middle([first - raised for raised, _, first in begun]),
        after=_middle([ended - first for _, ended, first in begun]),
    )


def _middle(lengths: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in lengths)) if lengths else None
