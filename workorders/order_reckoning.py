"""One order reckoned at an instant: its clocks, and everything that a ladder climbs about.

Source of the rules: docs/RULES.md, section 2 and 6. A function of the order's history, its context, the policy and now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from models.decision import Condition, Context, Exposed, Span
from models.escalation import ClockName, EscalationKind
from models.history import Taken
from models.premises import PremisesKind
from models.work_order import Priority, Raised
from workorders.clocks import (
    REMEMBERED,
    Asked,
    InForce,
    Promise,
    Step,
    allowed_pauses,
    first_reached,
    in_force,
    last_stretch,
)
from workorders.order_fold import ALL_CLOCKS, FIRST_SPELL, OrderFold, Spell, fold_order
from workorders.order_steps import (
    BaseStep,
    base_steps,
    effective_steps,
    exposure_of,
    policies_of,
)
from workorders.order_words import breach_reason, ended_reason, warning_reason
from workorders.policy import Policy, PolicyTimeline

PauseSpans = tuple[tuple[datetime, datetime], ...]


class ClockRun(NamedTuple):
    """One clock in one spell: when it is met or ends unmet, and when its due is or would be breached."""

    clock: ClockName
    spell: Spell
    forces: tuple[InForce, ...]
    met: datetime | None
    end: datetime | None
    breach: datetime | None

    def stands_at(self, at: datetime) -> bool:
        """Whether the breach stands at the instant."""
        return self.breach is not None and self.breach <= at and (self.end is None or at < self.end)


@dataclass(slots=True)
class Reckoned:
    """One order by one reading of its history (with or without the late reports)."""

    fold: OrderFold
    base: list[BaseStep]
    effective: list[Step]
    exposure: list[Exposed]
    pauses: PauseSpans
    runs: tuple[ClockRun, ...]

    @property
    def policy(self) -> Policy:
        """The policy that judges the order now."""
        return self.base[-1].policy

    def priorities_from(self, onset: datetime) -> tuple[tuple[datetime, Priority | None], ...]:
        """The effective priorities from an instant on, the first at the instant itself."""
        first = self.effective[0].priority
        later: list[tuple[datetime, Priority | None]] = []
        for step in self.effective:
            if step.since <= onset:
                first = step.priority
            elif (later[-1][1] if later else first) != step.priority:
                later.append((step.since, step.priority))
        return ((onset, first), *later)


def reckon(
    subject: str,
    kept: Sequence[Taken],
    kind: PremisesKind,
    timeline: PolicyTimeline,
    context: Context,
    now: datetime,
) -> Reckoned | None:
    """The order by the given reading of its history; None while nothing has raised it."""
    # The order of history puts the raised event first.
    opening = kept[0].event if kept else None
    if type(opening) is not Raised:
        return None
    first_policy = timeline.at(opening.time)
    fold = fold_order(opening, kept, lambda reason, role: _may_pause(first_policy, reason, role))
    policies = policies_of(fold, timeline)
    until = now if fold.ended_at is None else min(now, fold.ended_at)
    base = base_steps(fold, policies, kind, until)
    exposure = exposure_of(fold, base)
    effective = effective_steps(subject, base, exposure, context, now)
    pauses = _pauses(fold, policies[0][1])
    return Reckoned(fold, base, effective, exposure, pauses, _runs(fold, effective, pauses, policies[0][1]))


def _may_pause(policy: Policy, reason: object, role: str) -> bool:
    rule = policy.pause_rule(reason)  # type: ignore[arg-type]
    return rule is not None and role in rule.roles


def _pauses(fold: OrderFold, policy: Policy) -> PauseSpans:
    asked = [
        Asked(pause.since, min(pause.until, pause.ended or pause.until), pause.reason)
        for pause in fold.pauses
        if pause.until > pause.since
    ]
    return allowed_pauses(asked, policy.pause_rule) if asked else ()


def _runs(fold: OrderFold, effective: Sequence[Step], pauses: PauseSpans, policy: Policy) -> tuple[ClockRun, ...]:
    forces = _forces(tuple(effective), pauses, _promise(fold, policy))
    found = []
    for spell in fold.spells:
        for clock in spell.running:
            met = spell.met.get(clock)
            end = met if met is not None else spell.ended
            breach = first_reached(forces[clock], spell.start, end)
            found.append(ClockRun(clock, spell, forces[clock], met, end, breach))
    return tuple(found)


# An order is decided several times in its life, and its times change with few of its events: they are remembered.
@lru_cache(maxsize=REMEMBERED)
def _forces(
    effective: tuple[Step, ...], pauses: PauseSpans, promise: Promise | None
) -> dict[ClockName, tuple[InForce, ...]]:
    return {clock: in_force(clock, effective, pauses, promise) for clock in ALL_CLOCKS}


def _promise(fold: OrderFold, policy: Policy) -> Promise | None:
    if fold.promise is None:
        return None
    at, source = fold.promise
    honour = policy.promise_rule(source)
    return None if honour == "ignored" else Promise(at, honour == "alone")


def clock_conditions(reckoned: Reckoned, now: datetime) -> tuple[list[Condition], list[datetime]]:
    """The breaches and warnings reached by now, and the instants ahead at which time alone brings the next."""
    conditions: list[Condition] = []
    ahead: list[datetime] = []
    for run in reckoned.runs:
        if run.breach is not None:
            if run.breach <= now:
                conditions.append(_breach(reckoned, run))
            else:
                ahead.append(run.breach)
        warning = last_stretch(run.forces, run.spell.start, _earlier(run.breach, run.end)) if run.forces else None
        if warning is not None:
            if warning[0] <= now:
                conditions.append(_warning(reckoned, run, warning, now))
            else:
                ahead.append(warning[0])
    return conditions, ahead


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return b if a is None else a if b is None else min(a, b)


def _breach(reckoned: Reckoned, run: ClockRun) -> Condition:
    assert run.breach is not None  # noqa: S101 - the caller has looked
    return _condition(
        reckoned, run, EscalationKind.BREACH, (run.breach, run.end), breach_reason, ended_reason(run.spell, run.met)
    )


def _warning(reckoned: Reckoned, run: ClockRun, stretch: Span, now: datetime) -> Condition:
    since, until = stretch
    if until is not None and until > now:
        until = None
    why = "the time is up" if until is not None and until == run.breach else ended_reason(run.spell, run.met)
    return _condition(reckoned, run, EscalationKind.WARNING, (since, until), warning_reason, why)


def _condition(
    reckoned: Reckoned,
    run: ClockRun,
    kind: EscalationKind,
    span: Span,
    reason: Callable[[BaseStep, ClockName, datetime], str],
    why: str,
) -> Condition:
    opened = run.spell.opened_by or reckoned.fold.raised
    due = due_at(run.forces, span[0])
    return Condition(
        kind,
        run.clock,
        run.spell.id,
        span[0],
        span[1],
        why if span[1] is not None else "",
        reckoned.priorities_from(span[0]),
        reason(reckoned.base[-1], run.clock, due),
        due,
        () if run.spell.id == FIRST_SPELL else ("reopened",),
        opened.event.time,
        opened.heard,
    )


def due_at(forces: Sequence[InForce], at: datetime) -> datetime:
    """The due time in force at an instant."""
    found = forces[0].due
    for force in forces:
        if force.since <= at:
            found = force.due
    return found
