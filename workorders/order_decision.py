"""The decision about one work order: its state, the rungs it has reached, and when to look again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from models.decision import Classification, ClockState, Condition, Context, Ignored, OrderState, Reached
from models.escalation import ClockName, EscalationKind
from models.history import Taken
from models.ids import subject_name
from models.premises import Premises
from models.work_order import CompletionRejected, Raised
from workorders.answers import LadderKey, Sorted
from workorders.clocks import NEVER, force_at
from workorders.disputes import Dispute
from workorders.history import Arranged, arrange
from workorders.order_conditions import (
    contested_conditions,
    dispute_condition,
    latest_dispute,
    orphan_condition,
    rejected_conditions,
)
from workorders.order_fold import ALL_CLOCKS, FIRST_SPELL
from workorders.order_reckoning import Reckoned, clock_conditions, reckon
from workorders.order_steps import BaseStep
from workorders.policy import Policy, PolicyTimeline
from workorders.reach import NO_ANSWERS, HasRoute, Ladders, PolicyAt, answers_for, reach, unmatched

CLOCK_KINDS: Final = (EscalationKind.BREACH, EscalationKind.WARNING, EscalationKind.CONTESTED)
ORPHAN_LADDER: Final = (EscalationKind.ORPHAN, "", FIRST_SPELL)


@dataclass(slots=True)
class OrderCase:
    """One order to decide, and everything outside its own history that matters to it."""

    subject: str
    premises: Premises
    timeline: PolicyTimeline
    has_route: HasRoute
    context: Context
    now: datetime

    @property
    def name(self) -> str:
        """What the order is called among all orders: its premises and its number."""
        return subject_name(self.premises.id, self.subject)

    def reckon(self, kept: Sequence[Taken]) -> Reckoned | None:
        """The order by one reading of its history; None if nothing in it raises the order."""
        return reckon(self.subject, kept, self.premises.kind, self.timeline, self.context, self.now)


@dataclass(slots=True)
class OrderReckoning:
    """What was reckoned of one order; ``dispute`` is the latest, going on or not."""

    state: OrderState
    reached: Sequence[Reached]
    dispute: Dispute | None


def reckon_order(case: OrderCase, history: Sequence[Taken]) -> OrderReckoning:
    """One order as it stands by everything that was heard about it, in whatever order it came."""
    arranged = arrange(history, _judge(history, case).late_after)
    reckoned = case.reckon(arranged.kept)
    contest = _contest(case, arranged, reckoned) if arranged.stages else NO_CONTEST
    if reckoned is None:
        return _unraised(case, history, arranged, contest)
    conditions, ahead = clock_conditions(reckoned, case.now)
    dispute = latest_dispute(reckoned)
    if dispute is not None:
        conditions.append(dispute_condition(reckoned, dispute))
    conditions.extend(rejected_conditions(reckoned))
    conditions.extend(contest.conditions)
    conditions.extend(_late_raised(case, reckoned, arranged))
    ahead.extend(contest.ahead)
    answers = _answers(case, history, arranged, _policies(reckoned))
    reached: list[Reached] = []
    if conditions:
        reached, next_rung = reach(_ladders(case, reckoned.base), conditions, answers, case.now)
        ahead.extend([] if next_rung is None else [next_rung])
    if reckoned.fold.ended_at is None:
        ahead.append(reckoned.policy.next_season_change(case.now))
    ignored = (*arranged.ignored, *reckoned.fold.ignored, *unmatched(answers))
    disputed = dispute if dispute is not None and dispute.until is None else None
    state = _state(case, reckoned, disputed, contest.standing(case.now), ignored, min(ahead, default=None))
    return OrderReckoning(state, reached, dispute)


@dataclass(slots=True)
class Contest:
    """What is contested on an order, by which reading of its history, and the instants ahead that may bring more."""

    conditions: Sequence[Condition] = ()
    reading: Reckoned | None = None
    ahead: Sequence[datetime] = ()

    def standing(self, now: datetime) -> frozenset[str]:
        """The clocks that are contested at the instant."""
        return frozenset(one.clock for one in self.conditions if one.end is None and one.onset <= now)


NO_CONTEST: Final = Contest()


def _contest(case: OrderCase, arranged: Arranged, present: Reckoned | None) -> Contest:
    """What is contested by the history as it was settled from each instant on; ``present`` is the last such reading."""
    past = [None if stage.without is None else case.reckon(stage.kept) for stage in arranged.stages[:-1]]
    readings = [
        (None if stage.without is None else case.reckon(stage.without), kept)
        for stage, kept in zip(arranged.stages, [*past, present], strict=True)
    ]
    late = [report.taken for report in arranged.late]
    conditions = contested_conditions(arranged.stages, readings, late, case.now)
    last = readings[-1][0]
    ahead = [] if last is None else [run.breach for run in last.runs if run.breach and run.breach > case.now]
    reading = next((without for without, _ in reversed(readings) if without is not None), None)
    return Contest(conditions, reading, ahead)


def _answers(case: OrderCase, history: Sequence[Taken], arranged: Arranged, policies: Iterable[Policy]) -> Sorted:
    """The answers by ladder: an id derives whether or not its ladder runs, so every rejection counts as a spell."""
    if not arranged.answers:
        return NO_ANSWERS
    rejections = sorted(
        (taken.event.time, f"{taken.event.source}|{taken.event.id}")
        for taken in history
        if isinstance(taken.event, CompletionRejected)
    )
    ladders = _possible_ladders((FIRST_SPELL, *dict.fromkeys(spell for _, spell in rejections)))
    versions = tuple({policy.version: policy for policy in policies}.values())
    since = min(*[taken.event.time for taken in history], *[taken.heard for taken in history])
    return answers_for(case.name, arranged.answers, ladders, versions, since)


def _policies(reckoned: Reckoned | None) -> list[Policy]:
    return [] if reckoned is None else [step.policy for step in reckoned.base]


def _judge(history: Sequence[Taken], case: OrderCase) -> Policy:
    """The policy that says what is late: that of the raised event, else of the earliest that was heard."""
    raised = [taken.event.time for taken in history if isinstance(taken.event, Raised)]
    return case.timeline.at(min(raised) if raised else min((taken.heard for taken in history), default=case.now))


def _late_raised(case: OrderCase, reckoned: Reckoned, arranged: Arranged) -> list[Condition]:
    """The order's time as an orphan, if events waited for it longer than the policy allows."""
    raised = reckoned.fold.raised
    waiting = [taken.heard for taken in arranged.kept if taken is not raised]
    if not waiting:
        return []
    condition = orphan_condition(raised.heard if raised else None, waiting, case.timeline.at(min(waiting)))
    return [] if condition is None else [condition]


