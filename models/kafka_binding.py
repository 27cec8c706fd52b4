"""How an event lies in a Kafka record: the CloudEvents Kafka protocol binding 1.0, structured and binary mode.

In structured mode the value is the whole event as JSON. In binary mode each attribute is a header ``ce_<attribute>``
in plain UTF-8 (unlike HTTP's, this binding knows no percent-encoding), ``content-type`` is the ``datacontenttype``,
and the value is the data. A ``content-type`` that begins with ``application/cloudevents`` means structured mode and
any other binary mode; without one, a record with ``ce_`` headers is binary, and one without them structured.
"""

from collections.abc import Sequence
from typing import Final

import orjson
from pydantic_core import from_json

from models.refusal import Reason, RefusedError, quote, quote_name

Headers = Sequence[tuple[str, bytes | None]]

STRUCTURED_JSON: Final = b"application/cloudevents+json"
PREFIX: Final = "ce_"
CONTENT_TYPE: Final = "content-type"
_CLOUDEVENTS: Final = b"application/cloudevents"


def is_structured(headers: Headers) -> bool:
    """Whether the headers say that the value is a whole event."""
    declared = _content_types(headers)
    if declared:
        return declared[0].lower().startswith(_CLOUDEVENTS)
    return not any(name.lower().startswith(PREFIX) for name, _ in headers)


def structured_text(value: bytes, headers: Headers) -> bytes | None:
    """The event as structured-mode JSON, whichever mode it came in; None for what needs a closer look.

    A value in binary mode is set in only if it is one JSON value by itself: pieces of two would make another event.
    """
    if not headers or (len(headers) == 1 and headers[0] == (CONTENT_TYPE, STRUCTURED_JSON)):
        return value
    try:
        if is_structured(headers):
            check_event_format(headers)
            return value
        attributes = attributes_of(headers)
        from_json(value)
    except (RefusedError, ValueError):
        return None
    return orjson.dumps(attributes)[:-1] + b',"data":' + value + b"}"


def check_event_format(headers: Headers) -> None:
    """Refuses a structured record that cannot be read: its event format is not JSON, or it declares two."""
    declared = _content_types(headers)
    if len(declared) > 1:
        said = "The header content-type stands there more than once."
        raise RefusedError(Reason.DUPLICATE_KEY, CONTENT_TYPE, said)
    for value in declared:
        media_type, _, parameters = value.lower().replace(b" ", b"").partition(b";")
        if media_type != STRUCTURED_JSON or parameters not in {b"", b"charset=utf-8"}:
            shown = quote(value.decode("utf-8", "backslashreplace"))
            said = f"The content-type is {shown}; only application/cloudevents+json in UTF-8 can be read."
            raise RefusedError(Reason.UNKNOWN_CONTENT_TYPE, CONTENT_TYPE, said)


def attributes_of(headers: Headers) -> dict[str, str]:
    """The attributes of a binary record; a header without value is an attribute that is not set.

    ``RefusedError`` if one stands there twice, is not UTF-8 or claims to be the data.
    """
    attributes: dict[str, str] = {}
    for name, value in headers:
        attribute = _attribute_named(name.lower())
        if attribute is None or value is None:
            continue
        if attribute in attributes:
            field = quote_name(attribute)
            raise RefusedError(Reason.DUPLICATE_KEY, field, f"The header of {field} stands there more than once.")
        if attribute == "data":
            said = "In binary mode the data is the record's value: no header may be called ce_data."
            raise RefusedError(Reason.INVALID_EXTENSION, attribute, said)
        try:
            attributes[attribute] = value.decode("utf-8")
        except UnicodeDecodeError:
            field = quote_name(attribute)
            raise RefusedError(Reason.NOT_UTF8, field, f"The header of {field} is not UTF-8.") from None
    return attributes


def _content_types(headers: Headers) -> list[bytes]:
    return [value for name, value in headers if value is not None and name.lower() == CONTENT_TYPE]


def _attribute_named(header: str) -> str | None:
    """The attribute that a header (in small letters) stands for; None for a header that is no part of the event."""
    if header == CONTENT_TYPE:
        return "datacontenttype"
    return header.removeprefix(PREFIX) if header.startswith(PREFIX) else None
