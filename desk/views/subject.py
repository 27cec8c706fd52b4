"""One subject as a whole: its state, everything that was heard about it, and everything that was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.exits import NotFound
from desk.near import did_you_mean, premises_names
from desk.views.escalations import EscalationLine, StatementLine, escalations_of, statements_of
from desk.views.rows import AnyRow
from models.decision import Ignored, NightState, OrderState
from models.history import InputEvent
from models.tables import EventNoteRow, EventRow, NightRow, UnitRow, WorkOrderRow
from streams.ledger import states
from streams.ledger.queries import night_at
from workorders.policy import World

_NIGHTS: Final = " 'workorders nights' lists those that it knows."
_MOST_LIKE: Final = 5_000


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event that was taken: what it says, when it happened and when it was heard.

    ``ignored`` is the sentence why it changes nothing, if so; ``quarantined`` tells that it could not be decided.
    """

    type: str
    time: datetime
    heard: datetime
    source: str
    id: str
    role: str
    party: str
    says: dict[str, Any]
    note: str | None
    ignored: str | None
    quarantined: bool


@dataclass(frozen=True, slots=True)
class SubjectView:
    """One order or night. ``kind`` is ``work-order`` or ``night``; ``state`` is as it was last decided."""

    kind: str
    subject: str
    premises: str
    premises_name: str
    incomplete: bool
    decided_at: datetime
    state: OrderState | NightState
    events: tuple[EventLine, ...]
    escalations: tuple[EscalationLine, ...]
    statements: tuple[StatementLine, ...]


async def read_subject(
    connection: AsyncConnection, world: World, now: datetime, subject: str, premises: str | None
) -> SubjectView:
    """The subject of that id; ``NotFound`` in one sentence if there is none, or more than one without ``premises``."""
    row = await _row(connection, world, now, subject, premises)
    is_night = "/" in subject
    state: OrderState | NightState = (
        night_at(states.NIGHT_STATE.validate_json(row.state), row.decided_at, now)
        if is_night
        else states.ORDER_STATE.validate_json(row.state)
    )
    found = world.estates.at(now).premises(row.unit)
    incomplete = select(col(UnitRow.incomplete)).where(col(UnitRow.id) == row.unit)
    return SubjectView(
        kind="night" if is_night else "work-order",
        subject=subject,
        premises=row.unit,
        premises_name=found.name if found is not None else row.unit,
        incomplete=bool((await connection.execute(incomplete)).scalar_one_or_none()),
        decided_at=row.decided_at,
        state=state,
        events=tuple(await _events(connection, row.unit, subject, state.ignored)),
        escalations=tuple(await escalations_of(connection, row.unit, subject)),
        statements=tuple(await statements_of(connection, row.unit, subject)),
    )


async def premises_of(connection: AsyncConnection, world: World, now: datetime, subject: str) -> list[str]:
    """The premises that have a subject of that id, at most a few."""
    # With the units named, the primary key finds the subject; alone it would be searched for in every row.
    return await _having(connection, [premises.id for premises in world.estates.at(now).spec.premises], subject)


async def _having(connection: AsyncConnection, units: Sequence[str], subject: str) -> list[str]:
    model = NightRow if "/" in subject else WorkOrderRow
    query = select(col(model.unit)).where(col(model.unit).in_(units), col(model.subject) == subject)
    return sorted((await connection.execute(query)).scalars())


async def _row(connection: AsyncConnection, world: World, now: datetime, subject: str, premises: str | None) -> AnyRow:
    if premises is not None:
        units = await _having(connection, [premises], subject)
    else:
        units = await premises_of(connection, world, now, subject)
    if not units:
        raise NotFound(await _nothing(connection, world, now, subject, premises))
    if len(units) > 1:
        raise NotFound(f"Several premises have an order {subject!r} ({', '.join(units)}): name one with --premises.")
    model = NightRow if "/" in subject else WorkOrderRow
    query = select(col(model.unit), col(model.state), col(model.decided_at))
    return (await connection.execute(query.where(col(model.unit) == units[0], col(model.subject) == subject))).one()


async def _nothing(connection: AsyncConnection, world: World, now: datetime, subject: str, premises: str | None) -> str:
    at = f" at {premises!r}" if premises is not None else ""
    place = subject.rpartition("/")[0] or premises
    meant = did_you_mean(place, premises_names(world, now)) if place is not None else ""
    if "/" in subject:
        return f"The ledger knows no night {subject!r}{at}.{meant or _NIGHTS}"
    meant = meant or did_you_mean(subject, await orders_like(connection, subject))
    if premises is None:
        return f"The ledger knows no order {subject!r}.{meant}"
    return f"The ledger knows no order {subject!r} at {premises!r}.{meant}"


async def orders_like(connection: AsyncConnection, subject: str) -> list[str]:
    """Orders whose ids begin as that one does, to be offered instead."""
    like = col(WorkOrderRow.subject).startswith(subject[:3], autoescape=True)
    query = select(col(WorkOrderRow.subject)).where(like).distinct().limit(_MOST_LIKE)
    return list((await connection.execute(query)).scalars())


async def _events(connection: AsyncConnection, unit: str, subject: str, ignored: Sequence[Ignored]) -> list[EventLine]:
    why = {(one.source, one.id): one.why for one in ignored}
    note = (col(EventNoteRow.source) == col(EventRow.source)) & (col(EventNoteRow.id) == col(EventRow.id))
    names = ("type", "time", "heard", "source", "id", "role", "party", "body", "quarantined")
    query = (
        select(*(col(getattr(EventRow, name)) for name in names), col(EventNoteRow.note))
        .outerjoin(EventNoteRow, note)
        .where(col(EventRow.unit) == unit, col(EventRow.subject) == subject)
        .order_by(col(EventRow.heard), col(EventRow.time), col(EventRow.source), col(EventRow.id))
    )
    return [_event(row, why) for row in await connection.execute(query)]


def _event(row: AnyRow, why: dict[tuple[str, str], str]) -> EventLine:
    event = states.stored_event(row.type, row.body)
    return EventLine(
        type=row.type,
        time=row.time,
        heard=row.heard,
        source=row.source,
        id=row.id,
        role=row.role,
        party=row.party,
        says=says(event),
        note=row.note,
        ignored=why.get((row.source, row.id)),
        quarantined=row.quarantined,
    )


def says(event: InputEvent) -> dict[str, Any]:
    """What an event says beside its premises and its free text."""
    return event.data.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"premises", "note"})
