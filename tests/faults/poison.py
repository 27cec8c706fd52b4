"""Poison: records that no reader may take, and none may stumble over; each made from a sound event by one change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import orjson

HUGE: Final = 5_000_000


@dataclass(frozen=True)
class Record:
    """One record as it is put on a topic."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


Change = Callable[[dict[str, Any], Record, Random], Record]


def record(event: dict[str, Any]) -> Record:
    """A sound event as its record."""
    return Record(str(event["data"]["premises"]).encode(), orjson.dumps(event))


def _valued(change: Callable[[bytes, Random], bytes | None]) -> Change:
    return lambda _, sound, rng: replace(sound, value=change(sound.value or b"", rng))


def _said(change: Callable[[dict[str, Any], Random], dict[str, Any]]) -> Change:
    return lambda event, sound, rng: replace(sound, value=orjson.dumps(change(event, rng)))


def _bad_utf8(value: bytes, rng: Random) -> bytes:
    at = value.index(b'"note":"') + 8
    return value[:at] + rng.choice((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80")) + value[at:]


def _inside_note(text: bytes) -> Change:
    return _valued(lambda value, _: value.replace(b'"note":"', b'"note":"' + text, 1))


def _deep(value: bytes, rng: Random) -> bytes:
    depth = rng.choice((17, 100, 10_000, 30_000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    nest = opening * depth + b"1" + closing * depth
    return rng.choice((nest, value[:-1] + b',"deep":' + nest + b"}"))


def _huge(value: bytes, rng: Random) -> bytes:
    size = rng.choice((66_000, 70_000, 70_000, 300_000))
    return value.replace(b'"note":"', b'"note":"' + b"a" * size, 1)


def _cut(value: bytes, rng: Random) -> bytes:
    return value[: rng.randrange(1, len(value))]


def _garbage(_: bytes, rng: Random) -> bytes:
    return b"\x00" + rng.randbytes(rng.randrange(0, 300))


def _binary_mode(event: dict[str, Any], sound: Record, rng: Random) -> Record:
    """In binary mode, with an attribute missing, twice, or not in UTF-8."""
    names = ("specversion", "id", "source", "type", "subject", "time")
    headers = [(f"ce_{name}", str(event[name]).encode()) for name in names]
    wrong = rng.choice(("missing", "twice", "bytes"))
    at = rng.randrange(len(headers))
    if wrong == "missing":
        del headers[at]
    else:
        headers.append((headers[at][0], headers[at][1]) if wrong == "twice" else ("ce_traceparent", b"\xff\xfe"))
    value = orjson.dumps(event["data"])
    return Record(sound.key, value, (("content-type", b"application/json"), *headers))


def _without(name: str) -> Change:
    return _said(lambda event, _: {key: value for key, value in event.items() if key != name})


CHANGES: Final[dict[str, Change]] = {
    "bad UTF-8": _valued(_bad_utf8),
    "UTF-16": _valued(lambda value, _: value.decode().encode("utf-16")),
    "byte order mark": _valued(lambda value, _: b"\xef\xbb\xbf" + value),
    "nested deep": _valued(_deep),
    "too large": _valued(_huge),
    "cut off": _valued(_cut),
    "garbage": _valued(_garbage),
    "no value": _valued(lambda *_: None),
    "empty": _valued(lambda *_: b""),
    "null": _valued(lambda *_: b"null"),
    "a list": _valued(lambda value, _: b"[" + value + b"]"),
    "two of them": _valued(lambda value, _: value + b"\n" + value),
    "NUL in a text": _inside_note(b"\\u0000"),
    "a bare NUL": _inside_note(b"\x00"),
    "half a surrogate pair": _inside_note(b"\\ud800"),
    "a key twice": _valued(lambda value, _: value[:-1] + b',"id":"another"}'),
    "not a number": _valued(lambda value, _: value[:-1] + b',"n":NaN}'),
    "endless number": _valued(lambda value, rng: value[:-1] + b',"n":' + b"9" * rng.choice((30, 5_000)) + b"}"),
    "unknown type": _said(lambda event, _: {**event, "type": "facilities.work-order.exploded"}),
    "type of another topic": _said(lambda event, _: {**event, "type": "facilities.shift-cover.confirmed"}),
    "future schema": _said(
        lambda event, rng: {**event, "dataschema": f"urn:workorders:schema:{event['type']}:{rng.randint(2, 99)}"}
    ),
    "future envelope": _said(lambda event, rng: {**event, "specversion": rng.choice(("2.0", "1.1", 1))}),
    "unknown field": _said(lambda event, _: {**event, "data": {**event["data"], "colour": "red"}}),
    "unknown premises": _said(lambda event, _: {**event, "data": {**event["data"], "premises": "nowhere"}}),
    "unknown source": _said(lambda event, _: {**event, "source": "nobody"}),
    "time without offset": _said(lambda event, _: {**event, "time": event["time"][:19]}),
    "time that does not exist": _said(lambda event, _: {**event, "time": "2026-02-30T10:00:00Z"}),
    "time far ahead": _said(lambda event, _: {**event, "time": "9999-12-31T23:59:59Z"}),
    "time before all": _said(lambda event, _: {**event, "time": "0001-01-01T00:00:00+14:00"}),
    "no id": _without("id"),
    "no data": _without("data"),
    "wrong key": lambda _, sound, rng: replace(sound, key=rng.choice((b"elsewhere", b"\xff\x00", b" "))),
    "no key": lambda _, sound, __: replace(sound, key=None),
    "empty key": lambda _, sound, __: replace(sound, key=b""),
    "binary mode gone wrong": _binary_mode,
    "another format": lambda _, sound, __: replace(
        sound, headers=(("content-type", b"application/cloudevents+protobuf"),)
    ),
}
"""What is wrong with it, and how that is done."""
