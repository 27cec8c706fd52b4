"""Every message and every statement is what was sealed when it was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OffsetStateRow, OutboxRow, RejectedRow, StatementRow
from streams.ledger import audit, rows
from streams.ledger.queries.plain import as_dict
from streams.ledger.rejecting import NOWHERE
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.links import Chain
from streams.ledger.verify.reading import fetched
from streams.ledger.verify.walked import Entry, Walked
from streams.topics import REJECTED

_OUTBOX: Final = rows.table_of(OutboxRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_REJECTED: Final = rows.table_of(RejectedRow)
_STREAM: Final = rows.table_of(OffsetStateRow)
_MESSAGES: Final = rows.Query(
    OutboxRow,
    ("message_id",),
    tuple(_OUTBOX.c),
    f"SELECT {', '.join(f'o.{column.name}' for column in _OUTBOX.c)} FROM {{wanted}} CROSS JOIN outbox o "  # noqa: S608
    "WHERE o.message_id = w.message_id",
)
_STATEMENTS: Final = rows.Query(
    StatementRow,
    ("message_id",),
    tuple(_STATEMENT.c),
    f"SELECT {', '.join(f's.{column.name}' for column in _STATEMENT.c)} FROM {{wanted}} CROSS JOIN statement s "  # noqa: S608
    "WHERE s.message_id = w.message_id",
)
_EARLY: Final = timedelta(minutes=5)
"""How far the clocks of two machines may be apart before a time is called impossible."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a link says about one message."""

    link: Row[Any]
    seal: str
    statement: str | None


async def check(connection: AsyncConnection, walked: Walked, chain: Chain, entries: Sequence[Entry]) -> None:
    """Hold the messages and statements that these links sealed against them."""
    said = {
        UUID(id_): _Said(link, seal, statement[0] if statement else None)
        for link, entry in entries
        for id_, seal, *statement in entry.get("said", ())
    }
    walked.seen("messages", len(said))
    kept, unread = await fetched(connection, _MESSAGES, [(id_,) for id_ in said], "outbox")
    messages = {row.message_id: row for row in kept}
    walked.read("outbox", kept, unread)
    broken = {one.where for one in unread}
    for id_, one in said.items():
        row = messages.get(id_)
        if row is not None:
            for sentence in await _faults(connection, walked, chain, one, row):
                walked.findings.append(Finding("outbox", f"message {id_}", sentence))
        elif str(id_) not in broken:
            walked.findings.append(Finding("outbox", f"message {id_}", "it was sealed and is gone"))
    await _check_statements(connection, walked, {id_: one for id_, one in said.items() if one.statement})


async def _check_statements(connection: AsyncConnection, walked: Walked, said: Mapping[UUID, _Said]) -> None:
    walked.seen("statements", len(said))
    kept, unread = await fetched(connection, _STATEMENTS, [(id_,) for id_ in said], "statement")
    there = {row.message_id: row for row in kept}
    walked.read("statement", kept, unread)
    broken = {one.where for one in unread}
    for id_, one in said.items():
        row = there.get(id_)
        if row is None and str(id_) not in broken:
            walked.findings.append(Finding("statement", f"of message {id_}", "it was sealed and is gone"))
        elif row is not None and audit.row_seal(StatementRow, as_dict(row)) != one.statement:
            where = f"{row.n} of escalation {row.escalation_id}"
            walked.findings.append(Finding("statement", where, "it was edited: it is not what was sealed"))


async def _faults(connection: AsyncConnection, walked: Walked, chain: Chain, said: _Said, row: Row[Any]) -> list[str]:
    found = []
    erased = walked.acts.erased.get((str(row.message_id),))
    if erased is not None and row.value == "":
        if (row.topic, row.key) != await _place_of_rejected(connection, row.message_id):
            found.append("it was edited: topic or key is not that of its rejection")
    elif audit.message_seal(row.topic, row.key, row.value) != said.seal:
        found.append("it was edited: topic, key or value is not what was sealed")
    if row.erased_at != erased:
        found.append("it was edited: erased_at is not when the audit says that somebody erased it")
    if row.headers != orjson.dumps({audit.HEADER: said.link.hash}).decode():
        found.append("it was edited: its header names another link")
    if row.created_at != _created(said, row):
        found.append("it was edited: created_at is not when it was said")
    if row.seq <= chain.seq.get("outbox", 0):
        found.append(f"it was edited: its number {row.seq} is not in the order in which it was said")
    chain.seq["outbox"] = row.seq
    return found + _movement(row)


def _movement(row: Row[Any]) -> list[str]:
    """What cannot be of what the relay and the watch note; what could be, only the topic knows."""
    found = []
    if row.sent_at is not None and row.sent_at < row.created_at - _EARLY:
        found.append("it was edited: sent_at is before it was said")
    if row.confirmed_at is not None and row.sent_at is None:
        found.append("it was edited: it was seen on its topic, yet not sent")
    if (row.confirmed_at is None) != (row.confirmations == 0) or row.confirmations < 0:
        found.append("it was edited: confirmations do not fit with confirmed_at")
    return found


def _created(said: _Said, row: Row[Any]) -> datetime:
    if said.link.kind != "adopted":
        created: datetime = said.link.decided_at
        return created
    return datetime.fromisoformat(orjson.loads(row.value)["time"])


async def _place_of_rejected(connection: AsyncConnection, message_id: UUID) -> tuple[str, str] | None:
    """The topic and key of the message about a rejected input, whose bytes were erased."""
    query = (
        select(_REJECTED.c.topic, _REJECTED.c.topic_offset, _STREAM.c.topic_partition)
        .join(_STREAM, _STREAM.c.id == _REJECTED.c.stream, isouter=True)
        .where(_REJECTED.c.message_id == message_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    place = (NOWHERE, NOWHERE) if row.topic_offset is None else (row.topic_partition, row.topic_offset)
    return REJECTED.name, f"{row.topic}/{place[0]}/{place[1]}"
