"""Saying one thing to the ledger: the event is durable first, then taken through the same path as everything else.

A running worker may take it at the same moment: whoever comes second finds a counted duplicate.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from desk.environment import desk_settings
from desk.exits import Exit, NotFound
from desk.instants import instant, utc
from desk.near import hint
from desk.opening import Desk, open_ledger
from desk.options import Speaking
from desk.printing import print_json
from desk.telling.fates import taken
from desk.telling.inputs import with_receipt
from desk.telling.result import draw_result
from desk.views.subject import SubjectView, read_subject
from models.envelope import schema_uri
from models.history import TOPIC_PREFIX
from models.ids import new_id
from models.refusal import Refusal
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger

DEFAULT_SOURCE: Final = "facilities-cli"
"""The source that a command speaks as unless told otherwise: the estate's own for this command line."""
EVENT_PREFIX: Final = "facilities."


@dataclass(frozen=True, slots=True)
class Event:
    """One event to be sent: its topic, and the CloudEvent as JSON would hold it."""

    topic: str
    key: str
    content: Mapping[str, Any]

    def as_input(self) -> Incoming:
        """The event as an input that has not come through the broker."""
        return Incoming(self.topic, self.key.encode(), orjson.dumps(self.content))


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one event.

    ``fate`` is ``recorded``, ``duplicate``, ``rejected``, or ``refused`` at the door; the last two with the reason.
    What is ``held`` was recorded and could not be decided.
    """

    fate: str
    source: str
    id: str
    type: str
    subject: str
    premises: str
    time: str
    heard: datetime | None
    receipt: str | None
    code: str | None = None
    field: str | None = None
    sentence: str | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command prints: what became of the event, and the subject as it stands now."""

    told: Told
    subject: SubjectView | None


Build = Callable[[Desk, Ledger, datetime], Awaitable[Event]]
"""Makes the event once the ledger is open; it is given when the event happened."""


def say(speaking: Speaking, build: Build) -> int:
    """Build the event, have it recorded, and print what became of it; exit 1 if it was not taken, 6 if it is held."""
    answer, desk = asyncio.run(_say(speaking, build))
    if speaking.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "told": answer.told, "subject": answer.subject})
    else:
        draw_result(answer.told, answer.subject, desk)
    if answer.told.held:
        return Exit.HELD
    return Exit.OK if answer.told.fate in {"recorded", "duplicate"} else Exit.NO


async def _say(speaking: Speaking, build: Build) -> tuple[Answer, Desk]:
    async with open_ledger(speaking.ledger) as (desk, ledger):
        at = instant(speaking.at, now=desk.now, zone=desk.zone, name="--at")
        event = await build(desk, ledger, at)
        told = await tell(desk, ledger, event)
        seen = None
        decided = told.fate in {"recorded", "duplicate"} and not told.held
        if decided and not told.subject.startswith("source:"):
            async with ledger.reading() as connection:
                seen = await read_subject(connection, desk.world, desk.now, told.subject, told.premises)
        return Answer(told, seen), desk


async def tell(desk: Desk, ledger: Ledger, event: Event) -> Told:
    """Make the event durable and take it; the answer says what became of it."""
    answer = (await ledger.submit([event.as_input()], desk.now, desk.world))[0]
    if isinstance(answer, Refusal):
        meant = hint(answer.code, answer.field, event.content, desk.world, desk.now)
        return _told(event, "refused", refusal=replace(answer, sentence=answer.sentence + meant))
    found = await taken(desk, ledger, with_receipt(event.as_input(), answer), again=answer.again)
    refusal = Refusal(found.code, found.field, found.sentence) if found.is_rejected else None
    return _told(event, found.fate or "recorded", receipt=answer, refusal=refusal, held=found.held)


def _told(
    event: Event, fate: str, *, receipt: Receipt | None = None, refusal: Refusal | None = None, held: bool = False
) -> Told:
    content = event.content
    return Told(
        fate=fate,
        source=content["source"],
        id=content["id"],
        type=content["type"],
        subject=content["subject"],
        premises=event.key,
        time=content["time"],
        heard=receipt.received_at if receipt is not None else None,
        receipt=receipt.id if receipt is not None else None,
        code=str(refusal.code) if refusal is not None else None,
        field=refusal.field if refusal is not None else None,
        sentence=refusal.sentence if refusal is not None else None,
        held=held,
    )


def make_event(
    topic: str, verb: str, subject: str, premises: str, at: datetime, data: Mapping[str, Any], speaking: Speaking
) -> Event:
    """One event of a topic's family; what is None in ``data`` was not said and is left out."""
    event_type = TOPIC_PREFIX[topic] + verb
    said = {name: utc(value) if isinstance(value, datetime) else value for name, value in data.items()}
    content = {
        "specversion": "1.0",
        "id": new_id(),
        "source": speaker(speaking),
        "type": event_type,
        "subject": subject,
        "time": utc(at),
        "datacontenttype": "application/json",
        "dataschema": schema_uri(event_type),
        "data": {
            "premises": premises,
            **{name: value for name, value in said.items() if value is not None},
            **({"note": speaking.note} if speaking.note is not None else {}),
        },
    }
    return Event(topic, premises, content)


def speaker(speaking: Speaking) -> str:
    """The source that a command speaks as: its option, else the setting, else the command line's own."""
    return speaking.source or desk_settings().source or DEFAULT_SOURCE


def times(desk: Desk, given: Mapping[str, str | None], options: Mapping[str, str]) -> dict[str, datetime | None]:
    """The instants that were written for the fields; ``options`` names the option of each, for the sentence."""
    return {
        name: None if text is None else instant(text, now=desk.now, zone=desk.zone, name=options.get(name, name))
        for name, text in given.items()
    }


def needs_premises(subject: str, meant: str) -> NotFound:
    """The refusal of a subject whose premises nobody has named; ``meant`` is what may have been meant instead."""
    return NotFound(f"The ledger does not know {subject!r}, so its premises must be named with --premises.{meant}")
