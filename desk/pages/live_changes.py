"""Which premises have changed: one small question to the ledger for all who follow a page in this process."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import UnitRow

_SUM = select(func.count(), func.coalesce(func.sum(col(UnitRow.version)), 0))
_ALL = select(col(UnitRow.id), col(UnitRow.version))


class Changes:
    """Finds what has changed since the look before.

    Every transaction that changes anything of a premises counts its version up, so what was committed late is found
    too, whatever number or instant it bears. Only where the sum has moved are the single versions read.
    """

    def __init__(self) -> None:
        self._sum: tuple[int, int] | None = None
        self._versions: dict[str, int] = {}

    async def look(self, connection: AsyncConnection) -> frozenset[str] | None:
        """The premises that have changed; None at the first look, for then it is not known."""
        count, versions = (await connection.execute(_SUM)).one()
        known, now = self._sum, (int(count), int(versions))
        if known == now:
            return frozenset()
        before, after = self._versions, {unit: version for unit, version in await connection.execute(_ALL)}  # noqa: C416 - rows
        # Remembered only when all of it is known: a look that fails half-way has seen nothing.
        self._sum, self._versions = now, after
        if known is None:
            return None
        return frozenset(unit for unit, version in after.items() if before.get(unit) != version)
