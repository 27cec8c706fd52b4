"""Parsing is total: whatever comes, it gives an event or a refusal with all its parts; quick or slow, the same one."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.diagnosis import examine
from models.kafka_binding import Headers
from models.parse import Refusal, parse, parse_output
from tests.models.asking import STRUCTURED, assert_fit_to_show, binary
from tests.models.samples import RAISED, SAMPLES, TOPICS, Event, key_of, written

EVENTS = [event for _, event in SAMPLES.values()]
topics = st.sampled_from([*TOPICS, "elsewhere"])
header_values = (
    st.none() | st.binary(max_size=20) | st.sampled_from([b"1.0", b"application/json", b"application/cloudevents+json"])
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_id", "ce_type", "ce_specversion", "ce_"]) | st.text(max_size=8),
        header_values,
    ),
    max_size=6,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
# What changes the meaning of JSON if it is put into it anywhere.
shrapnel = st.sampled_from(
    rb""" " \ { } [ ] , ": " :" ":)" null NaN 1e999 -0 \u0000 \ud800 \u0022 "id":"x", "data":{}, """.split()
) | st.sampled_from([b"9" * 5000, b"[" * 40, b"\n", b" :", b"\x00", b"\xff", b"\xc2\x80", b"\xef\xbb\xbf"])


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[bytes, Event]:
    """A good event's bytes, cut, stuffed and doubled here and there."""
    event = draw(st.sampled_from(EVENTS))
    value = bytearray(written(event))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(value)))
        until = draw(st.integers(at, min(at + 40, len(value))))
        value[at:until] = draw(shrapnel | st.binary(max_size=4) | st.just(bytes(value[at:until]) * 2))
    return bytes(value), event


@st.composite
def nearly_right(draw: st.DrawFn) -> Event:
    """A good event with some attributes or fields replaced by any JSON."""
    event = json.loads(written(draw(st.sampled_from(EVENTS))))
    for where in (event, event["data"]):
        for name in draw(st.lists(st.sampled_from([*where, "extra", "Bad-Name"]), max_size=2)):
            if isinstance(where, dict) and name != "data":
                where[name] = draw(json_values)
    return dict(event)


def assert_total(value: bytes | None, key: bytes | None, said: Headers, topic: str) -> None:
    found = parse(value, key, said, topic)
    if isinstance(found, Refusal):
        assert_fit_to_show(found)
    assert found == examine(value, key, said, topic)
    out = parse_output(value)
    assert isinstance(out, Refusal)
    assert_fit_to_show(out)


@given(value=st.none() | st.binary(max_size=300), key=st.none() | st.binary(max_size=8), said=headers, topic=topics)
@example(value=b"{" * 70_000, key=None, said=[], topic="work-orders")
@example(value=b"\x00" * 70_000, key=b"", said=STRUCTURED, topic="")
def test_any_bytes_give_an_event_or_a_refusal(
    value: bytes | None, key: bytes | None, said: Headers, topic: str
) -> None:
    assert_total(value, key, said, topic)


@given(value=json_values, said=headers, topic=topics)
def test_any_json_gives_an_event_or_a_refusal(value: Any, said: Headers, topic: str) -> None:  # noqa: ANN401
    assert_total(json.dumps(value).encode(), b"ap-bryn-awel", said, topic)


@given(spoilt())
@settings(max_examples=300)
def test_a_spoilt_event_gives_an_event_or_a_refusal(case: tuple[bytes, Event]) -> None:
    value, event = case
    topic = SAMPLES[event["type"]][0]
    assert_total(value, key_of(event), STRUCTURED, topic)
    assert_total(value, key_of(event), binary(event), topic)


@given(nearly_right())
@settings(max_examples=300)
def test_an_event_that_is_nearly_right_gives_an_event_or_a_refusal(event: Event) -> None:
    topic = SAMPLES.get(str(event["type"]), ("work-orders", {}))[0]
    assert_total(written(event), key_of(event) if "premises" in event["data"] else None, (), topic)


@given(st.text(max_size=4000))
def test_a_note_is_taken_exactly_if_all_of_it_is_printable_or_a_line(text: str) -> None:
    allowed = all(ord(c) >= 0x20 or c in "\t\n\r" for c in text) and not any(0x7F <= ord(c) <= 0x9F for c in text)
    event = RAISED | {"data": RAISED["data"] | {"note": text}}
    for escaped in (True, False):
        found = parse(json.dumps(event, ensure_ascii=escaped).encode(), key_of(RAISED), (), "work-orders")
        assert isinstance(found, Refusal) is not allowed
