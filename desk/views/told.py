"""By which channels roles were told, as far as we know: those that took a notice upon themselves."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.escalations import EscalationLine
from models.tables import NoticeRow
from streams.notices.notice import TELLS, Fate

ToldBy = Mapping[UUID, tuple[str, ...]]
"""For each escalation the kinds of channel."""

_TELLS: Final = [str(kind) for kind in TELLS]


async def told_by(connection: AsyncConnection, escalations: Iterable[EscalationLine]) -> ToldBy:
    """The kinds of channel that took a notice about each; one of which nobody was told yet is left out."""
    about = col(NoticeRow.escalation_id).in_(sorted(one.id for one in escalations))
    taken = (col(NoticeRow.outcome) == str(Fate.ACCEPTED), col(NoticeRow.what).in_(_TELLS))
    query = select(col(NoticeRow.escalation_id), col(NoticeRow.kind)).where(about, *taken).distinct()
    found: dict[UUID, tuple[str, ...]] = {}
    for escalation, kind in await connection.execute(query.order_by(col(NoticeRow.kind))):
        found[escalation] = (*found.get(escalation, ()), kind)
    return found
