"""Questions to the audit."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import AuditRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dict, opened

_AUDIT: Final = rows.table_of(AuditRow)


async def audit(connection: AsyncConnection, chain: str, *, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
    """The links of one chain (a unit, or ``ledger:``), oldest first."""
    query = select(_AUDIT).where(_AUDIT.c.chain == chain, _AUDIT.c.n > after).order_by(_AUDIT.c.n).limit(limit)
    return [opened(as_dict(row), "entry") for row in await connection.execute(query)]


async def find_hash(connection: AsyncConnection, chain: str, hashed: str) -> int | None:
    """The number of the link with this hash, as a message's header names it; None if the chain has no such link."""
    query = select(_AUDIT.c.n).where(_AUDIT.c.chain == chain, _AUDIT.c.hash == hashed)
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    return found
