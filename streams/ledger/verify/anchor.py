"""The anchor: the ends of the chains, kept outside of the ledger.

A chain from which the newest links were cut together with everything that they wrote is sound in itself. Only what was
seen outside shows it: the hash in the headers of the messages, or an anchor that was kept elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import AuditRow, MetaRow, UnitRow
from streams.ledger import rows
from streams.ledger.verify.finding import Finding

_AUDIT: Final = rows.table_of(AuditRow)
_META: Final = rows.table_of(MetaRow)
_UNIT: Final = rows.table_of(UnitRow)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The ledger's id, and of each chain the number and the hash of its last link."""

    ledger_id: str
    heads: Mapping[str, tuple[int, str]]


ANCHOR: Final = TypeAdapter(Anchor)


async def heads(connection: AsyncConnection) -> Anchor:
    """The ends of all chains as they are now."""
    name = (await connection.execute(select(_META.c.ledger_id))).scalars().first()
    query = select(_UNIT.c.id, _UNIT.c.audit_n, _UNIT.c.audit_head).where(_UNIT.c.audit_n > 0).order_by(_UNIT.c.id)
    return Anchor(name or "", {row.id: (row.audit_n, row.audit_head) for row in await connection.execute(query)})


async def check(connection: AsyncConnection, against: Anchor) -> list[Finding]:
    """Each link that the anchor names is still there, with the same hash."""
    name: Any = (await connection.execute(select(_META.c.ledger_id))).scalars().first()
    if name != against.ledger_id:
        return [Finding("meta", "1", f"this is the ledger {name}, and the anchor is of {against.ledger_id}")]
    found = []
    for chain, (n, hashed) in sorted(against.heads.items()):
        query = select(_AUDIT.c.hash).where(_AUDIT.c.chain == chain, _AUDIT.c.n == n)
        now = (await connection.execute(query)).scalar_one_or_none()
        if now is None:
            found.append(Finding("audit", f"{chain} {n}", "the anchor has seen it, and it is gone: the chain was cut"))
        elif now != hashed:
            found.append(Finding("audit", f"{chain} {n}", "it is not the link that the anchor has seen"))
    return found
