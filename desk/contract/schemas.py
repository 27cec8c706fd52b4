"""The JSON Schemas of the contract: of the data of each event type, one for each version."""

from typing import Any, Final

from models.schemas import VERSIONS, data_schema

_NAMES: Final = {
    f"{event_type}.v{number}": (event_type, number) for event_type in VERSIONS for number in VERSIONS[event_type]
}


def schema_names() -> tuple[str, ...]:
    """The name of every schema, such as ``facilities.work-order.raised.v1``, in alphabetical order."""
    return tuple(sorted(_NAMES))


def schema(name: str) -> dict[str, Any]:
    """The schema of that name; its ``$id`` is what events bear as ``dataschema``. ``KeyError`` if there is none."""
    return data_schema(*_NAMES[name])