@lru_cache(maxsize=4096)
def _possible_ladders(spells: tuple[str, ...]) -> tuple[LadderKey, ...]:
    found = [(kind, str(clock), spell) for spell in spells for kind in CLOCK_KINDS for clock in ALL_CLOCKS]
    found.extend((EscalationKind.REJECTED_WORK, "", spell) for spell in spells[1:])
    return (*found, (EscalationKind.DISPUTE, "", FIRST_SPELL), ORPHAN_LADDER)


def _ladders(case: OrderCase, steps: Sequence[BaseStep]) -> Ladders:
    return Ladders(case.premises.id, case.subject, _policy_at(steps), case.has_route)


def _policy_at(steps: Sequence[BaseStep]) -> PolicyAt:
    def at(instant: datetime) -> Policy:
        found = steps[0].policy
        for step in steps:
            if step.since <= instant:
                found = step.policy
        return found

    return at


def _unraised(case: OrderCase, history: Sequence[Taken], arranged: Arranged, contest: Contest) -> OrderReckoning:
    """An order that nothing raises: its events wait, or only a late report says that it was never raised."""
    waiting = [taken.heard for taken in arranged.kept]
    policy = case.timeline.at(min(waiting, default=case.now))
    orphan = orphan_condition(None, waiting, policy)
    conditions = [*([] if orphan is None else [orphan]), *contest.conditions]
    answers = _answers(case, history, arranged, [policy, *_policies(contest.reading)])
    ladders = Ladders(case.premises.id, case.subject, lambda _: policy, case.has_route)
    if contest.reading is not None:
        ladders = _ladders(case, contest.reading.base)
    reached, next_rung = reach(ladders, conditions, answers, case.now)
    ahead = [*contest.ahead, *([] if next_rung is None else [next_rung])]
    state = OrderState(
        subject=case.subject,
        premises=case.premises.id,
        status="orphan" if waiting else "void",
        ignored=(*arranged.ignored, *unmatched(answers)),
        next_due_at=min(ahead, default=None),
    )
    return OrderReckoning(state, reached, None)


def _state(
    case: OrderCase,
    reckoned: Reckoned,
    dispute: Dispute | None,
    contested: frozenset[str],
    ignored: tuple[Ignored, ...],
    next_at: datetime | None,
) -> OrderState:
    fold, last = reckoned.fold, reckoned.base[-1]
    return OrderState(
        subject=case.subject,
        premises=case.premises.id,
        status=fold.status,
        outcome=str(fold.outcome),
        raised_at=fold.raised_at,
        ended_at=fold.ended_at,
        spell=fold.spells[-1].id,
        classification=_classification(last, reckoned),
        clocks=_clocks(reckoned, contested, case.now),
        paused_until=next((until for since, until in reckoned.pauses if since <= case.now < until), None),
        provider_priority=fold.views[-1][1] if fold.views else None,
        dispute_since=dispute.since if dispute is not None else None,
        contractor_reference=fold.contractor_reference,
        groups=last.policy.groups_of(last.facts.asset),
        security=last.policy.is_security(last.facts.asset),
        exposure=tuple(reckoned.exposure),
        ignored=ignored,
        next_due_at=next_at,
    )


def _classification(step: BaseStep, reckoned: Reckoned) -> Classification:
    facts = step.facts
    known = (
        ("premises_kind", reckoned.kind.value),
        ("asset", facts.asset),
        ("fault", facts.fault),
        ("impacts", ", ".join(sorted(facts.impacts))),
        ("alternative_available", "yes" if facts.alternative else "no"),
        ("out_of_hours", "yes" if step.out_of_hours else "no"),
        ("season", step.season),
        ("settled", "yes" if step.settled else "no"),
    )
    return Classification(step.base, reckoned.effective[-1].priority, step.rules, known, step.policy.version)


def _clocks(reckoned: Reckoned, contested: frozenset[str], now: datetime) -> tuple[ClockState, ...]:
    """The present state of each clock that runs: that of the last spell in which it ran."""
    last = {run.clock: run for run in reckoned.runs}
    breached: dict[ClockName, datetime] = {}
    for run in reckoned.runs:
        if run.breach is not None and run.breach <= now:
            breached.setdefault(run.clock, run.breach)
    found = []
    for clock, run in last.items():
        force = force_at(run.forces, now if run.end is None or now < run.end else run.end)
        if force is not None and force.due is not NEVER:
            unmet = run.end if run.met is None and run.spell.unmet else None
            at, start = breached.get(clock), reckoned.base[0].since
            found.append(
                ClockState(clock, start, force.due, force.warn, run.met, unmet, at, contested=clock in contested)
            )
    return tuple(found)
