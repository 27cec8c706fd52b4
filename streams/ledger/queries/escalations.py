"""Questions about escalations and what was said about them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EscalationRow, OutboxRow, StatementRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dict, as_dicts, beyond, opened

_ESCALATION: Final = rows.table_of(EscalationRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_OUTBOX: Final = rows.table_of(OutboxRow)
_SHOWN: Final = tuple(column for column in _ESCALATION.c if column.name != "content")
_BY_DUE_TIME: Final = (_ESCALATION.c.due_at, _ESCALATION.c.id)
_GRAVITY: Final = (case((_ESCALATION.c.business_critical, 0), else_=1), func.coalesce(_ESCALATION.c.priority, ""))

ByDueTime = tuple[datetime, UUID]
ByNeed = tuple[int, int, str, datetime, UUID]


async def escalations(  # noqa: PLR0913 - each is one more way to narrow the question
    connection: AsyncConnection,
    *,
    units: Collection[str] | None = None,
    subject: str | None = None,
    kinds: Collection[str] | None = None,
    roles: Collection[str] | None = None,
    standing: bool = True,
    needed_at: datetime | None = None,
    limit: int = 100,
    after: ByDueTime | ByNeed | None = None,
) -> list[dict[str, Any]]:
    """Escalations by due time and id: those that stand, or all that were ever said.

    ``needed_at``: before that, what nobody holds at that instant first, then what is business-critical, then by
    priority. ``after`` is the key of the last one in that order: whether somebody held it (1) or not (0), whether it
    was critical (0) or not (1), and its priority (empty for none), stand before the others.
    """
    keys = (_held(needed_at), *_GRAVITY, *_BY_DUE_TIME) if needed_at is not None else _BY_DUE_TIME
    query = select(*_SHOWN).where(*_among(unit=units, kind=kinds, role=roles)).order_by(*keys).limit(limit)
    if standing:
        query = query.where(_ESCALATION.c.standing)
    if subject is not None:
        query = query.where(_ESCALATION.c.subject == subject)
    if after is not None:
        query = query.where(beyond(keys, after))
    return as_dicts(await connection.execute(query))


async def escalations_held(
    connection: AsyncConnection,
    at: datetime,
    *,
    units: Collection[str] | None = None,
    roles: Collection[str] | None = None,
) -> tuple[int, int]:
    """How many that stand nobody holds at that instant, and how many somebody does."""
    mine = (_ESCALATION.c.standing, *_among(unit=units, role=roles))
    query = select(func.count(), func.coalesce(func.sum(_held(at)), 0)).where(*mine)
    every, held = (await connection.execute(query)).one()
    return int(every) - int(held), int(held)


def _among(**wanted: Collection[str] | None) -> list[ColumnElement[bool]]:
    """What narrows a question to rows whose columns hold one of the values that are wanted of each; None is any."""
    return [_ESCALATION.c[name].in_(sorted(values)) for name, values in wanted.items() if values is not None]


def _held(at: datetime) -> ColumnElement[int]:
    return case((_ESCALATION.c.acknowledged_until > at, 1), else_=0)


async def statements(connection: AsyncConnection, escalation: UUID) -> list[dict[str, Any]]:
    """Everything that was said about an escalation, with when it was sent and seen on its topic."""
    query = (
        select(*_STATEMENT.c, _OUTBOX.c.sent_at, _OUTBOX.c.confirmed_at)
        .join(_OUTBOX, _OUTBOX.c.message_id == _STATEMENT.c.message_id, isouter=True)
        .where(_STATEMENT.c.escalation_id == escalation)
        .order_by(_STATEMENT.c.n)
    )
    return [opened(as_dict(row), "content") for row in await connection.execute(query)]
