"""The messages of the contract: each event type and version with its headers, key, payload and golden sample."""

from typing import Any, Final

from desk.contract.samples import samples
from models.envelope import schema_uri
from models.kafka_binding import CONTENT_TYPE, STRUCTURED_JSON
from models.said import OURSELVES
from models.schemas import HEARTBEAT_TYPE, INPUTS, OUTPUTS, TYPES_ON, VERSIONS, data_schema, event_class, event_schema
from streams.ledger.audit import HEADER
from streams.topics import PULSES, Topic

JsonObject = dict[str, Any]

BINDING: Final = "0.5.0"
"""The version of AsyncAPI's binding for Kafka."""

PULSE: Final = "workorders.pulse"
_SHAPES: Final = "#/components/schemas/"
_OWN_KEY: Final[JsonObject] = {"type": "string", "description": "What the event bears as `partitionkey`."}
_UNIT_KEY: Final[JsonObject] = {"type": "string", "description": "What the data say as `premises`."}


def messages_on(topic: Topic) -> list[str]:
    """The names of the messages that a topic carries."""
    if topic is PULSES:
        return [PULSE]
    sent = {one.type for one in samples() if one.topic == topic.name}
    types = TYPES_ON[topic.name] if topic.direction == "in" else sent
    return [f"{event_type}.v{number}" for event_type in sorted(types) for number in VERSIONS[event_type]]


def messages() -> JsonObject:
    """Every message by its name."""
    events = {
        f"{event_type}.v{number}": _message(event_type, number)
        for event_type in sorted({*INPUTS, *OUTPUTS})
        for number in VERSIONS[event_type]
    }
    return {**events, PULSE: _pulse()}


def shapes() -> JsonObject:
    """The schemas that the messages refer to: the envelope, the headers, the data of every type and their parts."""
    found: JsonObject = {
        "CloudEvent": _envelope(),
        "Pulse": {"type": "object", "properties": {"part": {"const": "relay"}}, "required": ["part"]},
        "InputHeaders": _headers(ours=False),
        "OutputHeaders": _headers(ours=True),
    }
    for event_type in sorted({*INPUTS, *OUTPUTS}):
        for number in VERSIONS[event_type]:
            data = _referring(data_schema(event_type, number))
            found |= data.pop("$defs", {})
            # An $id would be what every reference in it is resolved against; it is what dataschema says.
            found[f"{event_type}.v{number}"] = {name: said for name, said in data.items() if name[0] != "$"}
    return found


def _message(event_type: str, number: int) -> JsonObject:
    ours, name = event_type in OUTPUTS, f"{event_type}.v{number}"
    return {
        "name": event_type,
        "title": name,
        "summary": (event_class(event_type, number).__doc__ or "").partition("\n")[0],
        "contentType": STRUCTURED_JSON.decode(),
        "headers": {"$ref": f"{_SHAPES}{'OutputHeaders' if ours else 'InputHeaders'}"},
        "payload": {"allOf": [{"$ref": f"{_SHAPES}CloudEvent"}, _said(event_type, number)]},
        "bindings": {"kafka": {"key": _OWN_KEY if ours else _UNIT_KEY, "bindingVersion": BINDING}},
        "examples": [
            {"name": name, "headers": one.headers, "payload": one.event}
            for one in samples()
            if (one.type, one.version) == (event_type, number)
        ],
    }


def _said(event_type: str, number: int) -> JsonObject:
    """What is particular to a type: its name, its subject, its data; of ours also what each of them bears."""
    uri = schema_uri(event_type, number)
    subject = event_schema(event_type)["properties"]["subject"]
    data = {"$ref": f"{_SHAPES}{event_type}.v{number}"}
    said: JsonObject = {"type": {"const": event_type}, "subject": subject, "data": data}
    if event_type in OUTPUTS:
        ours = {"source": {"const": OURSELVES}, "dataschema": {"const": uri}, "partitionkey": {"type": "string"}}
        return {"properties": said | ours, "required": ["dataschema", "partitionkey"]}
    if number == 1:
        return {"properties": said | {"dataschema": {"enum": [uri, None]}}}
    return {"properties": said | {"dataschema": {"const": uri}}, "required": ["dataschema"]}


def _envelope() -> JsonObject:
    """What all events have in common; extension attributes are what else it has."""
    common = event_schema(HEARTBEAT_TYPE)
    about = {
        "title": "CloudEvent",
        "description": "A CloudEvents 1.0 event in structured mode.",
        "properties": common["properties"] | {"type": {"type": "string"}, "data": {"type": "object"}},
    }
    return {name: said for name, said in common.items() if name[0] != "$"} | about


def _headers(*, ours: bool) -> JsonObject:
    trace = {"type": "string", "description": "The trace of W3C Trace Context that this belongs to."}
    mode = {"type": "string", "const": STRUCTURED_JSON.decode(), "description": "Structured mode."}
    if not ours:
        said = (
            "Of structured mode; in binary mode each attribute is a header `ce_<attribute>` and the value is the data."
        )
        return {"type": "object", "description": said, "properties": {CONTENT_TYPE: mode, "traceparent": trace}}
    link = "SHA-256, in hex, of the link of the audit chain that sealed this message."
    audit = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": link}
    properties = {CONTENT_TYPE: mode, HEADER: audit, "traceparent": trace}
    return {"type": "object", "properties": properties, "required": [CONTENT_TYPE]}


def _pulse() -> JsonObject:
    said = {"type": {"const": PULSE}, "source": {"const": OURSELVES}, "data": {"$ref": f"{_SHAPES}Pulse"}}
    return {
        "name": PULSE,
        "title": PULSE,
        "summary": "The worker that sends is alive; it is about no event.",
        "contentType": STRUCTURED_JSON.decode(),
        "headers": {"$ref": f"{_SHAPES}OutputHeaders"},
        "payload": {"allOf": [{"$ref": f"{_SHAPES}CloudEvent"}, {"properties": said}]},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The worker."}, "bindingVersion": BINDING}},
    }


def _referring(said: Any) -> Any:  # noqa: ANN401 - a JSON value
    """The same with every reference to a part of its own pointing to the document's shapes."""
    if isinstance(said, dict):
        return {
            name: one.replace("#/$defs/", _SHAPES) if name == "$ref" else _referring(one) for name, one in said.items()
        }
    return [_referring(one) for one in said] if isinstance(said, list) else said
