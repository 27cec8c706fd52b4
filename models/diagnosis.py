"""The closer look at what was not plainly an event: which rule it breaks first, in words that help to mend it.

It judges in one fixed order, so that an input always has the same one reason: the bytes, the JSON, its characters, the
envelope, the data, and last the key. What turns out to be in order after all is taken as the event that it is.
"""

from collections.abc import Container
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.envelope import Envelope, ExtensionName, ExtensionValue
from models.history import InputEvent
from models.json_text import Path, check_keys_and_characters, document, dotted
from models.kafka_binding import PREFIX, STRUCTURED_JSON, Headers, attributes_of, check_event_format, is_structured
from models.refusal import Reason, Refusal, RefusedError, quote
from models.schemas import INPUTS, OUTPUTS, SCHEMA_URIS, TYPES_ON, OutputEvent, fields_of
from models.upcast import brought_up, class_of, version_of
from models.wording import worded

EventT = TypeVar("EventT", bound=Envelope[Any, Any])

MAX_BYTES: Final = 65_536
"""The size of the largest event that is taken, in bytes; in binary mode its headers count too."""

_WHOLE_EVENT: Final = STRUCTURED_JSON.decode()
_PROSE: Final = frozenset({("data", "note")})
_CORE: Final = frozenset(Envelope.model_fields)
_REQUIRED: Final = ("id", "source", "subject", "time", "data")
_NAME: Final = TypeAdapter[str](ExtensionName)
_VALUE: Final = TypeAdapter[str | bool | int](ExtensionValue)


def examine(value: bytes | None, key: bytes | None, headers: Headers, topic: str) -> InputEvent | Refusal:
    """The event, or the first of the reasons for which it is none; never raises."""
    try:
        said = _whole(value, headers, _PROSE)
        event_type = _type_of(said, topic)
        _check_attributes(said, event_type)
        version = version_of(event_type, said.get("dataschema"))
        _check_fields(said["data"], event_type, version)
        event = _read(INPUTS[event_type], said, event_type, version)
        check_key(event, key)
    except RefusedError as refused:
        return refused.refusal
    return event


def examine_output(value: bytes | None) -> OutputEvent | Refusal:
    """The same for what we say ourselves, which bears no doubt about its topic or its fields; never raises."""
    try:
        said = _whole(value, (), None)
        event_type = _known_type(said, OUTPUTS)
        _check_version(said, event_type)
        return _read(OUTPUTS[event_type], said, event_type, version_of(event_type, said.get("dataschema")))
    except RefusedError as refused:
        return refused.refusal


def check_key(event: InputEvent, key: bytes | None) -> None:
    """Refuses an event whose Kafka key is not its unit: it would reach another writer than its premises'."""
    if key != event.data.premises.encode():
        given = "The record has no key" if key is None else f"The key is {quote(key.decode('utf-8', 'replace'))}"
        raise RefusedError(Reason.KEY_NOT_PREMISES, "key", f"{given}; it must be what data.premises says.")


def _whole(value: bytes | None, headers: Headers, prose: frozenset[Path] | None) -> dict[str, Any]:
    """The event as one object of attributes and data, whichever mode it came in."""
    if not value:
        raise RefusedError(Reason.EMPTY_VALUE, "value", "The record has no value.")
    said = _structured(value, headers) if is_structured(headers) else _binary(value, headers)
    check_keys_and_characters(said, prose)
    # CloudEvents: an attribute that is null is an attribute that is not set.
    return {name: member for name, member in said.items() if member is not None}


def _structured(value: bytes, headers: Headers) -> dict[str, Any]:
    check_event_format(headers)
    _check_size(len(value))
    found = document(value)
    if not isinstance(found, dict):
        raise RefusedError(Reason.NOT_AN_OBJECT, "value", "The value is JSON, but not an object.")
    return found


