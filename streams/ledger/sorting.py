"""Sorting a batch: each input is taken, a counted duplicate, or rejected with a reason.

Nothing here reads what other events say: the only question to the ledger is whether an identity was recorded before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from models.history import InputEvent, Taken
from models.instant import RFC3339
from models.parse import content_digest, parse, unit_of
from models.refusal import Reason, Refusal, quote
from models.tables import EventRow, InboxRow
from streams.ledger import rows, states
from streams.ledger.audit import ADMINISTRATION
from streams.ledger.incoming import Incoming, Name, Rejection
from streams.ledger.store import Key
from workorders.admission import AHEAD, admit
from workorders.policy import World

Identity = tuple[str, str]
"""An event's source and id."""

LONGEST_SOURCE: Final = 120
LONGEST_ID: Final = 200
"""A refused input that calls itself anything longer is not listened to."""
HEARD: Final = "heard"
"""The extension by which one of our own doors says when it heard an event."""
_RFC3339: Final = re.compile(RFC3339)

_EVENT: Final = rows.table_of(EventRow)
_INBOX: Final = rows.table_of(InboxRow)
_RECORDED: Final = rows.Query(
    EventRow,
    ("source", "id"),
    (_EVENT.c.source, _EVENT.c.id, _EVENT.c.digest),
    "SELECT e.source, e.id, e.digest FROM {wanted} CROSS JOIN event e WHERE e.source = w.source AND e.id = w.id",
)
_WAITING: Final = rows.Query(
    InboxRow,
    ("source", "event_id"),
    (_INBOX.c.source, _INBOX.c.event_id, _INBOX.c.digest, _INBOX.c.seq, _INBOX.c.received_at),
    """SELECT i.source, i.event_id, i.digest, i.seq, i.received_at FROM {wanted} CROSS JOIN inbox i
    WHERE i.source = w.source AND i.event_id = w.event_id AND i.taken_at IS NULL""",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """One input, and what it holds: an event with the digest of its content, or the refusal."""

    incoming: Incoming
    event: InputEvent | None
    digest: bytes
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """One input that is recorded in this transaction: what is decided about bears no free text, ``note`` is that."""

    incoming: Incoming
    taken: Taken
    digest: bytes
    note: str | None

    @property
    def key(self) -> Key:
        """The unit and subject that it is about."""
        return unit_of(self.taken.event), self.taken.event.subject


@dataclass(slots=True)
class Sorted:
    """A batch, sorted.

    ``duplicates`` come with their unit. ``fates`` says what became of each inbox row that belongs to the batch (by
    ``seq``), and in whose chain that is kept.
    """

    accepted: list[Accepted] = field(default_factory=list)
    duplicates: list[tuple[str, Incoming]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    fates: dict[int, tuple[str, str]] = field(default_factory=dict)


def read(batch: Sequence[Incoming]) -> list[Parsed]:
    """What each input holds; total, whatever the inputs are."""
    return [_read(incoming) for incoming in batch]


def _read(incoming: Incoming) -> Parsed:
    found = parse(incoming.value, incoming.key, incoming.headers, incoming.topic)
    if isinstance(found, Refusal):
        return Parsed(incoming, None, b"", found)
    return Parsed(incoming, found, content_digest(found), None)


def verdict(parsed: Parsed, now: datetime, world: World) -> Refusal | None:
    """Why an input that is submitted now would be refused; None if it would be taken."""
    found = _verdict(parsed, now, world, now)
    return found if isinstance(found, Refusal) else None


@dataclass(slots=True)
class Admitted:
    """A batch after admission and before the question whether anything in it was recorded before."""

    taken: list[tuple[Parsed, Taken, int | None]] = field(default_factory=list)
    sorted: Sorted = field(default_factory=Sorted)


async def admitted(connection: AsyncConnection, batch: Sequence[Parsed], world: World, now: datetime) -> Admitted:
    """Who may say this, about that, at that time: judged as at the instant at which each input was heard."""
    waiting = await _waiting(connection, batch)
    found = Admitted()
    for parsed in batch:
        seq, received = waiting.get(_name(parsed), (None, None))
        verdict = _verdict(parsed, received, world, now)
        if isinstance(verdict, Refusal):
            found.sorted.rejections.append(_rejection(parsed, verdict))
            if seq is not None:
                found.sorted.fates[seq] = (ADMINISTRATION, "rejected")
        else:
            found.taken.append((parsed, verdict, seq))
    return found


async def sort(connection: AsyncConnection, batch: Admitted) -> Sorted:
    """Tell new events from duplicates and from reused identities; the units must be locked by now."""
    names = {(parsed.event.source, parsed.event.id) for parsed, _, _ in batch.taken if parsed.event}
    recorded = {(row.source, row.id): row.digest for row in await rows.fetch(connection, _RECORDED, sorted(names))}
    found = batch.sorted
    for parsed, taken, seq in batch.taken:
        name, unit = (taken.event.source, taken.event.id), unit_of(taken.event)
        before = recorded.get(name)
        if before is None:
            recorded[name] = parsed.digest
            note = states.event_note(taken.event)
            silent = taken if note is None else _silent(taken)
            found.accepted.append(Accepted(parsed.incoming, silent, parsed.digest, note))
            fate = (unit, "recorded")
        elif before == parsed.digest:
            found.duplicates.append((unit, parsed.incoming))
            fate = (unit, "duplicate")
        else:
            found.rejections.append(_rejection(parsed, _reused(name)))
            fate = (ADMINISTRATION, "rejected")
        if seq is not None:
            found.fates[seq] = fate
    return found


def _silent(taken: Taken) -> Taken:
    return Taken(states.without_note(taken.event), taken.heard, taken.role, taken.party)


def _verdict(parsed: Parsed, received: datetime | None, world: World, now: datetime) -> Taken | Refusal:
    if parsed.refusal is not None or parsed.event is None:
        return parsed.refusal or Refusal(Reason.NOT_JSON, "", "It holds no event.")
    heard = _heard(parsed, received, world, now)
    if isinstance(heard, Refusal):
        return heard
    return admit(parsed.event, parsed.incoming.key, heard, world)


def _heard(parsed: Parsed, received: datetime | None, world: World, now: datetime) -> datetime | Refusal:
    """When the input reached us: our own receipt's time, else a door's word for it, else the broker's."""
    if received is not None:
        return received
    event, arrived = parsed.event, parsed.incoming.heard or now
    said = (event.__pydantic_extra__ or {}).get(HEARD) if event is not None else None
    if event is None or said is None:
        return arrived
    source = world.estates.at(arrived).source(event.source, arrived)
    if source is None or not source.door:
        return arrived
    if not isinstance(said, str) or not _RFC3339.fullmatch(said):
        sentence = f"The extension heard is {quote(str(said))}, which is no time as RFC 3339 writes it."
        return Refusal(Reason.INVALID_EXTENSION, HEARD, sentence)
    try:
        heard = datetime.fromisoformat(said.upper()).astimezone(arrived.tzinfo)
    except (ValueError, OverflowError):
        return Refusal(Reason.INVALID_EXTENSION, HEARD, f"The extension heard names no moment: {quote(said)}.")
    if heard > arrived + AHEAD:
        sentence = f"The extension heard is {quote(said)}, after the input reached us."
        return Refusal(Reason.INVALID_EXTENSION, HEARD, sentence)
    return heard


async def _waiting(
    connection: AsyncConnection, batch: Sequence[Parsed]
) -> dict[tuple[str, str, bytes], tuple[int, datetime]]:
    """The inbox rows that wait for these inputs, by source, id and content."""
    names = {(parsed.event.source, parsed.event.id) for parsed in batch if parsed.event is not None}
    found = await rows.fetch(connection, _WAITING, sorted(names))
    return {(row.source, row.event_id, row.digest): (row.seq, row.received_at) for row in found}


def _name(parsed: Parsed) -> tuple[str, str, bytes]:
    event = parsed.event
    return (event.source, event.id, parsed.digest) if event is not None else ("", "", b"")


def _reused(name: Identity) -> Refusal:
    sentence = f"The id {quote(name[1])} was used before by {quote(name[0])} for another content; the first one counts."
    return Refusal(Reason.ID_REUSED, "id", sentence)


def name_of(event: InputEvent) -> Name:
    """What an event calls itself, and what it is about."""
    return Name(event.source, event.id, event.type, event.subject, unit_of(event))


def _rejection(parsed: Parsed, refusal: Refusal) -> Rejection:
    name = name_of(parsed.event) if parsed.event is not None else _claimed_name(parsed.incoming.value)
    return Rejection(parsed.incoming, str(refusal.code), refusal.field, refusal.sentence, name.source, name)


def _claimed_name(value: bytes | None) -> Name:
    """What a refused input calls itself, as far as it can be read: to count and find it by, never believed."""
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return Name()
    if not isinstance(found, dict):
        return Name()
    data = found.get("data")
    premises = data.get("premises") if isinstance(data, dict) else None
    named = {each: _claim(found.get(each)) for each in ("id", "type", "subject")}
    return Name(**named, source=_claim(found.get("source"), LONGEST_SOURCE), premises=_claim(premises))


def _claim(said: object, longest: int = LONGEST_ID) -> str | None:
    return said if isinstance(said, str) and 0 < len(said) <= longest and said.isprintable() else None
