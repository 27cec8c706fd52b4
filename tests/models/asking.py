"""How the tests ask what a record holds; bytes, key and topic are those of the event unless said."""

from typing import Any, Final, TypedDict, Unpack

from models.history import InputEvent
from models.kafka_binding import Headers
from models.parse import Refusal, parse
from models.work_order import Raised
from tests.models.samples import RAISED, SAMPLES, Event, key_of, written

STRUCTURED: Final[Headers] = [("content-type", b"application/cloudevents+json")]
_THE_RIGHT_ONE: Final[Any] = object()


class Record(TypedDict, total=False):
    """What of a record is not as the event has it."""

    value: bytes | None
    key: bytes | None
    headers: Headers
    topic: str


def ask(
    event: object = RAISED,
    *,
    value: bytes | None = _THE_RIGHT_ONE,
    key: bytes | None = _THE_RIGHT_ONE,
    headers: Headers = STRUCTURED,
    topic: str = "",
) -> InputEvent | Refusal:
    """What the record holds, or why it holds nothing."""
    about = event if isinstance(event, dict) and "data" in event else RAISED
    if key is _THE_RIGHT_ONE:
        key = key_of(about) if isinstance(about["data"], dict) else b"ap-bryn-awel"
    where = topic or SAMPLES.get(str(about.get("type")), ("work-orders", {}))[0]
    return parse(written(event) if value is _THE_RIGHT_ONE else value, key, headers, where)


def taken(event: object = RAISED, **record: Unpack[Record]) -> InputEvent:
    """The event that the record holds; fails if it is refused."""
    found = ask(event, **record)
    assert not isinstance(found, Refusal), found
    return found


def note(event: object = RAISED, **record: Unpack[Record]) -> str | None:
    """The note of the order that the record raises."""
    found = taken(event, **record)
    assert isinstance(found, Raised)
    return found.data.note


def refused(event: object = RAISED, **record: Unpack[Record]) -> tuple[str, str]:
    """The reason code and the field for which the record is refused, once its sentence was found fit to be shown."""
    found = ask(event, **record)
    assert isinstance(found, Refusal), found
    assert_fit_to_show(found)
    return found.code, found.field


def sentence(event: object = RAISED, **record: Unpack[Record]) -> str:
    """The sentence with which the record is refused."""
    found = ask(event, **record)
    assert isinstance(found, Refusal), found
    assert_fit_to_show(found)
    return found.sentence


def assert_fit_to_show(refusal: Refusal) -> None:
    """A refusal has all its parts, and nothing in them can do harm wherever they are shown."""
    for part in (refusal.code, refusal.field, refusal.sentence):
        assert part
        assert part.isprintable()
        assert not set(part) & set('<>&"`'), part
    assert refusal.sentence.endswith(".")
    assert len(refusal.sentence) < 1000


def binary(event: Event, **headers: bytes | None) -> Headers:
    """The headers of the event in binary mode; more or other ones by name, with None for one without value."""
    own = {
        f"ce_{name}": str(value).encode() for name, value in event.items() if name not in {"data", "datacontenttype"}
    }
    own["content-type"] = str(event.get("datacontenttype", "application/json")).encode()
    return list({**own, **{name.replace("content_type", "content-type"): v for name, v in headers.items()}}.items())
