"""How an order stands, in plain words: its state, its priority and what was said of it, and each of its clocks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from desk.opening import Desk
from desk.pages.order_reading import OrderRead
from desk.views.explaining import TargetLine
from desk.words import _, many, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from desk.words.dates import written
from models.calendar import WEEKDAYS, CalendarSpec
from models.decision import ClockState, OrderState
from models.escalation import ClockName
from models.policy import Target
from models.work_order import Priority
from workorders.calendars import BeyondCalendar
from workorders.policy import Policy

CLOCKS: Final[Mapping[ClockName, str]] = {
    ClockName.ATTEND: N_("Respond"),
    ClockName.MAKE_SAFE: N_("Make safe"),
    ClockName.FIX: N_("Repair"),
}
FACTS: Final[Mapping[str, str]] = {
    "premises_kind": N_("Kind of premises"),
    "asset": N_("What is broken"),
    "fault": N_("What is wrong with it"),
    "impacts": N_("What it endangers"),
    "alternative_available": N_("Something else can be used meanwhile"),
    "out_of_hours": N_("Raised out of hours"),
    "season": N_("Season"),
    "settled": N_("Settled by the client side"),
}
"""What each fact is called that a priority is decided from."""
_OUTCOMES: Final[Mapping[str, str]] = {
    "done": N_("done"),
    "administrative": N_("for administrative reasons"),
    "no-access": N_("there was no access"),
    "duplicate": N_("it was reported already"),
    "invalid": N_("it should never have been raised"),
    "withdrawn": N_("it was no longer wanted"),
}
_MONDAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock in words, with what its drawing needs. ``until``: when it was met or ended, or now while it runs.

    ``hours`` are the stretches in which it runs, None if at all times; ``hours_said`` says it in words.
    """

    name: str
    state: str
    is_bad: bool
    clock: ClockState
    until: datetime
    pauses: Sequence[tuple[datetime, datetime]]
    hours: Sequence[tuple[datetime, datetime]] | None
    hours_said: str


def state_said(state: OrderState) -> str:
    """Whether it is outstanding, in one sentence."""
    if state.status == "orphan":
        return _("Nobody has raised it: what was said of it waits for that.")
    if state.status == "void":
        return _("Nothing is left of it: what was said of it was taken back.")
    if state.ended_at is None:
        if state.paused_until is not None:
            until = spoken().moment(state.paused_until)
            return _("Open. The clock for the repair is paused until {moment}.", moment=until)
        return _("Open.") if state.spell == "first" else _("Open again: the work was rejected as not to standard.")
    at = spoken().moment(state.ended_at)
    if state.status == "completed":
        return _("Reported done, {moment}.", moment=at)
    outcome = _(_OUTCOMES[state.outcome]) if state.outcome in _OUTCOMES else state.outcome
    if state.status == "closed":
        return _("Closed, {moment}: {outcome}.", moment=at, outcome=outcome)
    return _("Withdrawn, {moment}: {outcome}.", moment=at, outcome=outcome)


def clock_rows(read: OrderRead, desk: Desk) -> list[ClockRow]:
    """The clocks that run or ran, as they stand now."""
    known = read.state.classification
    policy = desk.world.policies.by_version(known.policy_version) if known is not None else None
    rules = policy or desk.world.policies.at(desk.now)
    return [_row(read, one, rules, desk) for one in read.state.clocks]


def _row(read: OrderRead, clock: ClockState, policy: Policy, desk: Desk) -> ClockRow:
    pauses = read.pauses if clock.name is ClockName.FIX else ()
    until = clock.met or clock.ended_unmet or read.state.ended_at or desk.now
    began = [(since, min(end, until)) for since, end in pauses if since < until]
    spec = _calendar(read, clock, policy)
    state, is_bad = _state(clock, desk.now, read.state)
    return ClockRow(
        name=_(CLOCKS[clock.name]), state=state, is_bad=is_bad, clock=clock, until=until, pauses=began,
        hours=_hours(policy, spec, clock.start, max(clock.due, until)) if spec is not None else None,
        hours_said=hours_said(policy.spec.calendars[spec]) if spec is not None else _("at all hours"),
    )  # fmt: skip


