"""The decision about one work order: its state, the rungs it has reached, and when to look again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.decision import Classification, ClockState, Condition, Context, Ignored, OrderState, Reached, Span
from models.escalation import ClockName, EscalationKind
from models.history import Taken
from models.premises import Premises
from models.work_order import Priority
from workorders.disputes import Dispute
from workorders.history import Arranged, arrange
from workorders.order_conditions import (
    contested_conditions,
    dispute_condition,
    latest_dispute,
    orphan_condition,
    rejected_conditions,
)
from workorders.order_fold import ALL_CLOCKS, FIRST_SPELL, OrderFold, fold_order
from workorders.order_reckoning import ClockRun, Reckoned, clock_conditions, due_at, reckon
from workorders.order_steps import BaseStep
from workorders.policy import Policy, PolicyTimeline
from workorders.reach import NO_ANSWERS, HasRoute, Ladders, answers_for, reach, unmatched

CLOCK_KINDS = (EscalationKind.BREACH, EscalationKind.WARNING, EscalationKind.CONTESTED)


@dataclass(frozen=True, slots=True)
class OrderReckoning:
    """What was reckoned of one order; ``dispute`` is the latest, going on or not."""

    state: OrderState
    reached: list[Reached]
    dispute: Dispute | None


def reckon_order(
    subject: str,
    premises: Premises,
    history: Sequence[Taken],
    timeline: PolicyTimeline,
    has_route: HasRoute,
    context: Context,
    now: datetime,
) -> OrderReckoning:
    """One order as it stands at ``now`` by everything that was heard about it, in whatever order it came."""
    arranged = arrange(history, _judge(history, timeline).late_after)
    reckoned = reckon(subject, arranged.kept, premises.kind, timeline, context, now)
    if reckoned is None:
        return _unraised(subject, premises, arranged, timeline, has_route, now)
    conditions, ahead = clock_conditions(reckoned, now)
    dispute = latest_dispute(reckoned)
    if dispute is not None:
        conditions.append(dispute_condition(reckoned, dispute))
    conditions.extend(rejected_conditions(reckoned))
    contested = _contested(subject, arranged, premises, timeline, context, now, ahead) if arranged.stages else []
    conditions.extend(contested)
    first = arranged.kept[0]
    orphan = _late_raised(reckoned, arranged, timeline.at(first.heard))
    if orphan is not None:
        conditions.append(orphan)
    answers = NO_ANSWERS
    if arranged.answers:
        kinds = _possible_ladders(reckoned.fold)
        answers = answers_for(subject, arranged.answers, kinds, _policies(reckoned), _earliest(arranged.kept))
    ladders = Ladders(subject, _policy_at(reckoned.base), has_route)
    reached, next_rung = reach(ladders, conditions, answers, now) if conditions else ([], None)
    if next_rung is not None:
        ahead.append(next_rung)
    if reckoned.fold.ended_at is None:
        ahead.append(reckoned.policy.next_season_change(now))
    ignored = (*arranged.ignored, *reckoned.fold.ignored, *unmatched(answers))
    state = _state(subject, premises.id, reckoned, dispute, contested, ignored, min(ahead, default=None), now)
    return OrderReckoning(state, reached, dispute)


def _judge(history: Sequence[Taken], timeline: PolicyTimeline) -> Policy:
    """The policy that says what is late: that of the raised event, else of the earliest that was heard."""
    for taken in history:
        if taken.event.type == "facilities.work-order.raised":
            return timeline.at(taken.event.time)
    return timeline.at(min(taken.heard for taken in history))


def _contested(
    subject: str,
    arranged: Arranged,
    premises: Premises,
    timeline: PolicyTimeline,
    context: Context,
    now: datetime,
    ahead: list[datetime],
) -> list[Condition]:
    readings = []
    for stage in arranged.stages:
        without = None
        if stage.without is not None:
            without = reckon(subject, stage.without, premises.kind, timeline, context, now)
        readings.append((without, reckon(subject, stage.kept, premises.kind, timeline, context, now)))
    last = readings[-1][0]
    if last is not None:
        ahead.extend(run.breach for run in last.runs if run.breach is not None and run.breach > now)
    late = [report.taken for report in arranged.late]
    return contested_conditions(arranged.stages, readings, late, now)


def _late_raised(reckoned: Reckoned, arranged: Arranged, policy: Policy) -> Condition | None:
    raised = reckoned.fold.raised
    waiting = [taken.heard for taken in arranged.kept if taken is not raised]
    if raised is None or not waiting or min(waiting) >= raised.heard:
        return None
    return orphan_condition(reckoned.fold, waiting, policy)


def _possible_ladders(fold: OrderFold) -> list[tuple[EscalationKind, str, str]]:
    found = [(kind, str(clock), spell.id) for spell in fold.spells for kind in CLOCK_KINDS for clock in ALL_CLOCKS]
    found.extend((EscalationKind.REJECTED_WORK, "", spell.id) for spell in fold.spells[1:])
    found.append((EscalationKind.DISPUTE, "", FIRST_SPELL))
    found.append((EscalationKind.ORPHAN, "", FIRST_SPELL))
    return found


def _policies(reckoned: Reckoned) -> list[Policy]:
    return list({step.policy.version: step.policy for step in reckoned.base}.values())


def _earliest(kept: Sequence[Taken]) -> datetime:
    return min(min(taken.event.time, taken.heard) for taken in kept)


def _policy_at(steps: Sequence[BaseStep]):  # type: ignore[no-untyped-def]
    def at(instant: datetime) -> Policy:
        found = steps[0].policy
        for step in steps:
            if step.since <= instant:
                found = step.policy
        return found

    return at


def _unraised(
    subject: str,
    premises: Premises,
    arranged: Arranged,
    timeline: PolicyTimeline,
    has_route: HasRoute,
    now: datetime,
) -> OrderReckoning:
    waiting = [taken.heard for taken in arranged.kept]
    policy = timeline.at(min(waiting, default=now))
    fold = fold_order((), lambda reason, role: True)
    condition = orphan_condition(fold, waiting, policy)
    reached: list[Reached] = []
    next_at = None
    ignored = arranged.ignored
    if condition is not None:
        ladder = [(EscalationKind.ORPHAN, "", FIRST_SPELL)]
        answers = answers_for(subject, arranged.answers, ladder, [policy], min(waiting))
        reached, next_at = reach(Ladders(subject, lambda _: policy, has_route), [condition], answers, now)
        ignored = (*ignored, *unmatched(answers))
    status = "orphan" if waiting else "void"
    state = OrderState(
        subject, premises.id, status, "", None, None, FIRST_SPELL, None, (), None, None, None, None, (), False, (), ignored,
        next_at,
    )  # fmt: skip
    return OrderReckoning(state, reached, None)


def _state(
    subject: str,
    premises: str,
    reckoned: Reckoned,
    dispute: Dispute | None,
    contested: Sequence[Condition],
    ignored: tuple[Ignored, ...],
    next_at: datetime | None,
    now: datetime,
) -> OrderState:
    fold, last = reckoned.fold, reckoned.base[-1]
    standing = {condition.clock for condition in contested if condition.end is None and condition.onset <= now}
    return OrderState(
        subject,
        premises,
        fold.status,
        str(fold.outcome),
        fold.raised_at,
        fold.ended_at,
        fold.spells[-1].id,
        _classification(last, reckoned),
        tuple(_clock(reckoned, clock, clock in standing, now) for clock in ALL_CLOCKS if _has(reckoned, clock)),
        next((until for since, until in reckoned.pauses if since <= now < until), None),
        fold.views[-1][1] if fold.views else None,
        dispute.since if dispute is not None and dispute.until is None else None,
        fold.contractor_reference,
        last.policy.groups_of(last.facts.asset),
        last.policy.is_security(last.facts.asset),
        tuple(_exposed(reckoned)),
        ignored,
        next_at,
    )


def _exposed(reckoned: Reckoned) -> list[Span]:
    return [span for span, _, _ in reckoned.exposure]


def _classification(step: BaseStep, reckoned: Reckoned) -> Classification:
    facts = step.facts
    known = (
        ("asset", facts.asset),
        ("fault", facts.fault),
        ("impacts", ", ".join(sorted(facts.impacts))),
        ("alternative_available", "yes" if facts.alternative else "no"),
        ("season", step.season),
        ("settled", "yes" if step.settled else "no"),
    )
    effective: Priority = reckoned.effective[-1].priority
    return Classification(step.base, effective, step.rules, known, step.policy.version)


def _has(reckoned: Reckoned, clock: ClockName) -> bool:
    return any(run.clock is clock and run.forces for run in reckoned.runs)


def _clock(reckoned: Reckoned, clock: ClockName, contested: bool, now: datetime) -> ClockState:
    runs: list[ClockRun] = [run for run in reckoned.runs if run.clock is clock]
    last = runs[-1]
    breach = next((run.breach for run in runs if run.breach is not None and run.breach <= now), None)
    at = min(now, last.end) if last.end is not None else now
    force = next((force for force in reversed(last.forces) if force.since <= at), last.forces[0])
    ended_unmet = last.end if last.met is None and last.spell.unmet else None
    return ClockState(
        clock, reckoned.base[0].since, due_at(last.forces, at), force.warn, last.met, ended_unmet, breach, contested
    )
