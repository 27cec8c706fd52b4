"""Published timelines: a new or restored ledger learns from their topics which policies and estates were in force.

What was published is taken over before anything is decided. Where the ledger holds another version for the same
instant, nothing is: either the ledger or the topics are not the ones that they are taken for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from models.outputs import ActivatedData, EstateActivated, PolicyActivated
from models.parse import parse_output
from models.refusal import Refusal
from streams.ledger import outbox, timelines, units
from streams.ledger.audit import ADMINISTRATION, Entry, message_seal
from streams.ledger.errors import LedgerError, TimelinesDiffer
from streams.ledger.timelines import What
from streams.messages import Message
from streams.topics import ESTATES, POLICIES
from workorders.policy import PolicyError

_TOPICS: Final[dict[What, str]] = {"policy": POLICIES.name, "estate": ESTATES.name}


@dataclass(frozen=True, slots=True)
class Publication:
    """One version as it was found on its topic."""

    what: What
    id: UUID
    data: ActivatedData
    text: str


async def adopt(connection: AsyncConnection, values: Iterable[bytes], now: datetime) -> int:
    """Take over the versions that the ledger does not hold, by the instants of their effect; how many they were.

    Raises ``TimelinesDiffer`` if the ledger, or another record, has another version for one of the instants, and
    ``LedgerError`` for a record that is no version of ours.
    """
    locked = await units.lock(connection, [ADMINISTRATION])
    admin, links = locked[ADMINISTRATION], []
    held = {what: await timelines.versions(connection, what) for what in _TOPICS}
    new = _new(sorted((_read(value) for value in values), key=_by_effect), held)
    if new and not any(held.values()):
        links.append(await timelines.began(connection, admin, now))
    for one in new:
        data = one.data
        row = timelines.row_of(data.effective_from, data.version, data.document, now, data.activated_by)
        await timelines.keep(connection, one.what, row)
        message = Message(one.id, _TOPICS[one.what], data.effective_from.isoformat(), one.text)
        seal = message_seal(message.topic, message.key, message.value)
        entry = Entry(acts=[timelines.act(one.what, row)], said=[(str(one.id), seal)])
        links.append(admin.chain("adopted", now, entry, {}))
        await outbox.add(connection, [outbox.seen_row(message, admin.audit_head, data.activated_at, now)])
        await timelines.look_again(connection, data.effective_from)
    await units.save(connection, [admin], links)
    return len(new)


def _new(found: Sequence[Publication], held: dict[What, dict[datetime, str]]) -> list[Publication]:
    known = {what: dict(versions) for what, versions in held.items()}
    new: list[Publication] = []
    differing: list[str] = []
    for one in found:
        is_new = one.data.effective_from not in known[one.what]
        before = known[one.what].setdefault(one.data.effective_from, one.data.version)
        if before != one.data.version:
            whose = "this ledger holds" if one.data.effective_from in held[one.what] else "another record names"
            differing.append(
                f"from {one.data.effective_from.isoformat()} on the {one.what} {one.data.version[:12]} was published, "
                f"but {whose} {before[:12]}"
            )
        elif is_new:
            new.append(one)
    if differing:
        raise TimelinesDiffer(
            f"{'; '.join(differing)}: this ledger and these topics do not belong together, or one of them was changed"
        )
    return new


def _read(value: bytes) -> Publication:
    event = parse_output(value)
    if isinstance(event, Refusal):
        raise LedgerError(f"a record of a timeline's topic is no message of ours: {event.sentence}")
    if not isinstance(event, PolicyActivated | EstateActivated):
        raise LedgerError(f"a record of a timeline's topic is a {event.type}, which is no version")
    what: What = "policy" if isinstance(event, PolicyActivated) else "estate"
    data = event.data
    if sha256(data.document.encode()).hexdigest() != data.version:
        raise LedgerError(f"the published {what} {data.version[:12]} is not the document that its version names")
    try:
        timelines.compiled(what, data.version, data.document)
    except PolicyError as error:
        raise LedgerError(f"the published {what} {data.version[:12]} cannot be read: {error}") from error
    return Publication(what, UUID(event.id), data, value.decode())


def _by_effect(one: Publication) -> tuple[bool, datetime]:
    return one.what != "policy", one.data.effective_from
