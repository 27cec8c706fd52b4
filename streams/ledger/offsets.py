"""Offsets: how far each partition of each incarnation of a topic was consumed, kept with what was recorded.

They move in the transaction that records, so what is recorded and how far was read can never disagree. A writer that
comes too late is refused; records that are missing are an error until somebody accepts the gap with a reason.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OffsetGapRow, OffsetStateRow
from streams.ledger import rows
from streams.ledger.errors import LedgerConflict, LedgerError, OffsetGap
from streams.ledger.incoming import Incoming, Stream

_NAMES = ("cluster", "topic", "incarnation", "topic_partition")
_STATE = rows.table_of(OffsetStateRow)
_GAP = rows.table_of(OffsetGapRow)
_SQL = """
SELECT o.id, o.cluster, o.topic, o.incarnation, o.topic_partition, o.first_offset, o.next_offset, o.recorded,
o.duplicates, o.rejected
FROM {wanted} JOIN offset_state o ON o.cluster = w.cluster AND o.topic = w.topic
AND o.incarnation = w.incarnation AND o.topic_partition = w.topic_partition
ORDER BY o.id"""
_COUNTS = ("first_offset", "next_offset", "recorded", "duplicates", "rejected")
_COLUMNS = tuple(_STATE.c[name] for name in ("id", *_NAMES, *_COUNTS))
_POSITIONS = rows.Query(OffsetStateRow, _NAMES, _COLUMNS, _SQL)
_LOCKED = rows.Query(OffsetStateRow, _NAMES, _COLUMNS, _SQL + " FOR UPDATE OF o")


@dataclass(slots=True)
class Advance:
    """How far one stream moves in one transaction."""

    id: int
    next_offset: int
    recorded: int
    duplicates: int
    rejected: int

    def as_row(self) -> dict[str, Any]:
        """The columns that change."""
        return {
            "id": self.id,
            "next_offset": self.next_offset,
            "recorded": self.recorded,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
        }


@dataclass(slots=True)
class Advances:
    """The streams of one batch, locked and checked; ``begun`` are those that were never read before."""

    by_stream: dict[Stream, Advance] = field(default_factory=dict)
    begun: list[dict[str, Any]] = field(default_factory=list)

    def of(self, incoming: Incoming) -> Advance | None:
        """The stream that an input came from; None for what came from no topic."""
        return None if incoming.origin is None else self.by_stream[incoming.origin.stream]

    async def write(self, connection: AsyncConnection) -> None:
        """Move the offsets."""
        await rows.update(connection, OffsetStateRow, [advance.as_row() for advance in self.by_stream.values()])


@dataclass(slots=True)
class Taken:
    """What was taken of one stream: all that was read of it but for the gaps that somebody has accepted."""

    id: int
    first_offset: int
    next_offset: int
    gaps: list[range] = field(default_factory=list)

    def has_taken(self, offset: int) -> bool:
        """Whether the record at an offset was taken."""
        return self.first_offset <= offset < self.next_offset and not any(offset in gap for gap in self.gaps)


async def positions(connection: AsyncConnection, streams: Collection[Stream]) -> dict[Stream, int]:
    """The next offset of each stream that the ledger knows; the others must be read from their beginning."""
    return {_stream(row): row.next_offset for row in await rows.fetch(connection, _POSITIONS, _keys(streams))}


async def taken(connection: AsyncConnection, streams: Collection[Stream]) -> dict[Stream, Taken]:
    """What was taken of each stream that the ledger knows."""
    found = await rows.fetch(connection, _POSITIONS, _keys(streams))
    by_stream = {_stream(row): Taken(row.id, row.first_offset, row.next_offset) for row in found}
    by_id = {one.id: one for one in by_stream.values()}
    for gap in await connection.execute(select(_GAP.c.stream, _GAP.c.from_offset, _GAP.c.to_offset)):
        if gap.stream in by_id:
            by_id[gap.stream].gaps.append(range(gap.from_offset, gap.to_offset))
    return by_stream


async def known(connection: AsyncConnection) -> dict[Stream, int]:
    """The next offset of every stream that was ever read, of past incarnations too."""
    found = await connection.execute(select(*_COLUMNS))
    return {_stream(row): row.next_offset for row in found}


async def advance(connection: AsyncConnection, batch: Sequence[Incoming]) -> Advances:
    """Lock the streams of a batch and see that it goes on exactly where each of them stands.

    Raises ``LedgerConflict`` if a record was consumed before, ``OffsetGap`` if records are missing.
    """
    first = _first_offsets(batch)
    if not first:
        return Advances()
    found = await _lock(connection, first)
    begun = {stream: offset for stream, offset in first.items() if stream not in found}
    if begun:
        await _begin(connection, begun)
        found = await _lock(connection, first)
    for incoming in batch:
        if incoming.origin is not None:
            _step(found[incoming.origin.stream], incoming.origin.stream, incoming.origin.offset)
    return Advances(found, [_beginning(found[stream].id, stream, offset) for stream, offset in begun.items()])


async def accept_gap(
    connection: AsyncConnection, stream: Stream, upto: int, reason: str, now: datetime
) -> dict[str, Any]:
    """Go past missing records: the next offset becomes ``upto``, and the gap is kept with its reason."""
    found = await rows.fetch(connection, _locking(connection), _keys([stream]))
    if not found or found[0].next_offset >= upto:
        raise LedgerError(f"there is no gap before offset {upto} in partition {stream.partition} of {stream.topic}")
    at = found[0]
    gap: dict[str, Any] = {
        "stream": at.id,
        "from_offset": at.next_offset,
        "to_offset": upto,
        "reason": reason,
        "accepted_at": now,
    }
    await rows.insert(connection, OffsetGapRow, [gap])
    change = _STATE.update().where(_STATE.c.id == at.id)
    await connection.execute(change.values(next_offset=upto, skipped=_STATE.c.skipped + (upto - at.next_offset)))
    return gap


def _step(state: Advance, stream: Stream, offset: int) -> None:
    if offset < state.next_offset:
        raise LedgerConflict(
            f"offset {offset} of partition {stream.partition} of {stream.topic} was consumed before: "
            f"the ledger stands at {state.next_offset}"
        )
    if offset > state.next_offset:
        raise OffsetGap(stream.topic, stream.partition, state.next_offset, offset)
    state.next_offset += 1


def _first_offsets(batch: Iterable[Incoming]) -> dict[Stream, int]:
    first: dict[Stream, int] = {}
    for incoming in batch:
        if incoming.origin is not None:
            first.setdefault(incoming.origin.stream, incoming.origin.offset)
    return first


def _locking(connection: AsyncConnection) -> rows.Query:
    return _POSITIONS if connection.dialect.name == "sqlite" else _LOCKED


async def _lock(connection: AsyncConnection, streams: Collection[Stream]) -> dict[Stream, Advance]:
    found = await rows.fetch(connection, _locking(connection), _keys(streams))
    return {_stream(row): Advance(row.id, row.next_offset, row.recorded, row.duplicates, row.rejected) for row in found}


async def _begin(connection: AsyncConnection, first: dict[Stream, int]) -> None:
    for stream, offset in sorted(first.items()):
        row: dict[str, Any] = {
            **dict(zip(_NAMES, _key(stream), strict=True)),
            "first_offset": offset,
            "next_offset": offset,
            "recorded": 0,
            "duplicates": 0,
            "rejected": 0,
            "skipped": 0,
        }
        await rows.insert(connection, OffsetStateRow, [row], clash="keep", by=_NAMES)


def _beginning(id_: int, stream: Stream, first: int) -> dict[str, Any]:
    return {"id": id_, **dict(zip(_NAMES, _key(stream), strict=True)), "first_offset": first}


def _key(stream: Stream) -> tuple[str, str, str, int]:
    return stream.cluster, stream.topic, stream.incarnation, stream.partition


def _keys(streams: Iterable[Stream]) -> list[tuple[Any, ...]]:
    return [_key(stream) for stream in sorted(streams)]


def _stream(row: Row[Any]) -> Stream:
    return Stream(row.cluster, row.topic, row.incarnation, row.topic_partition)
