"""Bytes to a JSON document, with every doubt named: encoding, depth, syntax, repeated keys, characters."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from models.refusal import Reason, RefusedError, quote_name

MAX_DEPTH: Final = 16
"""How deep brackets may be nested. No event of ours is deeper than 3."""

# Takes a string to its end even where the end is missing, so that the search never starts over inside it.
_STRING: Final = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_PROSE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# Longer numbers are beyond every limit in any case, and slow to read: Python itself refuses them above 4300 digits.
_DIGITS: Final = 24

Path = tuple[str | int, ...]


class _Repeated(dict[str, Any]):
    """An object in which a key stands more than once."""

    key: str


def document(value: bytes) -> object:
    """The JSON document that the bytes hold; ``RefusedError`` names the first thing that is wrong with them."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        said = f"The value is not UTF-8: byte {error.start + 1} begins no character."
        raise RefusedError(Reason.NOT_UTF8, "value", said) from None
    if _too_deep(value):
        said = f"The value is nested more than {MAX_DEPTH} deep; no event is."
        raise RefusedError(Reason.NESTED_TOO_DEEP, "value", said)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        said = f"The value is not JSON: it cannot be read on from line {error.lineno}, column {error.colno}."
        raise RefusedError(Reason.NOT_JSON, "value", said) from None


def check_keys_and_characters(found: object, prose: frozenset[Path] | None) -> None:
    """Refuses a repeated key, a control character or half a surrogate pair, wherever it stands in the document.

    In the fields of prose tabs and line ends are allowed; None means that every text is prose.
    """
    for path, value in _walk((), found):
        if isinstance(value, _Repeated):
            field = dotted((*path, value.key))
            said = f"The key {field} stands there more than once, so what it says is not clear."
            raise RefusedError(Reason.DUPLICATE_KEY, field, said)
        if isinstance(value, str):
            _check_characters(path, value, _CONTROL_IN_PROSE if prose is None or path in prose else _CONTROL)


def dotted(path: Path) -> str:
    """A place in the event as a path with dots, such as ``data.impacts.0``; names are escaped and cut."""
    return ".".join(quote_name(str(part)) for part in path)


def _too_deep(value: bytes) -> bool:
    if value.count(b"{") + value.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", value)):
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeated = _Repeated(members)
    repeated.key = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return repeated


def _whole_number(digits: str) -> int:
    return int(digits[:_DIGITS])


def _no_number(constant: str) -> NoReturn:
    raise RefusedError(Reason.NOT_JSON, "value", f"The value is not JSON: {constant} is no number of JSON.")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_members, parse_int=_whole_number, parse_constant=_no_number)


def _walk(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    """Each value with its path, an object before what it holds, and each key as a value of its own."""
    yield path, value
    if isinstance(value, dict):
        for key, member in value.items():
            # The key of prose is no prose itself, so it is looked at under its parent's path.
            yield path, key
            yield from _walk((*path, key), member)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk((*path, index), item)


def _check_characters(path: Path, text: str, control: re.Pattern[str]) -> None:
    if found := control.search(text):
        field = dotted(path) or "value"
        said = f"{field} holds the control character U+{ord(found[0]):04X}, which no text may."
        raise RefusedError(Reason.CONTROL_CHARACTER, field, said)
    if found := _SURROGATE.search(text):
        field = dotted(path) or "value"
        said = f"{field} holds U+{ord(found[0]):04X}, half of a surrogate pair, which is no character."
        raise RefusedError(Reason.LONE_SURROGATE, field, said)
