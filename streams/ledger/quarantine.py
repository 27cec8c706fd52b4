"""Quarantine: what could not be decided, until it can be; its premises is shown as incomplete meanwhile."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.history import Taken
from models.tables import EventRow, NightRow, QuarantineRow, SourceStateRow, WorkOrderRow
from streams.ledger import rows, store
from streams.ledger.incoming import Held
from streams.ledger.store import Key
from streams.ledger.units import Unit

RETRY_AFTER: Final = timedelta(minutes=10)
"""How soon a subject that could not be decided is tried again."""

UnitAct = tuple[str, dict[str, Any]]
"""A unit, and what its audit must keep of what was done."""

_TABLE: Final = rows.table_of(QuarantineRow)
_NAMES: Final = ("seq", "unit", "subject", "source", "event_id", "error", "held_at")


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One thing in quarantine."""

    seq: int
    unit: str
    subject: str
    source: str | None
    event_id: str | None
    error: str
    held_at: datetime


async def held(connection: AsyncConnection, units: Collection[str] | None = None) -> list[HeldRow]:
    """What is in quarantine now, of these units or of all."""
    query = select(*(_TABLE.c[name] for name in _NAMES)).where(_TABLE.c.released_at.is_(None))
    if units is not None:
        query = query.where(_TABLE.c.unit.in_(sorted(units)))
    return [HeldRow(*row) for row in await connection.execute(query.order_by(_TABLE.c.seq))]


async def hold(connection: AsyncConnection, units: Mapping[str, Unit], found: Collection[Held], now: datetime) -> None:
    """Keep what could not be decided, each thing once, and show its unit as incomplete."""
    if not found:
        return
    already = {(row.unit, row.subject, row.source, row.event_id) for row in await held(connection, units.keys())}
    fresh = []
    for one in found:
        units[one.unit].incomplete = True
        name = (one.unit, one.subject, one.source, one.event_id)
        if name not in already:
            already.add(name)
            fresh.append({**dict(zip(_NAMES[1:5], name, strict=True)), "error": one.error, "held_at": now})
    await rows.insert(connection, QuarantineRow, fresh)


async def review(
    connection: AsyncConnection, units: Mapping[str, Unit], decided: Collection[Key], now: datetime
) -> list[UnitAct]:
    """Release the subjects that could be decided after all, and say of each unit whether anything is still held.

    Returns what the audit must keep of it.
    """
    doubtful = [unit.id for unit in units.values() if unit.incomplete]
    if not doubtful:
        return []
    still: set[str] = set()
    released: list[dict[str, Any]] = []
    acts: list[UnitAct] = []
    for row in await held(connection, doubtful):
        if row.source is None and (row.unit, row.subject) in decided:
            released.append({"seq": row.seq, "released_at": now})
            acts.append(_releasing(row))
        else:
            still.add(row.unit)
    await rows.update(connection, QuarantineRow, released)
    for unit in doubtful:
        units[unit].incomplete = unit in still
    return acts


async def postpone(connection: AsyncConnection, failing: Collection[Held], now: datetime) -> None:
    """Look at the subjects that could not be decided again after a while, so that they do not hold up the others."""
    for one in failing:
        if one.source is None:
            table = rows.table_of(_model_of((one.unit, one.subject)))
            same = (table.c.unit == one.unit) & (table.c.subject == one.subject)
            await connection.execute(table.update().where(same).values(next_due_at=now + RETRY_AFTER))


async def let_go(
    connection: AsyncConnection,
    found: Collection[HeldRow],
    still: Collection[Held],
    events: Mapping[Key, Sequence[Taken]],
    now: datetime,
) -> list[UnitAct]:
    """Release what could be decided: all but what is ``still`` held, and events that were never recorded.

    Returns what the audit must keep of it.
    """
    kept_subjects = {(one.unit, one.subject) for one in still if one.source is None}
    kept_events = {(one.source, one.event_id) for one in still if one.source is not None}
    recorded = {(taken.event.source, taken.event.id) for history in events.values() for taken in history}
    free = [
        row
        for row in found
        if (row.unit, row.subject) not in kept_subjects
        and (row.source is None or ((row.source, row.event_id) in recorded - kept_events))
    ]
    await rows.update(connection, QuarantineRow, [{"seq": row.seq, "released_at": now} for row in free])
    names = sorted((row.source, row.event_id) for row in free if row.source is not None and row.event_id is not None)
    changes = [{"source": source, "id": id_, "quarantined": False} for source, id_ in names]
    await rows.update(connection, EventRow, changes)
    return [_releasing(row) for row in free]


def holding(one: Held) -> dict[str, Any]:
    """What the audit keeps of something that could not be decided."""
    return {"held": [one.subject, one.source, one.event_id], "error": one.error}


def _releasing(row: HeldRow) -> UnitAct:
    return row.unit, {"released": [row.subject, row.source, row.event_id]}


def _model_of(key: Key) -> type[WorkOrderRow | NightRow | SourceStateRow]:
    if store.is_source(key):
        return SourceStateRow
    return NightRow if store.is_night(key) else WorkOrderRow
