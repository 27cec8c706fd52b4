"""What the live screen counts: read from the ledger, never kept beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.nights import NightLine, read_nights
from models.tables import (
    EscalationRow,
    EventRow,
    InboxRow,
    NightRow,
    OffsetStateRow,
    OutboxRow,
    RejectedRow,
    SourceStateRow,
    WorkOrderRow,
)
from workorders.policy import World


@dataclass(frozen=True, slots=True)
class Account:
    """What became of everything that reached the ledger.

    ``consumed`` are the records read from the topics. ``copies`` are broker copies of what had already been taken from
    the inbox; they are among the ``duplicates`` that were counted, and nobody sent them twice.
    """

    recorded: int
    duplicates: int
    rejected: int
    copies: int
    consumed: int
    from_inbox: int

    @property
    def sent_twice(self) -> int:
        """Duplicates that a sender sent."""
        return self.duplicates - self.copies

    @property
    def adds_up(self) -> bool:
        """Whether every record read and every event taken from the inbox was recorded, a duplicate, or rejected."""
        return self.consumed + self.from_inbox == self.recorded + self.duplicates + self.rejected


@dataclass(frozen=True, slots=True)
class Tally:
    """One look at the ledger for the screen."""

    account: Account
    outstanding: Mapping[str, int]
    standing: Mapping[str, int]
    nights: list[NightLine]


async def read_tally(connection: AsyncConnection, world: World, now: datetime) -> Tally:
    """The counts as at now; the nights are tonight's, or last night's until noon."""
    effective = col(WorkOrderRow.effective)
    by_priority = select(effective, func.count()).where(col(WorkOrderRow.is_open)).group_by(effective)
    role = col(EscalationRow.role)
    by_role = select(role, func.count()).where(col(EscalationRow.standing)).group_by(role)
    local = now.astimezone(world.policies.at(now).zone)
    night = local.date().toordinal() - (local.hour < 12)
    date = local.date().fromordinal(night)
    return Tally(
        account=await read_account(connection),
        outstanding={str(row[0]): row[1] for row in await connection.execute(by_priority)},
        standing={str(row[0]): row[1] for row in await connection.execute(by_role)},
        nights=await read_nights(connection, world, now, date, date),
    )


async def read_account(connection: AsyncConnection) -> Account:
    """The account of everything that came in."""
    state = OffsetStateRow
    consumed = func.sum(col(state.next_offset) - col(state.first_offset) - col(state.skipped))
    streams = (await connection.execute(select(consumed, func.sum(col(state.duplicates))))).one()
    events = (
        await connection.execute(select(func.count(), func.count(col(EventRow.stream))).select_from(EventRow))
    ).one()
    rejected = (
        await connection.execute(select(func.count(), func.count(col(RejectedRow.stream))).select_from(RejectedRow))
    ).one()
    from_inbox = (events[0] - events[1]) + (rejected[0] - rejected[1])
    return Account(
        recorded=events[0],
        duplicates=streams[1] or 0,
        rejected=rejected[0],
        copies=await _copies(connection),
        consumed=streams[0] or 0,
        from_inbox=from_inbox,
    )


async def _copies(connection: AsyncConnection) -> int:
    """Events taken from the inbox that were also sent to their topic."""
    same = (col(EventRow.source) == col(InboxRow.source)) & (col(EventRow.id) == col(InboxRow.event_id))
    query = select(func.count()).select_from(InboxRow).join(EventRow, same)
    sent = query.where(col(InboxRow.relayed_at).is_not(None), col(EventRow.stream).is_(None))
    return (await connection.execute(sent)).scalar_one()


_DUE: Final = (WorkOrderRow, NightRow, SourceStateRow)


async def is_caught_up(connection: AsyncConnection, now: datetime, produced: int) -> bool:
    """Whether everything sent was taken, and nothing that is due by now waits to be decided.

    ``produced`` are the records that others wrote to the topics; to these come those that the relay has sent.
    """
    unsent, refused = col(InboxRow.relayed_at).is_(None), func.coalesce(InboxRow.fate, "") == "rejected"
    waiting = select(func.count()).where(or_(col(InboxRow.taken_at).is_(None), unsent & ~refused))
    if (await connection.execute(waiting)).scalar_one():
        return False
    relayed = (await connection.execute(select(func.count()).select_from(InboxRow).where(~unsent))).scalar_one()
    state = OffsetStateRow
    consumed = (
        await connection.execute(select(func.sum(col(state.next_offset) - col(state.first_offset))))
    ).scalar_one()
    if (consumed or 0) < relayed + produced:
        return False
    model: Any
    for model in _DUE:
        if (await connection.execute(select(model.unit).where(model.next_due_at <= now).limit(1))).first():
            return False
    return True


async def all_sent(connection: AsyncConnection) -> bool:
    """Whether every message in the outbox has been sent."""
    waiting = select(func.count()).where(col(OutboxRow.sent_at).is_(None))
    return (await connection.execute(waiting)).scalar_one() == 0
