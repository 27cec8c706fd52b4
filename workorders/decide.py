"""The one door of the decisions: fold a subject's history, say what stands, and say what must be said.

What stands is a function of history, policy, estate and now. What was said before is given, so that only what has
changed is said; a second decision on the same history at the same instant says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Final

from models.decision import (
    Classification,
    Context,
    Decision,
    DisputeChange,
    NightState,
    Reached,
    Remembered,
    SourceState,
)
from models.escalation import EscalationKind
from models.history import Taken
from models.ids import SOURCE_PREFIX
from models.premises import Premises, Source
from workorders.cover import reckon_night
from workorders.disputes import Dispute
from workorders.history import arrange
from workorders.order_decision import OrderCase, reckon_order
from workorders.order_fold import FIRST_SPELL
from workorders.policy import Policy, World
from workorders.reach import HasRoute, Ladders, answers_for, reach
from workorders.silence import reckon_source
from workorders.statements import speak
from workorders.wall_clock import night_window

NIGHT_KINDS = (EscalationKind.UNCOVERED_NIGHT, EscalationKind.UNCONFIRMED_NIGHT, EscalationKind.CONTESTED)
NIGHT_LADDERS: Final = tuple([(kind, "", FIRST_SPELL) for kind in NIGHT_KINDS])
SOURCE_LADDERS: Final = ((EscalationKind.SILENT_SOURCE, "", FIRST_SPELL),)


class Undecidable(ValueError):  # noqa: N818 - a refusal that reads as a sentence
    """The case names something that the estate does not have; the sentence says what."""


@dataclass(slots=True)
class Case:
    """One subject to decide: everything accepted about it, its context, and what was said about it.

    ``history`` may be in any order and hold duplicates. For a source's own subject ``heard`` gives when its events were
    heard and ``since`` from when it is watched; its history holds the answers to its escalations.
    """

    unit: str
    subject: str
    history: Sequence[Taken]
    context: Context = field(default_factory=Context)
    remembered: Remembered = field(default_factory=Remembered)
    heard: Sequence[datetime] = ()
    since: datetime | None = None


def decide(case: Case, world: World, now: datetime) -> Decision:
    """The state of one subject at ``now``, the rungs it has reached, and what must be said about it.

    Raises :class:`Undecidable` where the estate knows no such premises or source.
    """
    if case.subject.startswith(SOURCE_PREFIX):
        return _decide_source(case, world, now)
    if "/" in case.subject:
        return _decide_night(case, world, now)
    return _decide_order(case, world, now)


def _decide_order(case: Case, world: World, now: datetime) -> Decision:
    premises = _premises(case, world, now)
    routes = _routes(world, case.unit)
    order = OrderCase(case.subject, premises, world.policies, routes, case.context, now)
    found = reckon_order(order, case.history)
    statements = speak(found.reached, case.remembered.said, now, lambda: _because(case.history))
    return Decision(
        found.state,
        tuple(found.reached),
        statements,
        _reclassified(found.state.classification, case.remembered.classification),
        _dispute_changed(found.dispute, case.remembered.dispute),
        found.state.next_due_at,
    )


def _reclassified(present: Classification | None, said: Classification | None) -> Classification | None:
    return present if present is not None and present != said else None


def _dispute_changed(dispute: Dispute | None, said: DisputeChange | None) -> DisputeChange | None:
    going_on = dispute is not None and dispute.until is None
    if going_on and dispute is not None:
        change = DisputeChange(opened=True, ours=dispute.ours, providers=dispute.providers, since=dispute.since)
        return change if change != said else None
    return replace(said, opened=False) if said is not None and said.opened else None


def _decide_night(case: Case, world: World, now: datetime) -> Decision:
    premises = _premises(case, world, now)
    night = date.fromisoformat(case.subject.rpartition("/")[2])
    policy = night_policy(world, night)
    arranged = arrange(case.history, policy.late_after)
    found = reckon_night(premises, night, arranged, policy, now)
    earliest = found.state.starts - max(policy.spec.nights.warn_before, policy.spec.nights.sudden_within)
    since = min([earliest, *(taken.event.time for taken in case.history)])
    answers = answers_for(case.subject, arranged.answers, NIGHT_LADDERS, (policy,), since)
    reached, next_rung = reach(
        Ladders(case.unit, case.subject, lambda _: policy, _routes(world, case.unit)), found.conditions, answers, now
    )
    return _decision(case, replace(found.state, next_due_at=_next(found.next_at, next_rung, world, now)), reached, now)


def night_policy(world: World, night: date) -> Policy:
    """The policy in force when the night's first checkpoint comes, by the window of the policy in force that day."""
    rules = world.policies.at(datetime.combine(night, time(12), tzinfo=UTC)).spec.nights
    starts, _ = night_window(night, rules.starts, rules.ends, rules.zone)
    return world.policies.at(starts - rules.warn_before)


def _decide_source(case: Case, world: World, now: datetime) -> Decision:
    source = _source(case.subject.removeprefix(SOURCE_PREFIX), world, now)
    if source is None or case.since is None:
        raise Undecidable(f"the estate registers no source {case.subject!r} at {now.isoformat()}")
    policy = world.policies.at(case.since)
    found = reckon_source(source, case.heard, case.since, now)
    arranged = arrange(case.history, policy.late_after)
    later = [version for start, version in world.policies.entries if start > case.since]
    answers = answers_for(case.subject, arranged.answers, SOURCE_LADDERS, (policy, *later), case.since)
    ladders = Ladders(case.unit, case.subject, world.policies.at, _routes(world, case.unit))
    reached, next_rung = reach(ladders, found.conditions, answers, now)
    return _decision(case, replace(found.state, next_due_at=_next(found.next_at, next_rung, world, now)), reached, now)


def _decision(case: Case, state: NightState | SourceState, reached: list[Reached], now: datetime) -> Decision:
    statements = speak(reached, case.remembered.said, now, lambda: _because(case.history))
    return Decision(state, tuple(reached), statements, None, None, state.next_due_at)


def _next(own: datetime | None, rung: datetime | None, world: World, now: datetime) -> datetime | None:
    """When to look again: what time brings, what the ladder brings, and while either may, the next version's start."""
    if own is None and rung is None:
        return None
    starts = (start for line in (world.policies, world.estates) for start, _ in line.entries if start > now)
    return min((at for at in (own, rung, *starts) if at is not None), default=None)


def _source(name: str, world: World, now: datetime) -> Source | None:
    """The source as registered now, else as it was registered last: its silence ends with its registration."""
    present = world.estates.at(now).source(name, now)
    if present is not None:
        return present
    known = [source for _, estate in world.estates.entries for source in estate.spec.sources if source.id == name]
    return known[-1] if known else None


def _premises(case: Case, world: World, now: datetime) -> Premises:
    """The premises as the estate has it now, else as an estate had it last: its orders do not end with its entry."""
    present = world.estates.at(now).premises(case.unit)
    if present is not None:
        return present
    for _, estate in reversed(world.estates.entries):
        premises = estate.premises(case.unit)
        if premises is not None:
            return premises
    raise Undecidable(f"no estate knows the premises {case.unit!r}")


def _routes(world: World, unit: str) -> HasRoute:
    def has_route(role: str, at: datetime) -> bool:
        return world.estates.at(at).has_route(role, unit, at)

    return has_route


def _because(history: Sequence[Taken]) -> str | None:
    if not history:
        return None
    newest = max(history, key=lambda taken: taken.heard)
    event = newest.event
    return f"{event.type} of {event.time.isoformat()} was heard at {newest.heard.isoformat()}"
