"""Who has taken on the ladder of an escalation, and what one link has said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.api import operations
from desk.exits import NotFound
from desk.opening import Desk
from desk.pages.voices import event_type
from desk.views.escalations import EscalationLine
from desk.views.subject import EventLine, read_subject
from models.tables import EventRow

_TAKEN_ON: Final = frozenset(map(event_type, operations.OF_ESCALATION[:2]))


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer by which somebody took a subject on: as which role, when, and the id of what they said."""

    role: str
    at: datetime
    event: str


async def answers(connection: AsyncConnection, desk: Desk, line: EscalationLine) -> list[Answered]:
    """Who has taken on the ladder of an escalation, the latest last; what changes nothing is no answer."""
    try:
        view = await read_subject(connection, desk.world, desk.now, line.subject, line.premises)
    except NotFound:  # of a source that is silent there is no such view
        return []
    mine = {str(one.id) for one in view.escalations if _ladder(one) == _ladder(line)}
    return [_answered(one) for one in view.events if _counts(one) and one.says.get("escalation_id") in mine]


async def answer_of(connection: AsyncConnection, source: str, event: str) -> Answered | None:
    """What a source said by the event of that id, whatever it was about; None if it has not said it."""
    query = select(col(EventRow.role), col(EventRow.time), col(EventRow.id))
    row = (await connection.execute(query.where(col(EventRow.source) == source, col(EventRow.id) == event))).first()
    return Answered(row.role, row.time, row.id) if row is not None else None


def _ladder(line: EscalationLine) -> tuple[str, str, str]:
    return line.kind, line.clock, line.spell


def _counts(event: EventLine) -> bool:
    return event.type in _TAKEN_ON and event.ignored is None and not event.quarantined


def _answered(event: EventLine) -> Answered:
    return Answered(event.role, event.time, event.id)