def _state(clock: ClockState, now: datetime, order: OrderState) -> tuple[str, bool]:
    found, is_bad = _plain_state(clock, now, order)
    return (_("{state} (contested)", state=found), True) if clock.contested else (found, is_bad)


def _plain_state(clock: ClockState, now: datetime, order: OrderState) -> tuple[str, bool]:
    if clock.met is not None:
        if clock.met <= clock.due:
            return _("met in time"), False
        return _("met {length} late", length=spoken().span(clock.met - clock.due)), True
    if clock.ended_unmet is not None:
        return _("ended without it"), clock.breached_at is not None
    if clock.due <= now:
        return _("missed, {length} ago", length=spoken().span(now - clock.due)), True
    left = spoken().span(clock.due - now)
    if clock.breached_at is not None:
        return _("was missed as it counted then, now due in {length}", length=left), True
    if clock.name is ClockName.FIX and order.paused_until is not None:
        return _("paused, due in {length} at the earliest", length=left), False
    return _("due in {length}", length=left), False


def _target(read: OrderRead, clock: ClockName, policy: Policy) -> Target | None:
    """The target that gives a clock its due time."""
    known = read.state.classification
    if known is None:
        return None
    line = next((one for one in read.why.targets if one.clock == clock), None)
    level = Priority(line.counts_as) if line is not None and line.counts_as is not None else known.effective
    facts = dict(known.facts)
    return policy.target(level, clock, facts["asset"], facts["fault"])


def _calendar(read: OrderRead, clock: ClockState, policy: Policy) -> str | None:
    """The calendar in which a clock runs; None if it runs at all times."""
    target = _target(read, clock.name, policy)
    if target is None or policy.spec.calendars[target.calendar].always:
        return None
    return target.calendar


def _hours(policy: Policy, name: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches in which a calendar is open; none where its holidays are not known."""
    with suppress(BeyondCalendar):
        return policy.calendars[name].intervals(since, until)
    return []


@dataclass(frozen=True, slots=True)
class TargetRow:
    """What one clock allows: ``allowed`` in words; ``counts_as`` is None where a promise or a pause has moved it."""

    name: str
    allowed: str
    counts_as: str | None
    counted_from: datetime


def target_rows(read: OrderRead, desk: Desk) -> list[TargetRow]:
    """What each clock allows, in the order of the clocks."""
    known = read.state.classification
    policy = desk.world.policies.by_version(known.policy_version) if known is not None else None
    rules = policy or desk.world.policies.at(desk.now)
    return [
        TargetRow(_(CLOCKS[ClockName(one.clock)]), _allowed(read, one, rules), one.counts_as,
                  one.counted_from or one.started_at)
        for one in read.why.targets
    ]  # fmt: skip


def _allowed(read: OrderRead, line: TargetLine, policy: Policy) -> str:
    target = _target(read, ClockName(line.clock), policy)
    if target is None:
        return line.allows
    hours = hours_said(policy.spec.calendars[target.calendar])
    if target.duration is not None:
        return _("{length}, {hours}", length=spoken().span(target.duration), hours=hours)
    days = target.working_days or 0
    return many("{n} working day, {hours}", "{n} working days, {hours}", days, hours=hours)


def hours_said(spec: CalendarSpec) -> str:
    """The hours of a calendar in words: ``Monday to Friday 09:00-17:00, but not on holidays``."""
    if spec.week is None:
        return _("at all hours")
    week = [(n, windows) for n, windows in enumerate(spec.week.days()) if windows]
    parts = []
    for windows, group in groupby(week, key=lambda day: day[1]):
        days = [n for n, _windows in group]
        first, last = (_weekday(n) for n in (days[0], days[-1]))
        together = len(days) > 1 and days[-1] - days[0] == len(days) - 1
        name = _("{first} to {last}", first=first, last=last) if together else ", ".join(map(_weekday, days))
        parts.append(f"{name} {', '.join(windows)}")
    found = "; ".join(parts)
    has_holidays = spec.holidays is not None or spec.extra_holidays
    return _("{hours}, but not on holidays", hours=found) if has_holidays else found


def _weekday(n: int) -> str:
    assert 0 <= n < len(WEEKDAYS)  # noqa: S101 - the days of a week
    return written(_MONDAY + timedelta(days=n), "EEEE", spoken().language)
