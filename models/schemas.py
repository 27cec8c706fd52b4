"""The registry of what can be said: every event type in and out, its class, its versions and its JSON Schema."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, cast, get_args

from models.envelope import Data, Envelope, schema_uri
from models.escalation import (
    EscalationAmended,
    EscalationClosed,
    EscalationRaised,
    EscalationReinstated,
    EscalationTakenOn,
    EscalationWithdrawn,
    Heartbeat,
)
from models.history import TOPIC_PREFIX, InputEvent
from models.outputs import (
    BacklogCounted,
    Classified,
    DisputeOpened,
    DisputeSettled,
    EstateActivated,
    InputRejected,
    PolicyActivated,
)
from models.upcast import class_of, newest_version

StatementEvent = (
    EscalationRaised
    | EscalationAmended
    | EscalationTakenOn
    | EscalationWithdrawn
    | EscalationReinstated
    | EscalationClosed
)
OutputEvent = (
    StatementEvent
    | Classified
    | DisputeOpened
    | DisputeSettled
    | BacklogCounted
    | InputRejected
    | PolicyActivated
    | EstateActivated
)
AnyEvent = InputEvent | OutputEvent

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def type_of(event_class: type[Envelope[Any, Any]]) -> str:
    """The one event type that a class stands for."""
    (name,) = get_args(event_class.model_fields["type"].annotation)
    return str(name)


INPUTS: Final[Mapping[str, type[InputEvent]]] = MappingProxyType({type_of(c): c for c in get_args(InputEvent)})
"""Every event type that is taken in, with its class."""

OUTPUTS: Final[Mapping[str, type[OutputEvent]]] = MappingProxyType({type_of(c): c for c in get_args(OutputEvent)})
"""Every event type that is said, with its class."""

HEARTBEAT_TYPE: Final = type_of(Heartbeat)

CLIENT_SIDE_TYPES: Final = frozenset(
    name
    for name in INPUTS
    if name.endswith((".criticality-settled", ".reassessed", ".report-confirmed", ".report-refused"))
)
"""What settles a question between the parties: only the client side or the division may say it."""

TYPES_ON: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        topic: frozenset(name for name in INPUTS if name.startswith(prefix)) | {HEARTBEAT_TYPE}
        for topic, prefix in TOPIC_PREFIX.items()
    }
)
"""The event types that each input topic carries."""

VERSIONS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {name: tuple(range(1, newest_version(name) + 1)) for name in (*INPUTS, *OUTPUTS)}
)
"""The schema versions of each type that are understood; an event without ``dataschema`` speaks version 1."""

SCHEMA_URIS: Final[Mapping[str, frozenset[str | None]]] = MappingProxyType(
    {name: frozenset({None, *(schema_uri(name, version) for version in VERSIONS[name])}) for name in VERSIONS}
)
"""What ``dataschema`` may be for each type; None stands for its absence."""

NEWEST_URIS: Final[Mapping[str, frozenset[str | None]]] = MappingProxyType(
    {
        name: frozenset({schema_uri(name, newest), *((None,) if newest == 1 else ())})
        for name, (*_, newest) in VERSIONS.items()
    }
)
"""What ``dataschema`` is for the newest version of each type."""


def event_class(event_type: str, version: int | None = None) -> type[AnyEvent]:
    """The class of an event type in or out, its newest version unless said; ``KeyError`` if there is no such type."""
    newest: type[Any] = INPUTS[event_type] if event_type in INPUTS else OUTPUTS[event_type]
    return newest if version is None else class_of(event_type, version, newest)


def event_schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema of a whole event in structured mode; ``KeyError`` if there is no such type."""
    return {"$schema": _DIALECT, **event_class(event_type).model_json_schema(by_alias=True)}


def data_class(event_type: str, version: int | None = None) -> type[Data]:
    """The class of an event type's data; ``KeyError`` if there is no such type."""
    return cast("type[Data]", event_class(event_type, version).model_fields["data"].annotation)


def data_schema(event_type: str, version: int | None = None) -> dict[str, Any]:
    """The JSON Schema of an event's data, which its ``dataschema`` names; ``KeyError`` if there is no such type.

    An input has no field that the schema does not name. An output has all that it names and may get more.
    """
    number = newest_version(event_type) if version is None else version
    schema = data_class(event_type, number).model_json_schema(by_alias=True)
    if event_type in OUTPUTS:
        for shape in (schema, *schema.get("$defs", {}).values()):
            _open(shape)
    return {"$schema": _DIALECT, "$id": schema_uri(event_type, number), **schema}


def _open(shape: dict[str, Any]) -> None:
    """What is said has every field, null where there is nothing; whoever reads it passes over what a later one adds."""
    if "properties" in shape:
        del shape["additionalProperties"]
        shape["required"] = list(shape["properties"])
        for said in shape["properties"].values():
            said.pop("default", None)


@cache
def fields_of(event_type: str, version: int | None = None) -> frozenset[str]:
    """The fields that the data of a type may have, as they are written."""
    return frozenset(field.alias or plain for plain, field in data_class(event_type, version).model_fields.items())
