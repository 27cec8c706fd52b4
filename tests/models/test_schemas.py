"""The registry and the JSON Schemas: what they promise to producers is what parsing does."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from models import work_order
from models.envelope import schema_uri
from models.history import TOPIC_PREFIX
from models.parse import to_json
from models.schemas import (
    CLIENT_SIDE_TYPES,
    HEARTBEAT_TYPE,
    INPUTS,
    OUTPUTS,
    TYPES_ON,
    VERSIONS,
    data_class,
    data_schema,
    event_class,
    event_schema,
    fields_of,
    type_of,
)
from tests.models.asking import taken
from tests.models.samples import SAMPLES, changed, with_data
from tests.models.test_said import EVENTS

SAID = {event.type: json.loads(to_json(event)) for event in EVENTS}
ALL = sorted({*INPUTS, *OUTPUTS})


def sample(event_type: str) -> dict[str, Any]:
    return SAMPLES[event_type][1] if event_type in INPUTS else SAID[event_type]


def test_every_type_in_has_a_sample_and_every_type_out_too() -> None:
    assert set(SAMPLES) == set(INPUTS)
    assert set(SAID) == set(OUTPUTS)
    assert not set(INPUTS) & set(OUTPUTS)


@pytest.mark.parametrize("event_type", ALL)
def test_the_registry_finds_each_class_by_its_type(event_type: str) -> None:
    assert type_of(event_class(event_type)) == event_type


def test_an_unknown_type_has_no_class_and_no_schema() -> None:
    for look_up in (event_class, data_class, event_schema, data_schema):
        with pytest.raises(KeyError):
            look_up("facilities.work-order.exploded")


def test_each_input_type_is_carried_by_one_topic_and_the_heartbeat_by_all() -> None:
    assert set(TYPES_ON) == set(TOPIC_PREFIX)
    for event_type in INPUTS:
        topics = [topic for topic, types in TYPES_ON.items() if event_type in types]
        assert len(topics) == (3 if event_type == HEARTBEAT_TYPE else 1), event_type


def test_only_what_settles_a_question_between_the_parties_is_kept_to_the_client_side() -> None:
    names = {name.removeprefix("facilities.") for name in CLIENT_SIDE_TYPES}
    both = {"report-confirmed", "report-refused"}
    assert names == {"work-order.criticality-settled", "work-order.reassessed"} | {
        f"{family}.{name}" for family in ("work-order", "shift-cover", "escalation-response") for name in both
    }


@pytest.mark.parametrize("event_type", ALL)
def test_every_schema_is_sound_and_takes_what_we_take(event_type: str) -> None:
    for schema, instance in (
        (event_schema(event_type), sample(event_type)),
        (data_schema(event_type), sample(event_type)["data"]),
    ):
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(instance)


@pytest.mark.parametrize("event_type", ALL)
def test_a_data_schema_bears_the_name_that_dataschema_gives(event_type: str) -> None:
    assert data_schema(event_type)["$id"] == schema_uri(event_type, VERSIONS[event_type][-1])


@pytest.mark.parametrize("event_type", ALL)
def test_an_input_has_no_field_that_its_schema_does_not_name_and_an_output_has_all_and_may_get_more(
    event_type: str,
) -> None:
    check = Draft202012Validator(data_schema(event_type))
    data = sample(event_type)["data"]
    assert check.is_valid(data | {"colour": "red"}) == (event_type in OUTPUTS)
    if event_type in OUTPUTS:
        assert [name for name in data if check.is_valid(changed(data, **{name: ...}))] == []


@pytest.mark.parametrize("event_type", sorted(INPUTS))
def test_a_schema_refuses_what_we_refuse(event_type: str) -> None:
    check = Draft202012Validator(event_schema(event_type))
    event = sample(event_type)
    assert check.is_valid(changed(event, traceparent="x", attempt=2, tried=True))
    for spoilt in (
        changed(event, specversion=...),
        changed(event, specversion="0.3"),
        changed(event, type="facilities.work-order.exploded"),
        changed(event, time="2026-01-05 10:00:00"),
        changed(event, subject="a b"),
        changed(event, id="e\n1"),
        changed(event, Traceparent="x"),
        changed(event, traceparent=1.5),
        changed(event, traceparent={"a": 1}),
        with_data(event, colour="red"),
        with_data(event, premises="A P"),
    ):
        assert not check.is_valid(spoilt), spoilt


@pytest.mark.parametrize("event_type", sorted(INPUTS))
def test_the_known_fields_are_those_of_the_schema(event_type: str) -> None:
    assert set(data_schema(event_type)["properties"]) == fields_of(event_type)


def shapes() -> list[type[BaseModel]]:
    return [data_class(name) for name in ALL] + [event_class(name) for name in ALL]


@pytest.mark.parametrize("shape", shapes(), ids=lambda shape: str(shape.__name__))
def test_no_event_can_be_changed_after_it_was_read(shape: type[BaseModel]) -> None:
    assert shape.model_config["frozen"] is True


def test_a_flood_of_bad_entries_is_read_no_further_than_the_first() -> None:
    adapter = work_order.RaisedData.__pydantic_validator__
    with pytest.raises(ValueError, match="1 validation error") as refusal:
        adapter.validate_python(SAMPLES["facilities.work-order.raised"][1]["data"] | {"impacts": [1] * 20})
    assert "impacts.0" in str(refusal.value)


def test_a_work_order_has_no_field_in_its_schema_that_it_has_not_in_its_event() -> None:
    for event_type in INPUTS:
        said = json.loads(to_json(taken(SAMPLES[event_type][1])))
        assert set(said["data"]) <= fields_of(event_type)
