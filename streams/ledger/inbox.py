"""The inbox: what people and doors submit is durable here before anything else happens to it.

The relay sends it to its topic; if it does not come back within seconds, it is taken from here through the same path as
everything else, so a broker that is down stops no decision.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from models.ids import new_id
from models.tables import InboxRow
from streams.ledger import rows, units
from streams.ledger.audit import SUBMISSIONS, Entry, row_seal, value_seal
from streams.ledger.incoming import Incoming
from streams.ledger.sorting import HEARD, Parsed

T = TypeVar("T")

_TABLE: Final = rows.table_of(InboxRow)
_UNTAKEN: Final = rows.Query(
    InboxRow,
    ("seq",),
    (_TABLE.c.seq,),
    "SELECT i.seq FROM {wanted} CROSS JOIN inbox i WHERE i.seq = w.seq AND i.taken_at IS NULL ORDER BY i.seq",
)
_TO_RELAY: Final = (_TABLE.c.seq, _TABLE.c.receipt, _TABLE.c.topic, _TABLE.c.key, _TABLE.c.value)
_WAITS: Final = _TABLE.c.relayed_at.is_(None) & (func.coalesce(_TABLE.c.fate, "") != "rejected")
"""Not sent to its topic yet; what was refused since is not sent to be refused again."""
_SAME: Final = rows.Query(
    InboxRow,
    ("source", "event_id"),
    (_TABLE.c.source, _TABLE.c.event_id, _TABLE.c.digest, _TABLE.c.receipt, _TABLE.c.received_at),
    """SELECT i.source, i.event_id, i.digest, i.receipt, i.received_at FROM {wanted} CROSS JOIN inbox i
    WHERE i.source = w.source AND i.event_id = w.event_id""",
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The word that an input is durable: it will be taken, whatever happens to us; ``again`` if it was here before."""

    id: str
    source: str
    event_id: str
    received_at: datetime
    again: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """One inbox row that waits to be sent to its topic."""

    seq: int
    receipt: str
    topic: str
    key: str
    value: bytes


async def add(connection: AsyncConnection, batch: Sequence[Parsed], now: datetime) -> list[Receipt]:
    """Keep parsed and admitted inputs; the same input again gets the receipt that it had."""
    locked = await units.lock(connection, [SUBMISSIONS])  # nobody else adds now, and rows are numbered in their turn
    given = [_row(parsed, now) for parsed in batch]
    names = sorted({(row["source"], row["event_id"]) for row in given})
    found = await rows.fetch(connection, _SAME, names)
    known = {(row.source, row.event_id, row.digest): (row.receipt, row.received_at) for row in found}
    fresh: list[dict[str, Any]] = []
    receipts: list[Receipt] = []
    for row in given:
        name = (row["source"], row["event_id"], row["digest"])
        if name not in known:
            known[name] = (row["receipt"], now)
            fresh.append(row)
        receipt, received_at = known[name]
        receipts.append(Receipt(receipt, row["source"], row["event_id"], received_at, again=receipt != row["receipt"]))
    if fresh:
        await rows.insert(connection, InboxRow, fresh)
        link = locked[SUBMISSIONS].chain("submitted", now, Entry(acts=[_act(row) for row in fresh]), {})
        await units.save(connection, list(locked.values()), [link])
    return receipts


async def unrelayed(
    connection: AsyncConnection, limit: int, but: Collection[tuple[str, bytes]] = ()
) -> list[Submitted]:
    """What has not been sent to its topic yet, oldest first; ``but`` are topics and keys that are left out."""
    others = tuple_(_TABLE.c.topic, _TABLE.c.key).not_in([(topic, key.decode()) for topic, key in but])
    query = select(*_TO_RELAY).where(_WAITS, *((others,) if but else ())).order_by(_TABLE.c.seq).limit(limit)
    return [Submitted(*row) for row in await connection.execute(query)]


async def unrelayed_of(connection: AsyncConnection, seqs: Collection[int]) -> list[Submitted]:
    """Those of these that have not been sent to their topic yet."""
    query = select(*_TO_RELAY).where(_WAITS, _TABLE.c.seq.in_(sorted(seqs))).order_by(_TABLE.c.seq)
    return [Submitted(*row) for row in await connection.execute(query)]


async def mark_relayed(connection: AsyncConnection, seqs: Sequence[int], now: datetime) -> None:
    """These were acknowledged by the broker."""
    await rows.update(connection, InboxRow, [{"seq": seq, "relayed_at": now} for seq in sorted(seqs)])


async def untaken(connection: AsyncConnection, now: datetime, older_than: timedelta, limit: int) -> list[Incoming]:
    """What was submitted so long ago and has still not come back through its topic, oldest first."""
    query = select(_TABLE.c.receipt, _TABLE.c.topic, _TABLE.c.key, _TABLE.c.value, _TABLE.c.received_at)
    late = query.where(_TABLE.c.taken_at.is_(None), _TABLE.c.received_at <= now - older_than)
    found = await connection.execute(late.order_by(_TABLE.c.received_at, _TABLE.c.seq).limit(limit))
    return [
        Incoming(row.topic, row.key.encode(), row.value, heard=row.received_at, receipt=row.receipt) for row in found
    ]


async def still_waiting(connection: AsyncConnection, fates: Mapping[int, T]) -> dict[int, T]:
    """The fates of those rows that wait even now, when the locks are held: another writer may have been first."""
    found = await rows.fetch(connection, _UNTAKEN, [(seq,) for seq in sorted(fates)])
    return {row.seq: fates[row.seq] for row in found}


async def mark_taken(connection: AsyncConnection, fates: Mapping[int, str], now: datetime) -> None:
    """What became of these; they are waited for no more."""
    changes = [{"seq": seq, "taken_at": now, "fate": fate} for seq, fate in sorted(fates.items())]
    await rows.update(connection, InboxRow, changes)


async def find(connection: AsyncConnection, receipt: str) -> Mapping[str, Any] | None:
    """What is known of a receipt: when it was received, sent and taken, and its fate."""
    names = ("receipt", "source", "event_id", "topic", "received_at", "relayed_at", "taken_at", "fate")
    query = select(*(_TABLE.c[name] for name in names)).where(_TABLE.c.receipt == receipt)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - public under this name since SQLAlchemy 1.4


def _row(parsed: Parsed, now: datetime) -> dict[str, Any]:
    event, incoming = parsed.event, parsed.incoming
    if event is None:
        raise ValueError("only what was parsed and admitted is kept in the inbox")
    return {
        "receipt": incoming.receipt or new_id(),
        "source": event.source,
        "event_id": event.id,
        "digest": parsed.digest,
        "topic": incoming.topic,
        "key": event.data.premises,
        "value": _with_heard(incoming.value or b"", now),
        "received_at": now,
    }


def _act(row: dict[str, Any]) -> dict[str, Any]:
    return {"submitted": row["receipt"], "seal": row_seal(InboxRow, row), "value": value_seal(row["value"])}


def _with_heard(value: bytes, now: datetime) -> bytes:
    """The event with the time of its receipt, for whoever reads it from the topic into another ledger."""
    return orjson.dumps({**orjson.loads(value), HEARD: now.isoformat()})
