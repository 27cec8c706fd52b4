"""What is stored as JSON is read back as the same value."""

import orjson
import pytest

from models.parse import parse
from models.refusal import Refusal
from streams.ledger import inbox, sorting, states
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import START, event, hour, plain, raised, topic_of


def test_an_event_is_stored_without_its_free_text_and_read_back_with_all_the_rest() -> None:
    told = raised("WO-1", note="x", extensions={"traceparent": "00-abc", "heard": START.isoformat()})
    read = parse(orjson.dumps(told), told["data"]["premises"].encode(), (), topic_of(told))
    assert not isinstance(read, Refusal)
    body = states.event_body(read)
    assert "note" not in orjson.loads(body)["data"]
    assert states.event_note(read) == "x"
    again = states.stored_event(read.type, body)
    assert again == read.model_copy(update={"data": read.data.model_copy(update={"note": None})})
    assert again.__pydantic_extra__ == read.__pydantic_extra__


def test_an_event_type_that_nobody_knows_is_not_read() -> None:
    with pytest.raises(KeyError):
        states.stored_event("facilities.never-heard-of", "{}")


def test_the_same_value_has_the_same_canonical_bytes() -> None:
    assert states.canonical({"b": b"\x01", "a": hour(1)}) == states.canonical({"a": hour(1), "b": b"\x01"})
    assert states.canonical({"b": b"\x01"}) == b'{"b":"01"}'


def test_what_cannot_be_written_as_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        states.dump(object())


def test_nothing_is_read_from_nothing() -> None:
    assert states.load(states.CLASSIFICATION, None) is None


async def test_the_inbox_keeps_no_input_that_was_refused(small: Ledger) -> None:
    (refused,) = sorting.read([Incoming("work-orders", b"k", b"?")])
    with pytest.raises(ValueError, match="only what was parsed and admitted"):
        async with small.database.writing() as connection:
            await inbox.add(connection, [refused], hour(0))


def test_a_heartbeat_bears_no_free_text() -> None:
    alive = event("source.heartbeat", "source:fm-north", premises="source:fm-north", source="fm-north")
    (read,) = sorting.read([plain(alive)])
    assert read.event is not None
    assert states.event_note(read.event) is None
