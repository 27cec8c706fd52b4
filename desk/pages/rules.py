"""How the rules work: the policy in force as people read it, for whoever is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from desk.opening import Desk
from desk.pages.rendering import page
from desk.pages.rules_words import (
    HONOURED,
    Climb,
    calendar_words,
    climb,
    code_words,
    night_words,
    target_words,
    when_words,
)
from desk.pages.sentences import role_name
from desk.pages.visitors import Visit
from desk.words import _, reason, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.escalation import ClockName
from models.policy import PolicySpec
from models.work_order import Priority

_MEANINGS: Final = {
    Priority.P1: N_("business-critical"),
    Priority.P2: N_("urgent"),
    Priority.P3: N_("soon"),
    Priority.P4: N_("routine"),
}
SHOWN_DIGITS: Final = 12
"""How much of a version's hash is shown: enough to name it by."""


@dataclass(frozen=True, slots=True)
class Level:
    """One priority: what its three clocks allow, and the rules that lead to it."""

    name: str
    meaning: str
    allows: Sequence[str]
    rules: Sequence["Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: why, and what it asks for. ``last`` counts only where no other rule fits."""

    id: str
    why: str
    when: Sequence[tuple[str, Sequence[str]]]
    last: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version with when it came, or comes, into force; None: it was there from the beginning."""

    version: str
    name: str
    since: datetime | None
    is_now: bool
    to_come: bool


async def show_rules(visit: Visit) -> Response:
    """Priorities, targets, calendars, rules, ladders, nights, pauses and codes of the version in force."""
    desk = visit.caller.desk
    policy = desk.world.policies.at(desk.now)
    spec = policy.spec
    return page(
        visit.request, "rules.html", 200,
        policy=policy, spec=spec, now=desk.now, versions=_versions(desk, visit.caller.place.since),
        levels=[_level(level, spec) for level in Priority],
        calendars=[(name, calendar_words(one)) for name, one in spec.calendars.items()],
        own_targets=_own_targets(spec), ladders=_ladders(spec, desk), nights=night_words(spec.nights),
        pauses=_pauses(spec, desk), late_news=_lates(spec, desk),
        promises=_promises(spec), answers=_answers(spec),
        groups=[_assets(one.assets, spec) for one in spec.control_groups], digits=SHOWN_DIGITS,
    )  # fmt: skip


def _versions(desk: Desk, began: datetime) -> list[Version]:
    """Every version, the newest first."""
    present = desk.world.policies.at(desk.now)
    return [
        Version(one.version, one.spec.name, at if at > began else None, one is present, at > desk.now)
        for at, one in reversed(desk.world.policies.entries)
    ]


def _level(level: Priority, spec: PolicySpec) -> Level:
    clocks = spec.targets.get(level, {})
    lines = [
        Line(one.id, one.reason, when_words(one.when, spec.codes), one.last_resort)
        for one in spec.rules if one.priority is level
    ]  # fmt: skip
    return Level(level.value, _(_MEANINGS[level]), [target_words(clocks.get(name), spec) for name in ClockName], lines)


def _own_targets(spec: PolicySpec) -> list[tuple[str, str, str, str]]:
    """Targets of their own: for what, at which priorities, which clock, and what it allows."""
    codes = {**spec.codes.faults, **spec.codes.assets}
    return [
        (
            ", ".join(reason(codes[code]) for code in (*(one.assets or ()), *(one.faults or ()))),
            ", ".join(level.value for level in one.priorities or ()),
            code_words(one.clock.value),
            target_words(one.target, spec),
        )
        for one in spec.own_targets
    ]


def _ladders(spec: PolicySpec, desk: Desk) -> list[Climb]:
    return [climb(one, desk) for one in spec.ladders]


def _pauses(spec: PolicySpec, desk: Desk) -> list[tuple[str, str, str, str]]:
    """For each reason who may pause, for how long at once, and how long in all."""
    span = spoken().span
    return [
        (
            code_words(one.reason.value),
            ", ".join(_role(desk, role) for role in one.roles),
            span(one.max_once),
            span(one.max_total),
        )
        for one in spec.pauses
    ]


def _promises(spec: PolicySpec) -> list[tuple[str, str]]:
    """What the promise of each source counts for; ``*`` in a policy is every source without a line of its own."""
    every = "*"
    return [
        (one.source if one.source != every else _("any other source"), _(HONOURED[one.honour])) for one in spec.promises
    ]


def _lates(spec: PolicySpec, desk: Desk) -> list[tuple[str, str]]:
    """How long after its time a report of each role may be heard before it counts as late."""
    return [(_role(desk, role), spoken().span(length)) for role, length in spec.late_after.items()]


def _answers(spec: PolicySpec) -> list[tuple[str, str]]:
    span, rules = spoken().span, spec.answers
    return [
        (_("Taken on without a time: held for"), span(rules.default_hold)),
        (_("The longest promise that holds a ladder"), span(rules.commitment_max)),
        (_("How often a promise can be renewed"), spoken().number(rules.commitment_renewals)),
        (_("Warned when so much of a target has passed"), f"{spoken().number(round(100 * spec.warning_fraction))} %"),
        (_("Events about an order that nobody raised: told after"), span(spec.orphan_after)),
    ]


def _assets(codes: Sequence[str], spec: PolicySpec) -> str:
    return ", ".join(reason(spec.codes.assets[code]) for code in codes)


def _role(desk: Desk, role: str) -> str:
    return reason(role_name(desk, role))
