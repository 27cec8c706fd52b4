"""Which premises hold what is asked for: told from the counts that are kept, without a look at the orders.

A list of orders is by premises. Where few orders are of the wanted priority or age, most premises have none, and a
search that goes through all of them to find a hundred reads a million orders.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OutstandingRow, UnitRow
from streams.ledger import rows
from streams.ledger.outstanding import COLUMNS, Age

_OUTSTANDING: Final = rows.table_of(OutstandingRow)
_UNIT: Final = rows.table_of(UnitRow)

CHANGED_WITHIN: Final = timedelta(seconds=30)
"""A premises that changed is counted anew within ten seconds; the clocks of two machines may differ by a little."""


async def holding(
    connection: AsyncConnection,
    priorities: Collection[str] | None,
    aged: tuple[Age, datetime] | None,
    *,
    units: Collection[str] | None,
    first: str | None,
    limit: int,
) -> list[str]:
    """So many premises, in order from the first, that have an outstanding order of one of these priorities and ages.

    Each holds at least one, so a list of ``limit - 1`` orders that follow a place in the first premises needs no more.
    Of those that changed a moment ago, or should have been counted anew, the ages may be others: they all come along.
    They are asked for apart and told by name: where few are sure, a planner that guesses how many there will be may
    choose to go through every order.
    """
    wanted = [
        _OUTSTANDING.c[column]
        for (level, of_age), column in COLUMNS.items()
        if (priorities is None or level in priorities) and (aged is None or aged[0] == of_age)
    ]
    has = or_(*(column > 0 for column in wanted))
    within = _within(units, first)
    known = select(_OUTSTANDING.c.unit).where(has, *within)
    if aged is None:
        return list((await connection.execute(known.order_by(_OUTSTANDING.c.unit).limit(limit))).scalars())
    behind = exists().where(_UNIT.c.id == _OUTSTANDING.c.unit, _UNIT.c.backlog_due_at <= aged[1] + CHANGED_WITHIN)
    sure = (await connection.execute(known.where(~behind).order_by(_OUTSTANDING.c.unit).limit(limit))).scalars()
    moved = (await connection.execute(select(_OUTSTANDING.c.unit).where(behind, *within))).scalars()
    return sorted({*sure, *moved})


def _within(units: Collection[str] | None, first: str | None) -> list[ColumnElement[bool]]:
    found = [] if units is None else [_OUTSTANDING.c.unit.in_(sorted(units))]
    return found + ([] if first is None else [_OUTSTANDING.c.unit >= first])
