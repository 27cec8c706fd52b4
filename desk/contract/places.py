"""A JSON Schema as a flat list of places: what may stand at each dotted path."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

ENTRY: Final = "[]"
"""The path of a list's entries within it; ``{}`` is that of what a free object holds."""
_HELD: Final = "{}"

_LEAST: Final = ("minLength", "minimum", "minItems", "exclusiveMinimum")
_MOST: Final = ("maxLength", "maximum", "maxItems", "exclusiveMaximum")
_WORDLESS: Final = frozenset({"title", "description", "examples", "$schema", "$id", "$defs", "$comment"})
"""What says nothing about which data are taken."""
_KNOWN: Final = _WORDLESS | frozenset(
    {"type", "enum", "const", "pattern", "format", "default", "anyOf", "$ref", "items"}
    | {"properties", "required", "additionalProperties", *_LEAST, *_MOST}
)
_ANY: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_NOTHING_SAID: Final = "nothing"


class UnknownWordError(Exception):
    """A schema says something in a way that is not compared here; the text names the place and the word."""


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand at one path; ``values`` None is any, ``default`` what is meant where it is left out."""

    types: frozenset[str]
    values: frozenset[str] | None
    form: tuple[str | None, str | None]
    least: Mapping[str, float]
    most: Mapping[str, float]
    default: str
    closed: bool
    required: bool


def places(schema: dict[str, Any]) -> dict[str, Place]:
    """Every place of the schema by its path, the whole as ``data``; ``UnknownWordError`` if it cannot be compared."""
    found: dict[str, Place] = {}
    _look(schema, "data", schema.get("$defs", {}), found, required=True)
    return found


def _look(
    said: dict[str, Any], path: str, parts: Mapping[str, Any], found: dict[str, Place], *, required: bool
) -> None:
    whole, may_be_null = _plain(said, path, parts)
    place = _place(whole, required=required)
    if may_be_null:
        place = replace(place, types=place.types | {"null"})
    found[path] = place
    for name, one in whole.get("properties", {}).items():
        _look(one, f"{path}.{name}", parts, found, required=name in whole.get("required", ()))
    for name, inner in ((ENTRY, whole.get("items")), (_HELD, whole.get("additionalProperties"))):
        if isinstance(inner, dict):
            _look(inner, f"{path}.{name}", parts, found, required=True)


def _plain(said: dict[str, Any], path: str, parts: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The same without reference and choice, and whether null may stand there too."""
    unknown = said.keys() - _KNOWN
    if unknown:
        raise UnknownWordError(f"{path} says {', '.join(sorted(unknown))}, which cannot be compared.")
    if "$ref" in said:
        part = parts[said["$ref"].removeprefix("#/$defs/")]
        said = {**part, **{name: one for name, one in said.items() if name != "$ref"}}
        return _plain(said, path, parts)
    if "anyOf" not in said:
        return said, False
    choices = [one for one in said["anyOf"] if one != {"type": "null"}]
    if len(choices) != 1:
        raise UnknownWordError(f"{path} is one of several shapes, which cannot be compared.")
    rest = {name: one for name, one in said.items() if name != "anyOf"}
    whole, null = _plain({**choices[0], **rest}, path, parts)
    return whole, null or len(choices) < len(said["anyOf"])


def _place(said: dict[str, Any], *, required: bool) -> Place:
    given = said.get("type", _ANY)
    types = frozenset([given] if isinstance(given, str) else given)
    values = [said["const"]] if "const" in said else said.get("enum")
    return Place(
        types=types | {"integer"} if "number" in types else types,
        values=None if values is None else frozenset(map(repr, values)),
        form=(said.get("pattern"), said.get("format")),
        least={name: said[name] for name in _LEAST if name in said},
        most={name: said[name] for name in _MOST if name in said},
        default=repr(said["default"]) if "default" in said else _NOTHING_SAID,
        closed=said.get("additionalProperties") is False,
        required=required,
    )
