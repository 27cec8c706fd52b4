"""Traces: under which trace each subject was last heard about, as its source has said it."""

from collections.abc import Collection
from typing import Final

import orjson
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EventRow
from streams.ledger import rows

TRACEPARENT: Final = "traceparent"
"""The extension of CloudEvents' Distributed Tracing, in the form of W3C Trace Context."""

_EVENT: Final = rows.table_of(EventRow)


async def traces(connection: AsyncConnection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ``traceparent`` of the latest event that bears one, for each unit and subject that has such an event."""
    if not keys:
        return {}
    query = select(_EVENT.c.unit, _EVENT.c.subject, _EVENT.c.body).where(
        tuple_(_EVENT.c.unit, _EVENT.c.subject).in_(sorted(keys)), _EVENT.c.body.contains(TRACEPARENT)
    )
    found = {}
    for row in await connection.execute(query.order_by(_EVENT.c.recorded_at, _EVENT.c.heard)):
        said = orjson.loads(row.body).get(TRACEPARENT)
        if isinstance(said, str):
            found[row.unit, row.subject] = said
    return found
