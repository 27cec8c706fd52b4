"""Every event, submission and rejection is what was sealed when it was taken, and every offset is accounted for."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from models.parse import content_digest
from models.tables import EventNoteRow, EventRow, InboxRow, RejectedRow
from streams.ledger import audit, rows, states
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.links import Chain
from streams.ledger.verify.reading import fetched
from streams.ledger.verify.walked import Entry, Walked

Name = tuple[str, str]
"""An event's source and id."""

_EVENT: Final = rows.table_of(EventRow)
_NOTE: Final = rows.table_of(EventNoteRow)
_INBOX: Final = rows.table_of(InboxRow)
_REJECTED: Final = rows.table_of(RejectedRow)


def _names(table: Any, letter: str) -> str:  # noqa: ANN401 - a table
    return ", ".join(f'{letter}."{column.name}"' for column in table.columns)


_EVENTS: Final = rows.Query(
    EventRow,
    ("source", "id"),
    (*_EVENT.c, _NOTE.c.source.label("noted"), _NOTE.c.note, _NOTE.c.erased_at),
    f"SELECT {_names(_EVENT, 'e')}, n.source AS noted, n.note, n.erased_at FROM {{wanted}} CROSS JOIN event e "  # noqa: S608
    "LEFT JOIN event_note n ON n.source = e.source AND n.id = e.id WHERE e.source = w.source AND e.id = w.id",
)
_SUBMITTED: Final = rows.Query(
    InboxRow,
    ("receipt",),
    tuple(_INBOX.c),
    f"SELECT {_names(_INBOX, 'i')} FROM {{wanted}} CROSS JOIN inbox i WHERE i.receipt = w.receipt",  # noqa: S608
)
_TAKEN: Final = rows.Query(
    InboxRow,
    ("seq",),
    (_INBOX.c.seq, _INBOX.c.receipt, _INBOX.c.taken_at, _INBOX.c.fate),
    "SELECT i.seq, i.receipt, i.taken_at, i.fate FROM {wanted} CROSS JOIN inbox i WHERE i.seq = w.seq",
)
_REFUSED: Final = rows.Query(
    RejectedRow,
    ("message_id",),
    tuple(_REJECTED.c),
    f"SELECT {_names(_REJECTED, 'r')} FROM {{wanted}} CROSS JOIN rejected r WHERE r.message_id = w.message_id",  # noqa: S608
)


async def check(
    connection: AsyncConnection, walked: Walked, chain: Chain, entries: Sequence[Entry], held: Collection[Name]
) -> None:
    """Hold what these links took against the rows; ``held`` are the events in quarantine."""
    for _, entry in entries:
        for stream, offset in entry.get("duplicates", ()):
            walked.stream(stream).duplicates += 1
            walked.stream(stream).mark(offset)
    await _events(connection, walked, entries, held)
    await _fates(connection, walked, entries)
    acts = [(link, act) for link, entry in entries for act in entry.get("acts", ())]
    await _submitted(connection, walked, chain, [(link, act) for link, act in acts if "submitted" in act])
    await _rejected(connection, walked, chain, [(link, act) for link, act in acts if "rejected" in act])


async def _events(
    connection: AsyncConnection, walked: Walked, entries: Sequence[Entry], held: Collection[Name]
) -> None:
    sealed = {(source, id_): (seal, link) for link, entry in entries for source, id_, seal in entry.get("events", ())}
    walked.seen("events", len(sealed))
    kept, unread = await fetched(connection, _EVENTS, list(sealed), "event, event_note")
    walked.read("event", kept, unread)
    gone = sealed.keys() - {(row.source, row.id) for row in kept}
    gone -= {name for name in gone if any(one.where == " ".join(name) for one in unread)}
    walked.findings += [Finding("event", f"{id_} of {source}", "it was sealed and is gone") for source, id_ in gone]
    for row in kept:
        if row.stream is not None:
            walked.stream(row.stream).recorded += 1
            walked.stream(row.stream).mark(row.topic_offset)
        walked.rows["event_note"] = walked.rows.get("event_note", 0) + (row.noted is not None)
        name = (row.source, row.id)
        seal, link = sealed[name]
        for sentence in _event_faults(row, seal, link, held, walked.acts.erased.get(name)):
            walked.findings.append(Finding("event", f"{row.id} of {row.source}", sentence))


def _event_faults(
    row: Row[Any], seal: str, link: Row[Any], held: Collection[Name], erased: datetime | None
) -> list[str]:
    if audit.row_seal(EventRow, as_dict(row)) != seal:
        return ["it was edited: it is not what was sealed"]
    found = []
    if row.recorded_at != link.decided_at:
        found.append("it was edited: recorded_at is not when it was recorded")
    if row.quarantined != ((row.source, row.id) in held):
        found.append("it was edited: quarantined is not what quarantine says")
    if row.erased_at != erased or not _note_is_sound(row, erased):
        found.append("event_note: its free text was edited or removed without an erasure")
    return found


def _note_is_sound(row: Row[Any], erased: datetime | None) -> bool:
    if erased is not None:
        return bool(row.note is None)
    return bool(_digest(row) == row.digest and (row.noted is None) == (row.note is None))


