"""States, rungs and events as JSON text, and back: the same value on any day and in any version."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter

from models.decision import Classification, DisputeChange, NightState, OrderState, Reached, SourceState
from models.envelope import Envelope
from models.history import InputEvent
from models.outputs import RuleMatch
from models.parse import stored
from models.upcast import as_said, remembering

T = TypeVar("T")
EventT = TypeVar("EventT", bound=Envelope[Any, Any])

ORDER_STATE: Final = TypeAdapter(OrderState)
NIGHT_STATE: Final = TypeAdapter(NightState)
SOURCE_STATE: Final = TypeAdapter(SourceState)
REACHED: Final = TypeAdapter(Reached)
CLASSIFICATION: Final = TypeAdapter(Classification)
DISPUTE: Final = TypeAdapter(DisputeChange)
MARKS: Final = TypeAdapter(tuple[datetime, ...])


def dump(value: object) -> str:
    """A state, a rung or any part of one as JSON text."""
    return orjson.dumps(value, default=_plain).decode()


def load(adapter: TypeAdapter[T], text: str | None) -> T | None:
    """What :func:`dump` wrote; nothing for nothing."""
    return None if text is None else adapter.validate_json(text)


# Many orders are classified alike, by the same rules for the same facts.
@lru_cache(maxsize=1024)
def classification(text: str | None) -> Classification | None:
    """A classification that :func:`dump` wrote; nothing for nothing."""
    return load(CLASSIFICATION, text)


def canonical(value: object) -> bytes:
    """JSON with sorted keys: the same bytes for the same value, as a hash needs."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)


def event_body(event: InputEvent) -> str:
    """An event's JSON as it was said, with its extensions and without its free text; what was left out stays out."""
    said = as_said(event)
    silent = said if event_note(said) is None else without_note(said)
    return silent.model_dump_json(by_alias=True, exclude_none=True)


def event_note(event: InputEvent) -> str | None:
    """The free text of an event, if it has any."""
    note: str | None = getattr(event.data, "note", None)
    return note


def without_note(event: EventT) -> EventT:
    """The event without its free text, which must be possible to erase wherever it is kept."""
    said, silent = as_said(event), _noted(event, None)
    return silent if said is event else remembering(silent, _noted(said, None))


def with_note(event: EventT, note: str) -> EventT:
    """The event as it was said, with its free text again."""
    return _noted(as_said(event), note)


def stored_event(event_type: str, body: str) -> InputEvent:
    """The event that :func:`event_body` wrote, without its free text."""
    return stored(event_type, body)


def _noted(event: EventT, note: str | None) -> EventT:
    return event.model_copy(update={"data": event.data.model_copy(update={"note": note})})


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if type(value) is RuleMatch:  # there are many of these
        return {"rule": value.rule, "priority": value.priority, "reason": value.reason}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
