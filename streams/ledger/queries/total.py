"""The total: what is outstanding at all premises together, without counting the orders.

How many there are, and of which priority, is true to the transaction. Their ages are as the sweep last moved them on;
where it is behind, the premises is counted on the spot.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OutstandingRow, UnitRow
from streams.ledger import backlog, outstanding, rows
from streams.ledger.outstanding import COLUMNS, Cell, cells_of
from streams.turns import in_turns

PATIENCE: Final = timedelta(seconds=30)
"""How long the sweep may take to move on the ages of a premises before the premises is counted on the spot."""

_OUTSTANDING: Final = rows.table_of(OutstandingRow)
_UNIT: Final = rows.table_of(UnitRow)
_SUMS: Final = select(*(func.sum(_OUTSTANDING.c[column]).label(column) for column in COLUMNS.values()))
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Total:
    """How many orders are outstanding, and how many of each priority and of each age; only where there are any."""

    outstanding: int
    by_priority: Mapping[str, int]
    by_age: Mapping[str, int]


def total_of(cells: Mapping[Cell, int]) -> Total:
    """The cells by priority, and by age."""
    by_priority: dict[str, int] = {}
    by_age: dict[str, int] = {}
    for (level, age), n in cells.items():
        by_priority[level] = by_priority.get(level, 0) + n
        by_age[age] = by_age.get(age, 0) + n
    return Total(sum(cells.values()), by_priority, by_age)


async def total(connection: AsyncConnection, now: datetime) -> Total:
    """What is outstanding in the whole division as at now."""
    row: dict[str, Any] = _values((await connection.execute(_SUMS)).one())
    async for fresh in _behind(connection, now):
        stale = _values((await connection.execute(_SUMS.where(_OUTSTANDING.c.unit.in_(fresh)))).one())
        for column in COLUMNS.values():
            row[column] += sum(one[column] for one in fresh.values()) - stale[column]
    return total_of(cells_of(row))


async def by_premises(connection: AsyncConnection, now: datetime) -> dict[str, Total]:
    """What is outstanding at each premises as at now; none that never had an order."""
    kept = await connection.execute(select(_OUTSTANDING))
    found = {row.unit: _values(row) async for row in in_turns(kept)}
    async for fresh in _behind(connection, now):
        found |= fresh
    return {unit: total_of(cells_of(row)) async for unit, row in in_turns(found.items())}


def _values(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {column: getattr(row, column) or 0 for column in COLUMNS.values()}  # the sum of no rows is nothing at all


async def _behind(connection: AsyncConnection, now: datetime) -> AsyncIterator[dict[str, dict[str, Any]]]:
    """The premises whose ages should have been moved on by now, counted as at now, some at a time."""
    overdue = select(_UNIT.c.id).where(_UNIT.c.backlog_due_at.is_not(None), _UNIT.c.backlog_due_at <= now - PATIENCE)
    names = (await connection.execute(overdue)).scalars().all()
    for at in range(0, len(names), _AT_ONCE):
        some = names[at : at + _AT_ONCE]
        cells, _ = await backlog.cells(connection, some, now)
        yield {unit: outstanding.row_of_cells(unit, now, cells.get(unit, ())) for unit in some}
