"""One subject with everything about it: its state, what was reported, and what was said."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EventNoteRow, EventRow, NightRow, SourceStateRow, StatementRow
from streams.ledger import rows, store
from streams.ledger.queries.escalations import escalations
from streams.ledger.queries.orders import order_states
from streams.ledger.queries.plain import as_dict, opened

_EVENT: Final = rows.table_of(EventRow)
_NOTE: Final = rows.table_of(EventNoteRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_NIGHT: Final = rows.table_of(NightRow)
_SOURCE: Final = rows.table_of(SourceStateRow)


async def show(connection: AsyncConnection, subject: str, unit: str | None = None) -> list[dict[str, Any]]:
    """The subject at each premises that has one of that name, or at one: state, escalations and timeline.

    The timeline holds events (``at`` is when each was heard) and statements in the order in which we learned or said
    them; each event shows both when it happened and when it was heard.
    """
    found = await _states(connection, subject, unit)
    return [
        {
            **state,
            "escalations": await escalations(
                connection, units=[state["unit"]], subject=subject, standing=False, limit=1000
            ),
            "timeline": await _timeline(connection, state["unit"], subject),
        }
        for state in found
    ]


async def _states(connection: AsyncConnection, subject: str, unit: str | None) -> list[dict[str, Any]]:
    key = ("", subject)
    if store.is_order(key):
        return await order_states(connection, subject, unit)
    table = _SOURCE if store.is_source(key) else _NIGHT
    query = select(table).where(table.c.subject == subject)
    return [opened(as_dict(row), "state") for row in await connection.execute(query)]


async def _timeline(connection: AsyncConnection, unit: str, subject: str) -> list[dict[str, Any]]:
    told = (
        select(
            _EVENT.c.source, _EVENT.c.id, _EVENT.c.type, _EVENT.c.time, _EVENT.c.heard, _EVENT.c.role, _EVENT.c.party,
            _EVENT.c.quarantined, _EVENT.c.body, _NOTE.c.note, _NOTE.c.erased_at.label("note_erased_at"),
        )
        .join(_NOTE, (_NOTE.c.source == _EVENT.c.source) & (_NOTE.c.id == _EVENT.c.id), isouter=True)
        .where(_EVENT.c.unit == unit, _EVENT.c.subject == subject, _EVENT.c.type != "facilities.source.heartbeat")
    )  # fmt: skip
    said = select(_STATEMENT).where(_STATEMENT.c.unit == unit, _STATEMENT.c.subject == subject)
    events = [opened(as_dict(row), "body") for row in await connection.execute(told)]
    statements = [opened(as_dict(row), "content") for row in await connection.execute(said)]
    entries = [{"what": "event", "at": event["heard"], **event} for event in events]
    entries += [{"what": "statement", "at": statement["said_at"], **statement} for statement in statements]
    return sorted(entries, key=_moment)


def _moment(entry: dict[str, Any]) -> tuple[datetime, bool, datetime]:
    return entry["at"], entry["what"] == "statement", entry.get("time", entry["at"])
