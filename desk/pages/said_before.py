"""Whether a form that comes was sent before: what it said is durable before anything is answered."""

from sqlalchemy import select
from sqlmodel import col

from desk.api.guard import Caller
from models.tables import InboxRow


async def was_said(caller: Caller, event: str) -> bool:
    """Whether the caller's source has said the event of this id."""
    mine = col(InboxRow.source) == caller.key.source, col(InboxRow.event_id) == event
    async with caller.place.ledger.reading() as connection:
        return (await connection.execute(select(col(InboxRow.receipt)).where(*mine).limit(1))).first() is not None
