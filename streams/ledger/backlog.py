"""The backlog: what is outstanding at each premises, counted soon after a change and whenever an age band is left."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.outputs import BacklogCell
from models.tables import OutstandingRow, UnitRow, WorkOrderRow
from models.work_order import Priority
from streams.ledger import rows
from streams.ledger.outstanding import BANDS, OLDEST, Age, row_of_cells
from streams.messages import backlog_message

if TYPE_CHECKING:  # whoever reads the bands must not load what decides
    from streams.ledger.units import Unit
    from streams.ledger.writing import Writing

AT_ONCE: Final = 100
"""How many premises one transaction counts at most: whoever has news of one of them waits for it."""

_ORDER: Final = rows.table_of(WorkOrderRow)
_UNIT: Final = rows.table_of(UnitRow)


def age_band(now: datetime) -> Any:  # noqa: ANN401 - an SQL expression
    """The age band of an order at now, as an SQL expression."""
    return case(*((_ORDER.c.raised_at > now - length, name) for length, name in BANDS), else_=OLDEST)


async def due(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """The premises whose backlog must be counted, longest waiting first."""
    at = _UNIT.c.backlog_due_at
    found = await connection.execute(select(_UNIT.c.id).where(at.is_not(None), at <= now).order_by(at).limit(limit))
    return [row.id for row in found]


async def count(connection: AsyncConnection, writing: "Writing", counted: "Sequence[Unit]") -> None:
    """Count these premises, send the counts, and note when age alone will change them."""
    if not counted:
        return
    names = [unit.id for unit in counted]
    found, oldest = await cells(connection, names, writing.now)
    await _keep(connection, names, found, writing.now)
    for unit in counted:
        unit.backlog_n += 1
        unit.backlog_due_at = _next_change(oldest.get(unit.id, []))
        message = backlog_message(unit.id, unit.backlog_n, tuple(found.get(unit.id, ())), writing.now)
        writing.send(unit.id, message)


async def cells(
    connection: AsyncConnection, names: Sequence[str], now: datetime
) -> tuple[dict[str, list[BacklogCell]], dict[str, list[tuple[Age, datetime]]]]:
    """What is outstanding at these premises, and when the oldest order of each cell was raised."""
    band = age_band(now)
    query = (
        select(
            _ORDER.c.unit, _ORDER.c.effective, band.label("age"), func.count().label("n"), func.min(_ORDER.c.raised_at)
        )
        .where(_ORDER.c.is_open, _ORDER.c.unit.in_(names), _ORDER.c.effective.is_not(None))
        .group_by(_ORDER.c.unit, _ORDER.c.effective, band)
        .order_by(_ORDER.c.unit, _ORDER.c.effective, band)
    )
    found: dict[str, list[BacklogCell]] = {}
    oldest: dict[str, list[tuple[Age, datetime]]] = {}
    for unit, effective, age, n, first in await connection.execute(query):
        found.setdefault(unit, []).append(BacklogCell(priority=Priority(effective), age=age, count=n))
        oldest.setdefault(unit, []).append((age, first))
    return found, oldest


async def _keep(
    connection: AsyncConnection, names: Sequence[str], found: Mapping[str, Sequence[BacklogCell]], now: datetime
) -> None:
    """Keep the counts, with every age as at now."""
    new = [row_of_cells(unit, now, found.get(unit, ())) for unit in names]
    await rows.insert(connection, OutstandingRow, new, clash="replace")


def _next_change(oldest: Sequence[tuple[Age, datetime]]) -> datetime | None:
    """When the first order leaves its age band."""
    length = {name: limit for limit, name in BANDS}
    return min((first + length[age] for age, first in oldest if age in length), default=None)