def _binary(value: bytes, headers: Headers) -> dict[str, Any]:
    attributes = attributes_of(headers)
    if "specversion" not in attributes:
        sentence = f"The header {PREFIX}specversion is missing; a whole event as value is declared as {_WHOLE_EVENT}."
        raise RefusedError(Reason.MISSING_ATTRIBUTE, "specversion", sentence)
    _check_size(len(value) + sum(len(name) + len(text) for name, text in attributes.items()))
    return {**attributes, "data": document(value)}


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        said = f"The event is {size} bytes long; the longest that is taken has {MAX_BYTES}."
        raise RefusedError(Reason.TOO_LARGE, "value", said)


def _type_of(said: dict[str, Any], topic: str) -> str:
    """The event's type, once its CloudEvents version, the type, its topic and its schema version are known."""
    if _attribute(said, "specversion") != "1.0":
        shown = quote(said["specversion"])
        raise RefusedError(Reason.WRONG_SPECVERSION, "specversion", f"specversion is {shown}; it must be '1.0'.")
    event_type = _known_type(said, INPUTS)
    if event_type not in TYPES_ON.get(topic, ()):
        raise RefusedError(Reason.WRONG_TOPIC, "type", f"The topic {quote(topic)} does not carry {event_type}.")
    _check_version(said, event_type)
    return event_type


def _check_version(said: dict[str, Any], event_type: str) -> None:
    if "dataschema" in said and _attribute(said, "dataschema") not in SCHEMA_URIS[event_type]:
        shown = quote(said["dataschema"])
        sentence = f"dataschema is {shown}, which is no version of {event_type} that is understood here."
        raise RefusedError(Reason.UNKNOWN_SCHEMA_VERSION, "dataschema", sentence)


def _known_type(said: dict[str, Any], known: Container[str]) -> str:
    event_type = _attribute(said, "type")
    if event_type not in known:
        raise RefusedError(Reason.UNKNOWN_TYPE, "type", f"type is {quote(event_type)}, which is no event known here.")
    return event_type


def _attribute(said: dict[str, Any], name: str) -> str:
    if name not in said:
        raise RefusedError(Reason.MISSING_ATTRIBUTE, name, f"The attribute {name} is missing.")
    if not isinstance(said[name], str):
        raise RefusedError(Reason.MALFORMED_ATTRIBUTE, name, f"{name} must be a text.")
    return str(said[name])


def _check_attributes(said: dict[str, Any], event_type: str) -> None:
    if "data_base64" in said:
        sentence = "data_base64 is for data that is not JSON; the data of every event here is JSON, in data."
        raise RefusedError(Reason.MALFORMED_ATTRIBUTE, "data_base64", sentence)
    for name in _REQUIRED:
        if name not in said:
            raise RefusedError(Reason.MISSING_ATTRIBUTE, name, f"The attribute {name} of {event_type} is missing.")
    for name, value in said.items():
        if name not in _CORE:
            _check_extension(name, value)


def _check_extension(name: str, value: object) -> None:
    field = dotted((name,))
    try:
        _NAME.validate_python(name)
    except ValidationError:
        sentence = f"The extension attribute {field} has a name of other than small letters and digits."
        raise RefusedError(Reason.INVALID_EXTENSION, field, sentence) from None
    try:
        _VALUE.validate_python(value)
    except ValidationError:
        sentence = f"The extension attribute {field} must be a text, true or false, or a whole number of 32 bits."
        raise RefusedError(Reason.INVALID_EXTENSION, field, sentence) from None


def _check_fields(data: object, event_type: str, version: int) -> None:
    if not isinstance(data, dict):
        raise RefusedError(Reason.MALFORMED_ATTRIBUTE, "data", "data must be an object.")
    known = fields_of(event_type, version)
    for name in data:
        if name not in known:
            field = dotted(("data", name))
            raise RefusedError(Reason.UNKNOWN_FIELD, field, f"{field} is no field of {event_type}.")


def _read(newest: type[EventT], said: dict[str, Any], event_type: str, version: int) -> EventT:
    """The event; of several errors in it the first in the order of the fields is named."""
    try:
        event = class_of(event_type, version, newest).model_validate(said)
        return brought_up(event, event_type, newest)
    except ValidationError as error:
        refusal = worded(error.errors(include_url=False)[0], event_type)
        raise RefusedError(refusal.code, refusal.field, refusal.sentence) from None
