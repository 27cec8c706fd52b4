"""What became of inputs that the inbox has kept, with the reason where they were rejected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.opening import Desk
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.tables import InboxRow, QuarantineRow, RejectedRow
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger

REJECTED: Final = "rejected"
HELD: Final = N_("held in quarantine until 'workorders release', see 'workorders verify'")
_UNKNOWN: Final = N_("It was rejected; 'workorders rejected list' says why.")
_HELD: Final = (
    select(col(InboxRow.receipt))
    .join(
        QuarantineRow,
        and_(col(QuarantineRow.source) == col(InboxRow.source), col(QuarantineRow.event_id) == col(InboxRow.event_id)),
    )
    .where(col(QuarantineRow.released_at).is_(None))
)


@dataclass(frozen=True, slots=True)
class Fate:
    """``fate`` is ``recorded``, ``duplicate`` or ``rejected``, or None while nobody has taken it.

    The other three are filled where it was rejected. What is ``held`` was recorded and could not be decided.
    """

    fate: str | None
    code: str = ""
    field: str = ""
    sentence: str = ""
    held: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether it was not taken, and will not be."""
        return self.fate == REJECTED


async def fates_of(connection: AsyncConnection, receipts: Sequence[str]) -> dict[str, Fate]:
    """The fate of each receipt that the inbox knows."""
    kept = select(col(InboxRow.receipt), col(InboxRow.fate)).where(col(InboxRow.receipt).in_(receipts))
    found = {row.receipt: Fate(row.fate) for row in await connection.execute(kept)}
    for receipt in await connection.scalars(_HELD.where(col(InboxRow.receipt).in_(receipts))):
        found[receipt] = replace(found[receipt], held=True)
    rejected = [receipt for receipt, one in found.items() if one.is_rejected]
    found |= {receipt: Fate(REJECTED, REJECTED, "", _UNKNOWN) for receipt in rejected}
    names = ("receipt", "code", "field", "sentence")
    why = select(*(col(getattr(RejectedRow, name)) for name in names)).where(col(RejectedRow.receipt).in_(rejected))
    for row in await connection.execute(why.order_by(col(RejectedRow.seq))):
        found[row.receipt] = Fate(REJECTED, row.code, row.field, row.sentence)
    return found


async def taken(desk: Desk, ledger: Ledger, incoming: Incoming, *, again: bool) -> Fate:
    """Take one input that has a receipt, and say what became of it; ``again``: the inbox had it before."""
    before = await _fate(ledger, incoming.receipt or "") if again else Fate(None)
    if before.is_rejected:
        return replace(before, sentence=refused_before(before.sentence))
    if before.fate is not None:
        return Fate("duplicate")
    await ledger.take([incoming], desk.now, desk.world)
    return await _fate(ledger, incoming.receipt or "")


async def _fate(ledger: Ledger, receipt: str) -> Fate:
    async with ledger.reading() as connection:
        return (await fates_of(connection, [receipt])).get(receipt, Fate("recorded"))


def refused_before(sentence: str) -> str:
    """The sentence for what was rejected when it first came, and comes again as it was."""
    return f"It was refused before, and nothing of it has changed: {sentence}"
