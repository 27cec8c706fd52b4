"""Earlier versions of a type: a chain of invented ones, each brought up to the next."""

import json
from typing import Literal

import pytest

from models import upcast
from models.envelope import schema_uri
from models.ids import PremisesId
from models.parse import content_digest, stored, to_json
from models.upcast import Earlier, as_said, brought_up, class_of, newest_version, version_of
from models.work_order import OrderData, OrderEnvelope, Scheduled
from streams.ledger import states
from tests.models.asking import taken
from tests.models.samples import SAMPLES, with_data

SCHEDULED = "facilities.work-order.scheduled"
SAMPLE = SAMPLES[SCHEDULED][1]
VISIT = SAMPLE["data"]["visit_at"]


class DayData(OrderData):
    """The first version: a day, and where."""

    day: str
    site: PremisesId


class FirstScheduled(OrderEnvelope[Literal["facilities.work-order.scheduled"], DayData]):
    """A visit was agreed."""


class WrittenData(OrderData):
    """The second version: a time, written as a text."""

    at: str


class SecondScheduled(OrderEnvelope[Literal["facilities.work-order.scheduled"], WrittenData]):
    """A visit was agreed."""


@pytest.fixture(autouse=True)
def _three_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the version that there is be the third of its type."""
    first = Earlier(
        FirstScheduled, lambda data: {"premises": data.site, "note": data.note, "at": f"{data.day}T09:30:00Z"}
    )
    second = Earlier(SecondScheduled, lambda data: {"premises": data.premises, "note": data.note, "visit_at": data.at})
    monkeypatch.setattr(upcast, "EARLIER", {SCHEDULED: (first, second)})


def said(version: int) -> bytes:
    """The event as each version says it."""
    site = SAMPLE["data"]["premises"]
    data = {
        1: {"day": "2026-01-06", "site": site},
        2: {"at": "2026-01-06T09:30:00Z"},
        3: {"visit_at": "2026-01-06T09:30:00Z"},
    }[version]
    event = with_data(SAMPLE, **{"visit_at": ..., **data}) | {"traceparent": "00-ab-cd-01"}
    return json.dumps(event | {"dataschema": schema_uri(SCHEDULED, version)}).encode()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_version_is_brought_up_step_by_step_to_what_the_newest_says(version: int) -> None:
    newest = Scheduled.model_validate_json(said(3))
    event = stored(SCHEDULED, said(version).decode())
    assert type(event) is Scheduled
    assert event.model_dump() == newest.model_dump()
    assert event.model_extra == {"traceparent": "00-ab-cd-01"}


@pytest.mark.parametrize(("version", "shape"), [(1, FirstScheduled), (2, SecondScheduled), (3, Scheduled)])
def test_what_was_said_is_remembered_written_and_told_from_another_by_its_own_version(
    version: int, shape: type[FirstScheduled] | type[SecondScheduled] | type[Scheduled]
) -> None:
    event = stored(SCHEDULED, said(version).decode())
    before = shape.model_validate_json(said(version))
    assert type(as_said(event)) is shape
    assert as_said(event) == before
    assert to_json(event) == before.model_dump_json(by_alias=True, exclude_none=True).encode()
    assert content_digest(event) == content_digest(before)
    assert as_said(event.model_copy(update={"data": event.data})) == before, "a copy remembers it too"


def test_free_text_is_taken_from_what_was_said_too_and_can_be_put_back() -> None:
    noted = json.loads(said(1))
    event = stored(SCHEDULED, json.dumps(with_data(noted, note="Ring twice.")))
    silent = states.without_note(event)
    assert [states.event_note(one) for one in (event, silent, as_said(silent))] == ["Ring twice.", None, None]
    assert "Ring" not in states.event_body(event) + states.event_body(silent)
    assert content_digest(states.with_note(silent, "Ring twice.")) == content_digest(event) != content_digest(silent)


def test_an_event_without_schema_speaks_version_1_and_an_unknown_one_is_an_error() -> None:
    assert newest_version(SCHEDULED) == 3
    assert [version_of(SCHEDULED, schema_uri(SCHEDULED, n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert version_of(SCHEDULED, None) == 1
    with pytest.raises(KeyError):
        version_of(SCHEDULED, schema_uri(SCHEDULED, 4))


def test_a_type_of_one_version_is_given_as_it_was_said() -> None:
    event = taken(SAMPLES["facilities.work-order.attended"][1])
    assert newest_version(event.type) == version_of(event.type, event.dataschema) == 1
    assert class_of(event.type, 1, type(event)) is type(event)
    assert brought_up(event, event.type, type(event)) is event is as_said(event)
    assert stored(event.type, to_json(event).decode()) == event
