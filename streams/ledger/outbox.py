"""The outbox: messages that the deciding transaction wrote, for the relay to send and the watch to confirm."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OutboxRow
from streams.ledger import audit, rows
from streams.messages import Message

_TABLE: Final = rows.table_of(OutboxRow)
_CONFIRM: Final = rows.Query(
    OutboxRow,
    ("message_id",),
    (_TABLE.c.message_id, _TABLE.c.seq, _TABLE.c.sent_at, _TABLE.c.confirmed_at, _TABLE.c.confirmations),
    """SELECT o.message_id, o.seq, o.sent_at, o.confirmed_at, o.confirmations FROM {wanted} CROSS JOIN outbox o
    WHERE o.message_id = w.message_id""",
)
_TO_SEND: Final = (_TABLE.c.seq, _TABLE.c.message_id, _TABLE.c.topic, _TABLE.c.key, _TABLE.c.value, _TABLE.c.headers)
_OF_OTHER_LINES: Final = rows.Query(
    OutboxRow,
    ("topic", "key"),
    _TO_SEND,
    """SELECT seq, message_id, topic, key, value, headers FROM outbox WHERE sent_at IS NULL
    AND (topic, key) NOT IN (SELECT w.topic, w.key FROM {wanted}) ORDER BY seq LIMIT :limit""",
)
_LACKING: Final = (_TABLE.c.confirmed_at.is_(None), _TABLE.c.sent_at.is_not(None), _TABLE.c.erased_at.is_(None))
"""Sent, not seen, and still there to be seen."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """One message that waits to be sent; the topic is its logical name."""

    seq: int
    message_id: UUID
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """One message that was sent and not yet seen on its topic; the topic is its logical name."""

    seq: int
    message_id: UUID
    topic: str
    key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the watch's confirmation found: seen for the first time, seen again, and unknown to this ledger."""

    first: int
    again: int
    unknown: tuple[UUID, ...]


def new_row(message: Message, head: str, at: datetime) -> dict[str, Any]:
    """A message that waits to be sent, as its row; ``head`` is the hash of the link that seals it."""
    return {
        "message_id": message.id,
        "topic": message.topic,
        "key": message.key,
        "value": message.value,
        "headers": orjson.dumps({audit.HEADER: head}).decode(),
        "created_at": at,
        "confirmations": 0,
    }


def seen_row(message: Message, head: str, said_at: datetime, now: datetime) -> dict[str, Any]:
    """A message that was found on its topic, as its row: it counts as sent when it was said, and as seen now."""
    seen = {"sent_at": said_at, "confirmed_at": now, "confirmations": 1}
    return {**new_row(message, head, said_at), **seen}


async def add(connection: AsyncConnection, new: Sequence[Mapping[str, Any]]) -> None:
    """Write messages in the order in which they must be sent."""
    await rows.insert(connection, OutboxRow, new)


async def unsent(connection: AsyncConnection, limit: int, but: Collection[tuple[str, bytes]] = ()) -> list[Unsent]:
    """The oldest messages that were not sent, in the order in which they must be sent.

    ``but`` are topics and keys that are left out.
    """
    if but:
        lines = [(topic, key.decode()) for topic, key in but]
        return [_unsent(row) for row in await rows.fetch(connection, _OF_OTHER_LINES, lines, limit=limit)]
    query = select(*_TO_SEND).where(_TABLE.c.sent_at.is_(None)).order_by(_TABLE.c.seq).limit(limit)
    return [_unsent(row) for row in await connection.execute(query)]


async def unsent_of(connection: AsyncConnection, seqs: Collection[int]) -> list[Unsent]:
    """Those of these messages that were not sent."""
    query = select(*_TO_SEND).where(_TABLE.c.sent_at.is_(None), _TABLE.c.seq.in_(sorted(seqs)))
    return [_unsent(row) for row in await connection.execute(query.order_by(_TABLE.c.seq))]


async def unconfirmed(connection: AsyncConnection, after: int, limit: int) -> list[Unconfirmed]:
    """The messages after a number that were sent and not yet seen on their topics, but for those that were erased."""
    query = select(_TABLE.c.seq, _TABLE.c.message_id, _TABLE.c.topic, _TABLE.c.key, _TABLE.c.created_at)
    found = await connection.execute(query.where(*_LACKING, _TABLE.c.seq > after).order_by(_TABLE.c.seq).limit(limit))
    return [Unconfirmed(*row) for row in found]


async def overtaken(connection: AsyncConnection, wanted: Sequence[Unconfirmed]) -> dict[UUID, bool]:
    """Which of these were followed by another of the same topic and key, and whether one that follows was seen."""
    found: dict[UUID, bool] = {}
    for one in wanted:
        later = (_TABLE.c.topic == one.topic, _TABLE.c.key == one.key, _TABLE.c.seq > one.seq)
        query = select(func.count(), func.count(_TABLE.c.confirmed_at)).where(*later)
        there, seen = (await connection.execute(query)).one()
        if there:
            found[one.message_id] = bool(seen)
    return found


async def send_again(connection: AsyncConnection, seqs: Sequence[int]) -> None:
    """These were sent and are not on their topics: they count as unsent, unless they were seen meanwhile."""
    lacking = _TABLE.c.seq.in_(sorted(seqs))
    await connection.execute(_TABLE.update().where(lacking, *_LACKING).values(sent_at=None))


async def mark_sent(connection: AsyncConnection, seqs: Sequence[int], at: datetime) -> None:
    """The broker has acknowledged these."""
    await rows.update(connection, OutboxRow, [{"seq": seq, "sent_at": at} for seq in sorted(seqs)])


async def confirm(connection: AsyncConnection, seen: Iterable[UUID], at: datetime) -> Confirmed:
    """These message ids were seen on the topic, each as often as it is named.

    A message that was seen counts as sent, even if we died before we could note that.
    """
    times: dict[UUID, int] = {}
    for message_id in seen:
        times[message_id] = times.get(message_id, 0) + 1
    found = await rows.fetch(connection, _CONFIRM, [(message_id,) for message_id in sorted(times)])
    changes: list[dict[str, Any]] = [
        {
            "seq": row.seq,
            "sent_at": row.sent_at or at,
            "confirmed_at": row.confirmed_at or at,
            "confirmations": row.confirmations + times[row.message_id],
        }
        for row in found
    ]
    await rows.update(connection, OutboxRow, sorted(changes, key=lambda change: change["seq"]))
    first = sum(row.confirmed_at is None for row in found)
    again = sum(times[row.message_id] for row in found) - first
    return Confirmed(first, again, tuple(sorted(times.keys() - {row.message_id for row in found})))


async def waiting(connection: AsyncConnection) -> dict[str, Any]:
    """How many messages wait to be sent or confirmed, and since when the oldest of each does."""
    sent = _TABLE.c.sent_at
    unsent_row = (
        await connection.execute(select(func.count(), func.min(_TABLE.c.created_at)).where(sent.is_(None)))
    ).one()
    lacking = select(func.count(), func.min(sent)).where(*_LACKING)
    unconfirmed = (await connection.execute(lacking)).one()
    return {
        "unsent": unsent_row[0],
        "unsent_since": unsent_row[1],
        "unconfirmed": unconfirmed[0],
        "unconfirmed_since": unconfirmed[1],
    }


def _unsent(row: Any) -> Unsent:  # noqa: ANN401 - a row of any statement
    return Unsent(row.seq, row.message_id, row.topic, row.key.encode(), row.value.encode(), _headers(row.headers))


def _headers(text: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode()) for name, value in orjson.loads(text).items())
