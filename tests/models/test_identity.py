"""What makes two events the same, and under which unit they are decided."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import escalation_id, new_id, night_id, output_id, source_unit, statement_id
from models.parse import content_digest, unit_of
from models.schemas import INPUTS
from tests.models.asking import taken
from tests.models.samples import AP, HEARTBEAT, NIGHT, RAISED, SAMPLES, Event, changed, with_data

PAUSED = SAMPLES["facilities.work-order.paused"][1]


def digest(event: Event = RAISED) -> str:
    return content_digest(taken(event)).hex()


def test_extensions_schema_version_and_identity_are_no_part_of_the_content() -> None:
    same = changed(RAISED, id="e-19", source="fm-south", traceparent="x", sequence="7", partitionkey=AP)
    assert digest(same) == digest()
    assert digest(changed(RAISED, dataschema="urn:workorders:schema:facilities.work-order.raised:1")) == digest()


def test_how_a_time_was_written_is_no_part_of_the_content() -> None:
    assert digest(changed(RAISED, time="2026-01-05T12:00:00.000+02:00")) == digest()
    assert digest(with_data(RAISED, promised_fix="2026-01-07T18:00:00+01:00")) == digest()


def test_the_order_of_fields_and_what_is_null_are_no_part_of_the_content() -> None:
    backwards = changed(RAISED, data=dict(reversed(RAISED["data"].items())))
    assert digest(backwards) == digest()
    assert digest(with_data(PAUSED, note=None)) == digest(PAUSED)


def test_a_default_that_is_said_is_the_same_as_one_that_is_not() -> None:
    resolved = SAMPLES["facilities.escalation-response.resolved"][1]
    assert digest(with_data(resolved, covers_subject=False)) == digest(resolved)


@pytest.mark.parametrize(
    "other",
    [
        changed(RAISED, subject="WO-2"),
        changed(RAISED, time="2026-01-05T10:00:00.000001Z"),
        with_data(RAISED, asset="window"),
        with_data(RAISED, note="other"),
        with_data(RAISED, note=...),
        with_data(RAISED, impacts=[]),
        with_data(RAISED, alternative_available=True),
    ],
)
def test_another_content_has_another_digest(other: Event) -> None:
    assert digest(other) != digest()


def test_every_type_has_its_own_digest() -> None:
    assert len({digest(event) for _, event in SAMPLES.values()}) == len(INPUTS)


def test_digests_of_the_past_are_those_of_today() -> None:
    """They are stored: if one changed, every redelivery of an old event would be refused as a reused id."""
    known = json.loads(Path(__file__).with_name("golden_digests.json").read_text(encoding="utf-8"))
    assert {name: digest(event) for name, (_, event) in SAMPLES.items()} == known


@given(st.permutations(sorted(RAISED)), st.permutations(sorted(RAISED["data"])))
def test_no_order_of_attributes_and_fields_changes_what_is_read(attributes: list[str], fields: list[str]) -> None:
    event = {name: RAISED[name] for name in attributes} | {"data": {name: RAISED["data"][name] for name in fields}}
    assert taken(event) == taken()
    assert digest(event) == digest()


def test_an_event_is_decided_under_its_premises_and_a_heartbeat_under_its_source() -> None:
    assert unit_of(taken()) == AP
    assert unit_of(taken(HEARTBEAT)) == "source:fm-north" == source_unit("fm-north")


def test_ids_are_the_same_for_ever() -> None:
    escalation = escalation_id("WO-1", "breach", "fix", "senior", "first", 0)
    assert str(escalation) == "3e85932a-72fd-5f97-a223-f56b11717e17"
    assert str(statement_id(escalation, 1)) == "6bb554eb-0626-5a4d-9758-60235402f2ac"
    assert str(output_id("classified", f"{AP}/WO-1", 1)) == "d291414e-eb9b-5377-8a04-c9ea19c66aad"
    assert night_id(AP, "2026-01-05") == NIGHT


PARTS: dict[str, str] = {"subject": "WO-1", "kind": "breach", "clock": "fix", "rung": "senior", "spell": "first"}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_an_escalation_that_differs_in_any_part_has_another_id(part: str) -> None:
    one = escalation_id(**PARTS, repeat=0)
    assert escalation_id(**(PARTS | {part: "other"}), repeat=0) != one
    assert escalation_id(**PARTS, repeat=1) != one
    assert escalation_id(**PARTS, repeat=0) == one


def test_a_fresh_id_is_never_used_twice() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
