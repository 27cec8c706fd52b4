"""Escalations and their statements as they were last said."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.listed import ALL, Listed
from desk.views.rows import AnyRow
from models.tables import EscalationRow, StatementRow
from streams.ledger import states


@dataclass(frozen=True, slots=True)
class EscalationLine:
    """One escalation as it was last said: who was told about what, and whether it stands.

    ``labels`` say what is special about it: ``not-confirmed``, ``contested``, ``skipped-no-route``.
    """

    id: UUID
    premises: str
    subject: str
    kind: str
    clock: str
    spell: str
    rung: str
    role: str
    repeat: int
    priority: str | None
    business_critical: bool
    due_at: datetime
    original_due_at: datetime | None
    first_said_at: datetime
    last_said_at: datetime
    standing: bool
    last_statement: str
    statements: int
    acknowledged_until: datetime | None
    labels: tuple[str, ...]
    policy_version: str
    reason: str
    ended_because: str | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One statement about an escalation; ``heard_at`` is when the event was heard that decided it, if one did."""

    escalation_id: UUID
    n: int
    premises: str
    subject: str
    statement: str
    kind: str
    clock: str
    rung: str
    role: str
    repeat: int
    priority: str | None
    due_at: datetime
    acknowledged_until: datetime | None
    heard_at: datetime | None
    said_at: datetime
    late_seconds: int
    reason: str


async def read_escalations(connection: AsyncConnection, *, everything: bool, limit: int) -> Listed[EscalationLine]:
    """What stands, the gravest and longest-standing first; with ``everything`` also what is over, the newest first."""
    query, count = select(*_COLUMNS), select(func.count()).select_from(EscalationRow)
    if everything:
        query = query.order_by(col(EscalationRow.last_said_at).desc(), col(EscalationRow.id))
    else:
        gravest = (col(EscalationRow.business_critical).desc(), col(EscalationRow.priority), col(EscalationRow.due_at))
        query = query.where(col(EscalationRow.standing)).order_by(*gravest, col(EscalationRow.id))
        count = count.where(col(EscalationRow.standing))
    lines = [_line(row) for row in await connection.execute(query if limit == ALL else query.limit(limit))]
    return Listed(lines, (await connection.execute(count)).scalar_one())


async def escalations_of(connection: AsyncConnection, unit: str, subject: str) -> list[EscalationLine]:
    """Every escalation of one subject, in the order in which the rungs were due."""
    mine = (col(EscalationRow.unit) == unit, col(EscalationRow.subject) == subject)
    query = select(*_COLUMNS).where(*mine).order_by(col(EscalationRow.due_at), col(EscalationRow.id))
    return [_line(row) for row in await connection.execute(query)]


async def statements_of(connection: AsyncConnection, unit: str, subject: str) -> list[StatementLine]:
    """Everything that was said about one subject, in the order in which it was said."""
    mine = (col(StatementRow.unit) == unit, col(StatementRow.subject) == subject)
    query = (
        select(*_STATEMENT)
        .where(*mine)
        .order_by(col(StatementRow.said_at), col(StatementRow.n), col(StatementRow.escalation_id))
    )
    return [statement_line(row) for row in await connection.execute(query)]


async def escalations_named(connection: AsyncConnection, prefix: str) -> list[EscalationLine]:
    """The escalations whose id begins so (hyphens do not matter), at most three."""
    digits = prefix.replace("-", "").lower()
    if not digits or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        return []
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    query = select(*_COLUMNS).where(col(EscalationRow.id).between(low, high)).limit(3)
    return [_line(row) for row in await connection.execute(query)]


def statement_line(row: AnyRow) -> StatementLine:
    """One statement with the rung that it was about."""
    reached = states.REACHED.validate_json(row.content)
    return StatementLine(
        escalation_id=row.escalation_id,
        n=row.n,
        premises=row.unit,
        subject=row.subject,
        statement=row.statement,
        kind=reached.kind,
        clock=reached.clock,
        rung=reached.rung,
        role=reached.role,
        repeat=reached.repeat,
        priority=reached.priority,
        due_at=reached.due_at,
        acknowledged_until=reached.acknowledged_until,
        heard_at=reached.heard_at,
        said_at=row.said_at,
        late_seconds=max(0, int((row.said_at - reached.due_at).total_seconds())),
        reason=row.reason,
    )


def _line(row: AnyRow) -> EscalationLine:
    reached = states.REACHED.validate_json(row.content)
    same = {name: getattr(row, name) for name in _SAME}
    return EscalationLine(
        premises=row.unit,
        statements=row.last_n,
        labels=reached.labels,
        policy_version=reached.policy_version,
        reason=reached.reason,
        ended_because=None if row.standing else row.reason,
        **same,
    )


_OWN: Final = frozenset({"premises", "statements", "labels", "policy_version", "reason", "ended_because"})
_SAME: Final = tuple(field.name for field in fields(EscalationLine) if field.name not in _OWN)
_COLUMNS: Final = tuple(col(getattr(EscalationRow, name)) for name in ("unit", "last_n", "content", "reason", *_SAME))
_STATEMENT: Final = tuple(
    col(getattr(StatementRow, name))
    for name in ("escalation_id", "n", "unit", "subject", "statement", "reason", "said_at", "content")
)
