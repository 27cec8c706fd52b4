"""Was anything edited? Each chain is hashed again, and each event and message held against the link that sealed it."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.parse import content_digest
from models.tables import AuditRow, EventNoteRow, EventRow, OutboxRow, UnitRow
from streams.ledger import audit, rows, states
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.finding import Checked, Finding

_AUDIT: Final = rows.table_of(AuditRow)
_UNIT: Final = rows.table_of(UnitRow)
_EVENT: Final = rows.table_of(EventRow)
_NOTE: Final = rows.table_of(EventNoteRow)
_OUTBOX: Final = rows.table_of(OutboxRow)
_AT_ONCE: Final = 500

_SEALED_EVENTS: Final = rows.Query(
    EventRow,
    ("source", "id"),
    (*_EVENT.c, _NOTE.c.note, _NOTE.c.erased_at),
    """SELECT e.*, n.note, n.erased_at FROM {wanted} CROSS JOIN event e
    LEFT JOIN event_note n ON n.source = e.source AND n.id = e.id WHERE e.source = w.source AND e.id = w.id""",
)
_SEALED_MESSAGES: Final = rows.Query(
    OutboxRow,
    ("message_id",),
    (_OUTBOX.c.message_id, _OUTBOX.c.value, _OUTBOX.c.headers, _OUTBOX.c.erased_at),
    """SELECT o.message_id, o.value, o.headers, o.erased_at FROM {wanted} CROSS JOIN outbox o
    WHERE o.message_id = w.message_id""",
)


async def links(connection: AsyncConnection) -> Checked:
    """Each chain runs 1, 2, ... unbroken to the end that its unit knows, and each link's hash is right."""
    ends = {row.id: (row.audit_n, row.audit_head) for row in await connection.execute(select(_UNIT))}
    found: list[Finding] = []
    n, chain, at = 0, "", (0, "")
    seen: set[str] = set()
    async for link in await connection.stream(select(_AUDIT).order_by(_AUDIT.c.chain, _AUDIT.c.n)):
        if link.chain != chain:
            found += _ending(chain, at, ends)
            chain, at = link.chain, (0, "")
            seen.add(chain)
        found += _broken(link, at)
        at, n = (link.n, link.hash), n + 1
    found += _ending(chain, at, ends)
    for unit in sorted(ends.keys() - seen):
        found += _ending(unit, (0, ""), ends)
    return n, found


def _broken(link: Row[Any], before: tuple[int, str]) -> list[Finding]:
    where = f"{link.chain} link {link.n}"
    found = []
    if link.n != before[0] + 1:
        found.append(Finding("links", where, f"links are missing before it: the one before is {before[0]}"))
    elif link.previous != before[1]:
        found.append(Finding("links", where, "it does not go on from the link before"))
    if link.hash != audit.link_hash(link.chain, link.n, link.kind, link.decided_at, link.entry, link.previous):
        found.append(Finding("links", where, "it was edited: its hash is not that of its content"))
    return found


def _ending(chain: str, at: tuple[int, str], ends: dict[str, tuple[int, str]]) -> list[Finding]:
    if not chain:
        return []
    if chain not in ends:
        return [Finding("links", chain, "the chain's unit is gone")]
    return [] if ends[chain] == at else [Finding("links", chain, "the chain does not end where its unit says")]


async def events(connection: AsyncConnection) -> Checked:
    """Each event and each message is as it was when it was sealed, and none is without a seal."""
    found: list[Finding] = []
    erased = await _erasures(connection)
    sealed_events = sealed_messages = 0
    query = select(_AUDIT.c.chain, _AUDIT.c.n, _AUDIT.c.hash, _AUDIT.c.entry).order_by(_AUDIT.c.chain, _AUDIT.c.n)
    async for part in (await connection.stream(query)).partitions(_AT_ONCE):
        entries = [(link, orjson.loads(link.entry)) for link in part]
        seals = {(source, id_): seal for _, entry in entries for source, id_, seal in entry.get("events", ())}
        said = {UUID(id_): (seal, link.hash) for link, entry in entries for id_, seal in entry.get("said", ())}
        sealed_events += len(seals)
        sealed_messages += len(said)
        for keys in _parts(seals):
            found += _edited_events(seals, keys, await rows.fetch(connection, _SEALED_EVENTS, keys), erased)
        for names in _parts([(name,) for name in said]):
            found += _edited_messages(said, names, await rows.fetch(connection, _SEALED_MESSAGES, names), erased)
    for table, sealed in ((_EVENT, sealed_events), (_OUTBOX, sealed_messages)):
        kept = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
        if kept > sealed:
            found.append(Finding("events", table.name, f"{kept} rows are there, but only {sealed} were sealed"))
    return sealed_events, found


async def _erasures(connection: AsyncConnection) -> set[tuple[str, ...]]:
    """What was erased by somebody whom the audit names: events by source and id, messages by id."""
    query = select(_AUDIT.c.entry).where(_AUDIT.c.chain == audit.ADMINISTRATION, _AUDIT.c.kind == "erased")
    entries = [orjson.loads(row.entry) for row in await connection.execute(query)]
    return {tuple(act["erased"]) for entry in entries for act in entry["acts"]}


def _edited_events(
    seals: dict[tuple[str, str], str],
    keys: Sequence[tuple[str, str]],
    kept: Sequence[Row[Any]],
    erased: Collection[tuple[str, ...]],
) -> list[Finding]:
    there = {(row.source, row.id): row for row in kept}
    found = []
    for key in keys:
        row = there.get(key)
        where = f"event {key[1]} of {key[0]}"
        if row is None:
            found.append(Finding("events", where, "it was sealed and is gone"))
        elif audit.event_seal(as_dict(row)) != seals[key]:
            found.append(Finding("events", where, "it was edited: it is not what was sealed"))
        elif (row.erased_at is None or key not in erased) and _digest(row) != row.digest:
            found.append(Finding("events", where, "its free text was edited or removed without an erasure"))
    return found


def _digest(row: Row[Any]) -> bytes:
    """The digest of an event's content, its free text included."""
    event = states.stored_event(row.type, row.body)
    if row.note is not None:
        event = event.model_copy(update={"data": event.data.model_copy(update={"note": row.note})})
    return content_digest(event)


def _edited_messages(
    said: dict[UUID, tuple[str, str]],
    names: Sequence[tuple[UUID]],
    kept: Sequence[Row[Any]],
    erased: Collection[tuple[str, ...]],
) -> list[Finding]:
    there = {row.message_id: row for row in kept}
    found = []
    for (name,) in names:
        row, (seal, hashed) = there.get(name), said[name]
        if row is None:
            found.append(Finding("events", f"message {name}", "it was sealed and is gone"))
        elif orjson.loads(row.headers).get(audit.HEADER) != hashed:
            found.append(Finding("events", f"message {name}", "it was edited: its header names another link"))
        elif audit.text_seal(row.value) != seal and (row.erased_at is None or (str(name),) not in erased):
            found.append(Finding("events", f"message {name}", "it was edited: it is not what was sealed"))
    return found


def _parts(keys: Iterable[Any]) -> Iterable[list[Any]]:
    everything = iter(keys)
    while part := list(islice(everything, _AT_ONCE)):
        yield part
