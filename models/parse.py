"""Bytes to an event, or to the reason why they are none: total, static and quick.

What is plainly an event is read in one pass by the class that its type names. Everything else is looked at again, more
slowly and in a fixed order, by :mod:`models.diagnosis`; so the common case pays for none of the explanations.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Annotated, Final

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from models.diagnosis import MAX_BYTES, examine, examine_output
from models.history import InputEvent
from models.kafka_binding import Headers, structured_text
from models.refusal import Refusal as Refusal  # noqa: PLC0414 - part of what parse gives
from models.schemas import INPUTS, NEWEST_URIS, OUTPUTS, TYPES_ON, AnyEvent, OutputEvent
from models.upcast import as_said, brought_up, class_of, newest_version, version_of


@cache
def _reader() -> Callable[[bytes], InputEvent]:
    """What reads an input; built when the first one comes, for whoever only reads the ledger needs none."""
    adapter = TypeAdapter[InputEvent](
        Annotated[InputEvent, Field(discriminator="type")],
        # Most texts of an event (id, time, trace) come once: to keep them for the next one costs more than it saves.
        config=ConfigDict(cache_strings="keys"),
    )
    read: Callable[[bytes], InputEvent] = adapter.validator.validate_json
    return read


@cache
def _outputs() -> TypeAdapter[OutputEvent]:
    """What reads an output."""
    return TypeAdapter[OutputEvent](Annotated[OutputEvent, Field(discriminator="type")])


_VERSIONS_ON: Final = {
    (topic, event_type): NEWEST_URIS[event_type] for topic, types in TYPES_ON.items() for event_type in types
}
"""For each type that a topic carries what ``dataschema`` is in its newest version."""

_OPTIONAL: Final = ("dataschema", "sequence", "partitionkey")


def make_ready() -> None:
    """Build what reads every type of event, so that the first of each is read as quickly as the next."""
    _reader()
    _outputs()
    for event_class in (*INPUTS.values(), *OUTPUTS.values()):
        event_class.model_rebuild()


def parse(value: bytes | None, key: bytes | None, headers: Headers, topic: str) -> InputEvent | Refusal:
    """The event that a record of an input topic holds, or why it holds none; never raises, whatever comes.

    Judged is only what the record says by itself: whether premises, codes and sources exist is for the admission.
    What speaks an earlier version is judged by that version and given as the newest one.
    """
    text = structured_text(value, headers) if value and len(value) <= MAX_BYTES else None
    if text is not None and len(text) <= MAX_BYTES:
        event = _plainly(text, key, topic)
        if event is not None:
            return event
    return examine(value, key, headers, topic)


def parse_output(value: bytes | None) -> OutputEvent | Refusal:
    """The event that a record of an output topic holds, or why it holds none; never raises."""
    try:
        event = _outputs().validate_json(value or b"")
    except ValidationError:
        return examine_output(value)
    return event if event.dataschema in NEWEST_URIS[event.type] else examine_output(value)


def stored(event_type: str, text: str) -> InputEvent:
    """The event whose JSON was kept when it was taken, in whatever version it was said, as the newest one."""
    newest = INPUTS[event_type]
    if newest_version(event_type) == 1:
        return newest.model_validate_json(text)
    version = version_of(event_type, orjson.loads(text).get("dataschema"))
    return brought_up(class_of(event_type, version, newest).model_validate_json(text), event_type, newest)


def _plainly(text: bytes, key: bytes | None, topic: str) -> InputEvent | None:
    """The event, if the text is one without any doubt."""
    try:
        event = _reader()(text)
    except ValidationError:
        return None
    given, data = event.__pydantic_fields_set__, event.data
    if (
        key == data.premises.encode()
        and event.dataschema in _VERSIONS_ON.get((topic, event.type), ())
        and "specversion" in given
        and _keys(text) == len(given) + len(data.__pydantic_fields_set__)
    ):
        return event
    return None


def _keys(text: bytes) -> int:
    """How many keys a JSON text has, or more: a text beginning with a colon, or one with an escaped quote, counts too.

    An event has no fewer keys than attributes and fields, so if the numbers are equal no key is there twice.
    """
    return text.translate(None, b" \t\n\r").count(b'":')


def content_digest(event: InputEvent) -> bytes:
    """What an event says, in 32 bytes: SHA-256 over its type, subject, time and data; extensions are left out.

    Two events of one identity are the same if their digests are: however their time was written, in whatever order
    their fields stood, and whether a field that may be left out was left out or null. It is reckoned over what was
    said, so it stays what it was when the type gets another version.
    """
    # Without what is null, so that a field that a later version adds, and an old event lacks, changes no digest.
    said = as_said(event)
    data = {name: value for name, value in said.data.__dict__.items() if value is not None}
    content = (said.type, said.subject, said.time, data)
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def unit_of(event: InputEvent) -> str:
    """What the event is decided under, one writer at a time: its premises, or ``source:<id>``."""
    return event.data.premises


def to_json(event: AnyEvent) -> bytes:
    """The event in structured mode, its extensions with it; :func:`parse` reads an input back to the same event.

    An input leaves out what it does not say; an output has all the fields of its data, null where there is nothing.
    """
    if event.type in INPUTS:
        return as_said(event).model_dump_json(by_alias=True, exclude_none=True).encode()
    unset = {name for name in _OPTIONAL if getattr(event, name) is None}
    return event.model_dump_json(by_alias=True, exclude=unset).encode()
