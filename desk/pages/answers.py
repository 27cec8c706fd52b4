"""Who has answered about what an escalation is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api import operations
from desk.exits import NotFound
from desk.opening import Desk
from desk.pages.voices import event_type
from desk.views.escalations import EscalationLine
from desk.views.subject import EventLine, read_subject

_TAKEN_ON: Final = frozenset(map(event_type, operations.OF_ESCALATION[:2]))


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer by which somebody took a subject on: as which role, when, and the id of what they said."""

    role: str
    at: datetime
    event: str


async def answers(connection: AsyncConnection, desk: Desk, line: EscalationLine) -> list[Answered]:
    """Who has taken on what an escalation is about, the latest last."""
    try:
        view = await read_subject(connection, desk.world, desk.now, line.subject, line.premises)
    except NotFound:  # of a source that is silent there is no such view
        return []
    return [_answered(one) for one in view.events if one.type in _TAKEN_ON]


def _answered(event: EventLine) -> Answered:
    return Answered(event.role, event.time, event.id)
