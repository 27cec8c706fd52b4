"""The account: every record that was consumed must be somewhere."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import OffsetStateRow
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.acts import Acts
from streams.ledger.verify.coverage import Coverage
from streams.ledger.verify.finding import Checked, Finding
from streams.ledger.verify.reading import differing, everything


async def streams(connection: AsyncConnection, acts: Acts, seen: Mapping[int, Coverage]) -> Checked:
    """Each consumed offset is one event, one duplicate or one rejection, or lies in a gap that was accepted."""
    kept, found = await everything(connection, OffsetStateRow)
    for row in kept:
        where = f"{row.topic}/{row.topic_partition} ({row.incarnation}, row {row.id})"
        found += [Finding("offset_state", where, sentence) for sentence in _faults(row, acts, seen.get(row.id))]
    for number in sorted((acts.streams.keys() | seen.keys()) - {row.id for row in kept}):
        sentence = "it was read and its row is gone" if number in acts.streams else "the ledger knows no such stream"
        found.append(Finding("offset_state", f"row {number}", sentence))
    return len(kept), found


def _faults(row: Row[Any], acts: Acts, seen: Coverage | None) -> list[str]:
    begun = acts.streams.get(row.id)
    if begun is None:
        return ["no link says that it was ever read"]
    found = []
    if wrong := differing(as_dict(row), begun):
        found.append(f"it was edited: {', '.join(wrong)} is not what it began with")
    seen = seen or Coverage()
    for name in ("recorded", "duplicates", "rejected", "skipped"):
        kept, n = getattr(row, name), getattr(seen, name)
        if kept != n:
            found.append(f"{kept} records were counted as {name}, but {n} are there")
    n, some = seen.missing(row.first_offset, row.next_offset)
    if n:
        found.append(f"{n} offsets were consumed and became nothing, such as {_listed(some)}")
    if some := seen.outside(row.first_offset, row.next_offset):
        found.append(f"an offset is there that lies outside of what was consumed: {_listed(some)}")
    if seen.twice:
        found.append(f"an offset is there twice: {_listed(seen.twice[:5])}")
    return found


def _listed(offsets: list[int]) -> str:
    return ", ".join(map(str, offsets)) or "none that is named"
