"""The account: every record that was consumed must be somewhere."""

from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.ids import output_id
from models.tables import EventRow, OffsetGapRow, OffsetStateRow, RejectedRow
from streams.ledger import rows
from streams.ledger.verify.finding import Checked, Finding

_STATE: Final = rows.table_of(OffsetStateRow)
_GAP: Final = rows.table_of(OffsetGapRow)
_EVENT: Final = rows.table_of(EventRow)
_REJECTED: Final = rows.table_of(RejectedRow)


async def streams(connection: AsyncConnection) -> Checked:
    """Each consumed offset is an event, a counted duplicate, a rejection, or in a gap that was accepted."""
    events = await _per_stream(connection, _EVENT)
    rejected = await _per_stream(connection, _REJECTED)
    skipped: dict[int, int] = {}
    for gap in await connection.execute(select(_GAP)):
        skipped[gap.stream] = skipped.get(gap.stream, 0) + gap.to_offset - gap.from_offset
    found: list[Finding] = []
    known = set()
    for state in (await connection.execute(select(_STATE).order_by(_STATE.c.id))).all():
        known.add(state.id)
        for sentence in _faults(state, events.get(state.id), rejected.get(state.id), skipped.get(state.id, 0)):
            where = f"{state.topic}/{state.topic_partition} ({state.incarnation})"
            found.append(Finding("streams", where, sentence))
    found += [
        Finding("streams", f"stream {stream}", "events or rejections name a stream that the ledger does not know")
        for stream in sorted((events.keys() | rejected.keys()) - known)
    ]
    return len(known), found


async def rejections(connection: AsyncConnection) -> Checked:
    """Each rejection has all its bytes, and its id derives from where it came from."""
    found = []
    query = select(_REJECTED, _STATE.c.cluster, _STATE.c.incarnation, _STATE.c.topic_partition)
    everything = await connection.stream(query.join(_STATE, _STATE.c.id == _REJECTED.c.stream, isouter=True))
    n = 0
    async for row in everything:
        n += 1
        if row.erased_at is None and len(row.value or b"") != row.length:
            found.append(Finding("rejections", str(row.message_id), "its bytes are not as many as were counted"))
        if row.stream is not None and row.message_id != _message_id(row):
            found.append(Finding("rejections", str(row.message_id), "its id does not derive from its origin"))
    return n, found


def _message_id(row: Row[Any]) -> object:
    return output_id("rejected", f"{row.cluster}/{row.incarnation}/{row.topic}/{row.topic_partition}", row.topic_offset)


async def _per_stream(connection: AsyncConnection, table: Any) -> dict[int, Row[Any]]:  # noqa: ANN401 - a table
    offset = table.c.topic_offset
    query = select(
        table.c.stream,
        func.count().label("n"),
        func.count(offset.distinct()).label("distinct"),
        func.min(offset).label("first"),
        func.max(offset).label("last"),
    )
    found = await connection.execute(query.where(table.c.stream.is_not(None)).group_by(table.c.stream))
    return {row.stream: row for row in found}


def _faults(state: Row[Any], events: Row[Any] | None, rejected: Row[Any] | None, skipped: int) -> list[str]:
    found = []
    consumed = state.next_offset - state.first_offset - state.skipped
    counted = state.recorded + state.duplicates + state.rejected
    if consumed != counted:
        found.append(f"{consumed} records were consumed, but {counted} are accounted for")
    if skipped != state.skipped:
        found.append(f"{state.skipped} offsets were skipped, but the gaps that were accepted are {skipped} long")
    for what, n, rows_found in (("recorded", state.recorded, events), ("rejected", state.rejected, rejected)):
        kept = rows_found.n if rows_found is not None else 0
        if kept != n:
            found.append(f"{n} records were counted as {what}, but {kept} are there")
        if rows_found is not None and rows_found.distinct != kept:
            found.append(f"an offset was {what} twice")
        if rows_found is not None and not state.first_offset <= rows_found.first <= rows_found.last < state.next_offset:
            found.append(f"an offset that was {what} lies outside of what was consumed")
    return found
