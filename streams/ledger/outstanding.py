"""Outstanding: how many orders each premises has open, by priority and age, kept in the transaction that changes it.

A premises' row is under the premises' own lock, so that no two writers wait for each other because of it, and the
division's total is the sum of the rows. Time alone moves an order from one age to the next: the backlog is counted
anew when the first order of the premises leaves its age, and with it the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from models.outputs import BacklogCell
from models.tables import OutstandingRow
from models.work_order import Priority
from streams.ledger import rows

Age = Literal["under-1-day", "1-to-7-days", "7-to-28-days", "over-28-days"]
Cell = tuple[str, Age]
"""A priority and an age."""
Counted = tuple[str | None, datetime | None] | None
"""What is counted of an order: its priority and when it was raised; nothing once it has ended."""

BANDS: Final[Sequence[tuple[timedelta, Age]]] = (
    (timedelta(days=1), "under-1-day"),
    (timedelta(days=7), "1-to-7-days"),
    (timedelta(days=28), "7-to-28-days"),
)
OLDEST: Final[Age] = "over-28-days"

_NAMES: Final[Mapping[Age, str]] = {
    "under-1-day": "day",
    "1-to-7-days": "week",
    "7-to-28-days": "month",
    "over-28-days": "older",
}
COLUMNS: Final[Mapping[Cell, str]] = {
    (level.value, age): f"{level.value.lower()}_{name}" for level in Priority for age, name in _NAMES.items()
}
"""The column of each cell."""

_TABLE: Final = rows.table_of(OutstandingRow)
_AS_AT: Final = rows.Query(
    OutstandingRow,
    ("unit",),
    (_TABLE.c.unit, _TABLE.c.as_at),
    "SELECT o.unit, o.as_at FROM {wanted} CROSS JOIN outstanding o WHERE o.unit = w.unit",
)


def age_of(raised_at: datetime | None, as_at: datetime) -> Age:
    """The age of an order at an instant; one that was raised later is as young as can be."""
    if raised_at is None:
        return OLDEST
    return next((name for length, name in BANDS if raised_at > as_at - length), OLDEST)


def raised_within(age: Age, now: datetime) -> tuple[datetime | None, datetime | None]:
    """After which instant, and by which, an order was raised that has this age now; None where there is no such end.

    An order of which it is not known when it was raised is as old as can be.
    """
    lengths: dict[Age, timedelta] = {name: length for length, name in BANDS}
    names = [*lengths, OLDEST]
    younger = names[names.index(age) - 1] if age != names[0] else None
    return (
        now - lengths[age] if age in lengths else None,
        now - lengths[younger] if younger is not None else None,
    )


def row_of(unit: str, as_at: datetime, orders: Iterable[tuple[Counted, int]]) -> dict[str, Any]:
    """The row of a premises as at an instant, from its orders; each comes with how much it counts."""
    row = _empty(unit, as_at)
    for counted, n in orders:
        if counted is not None and counted[0] is not None:
            row[COLUMNS[counted[0], age_of(counted[1], as_at)]] += n
    return row


def row_of_cells(unit: str, as_at: datetime, cells: Iterable[BacklogCell]) -> dict[str, Any]:
    """The row of a premises as at an instant, from its backlog."""
    return _empty(unit, as_at) | {COLUMNS[cell.priority.value, cell.age]: cell.count for cell in cells}


def _empty(unit: str, as_at: datetime) -> dict[str, Any]:
    return {"unit": unit, "as_at": as_at, **dict.fromkeys(COLUMNS.values(), 0)}


async def change(
    connection: AsyncConnection, changes: Mapping[str, Sequence[tuple[Counted, int]]], now: datetime
) -> None:
    """Count what has changed at some premises whose locks we hold; each order as it was (-1) and as it is (1)."""
    if changes:
        found = await rows.fetch(connection, _AS_AT, [(unit,) for unit in changes])
        as_at: dict[str, datetime] = {row.unit: row.as_at for row in found}
        changed = [row_of(unit, as_at.get(unit, now), orders) for unit, orders in sorted(changes.items())]
        await rows.insert(connection, OutstandingRow, changed, clash="add")


def cells_of(row: Mapping[str, Any]) -> dict[Cell, int]:
    """The cells of a row in which anything is outstanding."""
    return {cell: row[column] for cell, column in COLUMNS.items() if row[column]}
