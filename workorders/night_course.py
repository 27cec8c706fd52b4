"""How a night went up to an instant: where it was short-staffed, uncovered or unconfirmed, and who stood how long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.decision import Span
from models.escalation import EscalationKind
from models.history import Taken
from models.shift_cover import ContingencyArranged, CoverConfirmed
from workorders.night_fold import Look, NightFold
from workorders.night_plan import NightPlan

NIGHT_OVER: Final = "the night is over"
COVERED: Final = "the night is covered"
ESCALATED: Final = "the night is escalated as uncovered"
_NOTHING: Final = timedelta(0)


@dataclass(slots=True)
class Stretch:
    """One unbroken stretch in which people are missing: from ``onset`` until ``end`` (None: going on).

    ``by`` is the event that brought it on, if one did; ``look`` is what was expected when anything last changed in it,
    and ``missing_from`` is since when, or from when on, so many people are missing.
    """

    kind: EscalationKind
    onset: datetime
    by: Taken | None
    look: Look
    missing_from: datetime
    end: datetime | None = None
    end_reason: str = ""


class Course:
    """A night followed up to an instant: its fold, its stretches in order, and how long people stood or were missing.

    ``look`` is the latest look at it (None: nothing was to be seen yet), ``taken`` how many of the events bear times up
    to the instant.
    """

    __slots__ = ("agency", "contingency", "fold", "look", "own", "short", "stretches", "taken", "uncovered")

    def __init__(self, plan: NightPlan) -> None:
        self.fold = NightFold(plan)
        self.taken = 0
        self.look: Look | None = None
        self.stretches: list[Stretch] = []
        self.short: list[Span] = []
        self.own = self.agency = self.contingency = self.uncovered = _NOTHING

    def escalated(self) -> list[Stretch]:
        """The stretches in which the night was escalated as uncovered."""
        return [stretch for stretch in self.stretches if stretch.kind is EscalationKind.UNCOVERED_NIGHT]

    def escalated_at(self, at: datetime) -> bool:
        """Whether the night was escalated as uncovered at an instant that it was followed to."""
        return any(stretch.onset <= at and (stretch.end is None or at < stretch.end) for stretch in self.escalated())

    def judge(self, at: datetime, by: Taken | None, look: Look) -> None:
        """Note what holds from an instant of change on."""
        last = self.stretches[-1] if self.stretches else None
        going_on = last if last is not None and last.end is None else None
        if look.worst == 0:
            if going_on is not None:
                going_on.end, going_on.end_reason = at, COVERED
            return
        uncovered = self.fold.sudden or at >= self.fold.plan.escalate_at
        kind = EscalationKind.UNCOVERED_NIGHT if uncovered else EscalationKind.UNCONFIRMED_NIGHT
        if going_on is not None and going_on.kind is kind:
            if look.missing == 0 or look.missing != going_on.look.missing:
                going_on.missing_from = look.since
            going_on.look = look
            return
        if going_on is not None:
            going_on.end, going_on.end_reason = at, ESCALATED
        self.stretches.append(Stretch(kind, at, by, look, look.since))

    def count(self, at: datetime, until: datetime, look: Look) -> None:
        """Note who stands between two instants of change in the window, and whether people are missing."""
        short = self.short
        if (bool(short) and short[-1][1] is None) != (look.missing > 0):
            if look.missing:
                short.append((at, None))
            else:
                short[-1] = (short[-1][0], at)
        length = until - at
        if look.missing:
            self.uncovered += length
        for cover in look.counted:
            if not cover.starts <= at < cover.until:
                continue
            if cover.contingency:
                self.contingency += length
            elif cover.own:
                self.own += length
            else:
                self.agency += length

    def finish(self) -> None:
        """The window has ended: nothing holds any more."""
        ends = self.fold.plan.ends
        if self.stretches and self.stretches[-1].end is None:
            self.stretches[-1].end, self.stretches[-1].end_reason = ends, NIGHT_OVER
        if self.short and self.short[-1][1] is None:
            self.short[-1] = (self.short[-1][0], ends)


def follow(kept: Sequence[Taken], plan: NightPlan, now: datetime) -> Course:
    """The night up to ``now``, from its events in the order of history."""
    course = Course(plan)
    fold = course.fold
    watch_from = min(plan.warn_at, plan.escalate_at)
    look: Look | None = None
    taken, count = 0, len(kept)
    for at, until in changes(kept, plan, now):
        by = None
        while taken < count and kept[taken].event.time <= at:
            by = kept[taken]
            fold.take(by.event)
            taken += 1
        if at >= plan.ends or (at < watch_from and not fold.sudden):
            continue
        # Before the start time alone changes nothing about what is expected.
        if look is None or by is not None or at >= plan.starts:
            look = fold.look(at)
        course.judge(at, by, look)
        if at >= plan.starts:
            course.count(at, until, look)
    course.taken, course.look = taken, look
    if now >= plan.ends:
        course.finish()
    return course


def next_change(course: Course, kept: Sequence[Taken], now: datetime) -> datetime | None:
    """The next instant at which time alone can change what ``follow`` found at ``now``; None: never again."""
    plan = course.fold.plan
    instants = [plan.warn_at, plan.escalate_at, plan.starts, plan.ends]
    instants += [item.event.time for item in kept[course.taken : course.taken + 1]]
    for cover in course.fold.covers.values():
        if cover.ended_by is None:
            instants += [cover.starts, cover.until]
            instants += [cover.counts_until] if cover.checked_in_at is None else []
    return min((instant for instant in instants if instant > now), default=None)


def changes(kept: Sequence[Taken], plan: NightPlan, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The instants up to ``now`` at which anything can change, each once and with the next one (the last: ``now``)."""
    starts, ends = plan.starts, plan.ends
    instants = [plan.warn_at, plan.escalate_at, starts, starts + plan.check_in_grace, ends]
    for item in kept:
        event = item.event
        instants.append(event.time)
        if type(event) is CoverConfirmed or type(event) is ContingencyArranged:
            data = event.data
            if data.starts > starts:
                instants += (data.starts, data.starts + plan.check_in_grace)
            if data.until < ends:
                instants.append(data.until)
    instants.sort()
    at = instants[0]
    for instant in instants:
        if instant > now:
            break
        if instant > at:
            yield at, instant
            at = instant
    if at <= now:
        yield at, now
