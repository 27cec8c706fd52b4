"""The proof that nothing was lost: what became of every record that was consumed, and of everything submitted."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EventRow, InboxRow, OffsetGapRow, OffsetStateRow
from streams.ledger import outbox, rows
from streams.ledger.queries.plain import as_dicts

_STATE: Final = rows.table_of(OffsetStateRow)
_GAP: Final = rows.table_of(OffsetGapRow)
_INBOX: Final = rows.table_of(InboxRow)
_EVENT: Final = rows.table_of(EventRow)


@dataclass(frozen=True, slots=True)
class StreamProof:
    """One partition of one incarnation of a topic: every offset from the first on, and what became of it."""

    cluster: str
    topic: str
    incarnation: str
    partition: int
    first_offset: int
    next_offset: int
    recorded: int
    duplicates: int
    rejected: int
    skipped: int

    @property
    def consumed(self) -> int:
        """How many records were consumed."""
        return self.next_offset - self.first_offset - self.skipped

    @property
    def adds_up(self) -> bool:
        """Whether each consumed record was recorded, counted as a duplicate, or rejected."""
        return self.consumed == self.recorded + self.duplicates + self.rejected


async def proof(connection: AsyncConnection) -> list[StreamProof]:
    """The account of every stream that was ever read."""
    names = (
        "cluster", "topic", "incarnation", "topic_partition", "first_offset", "next_offset",
        "recorded", "duplicates", "rejected", "skipped",
    )  # fmt: skip
    columns = [_STATE.c[name] for name in names]
    return [StreamProof(*row) for row in await connection.execute(select(*columns).order_by(*columns[:4]))]


async def received(connection: AsyncConnection) -> dict[str, Any]:
    """In all: events recorded, what was submitted and became of it, gaps that were accepted, messages waiting."""
    events = (await connection.execute(select(func.count()).select_from(_EVENT))).scalar_one()
    fates = await connection.execute(select(_INBOX.c.fate, func.count().label("n")).group_by(_INBOX.c.fate))
    gaps = await connection.execute(select(_GAP).order_by(_GAP.c.stream, _GAP.c.from_offset))
    return {
        "events": events,
        "submitted": {row.fate or "waiting": row.n for row in fates},
        "gaps": as_dicts(gaps),
        "outbox": await outbox.waiting(connection),
    }
