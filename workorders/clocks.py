"""The three clocks of an order: what is due when, what was breached, and when a warning is due.

Source of the rules: docs/RULES.md, section 2, 6 to 10. Times are UTC instants; working time is measured in the calendar
of the target that it belongs to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.escalation import ClockName
from models.policy import PauseRule, Target
from models.work_order import PauseReason, Priority
from workorders.calendars import Calendar

PauseSpan = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """A pause as it was asked for: its stretch after an early end, and its reason."""

    since: datetime
    until: datetime
    reason: PauseReason


@dataclass(frozen=True, slots=True)
class InForce:
    """What a clock's due and warning times are, from an instant until the next one of the list."""

    since: datetime
    due: datetime
    warn: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """The fix time that the source has promised, and whether it counts alone."""

    at: datetime
    alone: bool


@dataclass(frozen=True, slots=True)
class Step:
    """From ``since`` on the order has this effective priority, and its targets and calendars are these."""

    since: datetime
    priority: Priority
    target: Callable[[Priority, ClockName], Target | None]
    calendars: "dict[str, Calendar]"
    fraction: float


def allowed_pauses(asked: Sequence[Asked], rule: Callable[[PauseReason], PauseRule | None]) -> tuple[PauseSpan, ...]:
    """The pauses as the policy allows them: each clipped to its longest stretch and to what its reason has left."""
    used: dict[PauseReason, timedelta] = {}
    spans: list[PauseSpan] = []
    for pause in asked:
        allowed = rule(pause.reason)
        if allowed is None:
            continue
        spent = used.get(pause.reason, timedelta())
        length = min(pause.until - pause.since, allowed.max_once, allowed.max_total - spent)
        if length > timedelta():
            used[pause.reason] = spent + length
            spans.append((pause.since, pause.since + length))
    return tuple(spans)


def in_force(
    clock: ClockName, steps: Sequence[Step], pauses: Sequence[PauseSpan], promise: Promise | None
) -> tuple[InForce, ...]:
    """The due and warning times of a clock over time: one entry for each step of the effective priority.

    A stricter priority adds a target counted from that instant, a milder one softens every stricter entry; the
    earliest of the entries is in force.
    """
    entries: list[tuple[datetime, Priority]] = []
    found: list[InForce] = []
    for step in steps:
        entries = _restack(entries, step)
        times = [
            times
            for n, entry in enumerate(entries)
            if (times := _times(clock, step, entry, pauses, promise if n == 0 else None)) is not None
        ]
        if times:
            found.append(InForce(step.since, min(due for due, _ in times), min(warn for _, warn in times)))
    return tuple(found)


def _restack(entries: list[tuple[datetime, Priority]], step: Step) -> list[tuple[datetime, Priority]]:
    # P1 < P2 as text, so the smaller is the stricter.
    if not entries or step.priority < min(priority for _, priority in entries):
        return [*entries, (step.since, step.priority)]
    return [(since, max(priority, step.priority)) for since, priority in entries]


def _times(
    clock: ClockName,
    step: Step,
    entry: tuple[datetime, Priority],
    pauses: Sequence[PauseSpan],
    promise: Promise | None,
) -> tuple[datetime, datetime] | None:
    start, priority = entry
    target = step.target(priority, clock)
    if target is None:
        return None
    calendar = step.calendars[target.calendar]
    if target.duration is not None:
        amount: timedelta = target.duration
        due = calendar.add(start, amount)
    else:
        due = calendar.add_days(start, target.working_days or 0)
        amount = calendar.time_between(start, due)
    if clock is not ClockName.FIX:
        return due, calendar.add(start, _part(amount, step.fraction))
    if promise is not None and (promise.alone or promise.at < due):
        due, amount = promise.at, calendar.time_between(start, promise.at)
    warn = calendar.add(start, _part(amount, step.fraction))
    if promise is not None and warn > due:
        warn = due
    return _paused(calendar, start, due, pauses), _paused(calendar, start, warn, pauses)


def _part(amount: timedelta, fraction: float) -> timedelta:
    return timedelta(seconds=int(amount.total_seconds() * fraction))


def _paused(calendar: Calendar, start: datetime, due: datetime, pauses: Sequence[PauseSpan]) -> datetime:
    for since, until in pauses:
        if since >= due:
            break
        counted = max(since, start)
        if counted < until:
            due = calendar.add(due, calendar.time_between(counted, until))
    return due


def first_reached(
    forces: Sequence[InForce], start: datetime, end: datetime | None, due: Callable[[InForce], datetime]
) -> datetime | None:
    """The first instant of [start, end) at which the time in force is reached, or None if it never is.

    The last entry holds for good, so the instant may lie in the future.
    """
    for n, force in enumerate(forces):
        until = forces[n + 1].since if n + 1 < len(forces) else None
        at = max(due(force), force.since, start)
        if (until is None or at < until) and (end is None or at < end):
            return at
    return None


def last_stretch(
    forces: Sequence[InForce], start: datetime, end: datetime | None
) -> tuple[datetime, datetime | None] | None:
    """The last stretch of [start, end) in which the warning time in force had passed, or None.

    A fall of priority may move the warning time beyond the instant and so end a stretch early.
    """
    found: tuple[datetime, datetime | None] | None = None
    for n, force in enumerate(forces):
        until = forces[n + 1].since if n + 1 < len(forces) else None
        stop = end if until is None or (end is not None and end < until) else until
        at = max(force.warn, force.since, start)
        if stop is not None and at >= stop:
            continue
        found = (found[0], stop) if found is not None and found[1] == at else (at, stop)
    return found
