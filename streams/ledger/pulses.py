"""Pulses: the signs of life that the workers' parts leave in the ledger, for whoever watches over them from outside."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import PulseRow
from streams.ledger import rows
from streams.ledger.engine import Database
from streams.ledger.transaction import retried

KEPT: Final = timedelta(days=1)
"""How long the last pulse of a worker that is no more is kept."""

_TABLE: Final = rows.table_of(PulseRow)


async def beat(database: Database, part: str, worker: str, at: datetime) -> None:
    """The part of the worker has just done its work. Raises ``LedgerUnavailable``."""

    async def once() -> None:
        async with database.writing() as connection:
            await _beat(connection, part, worker, at)

    await retried(once)


async def counts(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many pulses each part of each worker has shown; a figure that grows is a part that lives."""
    return {(row.part, row.worker): row.n for row in await connection.execute(select(_TABLE))}


async def _beat(connection: AsyncConnection, part: str, worker: str, at: datetime) -> None:
    mine = (_TABLE.c.part == part, _TABLE.c.worker == worker)
    changed = await connection.execute(_TABLE.update().where(*mine).values(n=_TABLE.c.n + 1, at=at))
    if changed.rowcount:
        return
    await connection.execute(_TABLE.delete().where(_TABLE.c.part == part, _TABLE.c.at < at - KEPT))
    await rows.insert(connection, PulseRow, [{"part": part, "worker": worker, "n": 1, "at": at}], clash="keep")
