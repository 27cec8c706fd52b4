"""The smallest policy and estate that are sound, as plain data that a test may spoil in one place."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest

from models.policy import PolicySpec
from models.premises import EstateSpec
from workorders.policy import Estate, Policy, PolicyError, check

Data = dict[str, Any]
KINDS = (
    "breach",
    "warning",
    "contested-breach",
    "rejected-work",
    "dispute",
    "orphan",
    "uncovered-night",
    "unconfirmed-night",
    "silent-source",
)
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 14, 0, tzinfo=UTC)


def rule(name: str, priority: str, *, last_resort: bool = False, **when: Any) -> Data:  # noqa: ANN401 - any facet
    """One row of the table."""
    return {"id": name, "priority": priority, "reason": f"{name}.", "last_resort": last_resort, "when": when}


def rung(name: str, role: str, after: str = "0s", **more: str) -> Data:
    """One step of a ladder."""
    return {"name": name, "role": role, "after": after, **more}


def policy_data() -> Data:
    """A policy of two assets, with one ladder a kind."""
    weekdays = ("mon", "tue", "wed", "thu", "fri")
    return {
        "name": "Small",
        "zone": "Europe/London",
        "office_hours": "office",
        "codes": {
            "assets": {"lock": "Lock", "chair": "Chair"},
            "faults": {"broken": "is broken", "worn": "is worn"},
            "impacts": {"public": "the public", "staff": "staff"},
        },
        "seasons": [{"id": "winter", "starts": "10-01"}, {"id": "summer", "starts": "04-01"}],
        "calendars": {
            "always": {"zone": "Europe/London", "always": True},
            "office": {"zone": "Europe/London", "week": {day: ["09:00-17:00"] for day in weekdays}},
            "nights": {
                "zone": "Europe/London",
                "week": {
                    "mon": ["00:00-09:00", "17:00-09:00"],
                    "tue": ["17:00-09:00"],
                    "wed": ["17:00-09:00"],
                    "thu": ["17:00-09:00"],
                    "fri": ["17:00-24:00"],
                    "sat": ["00:00-24:00"],
                    "sun": ["00:00-24:00"],
                },
            },
        },
        "rules": [
            rule("lock", "P1", asset=["lock"], fault=["broken"]),
            rule("public", "P2", impacts_any=["public"]),
            rule("rest", "P3", last_resort=True),
        ],
        "targets": {f"P{n}": {"fix": {"duration": f"{n}d", "calendar": "always"}} for n in (1, 2, 3, 4)},
        "ladders": [
            {"kind": kind, "rungs": [rung("duty", "duty"), rung("head", "head", "2h", repeat="1d")]} for kind in KINDS
        ],
        "answers": {"default_hold": "4h", "commitment_max": "2d", "commitment_renewals": 2},
        "nights": {
            "zone": "Europe/London",
            "starts": time(20),
            "ends": time(8),
            "required": 2,
            "own_staff": 1,
            "warn_before": "1d",
            "escalate_before": "4h",
            "sudden_within": "1d",
            "check_in_grace": "15min",
        },
    }


def route(role: str, kind: str, **more: Any) -> Data:  # noqa: ANN401 - any key of a route
    """A route by one channel."""
    address = "+44 7700 900001" if kind in {"text", "call"} else f"{role}@small.example"
    return {"role": role, "scope": "division", "channels": [{"kind": kind, "address": address}], **more}


def source(name: str, role: str, *types: str, **more: Any) -> Data:  # noqa: ANN401 - any key of a source
    """A source of the division."""
    given = {
        "id": name,
        "role": role,
        "scope": "division",
        "types": list(types),
        "earliest": datetime(2018, 1, 1, tzinfo=UTC),
    }
    return {**given, **more}


def estate_data() -> Data:
    """One region with an approved premises and an office."""
    return {
        "name": "Small",
        "regions": [{"id": "north", "name": "North"}],
        "ldus": [{"id": "coast", "name": "Coast", "region": "north", "local_authorities": ["Aber"]}],
        "providers": [
            {"id": "fixit", "name": "Fixit", "region": "north", "contract": "fm"},
            {"id": "staffit", "name": "Staffit", "region": "north", "contract": "agency"},
        ],
        "premises": [
            {
                "id": "ap",
                "name": "AP",
                "kind": "approved-premises",
                "ldu": "coast",
                "watched_from": datetime(2018, 4, 1, tzinfo=UTC),
            },
            {"id": "office", "name": "Office", "kind": "office", "ldu": "coast"},
        ],
        "roles": [
            {"id": "duty", "name": "Duty", "party": "client"},
            {"id": "head", "name": "Head", "party": "division"},
            {"id": "helpdesk", "name": "Help desk", "party": "provider"},
        ],
        "routes": [route("duty", "text"), route("head", "email")],
        "sources": [
            source("desk", "duty", "facilities.work-order.raised"),
            source("fixit", "helpdesk", "facilities.work-order.completed", expect_every="1h"),
        ],
    }


def policy_of(data: Data) -> Policy:
    """The policy that the data describe."""
    return Policy(PolicySpec.model_validate(data))


def estate_of(data: Data) -> Estate:
    """The estate that the data describe."""
    return Estate(EstateSpec.model_validate(data))


def refused_policy(spoil: Callable[[Data], object]) -> tuple[str, ...]:
    """Every sentence with which the small policy is refused once it is spoilt."""
    data = policy_data()
    spoil(data)
    with pytest.raises(PolicyError) as refusal:
        policy_of(data)
    return refusal.value.sentences


def refused_estate(spoil: Callable[[Data], object]) -> tuple[str, ...]:
    """Every sentence with which the small estate is refused once it is spoilt."""
    data = estate_data()
    spoil(data)
    with pytest.raises(PolicyError) as refusal:
        estate_of(data)
    return refusal.value.sentences


def misfit(spoil: Callable[[Data, Data], object]) -> list[str]:
    """What is said of the small policy and estate together once either is spoilt."""
    policy, estate = policy_data(), estate_data()
    spoil(policy, estate)
    return check(policy_of(policy), estate_of(estate))
