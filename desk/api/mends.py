"""Mending what was refused, once: said and noted with the refusal in one transaction, or neither."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api.problems import Problem
from models.tables import RejectedRow
from streams.ledger import administration, rows

_REJECTED: Final = rows.table_of(RejectedRow)
_ASKED: Final = (_REJECTED.c.message_id, _REJECTED.c.receipt, _REJECTED.c.resubmitted_as)


@dataclass(frozen=True, slots=True)
class Mend:
    """Which refusal an event mends, and who says so."""

    message_id: UUID
    by: str


class MendedAlready(Problem):
    """Somebody was first: the refusal was mended under another receipt."""

    def __init__(self, receipt: str) -> None:
        super().__init__(HTTPStatus.CONFLICT, "mended-already", "Somebody has mended it meanwhile.")
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class Mending:
    """The refusals that are being mended, held until the end of the transaction: nobody else can mend them meanwhile.

    ``receipts``: under which each is mended by now, none for those that nobody has mended; ``own``: under which each
    was itself submitted, if it was.
    """

    receipts: dict[UUID, str | None]
    own: dict[UUID, str | None]

    @classmethod
    async def of(cls, connection: AsyncConnection, wanted: Collection[Mend]) -> "Mending":
        """These refusals as they are, once whoever was first has done."""
        if not wanted:
            return cls({}, {})
        names = sorted({one.message_id for one in wanted})
        query = select(*_ASKED).where(_REJECTED.c.message_id.in_(names)).order_by(_REJECTED.c.seq).with_for_update()
        found = (await connection.execute(query)).all()
        return cls(
            {row.message_id: row.resubmitted_as for row in found}, {row.message_id: row.receipt for row in found}
        )

    def begins(self, mend: Mend, receipt: str) -> bool:
        """Whether nobody was first; from now on somebody is, under this receipt."""
        if self.receipts[mend.message_id] is not None:
            return False
        self.receipts[mend.message_id] = receipt
        return True

    def receipt(self, mend: Mend) -> str:
        """Under which receipt it is mended."""
        return self.receipts[mend.message_id] or ""

    async def note(self, connection: AsyncConnection, mend: Mend, receipt: str, now: datetime) -> None:
        """Keep with the refusal by which receipt it was mended; the same submission as before mends nothing."""
        if self.own[mend.message_id] != receipt:
            await administration.resubmitted(connection, mend.message_id, receipt, now, mend.by)
