"""A policy and an estate fit each other, or each thing in which they do not has its sentence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.workorders.policy.small import (
    Data,
    estate_data,
    estate_of,
    misfit,
    policy_data,
    policy_of,
    route,
    rung,
    source,
)
from workorders.policy import PolicyError, check
from workorders.policy.load import world_of

SPRING = datetime(2024, 4, 1, tzinfo=UTC)
HEARTBEAT = "facilities.source.heartbeat"
NEVER_AWAKE = (
    "nothing wakes role 'duty' about 'ap' outside office hours, for example on a Monday at 17:00 UTC: give it a text "
    "or call route, or say email_only = true with a reason"
)


def rungs_of(policy: Data, kind: str, *rungs: Data) -> None:
    next(ladder for ladder in policy["ladders"] if ladder["kind"] == kind)["rungs"] = list(rungs)


def test_the_small_pair_fits() -> None:
    assert misfit(lambda policy, estate: None) == []


ONE_FAULT = [
    pytest.param(
        lambda p, e: p.update(late_after={"chief": "4h"}), "late_after.chief: the estate has no role 'chief'", id="late"
    ),
    pytest.param(
        lambda p, e: p.update(pauses=[{"reason": "parts", "roles": ["chief"], "max_once": "1d", "max_total": "1d"}]),
        "pauses 'parts', roles: the estate has no role 'chief'",
        id="pause",
    ),
    pytest.param(
        lambda p, e: rungs_of(p, "orphan", rung("top", "chief")),
        "ladders 'orphan', rung 'top', role: the estate has no role 'chief'",
        id="rung",
    ),
    pytest.param(
        lambda p, e: p.update(promises=[{"source": "box", "honour": "alone"}, {"source": "*", "honour": "ignored"}]),
        "promises, source: the estate has no source 'box'",
        id="promise",
    ),
    pytest.param(
        lambda p, e: e["routes"].append(route("head", "text", hours="evenings")),
        "routes[3] of 'head', hours: the policy has no calendar 'evenings'",
        id="hours",
    ),
    pytest.param(
        lambda p, e: rungs_of(p, "orphan", rung("desk", "helpdesk"), rung("head", "head")),
        "ladders 'orphan', rung 'desk': role 'helpdesk' has no route anywhere",
        id="no-route",
    ),
    pytest.param(
        lambda p, e: rungs_of(p, "orphan", rung("desk", "helpdesk")),
        "ladders 'orphan', rung 'desk': role 'helpdesk' has no route anywhere",
        id="last-without-any-route",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), ONE_FAULT)
def test_a_pair_with_one_fault_has_its_sentence(spoil: Callable[[Data, Data], object], sentence: str) -> None:
    assert misfit(spoil) == [sentence]


def last_of(kind: str, of: str, when: str) -> str:
    return f"ladders '{kind}', rung 'head': is the last, but role 'head' has no route about {of!r} {when}"


def test_the_last_rung_must_be_reachable_about_every_premises() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][1] = route("head", "text", scope="premises", of="ap")

    found = misfit(spoil)
    assert last_of("breach", "office", "at first") in found
    assert last_of("silent-source", "source:fixit", "at first") in found
    assert not any("night" in sentence for sentence in found)


def test_the_last_rung_must_be_reachable_at_every_time() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][1] = route("head", "email", valid_until=SPRING)

    found = misfit(spoil)
    assert last_of("uncovered-night", "ap", "from 2024-04-01T00:00:00+00:00") in found


def test_the_last_rung_may_be_reached_by_one_route_after_another() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][1:] = [route("head", "email", valid_from=SPRING), route("head", "text", valid_until=SPRING)]

    assert misfit(spoil) == []


def test_a_route_need_not_be_older_than_the_premises() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        for one in (*estate["premises"], *estate["sources"], estate["routes"][1]):
            one["valid_from"] = SPRING
        estate["premises"][0]["watched_from"] = SPRING

    assert misfit(spoil) == []


def test_a_grave_ladder_that_wakes_nobody_does_not_fit() -> None:
    found = misfit(lambda policy, estate: estate["routes"].__setitem__(0, route("duty", "email")))
    grave = (
        "breach",
        "warning",
        "contested-breach",
        "rejected-work",
        "dispute",
        "uncovered-night",
        "unconfirmed-night",
    )
    assert found == [f"ladders '{kind}', rung 'duty': {NEVER_AWAKE}" for kind in grave]


def test_a_ladder_of_lesser_orders_need_wake_nobody() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][0] = route("duty", "email")
        for ladder in policy["ladders"]:
            ladder["email_only"], ladder["email_only_reason"] = True, "Nobody sleeps here."
        policy["ladders"][0] |= {"priorities": ["P2", "P3", "P4"], "email_only": False, "email_only_reason": None}
        policy["ladders"].append({"kind": "breach", "priorities": ["P1"], "rungs": [rung("head", "head")]})

    assert misfit(spoil) == [
        f"ladders 'breach P1', rung 'head': {NEVER_AWAKE.replace('duty', 'head')}",
    ]


def test_email_only_with_a_reason_lets_a_grave_ladder_sleep() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][0] = route("duty", "email")
        for ladder in policy["ladders"]:
            ladder["email_only"], ladder["email_only_reason"] = True, "A city desk answers by email."

    assert misfit(spoil) == []


def awake(*routes: Data) -> bool:
    """Whether the duty role is always woken outside office hours by these routes."""

    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"] = [route("head", "email"), *routes]

    return misfit(spoil) == []


def test_a_text_in_office_hours_only_wakes_nobody_at_night() -> None:
    assert not awake(route("duty", "text", hours="office"))


def test_mail_by_day_and_a_call_by_night_wake_somebody() -> None:
    assert awake(route("duty", "email", hours="office"), route("duty", "call", hours="nights"))


def test_a_narrower_mailbox_hides_the_duty_line_behind_it() -> None:
    assert not awake(route("duty", "text"), route("duty", "email", scope="premises", of="ap"))


def test_a_narrower_mailbox_that_is_closed_at_night_hides_nothing() -> None:
    assert awake(route("duty", "text"), route("duty", "email", scope="premises", of="ap", hours="office"))


def test_a_duty_line_that_ends_leaves_the_night_asleep() -> None:
    assert not awake(route("duty", "text", valid_until=SPRING), route("duty", "email", valid_from=SPRING))


def test_what_comes_after_the_premises_closed_is_not_asked() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        for premises in estate["premises"]:
            premises["valid_until"] = SPRING
        later = SPRING + timedelta(days=1)
        estate["routes"] = [
            route("head", "email"),
            route("duty", "text", valid_until=later),
            route("duty", "email", valid_from=later),
        ]

    assert misfit(spoil) == []


def test_a_provider_is_woken_by_whoever_holds_the_contract() -> None:
    def routes(policy: Data, estate: Data) -> None:
        estate["providers"][0] |= {"valid_until": SPRING}
        estate["providers"].append(
            {"id": "new", "name": "New", "region": "north", "contract": "fm", "valid_from": SPRING}
        )
        estate["routes"] = [
            route("head", "email"),
            route("duty", "text", scope="provider", of="fixit"),
            route("duty", "text", scope="provider", of="new"),
        ]
        estate["sources"] = []

    assert misfit(routes) == []


def test_only_sources_that_are_expected_can_fall_silent() -> None:
    def spoil(policy: Data, estate: Data) -> None:
        estate["routes"][1] = route("head", "text", scope="region", of="north")
        estate["sources"] = [
            source("desk", "duty", HEARTBEAT),
            source("north", "duty", HEARTBEAT, scope="region", of="north", expect_every="1h"),
        ]

    assert misfit(spoil) == []


def test_a_world_is_only_made_of_a_pair_that_fits() -> None:
    policy, estate = policy_of(policy_data() | {"late_after": {"chief": "4h"}}), estate_of(estate_data())
    with pytest.raises(PolicyError, match=r"^small: late_after\.chief: the estate has no role 'chief'$"):
        world_of(policy, estate, "small")
    assert check(policy_of(policy_data()), estate) == []
