"""Recognising: whether a record is the one that the ledger took at its place, told from what the ledger keeps of it.

An event keeps its place, its digest and when it was heard, a rejection its place and the hash of its bytes. Of a
duplicate the chain of its unit names the place, and an event that was recorded before has its content; that one
duplicate stands where another stood is not seen, and loses nothing.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.kafka_binding import structured_text
from models.tables import AuditRow, EventRow, InboxRow, RejectedRow
from streams.ledger import offsets, rows, sorting
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.sorting import HEARD, Identity, Parsed

Place = tuple[int, int]
"""A stream's number and an offset in it."""

_EVENT: Final = rows.table_of(EventRow)
_INBOX: Final = rows.table_of(InboxRow)
_REJECTED: Final = rows.table_of(RejectedRow)
_AUDIT: Final = rows.table_of(AuditRow)
_EVENTS: Final = rows.Query(
    EventRow,
    ("source", "id"),
    (
        *(_EVENT.c[name] for name in ("source", "id", "unit", "digest", "heard", "stream", "topic_offset")),
        _INBOX.c.received_at,
    ),
    """SELECT e.source, e.id, e.unit, e.digest, e.heard, e.stream, e.topic_offset, i.received_at
    FROM {wanted} CROSS JOIN event e
    LEFT JOIN inbox i ON i.source = e.source AND i.event_id = e.id AND i.digest = e.digest
    WHERE e.source = w.source AND e.id = w.id""",
)
_REJECTIONS: Final = rows.Query(
    RejectedRow,
    ("stream", "topic_offset"),
    tuple(_REJECTED.c[name] for name in ("stream", "topic_offset", "sha256", "heard")),
    """SELECT r.stream, r.topic_offset, r.sha256, r.heard FROM {wanted} CROSS JOIN rejected r
    WHERE r.stream = w.stream AND r.topic_offset = w.topic_offset""",
)


async def recognise(connection: AsyncConnection, read: Sequence[Incoming]) -> dict[Stream, int | None]:
    """The first of these records of each stream that is not the one that the ledger took there; None if all are.

    ``heard`` is the broker's time, or None where it keeps none. A stream of which the ledger took none of these is
    left out: its records are in a gap that somebody has accepted, or are older than the ledger.
    """
    taken = await _taken(connection, read)
    parsed = sorting.read([incoming for _, incoming in taken])
    places = [(number, _offset(incoming)) for number, incoming in taken]
    rejected = {(row.stream, row.topic_offset): row for row in await rows.fetch(connection, _REJECTIONS, places)}
    names = sorted({name for one in parsed if (name := _identity(one)) is not None})
    events = {(row.source, row.id): row for row in await rows.fetch(connection, _EVENTS, names)}
    found: dict[Stream, int | None] = {}
    again: dict[str, dict[Place, Stream]] = {}
    for place, one in zip(places, parsed, strict=True):
        stream, row = _stream(one.incoming), _row_of(one, events)
        found.setdefault(stream, None)
        if place in rejected:
            same = _is_that_rejection(one.incoming, rejected[place])
        elif row is not None and (row.stream, row.topic_offset) != place:
            again.setdefault(row.unit, {})[place] = stream
            same = True
        else:
            same = row is not None and _is_that_time(one, row)
        if not same:
            found[stream] = _first(found[stream], place[1])
    for unit, wanted in again.items():
        for place in wanted.keys() - await _duplicates(connection, unit, wanted):
            found[wanted[place]] = _first(found[wanted[place]], place[1])
    return found


async def _taken(connection: AsyncConnection, read: Sequence[Incoming]) -> list[tuple[int, Incoming]]:
    """Those that lie in no accepted gap, each with its stream's number."""
    taken = await offsets.taken(connection, {_stream(one) for one in read})
    return [
        (taken[stream].id, one)
        for one in read
        if (stream := _stream(one)) in taken and taken[stream].has_taken(_offset(one))
    ]


def _origin(incoming: Incoming) -> Origin:
    if incoming.origin is None:
        raise ValueError("only what was read from a topic can be recognised by its place")
    return incoming.origin


def _stream(incoming: Incoming) -> Stream:
    return _origin(incoming).stream


def _offset(incoming: Incoming) -> int:
    return _origin(incoming).offset


def _first(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def _identity(parsed: Parsed) -> Identity | None:
    """The source and id of a record; of one that a newer release has taken and this one cannot parse, as it stands."""
    if parsed.event is not None:
        return parsed.event.source, parsed.event.id
    try:
        found = orjson.loads(structured_text(parsed.incoming.value or b"", parsed.incoming.headers) or b"")
    except orjson.JSONDecodeError:
        return None
    source, id_ = (found.get("source"), found.get("id")) if isinstance(found, dict) else (None, None)
    return (source, id_) if isinstance(source, str) and isinstance(id_, str) else None


def _is_that_rejection(incoming: Incoming, row: Row[Any]) -> bool:
    same_time = incoming.heard is None or incoming.heard == row.heard
    return same_time and bool(hashlib.sha256(incoming.value or b"").hexdigest() == row.sha256)


def _row_of(parsed: Parsed, events: Mapping[Identity, Row[Any]]) -> Row[Any] | None:
    """The event that was recorded under the record's name and with its content."""
    name = _identity(parsed)
    row = events.get(name) if name is not None else None
    if row is None or (parsed.event is not None and parsed.digest != row.digest):
        return None
    return row


def _is_that_time(parsed: Parsed, row: Row[Any]) -> bool:
    """Whether it was heard then; what one of our doors, or our own receipt, gave a time of its own is not asked."""
    heard = parsed.incoming.heard
    said = (parsed.event.__pydantic_extra__ or {}).get(HEARD) if parsed.event is not None else None
    return heard is None or said is not None or row.received_at is not None or row.heard == heard


async def _duplicates(connection: AsyncConnection, unit: str, places: Collection[Place]) -> set[Place]:
    """Those places at which the unit's chain names a duplicate."""
    named = or_(*(_AUDIT.c.entry.like(f"%[{stream},{offset}]%") for stream, offset in places))
    found = await connection.execute(select(_AUDIT.c.entry).where(_AUDIT.c.chain == unit, named))
    return {
        (stream, offset) for entry in found.scalars() for stream, offset in orjson.loads(entry).get("duplicates", ())
    }
