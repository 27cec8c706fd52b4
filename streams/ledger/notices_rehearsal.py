"""Rehearsals in the ledger: ladders that were only tried, apart from every real one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Reached
from models.tables import NoticeRow, RehearsalRow
from streams.ledger import notices, rows, states
from streams.ledger.engine import Database
from streams.ledger.transaction import retried
from streams.notices.notice import REHEARSAL, Notice, notice_id
from streams.notices.reaching import Reaching

_REHEARSAL: Final = rows.table_of(RehearsalRow)
_NOTICE: Final = rows.table_of(NoticeRow)


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a rehearsal: who was to be told, by which notices, and when somebody answered."""

    id: UUID
    place: int
    unit: str
    reached: Reached
    begun_at: datetime
    planned_at: datetime | None
    answered_at: datetime | None
    notices: tuple[Notice, ...]

    @property
    def is_dead(self) -> bool:
        """Whether no channel could tell the role, and none will."""
        over = all(one.settled_at is not None and one.outcome != "accepted" for one in self.notices)
        return self.planned_at is not None and over


async def begin(connection: AsyncConnection, drill: UUID, unit: str, rungs: Sequence[Reached], now: datetime) -> None:
    """Rehearse these rungs; whoever sends notices plans and sends those of a rehearsal too."""
    new = [
        {
            "id": rung_id(drill, place), "drill": drill, "place": place, "unit": unit, "role": rung.role,
            "content": states.dump(rung), "begun_at": now,
        }
        for place, rung in enumerate(rungs)
    ]  # fmt: skip
    await rows.insert(connection, RehearsalRow, new)


def rung_id(drill: UUID, place: int) -> UUID:
    """What stands for an escalation's id."""
    return uuid5(drill, str(place))


async def read(connection: AsyncConnection, drill: UUID) -> list[Rung]:
    """How far a rehearsal has come, rung by rung."""
    query = select(_REHEARSAL).where(_REHEARSAL.c.drill == drill).order_by(_REHEARSAL.c.place)
    found: Sequence[Any] = (await connection.execute(query)).all()
    told = await notices.of(connection, [row.id for row in found])
    return [
        Rung(
            row.id, row.place, row.unit, states.REACHED.validate_json(row.content), row.begun_at, row.planned_at,
            row.answered_at, tuple(told.get(row.id, ())),
        )
        for row in found
    ]  # fmt: skip


async def answer(connection: AsyncConnection, escalation_id: UUID, now: datetime) -> bool:
    """Whether this is a rung of a rehearsal; if so it counts as answered, from the first time on."""
    mine = _REHEARSAL.c.id == escalation_id
    first = _REHEARSAL.update().where(mine, _REHEARSAL.c.answered_at.is_(None)).values(answered_at=now)
    await connection.execute(first)
    return (await connection.execute(select(_REHEARSAL.c.id).where(mine))).first() is not None


async def is_rehearsed(connection: AsyncConnection, escalation_id: UUID) -> bool:
    """Whether this is a rung of a rehearsal."""
    return (
        await connection.execute(select(_REHEARSAL.c.id).where(_REHEARSAL.c.id == escalation_id))
    ).first() is not None


async def plan_rehearsals(database: Database, reaching: Reaching) -> int:
    """Plan the notices of rehearsals that wait; how many rungs there were. Raises ``LedgerUnavailable``."""

    async def once() -> int:
        async with database.writing() as connection:
            query = select(_REHEARSAL).where(_REHEARSAL.c.planned_at.is_(None)).order_by(_REHEARSAL.c.id)
            found: Sequence[Any] = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            new = [one for row in found for one in _notices(row, reaching)]
            await notices.write(connection, new, ())
            changes = [{"id": row.id, "planned_at": reaching.now} for row in found]
            await rows.update(connection, RehearsalRow, changes)
            return len(found)

    return await retried(once)


def _notices(row: Any, reaching: Reaching) -> list[Notice]:  # noqa: ANN401 - a row of any statement
    reached = states.REACHED.validate_json(row.content)
    made = [
        Notice(
            id=notice_id(row.id, to), escalation_id=row.id, n=0, what=REHEARSAL, unit=row.unit, role=row.role,
            kind=to.kind, address=to.address, language=to.language, priority=reached.priority, urgent=False,
            planned_at=reaching.now, next_at=reaching.now,
        )
        for to in reaching.at(row.role, row.unit)
    ]  # fmt: skip
    for one in made:
        reaching.refuse_unconfigured(one)
    return made
