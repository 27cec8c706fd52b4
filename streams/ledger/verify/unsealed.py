"""Is there a row that no link tells of? Counted first; only where the count is wrong are the rows looked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.tables import EventNoteRow, EventRow, InboxRow, OutboxRow, RejectedRow, StatementRow
from streams.ledger import rows
from streams.ledger.deciding import in_words
from streams.ledger.verify import acts, reading
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.reading import AT_ONCE
from streams.ledger.verify.walked import Walked

Names = Callable[[Mapping[str, Any]], Iterable[tuple[Any, ...]]]
_INBOX: Final = rows.table_of(InboxRow)
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows that links tell of: by which columns, and how an entry names them; ``seen`` is how the walk counts them."""

    seen: str
    model: type[SQLModel]
    columns: tuple[str, ...]
    names: Names
    sentence: str
    only: ColumnElement[bool]


def _events(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((source, id_) for source, id_, _ in entry.get("events", ()))


def _messages(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((UUID(said[0]),) for said in entry.get("said", ()))


def _statements(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((UUID(id_),) for id_, _, *statement in entry.get("said", ()) if statement)


def _rejected(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((UUID(act["rejected"]),) for act in entry.get("acts", ()) if "rejected" in act)


def _submitted(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((act["submitted"],) for act in entry.get("acts", ()) if "submitted" in act)


def _taken(entry: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    return ((seq,) for seq, _ in entry.get("fates", ()))


_NEVER: Final = "no link says that it was ever recorded"
_TABLES: Final = (
    _Table("event", EventRow, ("source", "id"), _events, _NEVER, true()),
    _Table("event_note", EventNoteRow, ("source", "id"), _events, "it is the free text of no recorded event", true()),
    _Table("outbox", OutboxRow, ("message_id",), _messages, _NEVER, true()),
    _Table("statement", StatementRow, ("message_id",), _statements, _NEVER, true()),
    _Table("rejected", RejectedRow, ("message_id",), _rejected, _NEVER, true()),
    _Table("inbox", InboxRow, ("receipt",), _submitted, _NEVER, true()),
    _Table(
        "taken",
        InboxRow,
        ("seq",),
        _taken,
        "it was edited: no link says that it was taken",
        _INBOX.c.taken_at.is_not(None) | _INBOX.c.fate.is_not(None),
    ),
)


async def check(connection: AsyncConnection, walked: Walked) -> list[Finding]:
    """Every event, note, message, statement, rejection and submission is told of by a link."""
    found: list[Finding] = []
    for one in _TABLES:
        count = select(func.count()).select_from(rows.table_of(one.model)).where(one.only)
        if (await connection.execute(count)).scalar_one() != walked.rows.get(one.seen, 0):
            try:
                found += await _named(connection, one)
            except (TypeError, ValueError, AttributeError) as error:
                table = rows.table_of(one.model).name
                found.append(
                    Finding(table, "", f"rows are there that no link tells of, and one of them: {in_words(error)}")
                )
    return found


async def _named(connection: AsyncConnection, one: _Table) -> list[Finding]:
    sealed: set[tuple[Any, ...]] = set()
    async for links, _ in reading.links(connection):
        for link in links:
            sealed.update(one.names(acts.content(link)))
    table = rows.table_of(one.model)
    query = select(*(table.c[name] for name in one.columns)).where(one.only)
    found: list[Finding] = []
    async for page in (await connection.stream(query)).partitions(AT_ONCE):
        found += [
            Finding(table.name, " ".join(map(str, row)), one.sentence) for row in page if tuple(row) not in sealed
        ]
        if len(found) > _SHOWN:
            break
    return found[:_SHOWN]
