"""What is refused in an event's data: fields, forms, choices, numbers, and what the fields say together."""

import pytest

from models.schemas import INPUTS, data_class
from tests.models.asking import refused, sentence, taken
from tests.models.samples import AP, RAISED, SAMPLES, Event, with_data

TOLD = {event_type: event for event_type, (_, event) in SAMPLES.items()}


def order(name: str) -> Event:
    return TOLD[f"facilities.work-order.{name}"]


def cover(name: str) -> Event:
    return TOLD[f"facilities.shift-cover.{name}"]


def answer(name: str) -> Event:
    return TOLD[f"facilities.escalation-response.{name}"]


@pytest.mark.parametrize("event_type", sorted(INPUTS))
def test_an_unknown_field_is_refused_because_a_misspelt_one_must_not_vanish(event_type: str) -> None:
    assert refused(with_data(TOLD[event_type], colour="red")) == ("unknown-field", "data.colour")


def test_a_field_is_known_only_as_it_is_written() -> None:
    assert refused(with_data(cover("confirmed"), starts="2026-01-05T20:00:00Z")) == ("unknown-field", "data.starts")


@pytest.mark.parametrize(
    ("event_type", "field"),
    [
        (event_type, field.alias or name)
        for event_type in sorted(INPUTS)
        for name, field in data_class(event_type).model_fields.items()
        if field.is_required()
    ],
)
def test_an_event_without_a_required_field_is_refused(event_type: str, field: str) -> None:
    event = TOLD[event_type]
    key = str(event["data"]["premises"]).encode()
    assert refused(with_data(event, **{field: ...}), key=key) == ("missing-field", f"data.{field}")


@pytest.mark.parametrize(
    ("event", "field", "value", "code"),
    [
        (RAISED, "asset", "Entry lock", "malformed-field"),
        (RAISED, "asset", "", "malformed-field"),
        (RAISED, "asset", "x" * 41, "malformed-field"),
        (RAISED, "asset", None, "malformed-field"),
        (RAISED, "asset", 5, "malformed-field"),
        (RAISED, "impacts", "site-security", "malformed-field"),
        (RAISED, "impacts", {}, "malformed-field"),
        (RAISED, "impacts", {"site-security": 1}, "malformed-field"),
        (RAISED, "impacts", ["x"] * 21, "too-many"),
        (RAISED, "alternative_available", "yes", "malformed-field"),
        (RAISED, "alternative_available", 1, "malformed-field"),
        (RAISED, "alternative_available", "false", "malformed-field"),
        (RAISED, "contractor_reference", "", "malformed-field"),
        (RAISED, "contractor_reference", "x" * 61, "reference-too-long"),
        (RAISED, "note", "x" * 4001, "text-too-long"),
        (RAISED, "note", 7, "malformed-field"),
        (order("prioritised"), "priority", "P5", "unknown-value"),
        (order("prioritised"), "priority", "p1", "unknown-value"),
        (order("prioritised"), "priority", 1, "malformed-field"),
        (order("paused"), "reason", "lunch", "unknown-value"),
        (order("closed"), "outcome", "<b>", "unknown-value"),
        (order("cancelled"), "duplicate_of", "x" * 61, "reference-too-long"),
        (order("cancelled"), "duplicate_of", "a b", "malformed-field"),
        (order("reassessed"), "policy_version", "0123", "malformed-field"),
        (order("reassessed"), "policy_version", "ABCDEF012345", "malformed-field"),
        (order("retracted"), "of_source", "a b", "malformed-field"),
        (order("retracted"), "of_id", "", "malformed-field"),
        (cover("withdrawn"), "cover_ref", "x" * 61, "reference-too-long"),
        (cover("withdrawn"), "cover_ref", "Jane Doe", "malformed-field"),
        (cover("confirmed"), "supplier", "temp", "unknown-value"),
        (cover("requirement-changed"), "required", 21, "number-out-of-range"),
        (cover("requirement-changed"), "required", -1, "number-out-of-range"),
        (cover("requirement-changed"), "required", 10**30, "number-out-of-range"),
        (cover("requirement-changed"), "required", 2.0, "malformed-field"),
        (cover("requirement-changed"), "required", "2", "malformed-field"),
        (cover("requirement-changed"), "required", True, "malformed-field"),
        (cover("missing-reported"), "missing", 0, "number-out-of-range"),
        (cover("contingency-arranged"), "cost_pence", -1, "number-out-of-range"),
        (cover("contingency-arranged"), "cost_pence", 100_000_001, "number-out-of-range"),
        (answer("resolved"), "escalation_id", "7", "malformed-field"),
        (answer("resolved"), "escalation_id", 7, "malformed-field"),
        (answer("resolved"), "covers_subject", "true", "malformed-field"),
        (answer("declined"), "reason", "", "malformed-field"),
    ],
)
def test_a_field_of_another_form_is_refused(event: Event, field: str, value: object, code: str) -> None:
    assert refused(with_data(event, **{field: value})) == (code, f"data.{field}")


