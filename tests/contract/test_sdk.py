"""The CloudEvents SDK reads every record that we send, in both modes; how we read what it writes is in tests/models."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import kafka

from desk.contract.samples import Sample, samples
from models.kafka_binding import structured_text
from models.parse import Refusal, parse, parse_output, to_json
from models.schemas import INPUTS

EVERY = pytest.mark.parametrize("one", samples(), ids=lambda one: f"{one.type}.v{one.version}")


def record(one: Sample) -> kafka.KafkaMessage:
    """The sample as it lies on its topic."""
    headers = {name: said.encode() for name, said in one.headers.items()}
    return kafka.KafkaMessage(headers=headers, key=one.key.encode(), value=json.dumps(one.event).encode())


def attributes(event: BaseCloudEvent) -> dict[str, Any]:
    """All that an event bears beside its data."""
    found = dict(event.get_attributes())
    return {**found, "time": found["time"].timestamp()}


def expected(one: Sample) -> dict[str, Any]:
    """The same, by the sample itself; the key of a record is an attribute for the SDK."""
    said = {name: value for name, value in one.event.items() if name != "data"}
    return {**said, "partitionkey": one.key, "time": datetime.fromisoformat(said["time"]).timestamp()}


def ours(message: kafka.KafkaMessage, one: Sample) -> Any:  # noqa: ANN401 - an event of any type, or a refusal
    """What we read in a record of the SDK's."""
    headers = list(message.headers.items())
    if one.type in INPUTS:
        return parse(message.value, one.key.encode(), headers, one.topic)
    return parse_output(structured_text(message.value, headers))


@EVERY
def test_the_sdk_reads_every_record_that_we_send(one: Sample) -> None:
    found = kafka.from_kafka_event(record(one))
    assert attributes(found) == expected(one)
    assert found.get_data() == one.event["data"]


@EVERY
def test_what_the_sdk_makes_of_it_in_binary_mode_is_the_same_event_for_it_and_for_us(one: Sample) -> None:
    message = kafka.to_binary_event(kafka.from_kafka_event(record(one)))
    assert message.headers["ce_type"] == one.type.encode()
    again = kafka.from_kafka_event(message)
    assert attributes(again) == expected(one)
    assert again.get_data() == one.event["data"]
    assert_same(ours(message, one), one)


@EVERY
def test_what_the_sdk_makes_of_it_in_structured_mode_is_the_same_event_for_us(one: Sample) -> None:
    assert_same(ours(kafka.to_structured_event(kafka.from_kafka_event(record(one))), one), one)


def assert_same(event: Any, one: Sample) -> None:  # noqa: ANN401 - an event of any type, or a refusal
    """What we read is what was sent, with the key as an attribute."""
    assert not isinstance(event, Refusal), event
    plain = ours(record(one), one)
    assert json.loads(to_json(event)) == {**json.loads(to_json(plain)), "partitionkey": one.key}
