"""Both modes of the Kafka binding, held against the CloudEvents SDK: it reads what we write, we read what it writes."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from models.kafka_binding import Headers
from models.parse import parse, to_json
from models.schemas import INPUTS
from tests.models.asking import STRUCTURED, binary, refused, sentence, taken
from tests.models.samples import RAISED, SAMPLES, Event, changed, key_of, with_data, written

TOPIC = {event_type: topic for event_type, (topic, _) in SAMPLES.items()}
EVENTS = [changed(SAMPLES[name][1], traceparent="00-ab-cd-01", attempt="2") for name in sorted(INPUTS)]


def in_their_words(event: Event) -> CloudEvent:
    attributes = {name: value for name, value in event.items() if name != "data"}
    attributes |= {"time": datetime.fromisoformat(event["time"]), "datacontenttype": "application/json"}
    return CloudEvent(attributes, event["data"])


def ours(message: kafka.KafkaMessage, event: Event) -> Any:  # noqa: ANN401 - an event of any type, or a refusal
    return parse(message.value, key_of(event), list(message.headers.items()), TOPIC[event["type"]])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_we_read_what_the_sdk_writes_in_both_modes(event: Event) -> None:
    expected = taken(changed(event, datacontenttype="application/json"))
    assert ours(kafka.to_structured_event(in_their_words(event)), event) == expected
    assert ours(kafka.to_binary_event(in_their_words(event)), event) == expected


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_the_sdk_reads_what_we_write(event: Event) -> None:
    said = to_json(taken(event))
    message = kafka.KafkaMessage(headers={"content-type": b"application/cloudevents+json"}, key=None, value=said)
    found = kafka.from_kafka_event(message)
    assert found.get_id() == event["id"]
    assert found.get_source() == event["source"]
    assert found.get_type() == event["type"]
    assert found.get_subject() == event["subject"]
    assert found.get_time() == datetime.fromisoformat(event["time"])
    assert found.get_extension("traceparent") == "00-ab-cd-01"
    assert taken(changed(event, data=found.get_data())) == taken(event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_an_event_that_is_written_and_read_is_the_same_event(event: Event) -> None:
    before = taken(event)
    assert taken(event, value=to_json(before)) == before
    assert to_json(taken(event, value=to_json(before))) == to_json(before)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_both_modes_give_the_same_event(event: Event) -> None:
    value = json.dumps(event["data"]).encode()
    assert taken(event, value=value, headers=binary(event)) == taken(changed(event, datacontenttype="application/json"))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        STRUCTURED,
        [("Content-Type", b"Application/CloudEvents+JSON")],
        [("content-type", b"application/cloudevents+json; charset=UTF-8")],
        [("content-type", None)],
        [("traceparent", b"00-ab-cd-01"), ("producer", None)],
        [*STRUCTURED, ("ce_id", b"another"), ("ce_specversion", b"0.3")],
    ],
)
def test_structured_mode_is_known_by_its_content_type_or_by_the_want_of_any(headers: Headers) -> None:
    assert taken(headers=headers) == taken()


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents",
        b"application/cloudevents+avro",
        b"application/cloudevents-batch+json",
        b"application/cloudevents+json; charset=latin-1",
        b"application/cloudevents\xff<b>",
    ],
)
def test_an_event_format_that_is_not_json_is_refused(content_type: bytes) -> None:
    assert refused(headers=[("content-type", content_type)]) == ("unknown-content-type", "content-type")


def test_a_record_with_attribute_headers_is_binary_even_without_a_content_type() -> None:
    headers = [header for header in binary(RAISED) if header[0] != "content-type"]
    assert taken(value=written(RAISED["data"]), headers=headers) == taken()
    upper = [(name.upper(), value) for name, value in headers]
    assert taken(value=written(RAISED["data"]), headers=upper) == taken()


def test_two_content_types_are_refused() -> None:
    assert refused(headers=[*STRUCTURED, *STRUCTURED]) == ("duplicate-key", "content-type")
    plain = [("content-type", b"application/json")] * 2
    assert refused(headers=[*binary(RAISED)[:-1], *plain]) == ("duplicate-key", "datacontenttype")


def asked_in_binary(event: Event, value: bytes | None = None, **headers: bytes | None) -> tuple[str, str]:
    said = json.dumps(event["data"]).encode() if value is None else value
    return refused(event, value=said, headers=binary(event, **headers))


def test_a_whole_event_under_the_wrong_content_type_is_refused() -> None:
    assert refused(headers=[("content-type", b"application/json")]) == ("missing-attribute", "specversion")
    assert "application/cloudevents+json" in sentence(headers=[("content-type", b"application/json")])


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "subject", "time"])
def test_a_binary_record_without_a_required_header_is_refused(attribute: str) -> None:
    assert asked_in_binary(RAISED, **{f"ce_{attribute}": None}) == ("missing-attribute", attribute)


def test_a_binary_record_without_value_is_refused() -> None:
    assert asked_in_binary(RAISED, value=b"") == ("empty-value", "value")


def test_a_header_that_is_not_utf8_is_refused() -> None:
    assert asked_in_binary(RAISED, ce_id=b"\xff") == ("not-utf8", "id")
    assert asked_in_binary(RAISED, ce_anything=b"\xc0\x80") == ("not-utf8", "anything")


def test_a_header_that_stands_there_twice_is_refused() -> None:
    again: Headers = [*binary(RAISED), ("CE_ID", b"e-19")]
    assert refused(value=written(RAISED["data"]), headers=again) == ("duplicate-key", "id")


def test_a_header_that_claims_to_be_the_data_is_refused() -> None:
    assert asked_in_binary(RAISED, ce_data=b"{}") == ("invalid-extension", "data")


def test_a_header_with_a_control_character_is_refused() -> None:
    assert asked_in_binary(RAISED, ce_id=b"e\x00") == ("control-character", "id")


def test_a_header_whose_name_is_no_attribute_is_refused() -> None:
    assert asked_in_binary(RAISED, ce_trace_parent=b"x") == ("invalid-extension", "trace_parent")
    assert asked_in_binary(RAISED, ce_=b"x") == ("invalid-extension", "''")


def test_a_header_is_read_as_it_stands_without_percent_decoding() -> None:
    event = changed(RAISED, id="50%25 ŵ")
    assert taken(event, value=written(event["data"]), headers=binary(event)).id == "50%25 ŵ"


@pytest.mark.parametrize("value", [b"[]", b"7", b'"text"', b"null"])
def test_binary_data_that_is_no_object_is_refused(value: bytes) -> None:
    expected = "missing-attribute" if value == b"null" else "malformed-attribute"
    assert asked_in_binary(RAISED, value=value) == (expected, "data")


def test_binary_data_cannot_bring_in_attributes_of_its_own() -> None:
    for more in (b', "id": "another"', b', "traceparent": "x"', b'}, "x": {"a": 1'):
        assert asked_in_binary(RAISED, value=written(RAISED["data"]) + more) == ("not-json", "value")


def test_binary_data_with_a_field_that_stands_there_twice_is_refused() -> None:
    value = json.dumps(RAISED["data"]).encode()[:-1] + b', "asset": "window"}'
    assert asked_in_binary(RAISED, value=value) == ("duplicate-key", "data.asset")


def test_the_headers_of_a_binary_record_count_towards_its_size() -> None:
    assert asked_in_binary(RAISED, ce_padding=b"x" * 65_536) == ("too-large", "value")


def test_a_binary_record_just_under_the_limit_is_taken() -> None:
    event = with_data(RAISED, note="x" * 4000)
    headers = binary(event, ce_padding=b"x" * 60_900)
    assert taken(event, value=written(event["data"]), headers=headers).id == RAISED["id"]
