"""What we say: one envelope for all of it, read back by us, by the CloudEvents SDK and by its JSON Schema."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from models.envelope import Data, Envelope, schema_uri
from models.escalation import EscalationKind, EscalationRaised, StatementData, StatementKind
from models.ids import output_id, statement_id
from models.outputs import (
    ActivatedData,
    BacklogCell,
    BacklogCounted,
    BacklogData,
    Classified,
    ClassifiedData,
    DisputeData,
    DisputeOpened,
    DisputeSettled,
    EstateActivated,
    InputRejected,
    PolicyActivated,
    RejectedData,
    RuleMatch,
)
from models.parse import Refusal, parse_output, to_json
from models.said import OURSELVES, STATEMENTS, say, say_json
from models.schemas import OUTPUTS, AnyEvent, type_of
from models.work_order import Priority
from tests.models.asking import assert_fit_to_show
from tests.models.samples import AP, RAISED, written

NOW = datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC)
ESCALATION = UUID("0b6b4c2e-0f5d-5c7e-9c1d-1f2a3b4c5d6e")
STATEMENT = StatementData(
    escalation_id=ESCALATION,
    n=2,
    premises=AP,
    kind=EscalationKind.BREACH,
    clock="fix",
    spell="first",
    rung="senior",
    role="senior-account-manager",
    repeat=0,
    priority=None,
    business_critical=True,
    due_at=NOW,
    original_due_at=None,
    late_seconds=3,
    labels=("contested",),
    reason="The fix clock ran out at 10:00.\n<b>It</b> is still open.",
    policy_version="0" * 64,
)
RULE = RuleMatch(rule="ap-entry", priority=Priority.P1, reason="An entry lock that will not secure.")
CLASSIFIED = ClassifiedData(
    premises=AP,
    work_order="WO-1",
    n=1,
    base=Priority.P2,
    effective=Priority.P1,
    business_critical=True,
    rules=(RULE,),
    facts={"asset": "entry-lock"},
    policy_version="0" * 64,
)
DISPUTE = DisputeData(premises=AP, work_order="WO-1", n=1, ours=Priority.P1, providers=Priority.P3, since=NOW)
CELL = BacklogCell(priority=Priority.P1, age="under-1-day", count=1)
BACKLOG = BacklogData(premises=AP, outstanding=1, cells=(CELL,), as_at=NOW)
REJECTED = RejectedData(
    topic="work-orders",
    partition=0,
    offset=7,
    code="not-json",
    field="value",
    sentence="The value is not JSON.",
    length=3,
    sha256="0" * 64,
    bytes_base64="AAAA",
)
ACTIVATED = ActivatedData(
    effective_from=NOW, version="0" * 64, document="{}", activated_at=NOW, activated_by="division-facilities"
)
SAID: dict[type[Envelope[Any, Any]], Data] = {
    **dict.fromkeys(STATEMENTS.values(), STATEMENT),
    Classified: CLASSIFIED,
    DisputeOpened: DISPUTE,
    DisputeSettled: DISPUTE,
    BacklogCounted: BACKLOG,
    InputRejected: REJECTED,
    PolicyActivated: ACTIVATED,
    EstateActivated: ACTIVATED,
}
EVENTS: list[Any] = [
    say(event_class, output_id("test", "WO-1", n), AP, "WO-1", NOW, data)
    for n, (event_class, data) in enumerate(SAID.items())
]


def test_there_is_one_class_for_everything_that_is_said() -> None:
    assert {type_of(event_class) for event_class in SAID} == set(OUTPUTS)
    assert set(STATEMENTS) == set(StatementKind)
    assert all(type_of(said) == f"facilities.escalation.{kind.value}" for kind, said in STATEMENTS.items())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_every_message_bears_source_schema_version_and_key(event: AnyEvent) -> None:
    said = json.loads(to_json(event))
    assert said["source"] == OURSELVES == "/workorders"
    assert said["dataschema"] == schema_uri(event.type)
    assert said["partitionkey"] == AP
    assert said["time"] == "2026-01-05T10:00:00.250000Z"
    assert UUID(said["id"]).version == 5
    assert None not in {value for name, value in said.items() if name != "data"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_what_is_said_is_read_back_as_it_was(event: AnyEvent) -> None:
    assert parse_output(to_json(event)) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_what_is_said_without_a_look_is_the_same_text(event: AnyEvent) -> None:
    data = {name: getattr(event.data, name) for name in type(event.data).model_fields}
    for name in ("rules", "cells"):
        if name in data:
            data[name] = [dict(one) for one in data[name]]
    assert say_json(type(event), UUID(event.id), AP, event.subject, event.time, data) == to_json(event).decode()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_what_is_said_may_be_pretty_printed_on_its_way(event: AnyEvent) -> None:
    said = json.loads(to_json(event)) | {"sequence": None}
    assert parse_output(json.dumps(said, indent=4).encode()) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.type))
def test_the_sdk_reads_what_we_say(event: AnyEvent) -> None:
    found = JSONFormat().read(CloudEvent, to_json(event))
    assert found.get_type() == event.type
    assert found.get_time() == event.time
    assert found.get_data() == json.loads(to_json(event))["data"]


def test_a_statement_says_null_where_there_is_nothing_to_say() -> None:
    said = json.loads(to_json(EVENTS[0]))["data"]
    assert said["priority"] is None
    assert said["original_due_at"] is None


def test_data_of_another_class_cannot_be_said() -> None:
    with pytest.raises(ValidationError):
        say(EscalationRaised, statement_id(ESCALATION, 1), AP, "WO-1", NOW, DISPUTE)


def refusal(value: bytes | None) -> tuple[str, str]:
    found = parse_output(value)
    assert isinstance(found, Refusal), found
    assert_fit_to_show(found)
    return found.code, found.field


def test_what_we_never_say_is_refused_with_its_reason() -> None:
    said = json.loads(to_json(EVENTS[0]))
    assert refusal(None) == ("empty-value", "value")
    assert refusal(b"{") == ("not-json", "value")
    assert refusal(written(RAISED)) == ("unknown-type", "type")
    assert refusal(written({**said, "data": {**said["data"], "n": 0}})) == ("number-out-of-range", "data.n")
    assert refusal(written({**said, "data": {**said["data"], "kind": "party"}})) == ("unknown-value", "data.kind")
    assert refusal(written({**said, "specversion": "2.0"})) == ("unknown-value", "specversion")


def test_data_that_is_not_ours_is_refused_with_the_field() -> None:
    said = json.loads(to_json(EVENTS[0]))
    assert refusal(written(said | {"data": said["data"] | {"rung": 1.5}})) == ("malformed-field", "data.rung")
    assert refusal(written(said | {"data": said["data"] | {"rung": "\ud800"}})) == ("lone-surrogate", "data.rung")
    assert refusal(written(said | {"data": said["data"] | {"colour": "red"}})) == ("unknown-field", "data.colour")
