"""What was said about escalations, in the order in which it was decided, so that whoever comes back misses nothing.

The outbox numbers what is said. On PostgreSQL transactions may be committed in another order than that of their
numbers: what is numbered lower can still appear after what is numbered higher. So a number is passed on only once
nobody can add one below it: every transaction that was under way when it was first seen has ended.
"""

from collections import deque
from collections.abc import Collection
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.escalations import StatementLine, statement_line
from models.tables import OutboxRow, StatementRow

AT_ONCE: Final = 500
_NAMES: Final = ("escalation_id", "n", "unit", "subject", "statement", "reason", "said_at", "content")
_SNAPSHOT: Final = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest, "
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS next, "
    "(SELECT MAX(seq) FROM outbox) AS newest"
)


class Settling:
    """Finds up to which number of the outbox everything is there that will ever be; ask it again and again.

    ``newest`` is the highest number that was seen, whether all below it was there or not.
    """

    def __init__(self) -> None:
        self.settled = 0
        self.newest = 0
        self._waiting: deque[tuple[int, int]] = deque()

    async def look(self, connection: AsyncConnection) -> int:
        """The number now."""
        if connection.dialect.name == "sqlite":  # one writer at a time, so the numbers are committed in their order
            self.settled = (await connection.execute(select(func.max(col(OutboxRow.seq))))).scalar_one() or 0
            self.newest = self.settled
            return self.settled
        row = (await connection.execute(_SNAPSHOT)).one()
        self.see(row.newest or 0, row.oldest, row.next)
        return self.settled

    def see(self, newest: int, oldest: int, following: int) -> None:
        """What one look at the database showed."""
        self.newest = newest
        if not self._waiting or newest > self._waiting[-1][0]:
            self._waiting.append((newest, following))
        while self._waiting and self._waiting[0][1] <= oldest:
            self.settled = self._waiting.popleft()[0]


async def said_between(
    connection: AsyncConnection, after: int, upto: int, units: Collection[str] | None
) -> tuple[list[tuple[int, StatementLine]], int]:
    """The statements after one number of the outbox and up to another, each with its own; and how far that was."""
    query = (
        select(*(col(getattr(StatementRow, name)) for name in _NAMES), col(OutboxRow.seq))
        .join(OutboxRow, col(OutboxRow.message_id) == col(StatementRow.message_id))
        .where(col(OutboxRow.seq) > after, col(OutboxRow.seq) <= upto)
        .order_by(col(OutboxRow.seq))
        .limit(AT_ONCE)
    )
    if units is not None:
        query = query.where(col(StatementRow.unit).in_(sorted(units)))
    found = [(row.seq, statement_line(row)) for row in await connection.execute(query)]
    return found, found[-1][0] if len(found) == AT_ONCE else upto