def _digest(row: Row[Any]) -> bytes:
    """The digest of an event's content, its free text included."""
    event = states.stored_event(row.type, row.body)
    if row.note is not None:
        event = states.with_note(event, row.note)
    return content_digest(event)


async def _fates(connection: AsyncConnection, walked: Walked, entries: Sequence[Entry]) -> None:
    told = {seq: (fate, link.decided_at) for link, entry in entries for seq, fate in entry.get("fates", ())}
    kept, unread = await fetched(connection, _TAKEN, [(seq,) for seq in told], "inbox")
    walked.read("taken", kept, unread)
    for row in kept:
        if (row.fate, row.taken_at) != told[row.seq]:
            sentence = f"it was edited: fate or taken_at is not what the audit says, {told[row.seq][0]}"
            walked.findings.append(Finding("inbox", row.receipt, sentence))
    if len(kept) + len(unread) < len(told):
        gone = sorted(told.keys() - {row.seq for row in kept})
        walked.findings += [Finding("inbox", f"row {seq}", "it was taken and is gone") for seq in gone]


Acted = tuple[Row[Any], Mapping[str, Any]]
"""A link, and one act in it."""


async def _submitted(connection: AsyncConnection, walked: Walked, chain: Chain, acts: Sequence[Acted]) -> None:
    kept, unread = await fetched(connection, _SUBMITTED, [(act["submitted"],) for _, act in acts], "inbox")
    walked.read("inbox", kept, unread)
    walked.seen("submissions", len(acts))
    there = {row.receipt: row for row in kept}
    broken = {one.where for one in unread}
    for link, act in acts:
        row = there.get(act["submitted"])
        if row is not None:
            for sentence in _submission_faults(walked, chain, row, act, link.decided_at):
                walked.findings.append(Finding("inbox", row.receipt, sentence))
        elif act["submitted"] not in broken:
            walked.findings.append(Finding("inbox", act["submitted"], "it was submitted and is gone"))


def _submission_faults(walked: Walked, chain: Chain, row: Row[Any], act: Mapping[str, Any], at: datetime) -> list[str]:
    found = []
    if audit.row_seal(InboxRow, as_dict(row)) != act["seal"]:
        found.append("it was edited: it is not what was sealed")
    emptied = row.value == b"" and (row.source, row.event_id) in walked.acts.erased
    if audit.value_seal(row.value) != act["value"] and not emptied:
        found.append("it was edited: value is not what was submitted")
    if row.received_at != at:
        found.append("it was edited: received_at is not when it was submitted")
    if row.seq <= chain.seq.get("inbox", 0):
        found.append(f"it was edited: its number {row.seq} is not in the order in which it was submitted")
    chain.seq["inbox"] = row.seq
    return found


async def _rejected(connection: AsyncConnection, walked: Walked, chain: Chain, acts: Sequence[Acted]) -> None:
    keys = [(UUID(act["rejected"]),) for _, act in acts]
    kept, unread = await fetched(connection, _REFUSED, keys, "rejected")
    walked.read("rejected", kept, unread)
    walked.seen("rejections", len(acts))
    there = {str(row.message_id): row for row in kept}
    broken = {one.where for one in unread}
    for link, act in acts:
        row = there.get(act["rejected"])
        if row is not None:
            for sentence in _rejection_faults(walked, chain, row, act, link.decided_at):
                walked.findings.append(Finding("rejected", act["rejected"], sentence))
        elif act["rejected"] not in broken:
            walked.findings.append(Finding("rejected", act["rejected"], "it was sealed and is gone"))


def _rejection_faults(walked: Walked, chain: Chain, row: Row[Any], act: Mapping[str, Any], at: datetime) -> list[str]:
    name = str(row.message_id)
    if row.stream is not None:
        walked.stream(row.stream).rejected += 1
        walked.stream(row.stream).mark(row.topic_offset)
    found = []
    if audit.row_seal(RejectedRow, as_dict(row)) != act["seal"]:
        found.append("it was edited: it is not what was sealed")
    if row.rejected_at != at:
        found.append("it was edited: rejected_at is not when it was rejected")
    if row.resubmitted_as != walked.acts.resubmitted.get(name):
        found.append("it was edited: resubmitted_as is not what the audit says")
    if row.seq <= chain.seq.get("rejected", 0):
        found.append(f"it was edited: its number {row.seq} is not in the order in which it was rejected")
    chain.seq["rejected"] = row.seq
    return found + _byte_faults(row, act, walked.acts.erased.get((name,)))


def _byte_faults(row: Row[Any], act: Mapping[str, Any], erased: datetime | None) -> list[str]:
    found = []
    if row.erased_at != erased:
        found.append("it was edited: erased_at is not when the audit says that somebody erased it")
    if erased is not None:
        return found if (row.key, row.value, row.headers) == (None, None, "[]") else [*found, "its bytes were put back"]
    if sha256(row.value or b"").hexdigest() != row.sha256 or len(row.value or b"") != row.length:
        found.append("it was edited: its bytes are not those that were rejected")
    if audit.bytes_seal(as_dict(row)) != act["bytes"]:
        found.append("it was edited: key or headers are not what was sealed")
    return found