def test_an_entry_of_a_list_is_named_by_its_place() -> None:
    assert refused(with_data(RAISED, impacts=["fire-safety", "Everything", "No"])) == (
        "malformed-field",
        "data.impacts.1",
    )


@pytest.mark.parametrize("premises", ["", "AP", "ap bryn", "x" * 41, "source:fm-north"])
def test_premises_of_another_form_are_refused(premises: str) -> None:
    event = with_data(RAISED, premises=premises)
    assert refused(event, key=premises.encode()) == ("malformed-field", "data.premises")


def test_a_number_with_thousands_of_digits_is_refused_at_once() -> None:
    raw = b'{"required": ' + b"9" * 60_000 + b"}"
    event = (
        b'{"specversion":"1.0","id":"e","source":"s","type":"facilities.shift-cover.requirement-changed","subject":"'
    )
    event += f'{AP}/2026-01-05","time":"2026-01-05T10:00:00Z","data":'.encode()
    assert refused(
        value=event + raw.replace(b"{", b'{"premises": "ap-bryn-awel", "own_staff": 1, ') + b"}", topic="shift-cover"
    ) == (
        "number-out-of-range",
        "data.required",
    )


def test_more_own_staff_than_are_required_is_refused() -> None:
    event = cover("requirement-changed")
    taken(with_data(event, required=2, own_staff=2))
    assert refused(with_data(event, required=1, own_staff=2)) == ("own-staff-above-required", "data.own_staff")


@pytest.mark.parametrize("name", ["confirmed", "contingency-arranged"])
@pytest.mark.parametrize("until", ["2026-01-05T20:00:00Z", "2026-01-05T19:59:59Z", "2026-01-05T20:30:00+01:00"])
def test_cover_that_does_not_end_after_it_starts_is_refused(name: str, until: str) -> None:
    assert refused(with_data(cover(name), until=until)) == ("ends-before-start", "data.until")


def test_missing_cover_is_either_named_or_counted() -> None:
    event = cover("missing-reported")
    taken(with_data(event, missing=..., cover_ref="A-1"))
    taken(with_data(event, missing=1, cover_ref="A-1"))
    assert refused(with_data(event, missing=2, cover_ref="A-1")) == ("named-and-counted", "data.missing")


def test_what_must_be_one_of_a_few_is_refused_with_the_few() -> None:
    said = sentence(with_data(order("prioritised"), priority="urgent"))
    assert said == "data.priority is 'urgent'; it must be 'P1', 'P2', 'P3' or 'P4'."


def test_the_first_field_in_the_order_of_the_schema_is_named() -> None:
    bad = with_data(RAISED, fault=1, asset=1, impacts=1)
    assert refused(bad) == ("malformed-field", "data.asset")
