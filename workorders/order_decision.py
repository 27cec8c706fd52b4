"""The decision about one work order: its state, the rungs it has reached, and when to look again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Final

from models.decision import Classification, ClockState, Condition, Context, Exposed, Ignored, OrderState, Reached
from models.escalation import ClockName, EscalationKind
from models.history import Taken
from models.ids import subject_name
from models.premises import Premises
from models.work_order import CompletionRejected, Raised
from workorders.answers import LadderKey, Sorted
from workorders.clocks import NEVER, force_at
from workorders.disputes import Dispute
from workorders.history import Arranged, arrange
from workorders.history_order import identity
from workorders.joined import joined_windows
from workorders.order_conditions import (
    Reading,
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
    ahead.extend(_changes_ahead(case, reckoned))
    ignored = (*arranged.ignored, *_ignored(reckoned, arranged), *unmatched(answers))
    disputed = dispute if dispute is not None and dispute.until is None else None
    state = _state(case, reckoned, disputed, contest, ignored, min(ahead, default=None))
    return OrderReckoning(state, reached, dispute)


def _changes_ahead(case: OrderCase, reckoned: Reckoned) -> list[datetime]:
    """The instants ahead at which time alone changes the order's facts, its priority or its pauses."""
    ended = reckoned.fold.ended_at
    if ended is not None and ended <= case.now:
        return []
    edges = [edge for pause in reckoned.pauses for edge in pause]
    windows = joined_windows(case.subject, reckoned.exposure, case.context) if reckoned.exposure else []
    edges.extend(edge for window in windows for edge in window if edge is not None)
    last = reckoned.policy.next_season_change(case.now) if ended is None else ended
    return [last, *(edge for edge in edges if case.now < edge < last)]


def _ignored(reckoned: Reckoned, arranged: Arranged) -> list[Ignored]:
    """What the order's fold had no use for, but for a rejection that refused a late completion: it did change that."""
    refused = {identity(late.settled_by.event) for late in arranged.late if late.settled_by is not None}
    return [one for one in reckoned.fold.ignored if (one.source, one.id) not in refused]


@dataclass(slots=True)
class Contest:
    """What is contested on an order, by which reading of its history, and the instants ahead that may bring more.

    ``doubted`` are the stretches of every reading that was looked at, beside the present one.
    """

    conditions: Sequence[Condition] = ()
    reading: Reckoned | None = None
    ahead: Sequence[datetime] = ()
    doubted: tuple[Exposed, ...] = ()

    def standing(self, now: datetime) -> frozenset[str]:
        """The clocks that are contested at the instant."""
        return frozenset(one.clock for one in self.conditions if one.end is None and one.onset <= now)


NO_CONTEST: Final = Contest()


def _contest(case: OrderCase, arranged: Arranged, present: Reckoned | None) -> Contest:
    """What is contested by the history as it was settled from each instant on; ``present`` is the last such reading."""
    doubted: dict[Exposed, None] = {}

    def looked_at(kept: Sequence[Taken]) -> Reckoned | None:
        found = case.reckon(kept)
        doubted.update(dict.fromkeys(found.exposure if found is not None else ()))
        return found

    readings = [
        Reading(None if stage.without is None else looked_at(stage.without), partial(looked_at, stage.kept))
        for stage in arranged.stages
    ]
    readings[-1].kept = lambda: present
    late = [report.taken for report in arranged.late]
    conditions = contested_conditions(arranged.stages, readings, late, case.now)
    last = readings[-1].without
    ahead = [] if last is None else [run.breach for run in last.runs if run.breach and run.breach > case.now]
    reading = next((one.without for one in reversed(readings) if one.without is not None), None)
    return Contest(conditions, reading, ahead, tuple(doubted))


def _answers(case: OrderCase, history: Sequence[Taken], arranged: Arranged, policies: Iterable[Policy]) -> Sorted:
    """The answers by ladder: an id derives whether or not its ladder runs, so every rejection counts as a spell."""
    if not arranged.answers:
        return NO_ANSWERS
    since, rejections = history[0].heard, []
    for taken in history:
        event = taken.event
        since = min(since, event.time, taken.heard)
        if type(event) is CompletionRejected:
            rejections.append((event.time, f"{event.source}|{event.id}"))
    ladders = _possible_ladders((FIRST_SPELL, *dict.fromkeys(spell for _, spell in sorted(rejections))))
    return answers_for(case.name, arranged.answers, ladders, tuple(dict.fromkeys(policies)), since)


def _policies(reckoned: Reckoned | None) -> list[Policy]:
    return [] if reckoned is None else [step.policy for step in reckoned.base]


def _judge(history: Sequence[Taken], case: OrderCase) -> Policy:
    """The policy that says what is late: that of the raised event, else of the earliest that was heard."""
    raised = [taken.event.time for taken in history if type(taken.event) is Raised]
    return case.timeline.at(min(raised) if raised else min((taken.heard for taken in history), default=case.now))


def _late_raised(case: OrderCase, reckoned: Reckoned, arranged: Arranged) -> list[Condition]:
    """The order's time as an orphan, if events waited for it longer than the policy allows."""
    raised = reckoned.fold.raised
    waiting = [taken.heard for taken in arranged.kept if taken is not raised]
    if not waiting or raised.heard <= min(waiting):
        return []
    condition = orphan_condition(raised.heard, waiting, case.timeline.at(min(waiting)))
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
        doubted=contest.doubted,
        ignored=(*arranged.ignored, *unmatched(answers)),
        next_due_at=min(ahead, default=None),
    )
    return OrderReckoning(state, reached, None)


def _state(
    case: OrderCase,
    reckoned: Reckoned,
    dispute: Dispute | None,
    contest: Contest,
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
        clocks=_clocks(reckoned, contest.standing(case.now), case.now),
        paused_until=_paused_until(reckoned, case.now),
        provider_priority=fold.views[-1][1] if fold.views else None,
        dispute_since=dispute.since if dispute is not None else None,
        contractor_reference=fold.contractor_reference,
        groups=last.policy.groups_of(last.facts.asset),
        security=last.policy.is_security(last.facts.asset),
        exposure=tuple(reckoned.exposure),
        doubted=contest.doubted,
        ignored=ignored,
        next_due_at=next_at,
    )


def _paused_until(reckoned: Reckoned, now: datetime) -> datetime | None:
    """The end of the pause that is going on; an order that has ended is paused no more."""
    if reckoned.fold.ended_at is not None:
        return None
    return next((until for since, until in reckoned.pauses if since <= now < until), None)


def _classification(step: BaseStep, reckoned: Reckoned) -> Classification:
    return Classification(step.base, reckoned.effective[-1].priority, step.rules, step.in_words, step.policy.version)


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
