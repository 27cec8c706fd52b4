"""What is said about another event: that it was a mistake, or that a late report is confirmed or refused."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from desk.exits import NotFound
from desk.opening import Desk
from desk.options import SpeakingOfOrder
from desk.telling.nights import premises_of_night
from desk.telling.orders import place_of
from desk.telling.saying import Event, make_event, say
from models.tables import EventRow
from streams.ledger.ledger import Ledger

_ANSWERS: Final = "facilities.escalation-response."


def tell_about_event(subject: str, verb: str, event: str, of_source: str | None, speaking: SpeakingOfOrder) -> int:
    """Say it about the event of the subject whose id begins so."""

    async def build(desk: Desk, ledger: Ledger, at: datetime) -> Event:
        premises = (
            premises_of_night(subject) if "/" in subject else await place_of(desk, ledger, subject, speaking.premises)
        )
        source, id_, event_type = await _the_event(ledger, premises, subject, event, of_source)
        topic = "shift-cover" if "/" in subject else "work-orders"
        topic = "escalation-responses" if event_type.startswith(_ANSWERS) else topic
        return make_event(topic, verb, subject, premises, at, {"of_source": source, "of_id": id_}, speaking)

    return say(speaking, build)


async def _the_event(
    ledger: Ledger, premises: str, subject: str, prefix: str, of_source: str | None
) -> tuple[str, str, str]:
    mine = [col(EventRow.unit) == premises, col(EventRow.subject) == subject]
    mine.append(col(EventRow.id).startswith(prefix, autoescape=True))
    if of_source is not None:
        mine.append(col(EventRow.source) == of_source)
    query = select(col(EventRow.source), col(EventRow.id), col(EventRow.type)).where(*mine)
    async with ledger.reading() as connection:
        found = (await connection.execute(query)).all()
    exact = [row for row in found if row.id == prefix] or found
    if len(exact) == 1:
        return exact[0].source, exact[0].id, exact[0].type
    if not exact:
        raise NotFound(
            f"{subject!r} has no event with an id that begins with {prefix!r}; 'workorders show {subject}' lists them."
        )
    named = ", ".join(sorted({row.source for row in exact}))
    begins = f"Several events of {subject!r} have an id that begins with {prefix!r}"
    raise NotFound(f"{begins}: write more of it, or name one of {named} with --of-source.")
