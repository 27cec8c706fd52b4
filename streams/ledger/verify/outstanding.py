"""Is every premises' count of outstanding orders what its orders say? Each is counted again, as at the same instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import AuditRow, OutboxRow, OutstandingRow, UnitRow, WorkOrderRow
from streams.ledger import rows
from streams.ledger.outstanding import COLUMNS, Counted, row_of
from streams.ledger.verify.finding import Checked, Finding
from streams.ledger.verify.reading import by_key, differing, fetched, parts
from streams.topics import BACKLOG

_OUTSTANDING: Final = rows.table_of(OutstandingRow)
_ORDER: Final = rows.table_of(WorkOrderRow)
_UNIT: Final = rows.table_of(UnitRow)
_AUDIT: Final = rows.table_of(AuditRow)
_OUTBOX: Final = rows.table_of(OutboxRow)


async def check(connection: AsyncConnection) -> Checked:
    """Each premises that ever had an order has a row, as at when its backlog was last said, with what it then had."""
    units = (await connection.execute(select(_UNIT.c.id, _UNIT.c.backlog_n, _UNIT.c.backlog_due_at))).all()
    due = {row.id: row.backlog_n for row in units if row.backlog_n or row.backlog_due_at is not None}
    names = {*due, *(await connection.execute(select(_OUTSTANDING.c.unit))).scalars()}
    said = await _last_said(connection)
    found: list[Finding] = []
    for some in parts(sorted(names)):
        kept, unread = await fetched(connection, by_key(OutstandingRow), [(unit,) for unit in some], "outstanding")
        found += unread
        found += await _faults(connection, some, {row.unit: row for row in kept}, due, said)
    return len(names), found


async def _last_said(connection: AsyncConnection) -> dict[str, datetime]:
    query = select(_OUTBOX.c.key, func.max(_OUTBOX.c.created_at).label("at")).where(_OUTBOX.c.topic == BACKLOG.name)
    return {row.key: row.at for row in await connection.execute(query.group_by(_OUTBOX.c.key))}


async def _faults(
    connection: AsyncConnection,
    names: Sequence[str],
    kept: Mapping[str, Row[Any]],
    due: Mapping[str, int],
    said: Mapping[str, datetime],
) -> list[Finding]:
    orders = await _orders(connection, names)
    began = [unit for unit in kept if not due.get(unit)]
    links = await _links(connection, began)
    found: list[Finding] = []
    for unit in names:
        if (row := kept.get(unit)) is None:
            found.append(Finding("outstanding", unit, "it is gone: nothing says how many orders are outstanding"))
            continue
        right = row.as_at in links[unit] if unit in links else row.as_at == said.get(unit)
        if unit not in due or not right:
            found.append(Finding("outstanding", unit, "as_at is not when the backlog of a premises was last counted"))
        counted = row_of(unit, row.as_at, [(order, 1) for order in orders.get(unit, ())])
        if wrong := differing(dict(row._mapping), {name: counted[name] for name in COLUMNS.values()}):  # noqa: SLF001
            found.append(Finding("outstanding", unit, f"{', '.join(wrong)}: not what a count of its orders says"))
    return found


async def _orders(connection: AsyncConnection, names: Sequence[str]) -> dict[str, list[Counted]]:
    query = select(_ORDER.c.unit, _ORDER.c.effective, _ORDER.c.raised_at)
    found: dict[str, list[Counted]] = {}
    for row in await connection.execute(query.where(_ORDER.c.is_open, _ORDER.c.unit.in_(names))):
        found.setdefault(row.unit, []).append((row.effective, row.raised_at))
    return found


async def _links(connection: AsyncConnection, names: Sequence[str]) -> dict[str, set[datetime]]:
    """When something was decided at premises whose backlog nobody has counted yet."""
    found: dict[str, set[datetime]] = {unit: set() for unit in names}
    query = select(_AUDIT.c.chain, _AUDIT.c.decided_at).where(_AUDIT.c.chain.in_(names))
    for row in await connection.execute(query):
        found[row.chain].add(row.decided_at)
    return found
