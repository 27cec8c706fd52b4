"""The JSON Schemas of what is asked and answered, made from the nouns themselves."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from models.envelope import Data

Schema = dict[str, Any]

COMPONENTS: Final[dict[str, Schema]] = {}
"""The schemas that others refer to, by name; filled while the routes are made."""
_REF: Final = "#/components/schemas/{model}"
TIME: Final[Schema] = {
    **TypeAdapter(str).json_schema(),
    "format": "date-time",
    "description": "When it happened, with its offset; now if it is left out.",
}
DANGER: Final[Schema] = {
    "type": "boolean",
    "description": "Somebody's life is in danger: the answer says what to do first of all, and this is kept.",
}


def schema_of(kind: Any) -> Schema:  # noqa: ANN401 - any type that pydantic knows
    """The schema of what is answered, as a component of its own."""
    found = TypeAdapter(kind).json_schema(mode="serialization", ref_template=_REF)
    return _component(found)


def body_of(data: type[Data], hidden: Collection[str], optional: Collection[str], own: Mapping[str, Schema]) -> Schema:
    """The schema of what is said: an event's data without what the path says, with the fields of the API's own."""
    found = data.model_json_schema(by_alias=True, ref_template=_REF)
    COMPONENTS.update(found.pop("$defs", {}))
    named = {name: one for name, one in found["properties"].items() if name not in hidden}
    required = [name for name in found.get("required", ()) if name not in {*hidden, *optional}]
    return {
        "type": "object",
        "description": found.get("description", ""),
        "properties": {**named, **own, "time": TIME, "danger_to_life": DANGER},
        "required": required,
        "additionalProperties": False,
    }


def page_of(kind: Any) -> Schema:  # noqa: ANN401 - any dataclass
    """The schema of one page of a list; a line has those of its fields that were asked for."""
    line = {name: one for name, one in schema_of_fields(kind).items() if name != "required"}
    lines = {"type": "array", "items": line}
    cursor = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "What to ask for the next page by."}
    return {
        "type": "object",
        "properties": {"as_at": {"type": "string", "format": "date-time"}, "lines": lines, "next": cursor},
        "required": ["as_at", "lines", "next"],
        "additionalProperties": False,
    }


def schema_of_fields(kind: Any) -> Schema:  # noqa: ANN401 - any dataclass
    """The schema itself, not a reference to it."""
    found = TypeAdapter(kind).json_schema(mode="serialization", ref_template=_REF)
    COMPONENTS.update(found.pop("$defs", {}))
    return found


def _component(found: Schema) -> Schema:
    COMPONENTS.update(found.pop("$defs", {}))
    if "title" not in found or found.get("type") != "object":
        return found
    COMPONENTS[found["title"]] = found
    return {"$ref": _REF.format(model=found["title"])}
