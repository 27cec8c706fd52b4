"""Short lists: orphans, disputes, and input that could not be taken."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.listed import ALL, Listed, at_most
from models.tables import EventRow, RejectedRow
from streams.ledger import queries

EVERY: Final = 2**31 - 1
"""A limit that no ledger reaches."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """Events that wait for an order which nobody has raised."""

    premises: str
    subject: str
    events: int
    types: tuple[str, ...]
    sources: tuple[str, ...]
    first_heard: datetime
    last_heard: datetime


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """One order on which the provider's priority differs from ours; ours stands until settled."""

    premises: str
    subject: str
    ours: str
    providers: str
    since: datetime
    raised_at: datetime
    fix_due: datetime | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused input, without its bytes."""

    seq: int
    rejected_at: datetime
    heard: datetime | None
    topic: str
    source: str | None
    code: str
    field: str
    sentence: str
    length: int
    sha256: str
    receipt: str | None
    resubmitted_as: str | None


@dataclass(frozen=True, slots=True)
class RejectedWhole(Rejected):
    """One refused input with every one of its bytes, and its place on its topic if it came from one."""

    message_id: UUID
    key: bytes | None
    value: bytes | None
    headers: str
    topic_offset: int | None


async def read_orphans(connection: AsyncConnection, limit: int) -> Listed[Orphan]:
    """The orphans, the longest-waiting first."""
    keys = [(row["unit"], row["subject"]) for row in await queries.orphans(connection, limit=EVERY)]
    found = [await _orphan(connection, unit, subject) for unit, subject in keys]
    return at_most(sorted(found, key=lambda orphan: orphan.first_heard), limit)


async def _orphan(connection: AsyncConnection, unit: str, subject: str) -> Orphan:
    columns = (col(EventRow.type), col(EventRow.source))
    heard = col(EventRow.heard)
    query = select(*columns, func.count(), func.min(heard), func.max(heard)).group_by(*columns)
    mine = query.where(col(EventRow.unit) == unit, col(EventRow.subject) == subject)
    rows = (await connection.execute(mine)).all()
    return Orphan(
        premises=unit,
        subject=subject,
        events=sum(row[2] for row in rows),
        types=tuple(sorted({row[0] for row in rows})),
        sources=tuple(sorted({row[1] for row in rows})),
        first_heard=min(row[3] for row in rows),
        last_heard=max(row[4] for row in rows),
    )


async def read_disputes(connection: AsyncConnection, limit: int) -> Listed[DisputeLine]:
    """The open disputes, the gravest and longest-standing first."""
    found = [dispute_line(row) for row in await queries.disputes(connection, limit=EVERY)]
    return at_most(sorted(found, key=lambda dispute: (dispute.ours, dispute.since)), limit)


def dispute_line(row: Mapping[str, Any]) -> DisputeLine:
    """An order whose dispute is open, as the ledger told of it."""
    return DisputeLine(
        premises=row["unit"],
        subject=row["subject"],
        ours=row["base"],
        providers=row["provider_priority"],
        since=row["dispute_since"],
        raised_at=row["raised_at"],
        fix_due=row["fix_due"],
    )


async def read_rejected(connection: AsyncConnection, limit: int) -> Listed[Rejected]:
    """The latest refusals, the newest first."""
    rows = await queries.rejected(connection, limit=EVERY if limit == ALL else limit)
    total = (await connection.execute(select(func.count()).select_from(RejectedRow))).scalar_one()
    return Listed([Rejected(**{name: row[name] for name in _NAMES}) for row in rows], total)


async def read_rejected_whole(connection: AsyncConnection, seq: int) -> RejectedWhole | None:
    """One refused input with its bytes; None if there is none of that number."""
    query = select(col(RejectedRow.message_id)).where(col(RejectedRow.seq) == seq)
    message_id = (await connection.execute(query)).scalar_one_or_none()
    row: dict[str, Any] | None = await queries.rejected_one(connection, message_id) if message_id is not None else None
    return RejectedWhole(**{name: row[name] for name in _WHOLE}) if row is not None else None


_NAMES: Final = tuple(field.name for field in fields(Rejected))
_WHOLE: Final = tuple(field.name for field in fields(RejectedWhole))
