"""What a request says: read whole within a limit of size and time, and judged like any other input."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request

from desk.api.problems import Problem
from models.diagnosis import MAX_BYTES
from models.instant import Instant
from models.json_text import check_keys_and_characters, document
from models.refusal import Reason, Refusal, RefusedError, quote_name

WITHIN_S: Final = 10.0
"""How long a body may take to arrive."""
JSON: Final = "application/json"
_PROSE: Final = frozenset({("note",)})
_INSTANT: Final = TypeAdapter[datetime](Instant)


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that the request holds; a ``Problem`` names the first thing that is wrong with it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        sentence = f"What is said here is a JSON object: send it with Content-Type: {JSON}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown-content-type", sentence, about="Content-Type")
    raw = await read_bytes(request)
    try:
        found = _object(raw)
        check_keys_and_characters(found, _PROSE)
    except RefusedError as refused:
        one = refused.refusal
        said = one.sentence.replace("The value", "The body", 1)
        raise Problem.of(Refusal(one.code, "", said), "" if one.field == "value" else one.field) from None
    for name, value in found.items():
        _check_numbers(name, value)
    return found


def _object(raw: bytes) -> dict[str, Any]:
    found = document(raw)
    if not isinstance(found, dict):
        raise RefusedError(Reason.NOT_AN_OBJECT, "value", "The body is JSON, but no object.")
    return found


def _check_numbers(name: str, value: object) -> None:
    """Refuses a number that no event can hold; written into one it would become another, or nothing."""
    try:
        json.dumps(value, allow_nan=False)
        orjson.dumps(value)
    except (ValueError, TypeError):
        sentence = f"{quote_name(name)} holds a number that is too large to be kept as it is."
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.NUMBER_OUT_OF_RANGE), sentence, about=quote_name(name)
        ) from None


async def read_bytes(request: Request) -> bytes:
    """The whole body; a ``Problem`` if it is too large, or does not arrive in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > MAX_BYTES:
        raise _too_large()
    read = bytearray()
    try:
        async with asyncio.timeout(WITHIN_S):
            async for chunk in request.stream():
                read += chunk
                if len(read) > MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        sentence = f"The body had not arrived whole after {WITHIN_S:g} seconds; nothing of it was kept."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too-slow", sentence, Connection="close") from None
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "cut-off", "The request ended before its body did.") from None
    return bytes(read)


def _too_large() -> Problem:
    sentence = f"The body is larger than {MAX_BYTES} bytes; nothing of it was kept."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(Reason.TOO_LARGE), sentence, Connection="close")


def instant_in(said: Mapping[str, Any], name: str) -> datetime | None:
    """The instant of a field, None where it is left out or null; a ``Problem`` if it is none."""
    value = said.get(name)
    return None if value is None else read_instant(value, name)


def read_instant(value: object, name: str) -> datetime:
    """An instant as RFC 3339 writes it, with its offset; a ``Problem`` that names the field if it is none."""
    try:
        return _INSTANT.validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        sentence = f"{name}: {fault['msg']}."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, fault["type"], sentence, about=name) from None


def past_instant(text: str, now: datetime) -> datetime:
    """The instant of a question about the past; a ``Problem`` if it has not come."""
    found = read_instant(text, "at")
    if found > now:
        sentence = "at has not come: how things will stand is not known."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.TOO_FAR_AHEAD), sentence, about="at")
    return found


def text_in(said: Mapping[str, Any], name: str) -> str | None:
    """The text of a field, None where it is left out or null; a ``Problem`` if it is no text."""
    value = said.get(name)
    if value is not None and not isinstance(value, str):
        raise _malformed(name, "a text")
    return value


def switch_in(said: Mapping[str, Any], name: str) -> bool:
    """Whether a field says true; a ``Problem`` if it says neither true nor false."""
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise _malformed(name, "true or false")
    return value


def _malformed(name: str, kind: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), f"{name} must be {kind}.", about=name)
