"""The backlog of past days by age, as it is known now: what is outstanding today, and what has ended since.

An order that was re-opened counts throughout, for it was never done. One look at the orders serves all days: each is
sorted by how many days ago it was raised, and how many days ago it ended.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Integer, Numeric, case, cast, extract, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.views.board import AGES
from models.tables import WorkOrderRow
from streams.ledger import rows
from streams.ledger.outstanding import BANDS

DAYS: Final = 30
_DAY: Final = timedelta(days=1)
_LIMITS: Final = tuple(length // _DAY for length, _ in BANDS)
_OLD: Final = DAYS + _LIMITS[-1]
"""So many days ago and more is old on every day that is shown."""
_ORDER: Final = rows.table_of(WorkOrderRow)
_RAISED: Final = _ORDER.c.raised_at
_ENDED: Final = _ORDER.c.ended_at


@dataclass(frozen=True, slots=True)
class PastDay:
    """How many orders were outstanding at an instant, of each age of the board, the youngest first."""

    at: datetime
    counts: tuple[int, ...]


async def read_past(connection: AsyncConnection, now: datetime, units: Collection[str] | None) -> list[PastDay]:
    """The last days at this time of day, today last; of these premises only, or of all for None."""
    ago = _days_ago(connection.dialect.name, now)
    raised = func.coalesce(case((ago(_RAISED) > _OLD, _OLD), else_=ago(_RAISED)), _OLD).label("raised")
    ended = case((_ENDED.is_not(None), ago(_ENDED)), else_=-1).label("ended")
    oldest = now - DAYS * _DAY
    known = _ORDER.c.is_open | (oldest < _ENDED)
    query = select(raised, ended, func.count().label("n")).where(known).group_by(raised, ended)
    if units is not None:
        query = query.where(_ORDER.c.unit.in_(sorted(units)))
    return counted(now, [(row.raised, row.ended, row.n) for row in await connection.execute(query)])


def counted(now: datetime, sorted_: Iterable[tuple[int, int, int]]) -> list[PastDay]:
    """The days, from how many orders were raised and ended so many days ago; -1 for those that have not ended."""
    counts = [[0] * len(AGES) for _ in range(DAYS)]
    for raised, ended, n in sorted_:
        for ago in range(ended + 1, min(raised, DAYS - 1) + 1):
            counts[ago][sum(raised - ago >= limit for limit in _LIMITS)] += n
    return [PastDay(now - ago * _DAY, tuple(counts[ago])) for ago in reversed(range(DAYS))]


def _days_ago(dialect: str, now: datetime) -> Callable[[ColumnElement[Any]], ColumnElement[int]]:
    """How many whole days before now an instant was, as an SQL expression; what is to come counts as today."""

    def ago(column: ColumnElement[Any]) -> ColumnElement[int]:
        days = (literal(now.timestamp(), Float()) - extract("epoch", column)) / _DAY.total_seconds()
        # A cast cuts off what is behind the point in SQLite, and rounds in PostgreSQL.
        return cast(days if dialect == "sqlite" else func.trunc(cast(days, Numeric())), Integer)

    return ago
