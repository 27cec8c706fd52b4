"""Who may say what, about which premises, at what time: judged as at the instant at which it was heard."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pytest

from models.history import InputEvent, Taken
from models.parse import Refusal, parse
from models.premises import EstateSpec, Party
from models.schemas import CLIENT_SIDE_TYPES, INPUTS
from tests.models.asking import assert_fit_to_show
from tests.models.samples import AP, HEARTBEAT, NIGHT, RAISED, SAMPLES, Event, changed, key_of, with_data
from workorders.admission import AHEAD, admit
from workorders.policy import Estate, EstateTimeline, Policy, PolicyTimeline, World, default_estate, default_policy

TIME: Final = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
HEARD: Final = TIME + timedelta(minutes=1)
CHANGE: Final = datetime(2026, 1, 3, tzinfo=UTC)
CLOSED: Final = datetime(2026, 1, 4, tzinfo=UTC)
OFFICE: Final = "office-aberwennol"
SOUTHERN: Final = "ap-cae-glas"
EVERYTHING: Final = sorted(INPUTS)


def source(name: str, role: str, scope: str, of: str, **more: object) -> dict[str, Any]:
    return {
        "id": name,
        "role": role,
        "scope": scope,
        "of": of,
        "types": EVERYTHING,
        "earliest": "2025-01-01T00:00:00Z",
    } | more


def contractors_types() -> list[str]:
    return sorted(set(INPUTS) - CLIENT_SIDE_TYPES)


@cache
def estate(*, later: bool = False) -> Estate:
    """The default estate with sources of every scope; in the later version one is gone and one is new."""
    spec = json.loads(default_estate().spec.model_dump_json())
    contractor = {"types": contractors_types()}
    spec["sources"] = [
        source("fm-north", "provider-helpdesk", "region", "north", **contractor),
        source("fm-north-phone", "provider-helpdesk", "region", "north", **contractor),
        source("fm-south", "provider-helpdesk", "region", "south", **contractor),
        source("fm-company", "provider-helpdesk", "provider", "northmoor-fm", **contractor),
        source("agency-north", "agency-desk", "region", "north", **contractor),
        source("bryn-awel", "ap-manager", "premises", AP),
        source("coast", "ldu-head", "ldu", "north-coast"),
        source("division", "division-facilities", "division", "division"),
        source("operators", "system-operators", "division", "division"),
        source("mute", "ap-manager", "division", "division", types=["facilities.source.heartbeat"]),
        source("until-friday", "ap-manager", "division", "division", valid_until="2026-01-05T10:01:00Z"),
        source("only-later", "ap-manager", "division", "division", valid_from="2026-01-05T10:01:01Z"),
    ]
    if later:
        spec["sources"] = [one for one in spec["sources"] if one["id"] != "coast"]
        for premises in spec["premises"]:
            if premises["id"] == OFFICE:
                premises["valid_until"] = CLOSED.isoformat()
    return Estate(EstateSpec.model_validate(spec))


@cache
def policy(asset: str | None = None) -> Policy:
    """The default policy; if named, with one asset more."""
    spec = default_policy().spec
    if asset is None:
        return Policy(spec)
    codes = spec.codes.model_copy(update={"assets": spec.codes.assets | {asset: "A new asset"}})
    return Policy(spec.model_copy(update={"codes": codes}))


@cache
def world() -> World:
    """Two versions of the policy and of the estate: the later ones know the asset 'drone' and have closed an office."""
    policies = PolicyTimeline([(CHANGE - timedelta(days=300), policy()), (CHANGE, policy("drone"))])
    return World(policies, EstateTimeline([(CHANGE - timedelta(days=300), estate()), (CHANGE, estate(later=True))]))


def an_event(event: Event) -> InputEvent:
    found = parse(json.dumps(event).encode(), key_of(event), (), SAMPLES[event["type"]][0])
    assert not isinstance(found, Refusal), found
    return found


def ask(event: Event, heard: datetime = HEARD, key: bytes | None = b"-") -> Taken | Refusal:
    return admit(an_event(event), key_of(event) if key == b"-" else key, heard, world())


def taken(event: Event, heard: datetime = HEARD) -> Taken:
    found = ask(event, heard)
    assert isinstance(found, Taken), found
    return found


def refused(event: Event, heard: datetime = HEARD, key: bytes | None = b"-") -> tuple[str, str]:
    found = ask(event, heard, key)
    assert isinstance(found, Refusal), found
    assert_fit_to_show(found)
    return found.code, found.field


def said_by(name: str, event: Event = RAISED) -> Event:
    return changed(event, source=name)


def at(premises: str, event: Event = RAISED) -> Event:
    return with_data(event, premises=premises)


def test_an_event_is_taken_with_the_role_and_party_of_its_source() -> None:
    event = an_event(RAISED)
    assert taken(RAISED) == Taken(event, HEARD, "provider-helpdesk", Party.PROVIDER)
    assert taken(said_by("division")).party is Party.DIVISION
    assert taken(said_by("bryn-awel")).role == "ap-manager"


@pytest.mark.parametrize("event_type", EVERYTHING)
def test_an_event_of_every_type_is_taken_from_the_division(event_type: str) -> None:
    event = said_by("division", SAMPLES[event_type][1])
    if event_type == HEARTBEAT["type"]:
        event = with_data(changed(event, subject="source:division"), premises="source:division")
    if event_type == "facilities.work-order.reassessed":
        event = with_data(event, policy_version=policy().version)
    assert isinstance(ask(event), Taken)


@pytest.mark.parametrize("key", [None, b"", b"ap-cae-glas"])
def test_a_key_that_is_not_the_premises_is_refused(key: bytes | None) -> None:
    assert refused(RAISED, key=key) == ("key-not-premises", "key")


def test_an_unknown_source_is_refused() -> None:
    assert refused(said_by("nobody")) == ("unknown-source", "source")


def test_a_source_is_known_from_its_first_instant_until_its_last() -> None:
    assert refused(said_by("until-friday"), HEARD) == ("unknown-source", "source")
    taken(said_by("until-friday"), HEARD - timedelta(microseconds=1))
    assert refused(said_by("only-later"), HEARD) == ("unknown-source", "source")
    taken(said_by("only-later"), HEARD + timedelta(seconds=1))


def test_a_source_is_looked_up_in_the_estate_in_force_when_the_event_was_heard() -> None:
    before = changed(RAISED, source="coast", time="2026-01-02T10:00:00Z")
    taken(before, CHANGE - timedelta(microseconds=1))
    assert refused(before, CHANGE) == ("unknown-source", "source")


def test_a_type_that_the_source_is_not_registered_for_is_refused() -> None:
    assert refused(said_by("mute")) == ("source-not-permitted", "type")


@pytest.mark.parametrize("event_type", sorted(CLIENT_SIDE_TYPES))
@pytest.mark.parametrize("name", ["division", "bryn-awel", "coast"])
def test_what_settles_a_question_is_taken_from_the_client_side_and_the_division(event_type: str, name: str) -> None:
    event = said_by(name, SAMPLES[event_type][1])
    if event_type == "facilities.work-order.reassessed":
        event = with_data(event, policy_version=policy().version)
    taken(changed(event, time="2026-01-02T10:00:00Z"), CHANGE - timedelta(hours=1))


@pytest.mark.parametrize("event_type", sorted(CLIENT_SIDE_TYPES))
@pytest.mark.parametrize("name", ["operators"])
def test_what_settles_a_question_is_refused_from_any_other_side(event_type: str, name: str) -> None:
    assert refused(said_by(name, SAMPLES[event_type][1])) == ("role-not-permitted", "type")


@pytest.mark.parametrize("event_type", sorted(CLIENT_SIDE_TYPES))
@pytest.mark.parametrize("name", ["fm-north", "agency-north"])
def test_what_settles_a_question_is_never_taken_from_a_contractor(event_type: str, name: str) -> None:
    assert refused(said_by(name, SAMPLES[event_type][1]))[0] in {"source-not-permitted", "role-not-permitted"}


def test_unknown_premises_are_refused() -> None:
    assert refused(at("ap-nowhere")) == ("unknown-premises", "data.premises")


def test_closed_premises_are_unknown_from_the_instant_at_which_they_close() -> None:
    event = at(OFFICE, said_by("division"))
    taken(changed(event, time="2026-01-03T10:00:00Z"), CLOSED - timedelta(microseconds=1))
    assert refused(event, CLOSED + timedelta(days=1)) == ("unknown-premises", "data.premises")


@pytest.mark.parametrize(
    ("name", "premises"),
    [
        ("division", SOUTHERN),
        ("fm-north", AP),
        ("fm-south", SOUTHERN),
        ("fm-company", AP),
        ("bryn-awel", AP),
    ],
)
def test_a_source_speaks_for_premises_in_its_scope(name: str, premises: str) -> None:
    taken(at(premises, said_by(name)))


@pytest.mark.parametrize(
    ("name", "premises"),
    [
        ("fm-north", SOUTHERN),
        ("fm-south", AP),
        ("fm-company", SOUTHERN),
        ("bryn-awel", SOUTHERN),
        ("bryn-awel", "ap-plas-helyg"),
    ],
)
def test_a_source_is_refused_outside_its_scope(name: str, premises: str) -> None:
    assert refused(at(premises, said_by(name))) == ("source-not-permitted", "data.premises")


def heartbeat(name: str) -> Event:
    unit = f"source:{name}"
    return with_data(changed(HEARTBEAT, source=name, subject=unit), premises=unit)


@pytest.mark.parametrize("name", ["fm-north", "mute", "bryn-awel", "division"])
def test_a_heartbeat_needs_no_premises(name: str) -> None:
    taken(heartbeat(name))


def test_a_heartbeat_of_an_unknown_source_is_refused() -> None:
    assert refused(heartbeat("nobody")) == ("unknown-source", "source")


def about_source(named: str, by: str) -> Event:
    answer = SAMPLES["facilities.escalation-response.acknowledged"][1]
    return with_data(changed(answer, source=by, subject=f"source:{named}"), premises=f"source:{named}")


@pytest.mark.parametrize("by", ["fm-north", "fm-north-phone", "division"])
def test_about_a_silent_source_speak_itself_its_like_and_the_division(by: str) -> None:
    taken(about_source("fm-north", by))


@pytest.mark.parametrize("by", ["fm-south", "bryn-awel"])
def test_about_a_silent_source_others_are_refused(by: str) -> None:
    assert refused(about_source("fm-north", by)) == ("source-not-permitted", "data.premises")


def test_an_answer_about_an_unknown_source_is_refused() -> None:
    assert refused(about_source("nobody", "division")) == ("unknown-source", "data.premises")


def night(premises: str) -> Event:
    event = SAMPLES["facilities.shift-cover.withdrawn"][1]
    return with_data(changed(event, source="division", subject=f"{premises}/2026-01-05"), premises=premises)


def test_a_night_at_approved_premises_is_taken_and_anywhere_else_refused() -> None:
    taken(night(AP))
    assert night(AP)["subject"] == NIGHT
    assert refused(night("court-aberwennol")) == ("not-approved-premises", "data.premises")


def test_a_work_order_needs_no_approved_premises() -> None:
    taken(at("court-aberwennol", said_by("division")))


def test_a_time_is_at_most_5_minutes_ahead_of_when_it_was_heard() -> None:
    taken(RAISED, TIME - AHEAD)
    assert refused(RAISED, TIME - AHEAD - timedelta(microseconds=1)) == ("too-far-ahead", "time")


def test_a_time_is_not_before_the_earliest_of_its_source() -> None:
    taken(changed(RAISED, time="2025-01-01T00:00:00Z"))
    assert refused(changed(RAISED, time="2024-12-31T23:59:59.999999Z")) == ("before-earliest", "time")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"asset": "warp-core"}, "data.asset"),
        ({"fault": "gone-plaid"}, "data.fault"),
        ({"impacts": ["site-security", "morale"]}, "data.impacts.1"),
    ],
)
@pytest.mark.parametrize("name", ["raised", "amended"])
def test_a_code_that_the_policy_does_not_know_is_refused_with_its_field(
    fields: dict[str, object], place: str, name: str
) -> None:
    event = SAMPLES[f"facilities.work-order.{name}"][1]
    taken(event)
    assert refused(with_data(event, **fields)) == ("unknown-code", place)


def test_a_code_is_taken_if_the_policy_at_the_events_time_or_when_it_was_heard_knows_it() -> None:
    before, after = CHANGE - timedelta(hours=2), CHANGE + timedelta(hours=2)
    drone = with_data(RAISED, asset="drone")
    assert refused(changed(drone, time=before.isoformat()), before) == ("unknown-code", "data.asset")
    taken(changed(drone, time=before.isoformat()), after)
    taken(changed(drone, time=after.isoformat()), after)


def test_codes_of_which_each_is_known_to_another_version_only_are_refused() -> None:
    old = PolicyTimeline([(CHANGE - timedelta(days=300), policy("drone")), (CHANGE, policy("robot"))])
    both = World(old, world().estates)
    event = an_event(changed(with_data(RAISED, asset="drone"), time=(CHANGE - timedelta(hours=1)).isoformat()))
    assert isinstance(admit(event, AP.encode(), CHANGE, both), Taken)
    event = an_event(changed(with_data(RAISED, asset="drone"), time=CHANGE.isoformat()))
    assert isinstance(admit(event, AP.encode(), CHANGE, both), Refusal)


def test_an_order_is_reassessed_only_under_a_version_that_had_come_into_force() -> None:
    event = changed(said_by("division", SAMPLES["facilities.work-order.reassessed"][1]), time="2026-01-02T10:00:00Z")
    old, new = policy().version, policy("drone").version
    before = CHANGE - timedelta(microseconds=1)
    for version in (old, old[:12]):
        taken(with_data(event, policy_version=version), before)
    for version in (new, new[:12], "0" * 64, "0" * 12):
        assert refused(with_data(event, policy_version=version), before) == (
            "unknown-policy-version",
            "data.policy_version",
        )
    taken(with_data(event, policy_version=new), CHANGE)


def test_the_earliest_version_counts_before_it_begins() -> None:
    first = world().policies.entries[0][0]
    event = changed(said_by("division", SAMPLES["facilities.work-order.reassessed"][1]), time="2025-01-02T10:00:00Z")
    taken(with_data(event, policy_version=policy().version), first - timedelta(days=1))


@pytest.mark.parametrize("event_type", EVERYTHING)
def test_a_verdict_is_the_same_whatever_comes_into_force_later(event_type: str) -> None:
    event = an_event(changed(SAMPLES[event_type][1], time="2026-01-02T10:00:00Z"))
    heard = CHANGE - timedelta(hours=1)
    then = World(
        PolicyTimeline(world().policies.entries[:1]),
        EstateTimeline(world().estates.entries[:1]),
    )
    key = event.data.premises.encode()
    assert admit(event, key, heard, then) == admit(event, key, heard, world())
