"""Nights that only late reports keep from being uncovered: contested until the client side settles the reports."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Final, NamedTuple

from models.decision import Condition
from models.escalation import EscalationKind
from workorders.history import Arranged, LateReport, Stage
from workorders.night_course import Course, follow, next_change
from workorders.night_plan import NightPlan
from workorders.night_words import contested_reason
from workorders.order_fold import FIRST_SPELL

SETTLED: Final = "the late report was settled"
UNCOVERED_ANYWAY: Final = "the night is uncovered with the late report too"
LABEL: Final = "contested"


class Contest(NamedTuple):
    """The latest stretch in which the night was contested, if it ever was, and when time may next change that."""

    condition: Condition | None
    next_at: datetime | None


class _Phase(NamedTuple):
    """One stage of the settlement, and how the night went by it: with the late reports, and without."""

    stage: Stage
    kept: Course
    without: Course

    def contested(self, at: datetime) -> bool:
        """Whether the late reports, one of them heard by then, are all that covers the night."""
        heard = self.stage.heard
        return heard is not None and heard <= at and self.without.escalated_at(at) and not self.kept.escalated_at(at)

    def instants(self, until: datetime | None, now: datetime) -> list[datetime]:
        """Where that can change, from the stage's beginning until the next one, up to ``now``."""
        since = self.stage.since
        found = [since, self.stage.heard or since]
        for stretch in (*self.kept.escalated(), *self.without.escalated()):
            found += (stretch.onset, stretch.end or stretch.onset)
        return sorted(at for at in found if since <= at <= now and (until is None or at < until))

    def why_over(self, at: datetime) -> str:
        """Why it is not contested any more from the instant on."""
        if at == self.stage.since:
            return SETTLED
        if self.kept.escalated_at(at):
            return UNCOVERED_ANYWAY
        return next(stretch.end_reason for stretch in self.without.escalated() if stretch.end == at)


def contest(arranged: Arranged, plan: NightPlan, now: datetime) -> Contest:
    """Where the night is uncovered without the late, unsettled reports and not with them, once one was heard."""
    if arranged.without_late is None:
        return Contest(None, None)
    found: Condition | None = None
    phases = [_phase(stage, plan, now) for stage in arranged.stages if stage.since <= now]
    for phase, after in zip_longest(phases, phases[1:]):
        for at in phase.instants(after.stage.since if after else None, now):
            going_on = found is not None and found.end is None
            if phase.contested(at) and not going_on:
                found = _condition(phase.stage, arranged.late, plan, at)
            elif going_on and found and not phase.contested(at):
                found = replace(found, end=at, end_reason=phase.why_over(at))
    return Contest(found, _next_at(phases[-1], arranged.stages[len(phases) :], now))


def _phase(stage: Stage, plan: NightPlan, now: datetime) -> _Phase:
    kept = follow(stage.kept, plan, now)
    return _Phase(stage, kept, kept if stage.without is None else follow(stage.without, plan, now))


def _condition(stage: Stage, late: Sequence[LateReport], plan: NightPlan, onset: datetime) -> Condition:
    report = next(report.taken for report in late if report.taken.heard == stage.heard)
    return Condition(
        EscalationKind.CONTESTED,
        "",
        FIRST_SPELL,
        onset,
        None,
        "",
        ((onset, None),),
        contested_reason(report, plan),
        labels=(LABEL,),
        happened_at=report.event.time,
        heard_at=report.heard,
    )


def _next_at(phase: _Phase, to_come: Sequence[Stage], now: datetime) -> datetime | None:
    """When time may next change what is contested."""
    instants = [stage.since for stage in to_come[:1]]
    stage = phase.stage
    if stage.heard is not None and stage.without is not None:
        instants += [stage.heard] if stage.heard > now else []
        both = (next_change(phase.kept, stage.kept, now), next_change(phase.without, stage.without, now))
        instants += [at for at in both if at is not None]
    return min(instants, default=None)
