"""What became of something that was submitted, by its receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.telling.fates import Fate, fates_of
from models.tables import InboxRow
from streams.ledger.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Submission:
    """One thing that was submitted; ``type`` and ``subject`` are empty where its content was erased."""

    receipt: str
    source: str
    event_id: str
    premises: str
    type: str
    subject: str
    received_at: datetime
    relayed_at: datetime | None
    fate: Fate


async def submitted_as(connection: AsyncConnection, source: str, event_id: str) -> Sequence[Incoming]:
    """Everything that a source submitted under this id, with its receipt; nothing as its value where it was erased."""
    names = ("topic", "key", "value", "received_at", "receipt")
    query = select(*(col(getattr(InboxRow, name)) for name in names)).where(
        col(InboxRow.source) == source, col(InboxRow.event_id) == event_id
    )
    return [
        Incoming(row.topic, row.key.encode(), row.value, heard=row.received_at, receipt=row.receipt)
        for row in await connection.execute(query.order_by(col(InboxRow.seq)))
    ]


async def read_submission(connection: AsyncConnection, receipt: str) -> Submission | None:
    """The submission that has this receipt; None if none was ever given it."""
    names = ("receipt", "source", "event_id", "key", "value", "received_at", "relayed_at")
    query = select(*(col(getattr(InboxRow, name)) for name in names)).where(col(InboxRow.receipt) == receipt)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    event = orjson.loads(row.value) if row.value else {}
    return Submission(
        receipt=row.receipt,
        source=row.source,
        event_id=row.event_id,
        premises=row.key,
        type=event.get("type", ""),
        subject=event.get("subject", ""),
        received_at=row.received_at,
        relayed_at=row.relayed_at,
        fate=(await fates_of(connection, [receipt]))[receipt],
    )
