"""Questions about escalations and what was said about them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EscalationRow, OutboxRow, StatementRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dict, as_dicts, beyond, opened

_ESCALATION: Final = rows.table_of(EscalationRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_OUTBOX: Final = rows.table_of(OutboxRow)
_SHOWN: Final = tuple(column for column in _ESCALATION.c if column.name != "content")


async def escalations(  # noqa: PLR0913 - each is one more way to narrow the question
    connection: AsyncConnection,
    *,
    units: Collection[str] | None = None,
    subject: str | None = None,
    kinds: Collection[str] | None = None,
    roles: Collection[str] | None = None,
    standing: bool = True,
    limit: int = 100,
    after: tuple[datetime, UUID] | None = None,
) -> list[dict[str, Any]]:
    """Escalations by due time and id: those that stand, or all that were ever said."""
    query = select(*_SHOWN).order_by(_ESCALATION.c.due_at, _ESCALATION.c.id).limit(limit)
    if standing:
        query = query.where(_ESCALATION.c.standing)
    if units is not None:
        query = query.where(_ESCALATION.c.unit.in_(sorted(units)))
    if subject is not None:
        query = query.where(_ESCALATION.c.subject == subject)
    if kinds is not None:
        query = query.where(_ESCALATION.c.kind.in_(sorted(kinds)))
    if roles is not None:
        query = query.where(_ESCALATION.c.role.in_(sorted(roles)))
    if after is not None:
        query = query.where(beyond((_ESCALATION.c.due_at, _ESCALATION.c.id), after))
    return as_dicts(await connection.execute(query))


async def statements(connection: AsyncConnection, escalation: UUID) -> list[dict[str, Any]]:
    """Everything that was said about an escalation, with when it was sent and seen on its topic."""
    query = (
        select(*_STATEMENT.c, _OUTBOX.c.sent_at, _OUTBOX.c.confirmed_at)
        .join(_OUTBOX, _OUTBOX.c.message_id == _STATEMENT.c.message_id, isouter=True)
        .where(_STATEMENT.c.escalation_id == escalation)
        .order_by(_STATEMENT.c.n)
    )
    return [opened(as_dict(row), "content") for row in await connection.execute(query)]
