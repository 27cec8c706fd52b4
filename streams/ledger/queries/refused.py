"""Questions about what was rejected."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import RejectedRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dict, as_dicts

_REJECTED: Final = rows.table_of(RejectedRow)
_SHOWN: Final = tuple(column for column in _REJECTED.c if column.name not in {"key", "value", "headers"})


async def rejected(
    connection: AsyncConnection,
    *,
    code: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    waiting: bool = False,
    limit: int = 100,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Rejected inputs without their bytes, newest first; ``waiting``: only those not submitted again."""
    query = _narrowed(select(*_SHOWN), code, source, waiting=waiting, after=after).limit(limit)
    if since is not None:
        query = query.where(_REJECTED.c.rejected_at >= since)
    return as_dicts(await connection.execute(query))


async def rejected_with_bytes(
    connection: AsyncConnection, source: str, *, code: str | None, waiting: bool, limit: int, after: int | None
) -> list[dict[str, Any]]:
    """What one source sent and was rejected, with every one of its bytes, newest first."""
    query = _narrowed(select(_REJECTED), code, source, waiting=waiting, after=after).limit(limit)
    return as_dicts(await connection.execute(query))


def _narrowed(
    query: Select[Any], code: str | None, source: str | None, *, waiting: bool, after: int | None
) -> Select[Any]:
    for column, value in ((_REJECTED.c.code, code), (_REJECTED.c.source, source)):
        if value is not None:
            query = query.where(column == value)
    if waiting:
        query = query.where(_REJECTED.c.resubmitted_as.is_(None))
    if after is not None:
        query = query.where(_REJECTED.c.seq < after)
    return query.order_by(_REJECTED.c.seq.desc())


async def rejected_one(connection: AsyncConnection, message_id: UUID) -> dict[str, Any] | None:
    """One rejected input with every one of its bytes; None if there is none of that message id."""
    row = (await connection.execute(select(_REJECTED).where(_REJECTED.c.message_id == message_id))).one_or_none()
    return None if row is None else as_dict(row)


async def rejected_counts(connection: AsyncConnection, since: datetime) -> list[dict[str, Any]]:
    """How many inputs were rejected since an instant, by source and reason code, most first."""
    n = func.count().label("n")
    query = select(_REJECTED.c.source, _REJECTED.c.code, n).where(_REJECTED.c.rejected_at >= since)
    return as_dicts(await connection.execute(query.group_by(_REJECTED.c.source, _REJECTED.c.code).order_by(n.desc())))
