"""The three clocks of an order: what is due when, what was breached, and when a warning is due.

Source of the rules: docs/RULES.md, section 2, 6 to 10. Times are UTC instants; working time is measured in the calendar
of the target that it belongs to.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from models.escalation import ClockName
from models.policy import PauseRule, Target
from models.work_order import PauseReason, Priority
from workorders.calendars import Calendar

PauseSpan = tuple[datetime, datetime]
_Entry = tuple[datetime, Priority]

REMEMBERED: Final = 65_536
NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The due time of a clock while its priority has no target for it."""


class _Unpaused(NamedTuple):
    """The times of one target before pauses, and the calendar in which pauses are measured."""

    calendar: Calendar
    due: datetime
    warn: datetime


@dataclass(slots=True)
class Asked:
    """A pause as it was asked for: its stretch after an early end, and its reason."""

    since: datetime
    until: datetime
    reason: PauseReason


@dataclass(slots=True)
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


class TargetRules(Hashable, Protocol):
    """What the clocks ask of a policy; policies with the same rules are equal and hash alike."""

    @property
    def calendars(self) -> Mapping[str, Calendar]:
        """The calendars by name."""

    @property
    def warning_fraction(self) -> float:
        """After which part of its working time a clock warns."""

    def target(self, priority: Priority, clock: ClockName, asset: str, fault: str) -> Target | None:
        """What the clock allows; None if it does not run."""


class Step(NamedTuple):
    """From ``since`` on the order has this effective priority, asset and fault, judged by these rules."""

    since: datetime
    priority: Priority
    rules: TargetRules
    asset: str
    fault: str


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
    entries: list[_Entry] = []
    found: list[InForce] = []
    runs = False
    for step in steps:
        entries = _restack(entries, step)
        due = warn = NEVER
        for n, entry in enumerate(entries):
            times = _times(clock, step, entry, pauses, promise if n == 0 else None)
            if times is not None:
                due, warn = min(due, times[0]), min(warn, times[1])
        runs = runs or due is not NEVER
        found.append(InForce(step.since, due, warn))
    return tuple(found) if runs else ()


def _restack(entries: list[_Entry], step: Step) -> list[_Entry]:
    # P1 < P2 as text, so the smaller is the stricter.
    if not entries or step.priority < min(priority for _, priority in entries):
        return [*entries, (step.since, step.priority)]
    return [(since, max(priority, step.priority)) for since, priority in entries]


# A pause or a change of priority leaves the times before it as they were: they are remembered.
@lru_cache(maxsize=REMEMBERED)
def _unpaused(
    rules: TargetRules, clock: ClockName, priority: Priority, asset: str, fault: str, start: datetime
) -> _Unpaused | None:
    target = rules.target(priority, clock, asset, fault)
    if target is None:
        return None
    calendar = rules.calendars[target.calendar]
    if target.duration is not None:
        amount: timedelta = target.duration
        due = calendar.add(start, amount)
    else:
        due = calendar.add_days(start, target.working_days or 0)
        amount = calendar.time_between(start, due)
    return _Unpaused(calendar, due, calendar.add(start, _part(amount, rules.warning_fraction)))


def _times(
    clock: ClockName, step: Step, entry: _Entry, pauses: Sequence[PauseSpan], promise: Promise | None
) -> tuple[datetime, datetime] | None:
    start, priority = entry
    found = _unpaused(step.rules, clock, priority, step.asset, step.fault, start)
    if found is None:
        return None
    calendar, due, warn = found
    if clock is not ClockName.FIX:
        return due, warn
    if promise is not None and (promise.alone or promise.at < due):
        due, amount = promise.at, calendar.time_between(start, max(start, promise.at))
        warn = min(due, calendar.add(start, _part(amount, step.rules.warning_fraction)))
    return _paused(calendar, start, due, pauses), _paused(calendar, start, warn, pauses)


# Most orders are given one of a few lengths of time.
@lru_cache(maxsize=REMEMBERED)
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


def force_at(forces: Sequence[InForce], at: datetime) -> InForce | None:
    """What is in force at the instant; None before the first."""
    for force in reversed(forces):
        if force.since <= at:
            return force
    return None


def first_reached(forces: Sequence[InForce], start: datetime, end: datetime | None) -> datetime | None:
    """The first instant of [start, end) at which the due time in force is reached, or None if it never is.

    The last entry holds for good, so the instant may lie in the future.
    """
    for n, force in enumerate(forces):
        until = forces[n + 1].since if n + 1 < len(forces) else None
        at = max(force.due, force.since, start)
        if at != NEVER and (until is None or at < until) and (end is None or at < end):
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
        if at == NEVER or (stop is not None and at >= stop):
            continue
        found = (found[0], stop) if found is not None and found[1] == at else (at, stop)
    return found
