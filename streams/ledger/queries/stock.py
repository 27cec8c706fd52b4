"""The stock: what waits, how long, and how much there is; cheap enough to be read every few seconds."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EscalationRow, InboxRow, NightRow, QuarantineRow, SourceStateRow, WorkOrderRow
from streams.ledger import notices, outbox, rows
from streams.ledger.queries.total import total

_ORDER: Final = rows.table_of(WorkOrderRow)
_NIGHT: Final = rows.table_of(NightRow)
_ESCALATION: Final = rows.table_of(EscalationRow)
_INBOX: Final = rows.table_of(InboxRow)
_HELD: Final = rows.table_of(QuarantineRow)
_DUE: Final = (_ORDER, _NIGHT, rows.table_of(SourceStateRow))


async def waiting(connection: AsyncConnection) -> dict[str, Any]:
    """What waits for the sweeper, the relay, the watch and the notifier, and since when the oldest of each does."""
    due = [
        (
            await connection.execute(select(func.min(table.c.next_due_at)).where(table.c.next_due_at.is_not(None)))
        ).scalar()
        for table in _DUE
    ]
    late = select(func.count(), func.min(_INBOX.c.received_at)).where(_INBOX.c.taken_at.is_(None))
    untaken = (await connection.execute(late)).one()
    return {
        **await outbox.waiting(connection),
        **await notices.stock(connection),
        "oldest_due": min((at for at in due if at is not None), default=None),
        "untaken": untaken[0],
        "untaken_since": untaken[1],
    }


async def amounts(connection: AsyncConnection, now: datetime) -> dict[str, Any]:
    """How many orders are outstanding by priority, nights short, escalations standing by kind, things held apart."""
    standing = (
        select(_ESCALATION.c.kind, func.count().label("n")).where(_ESCALATION.c.standing).group_by(_ESCALATION.c.kind)
    )
    short = select(func.count()).select_from(_NIGHT).where(_NIGHT.c.ends > now, _NIGHT.c.deficit > 0)
    held = select(func.count()).select_from(_HELD).where(_HELD.c.released_at.is_(None))
    return {
        "outstanding": (await total(connection, now)).by_priority,
        "standing": {row.kind: row.n for row in await connection.execute(standing)},
        "nights_short": (await connection.execute(short)).scalar_one(),
        "quarantined": (await connection.execute(held)).scalar_one(),
    }
