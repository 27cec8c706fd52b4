"""What one night asks for before anything is known of it: its window, its checkpoints and its requirement."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from models.policy import PolicySpec
from models.premises import Premises
from workorders.wall_clock import night_window, zone_named

_DAY: Final = timedelta(days=1)


class NightPolicy(Protocol):
    """As much of a policy version as a night needs."""

    @property
    def version(self) -> str:
        """The content hash of the version."""

    @property
    def spec(self) -> PolicySpec:
        """The rules, those of nights among them."""

    def late_after(self, role: str) -> timedelta | None:
        """How long after its time a report of the role may be heard before it is late; None: never late."""


@dataclass(frozen=True, slots=True)
class NightPlan:
    """One night's window and checkpoints, and who it needs by the policy.

    A night that is not watched needs nobody. A withdrawal or an early leaving at or after ``sudden_from`` is escalated
    at once. ``clocks_change`` says that the window is not as long as the clock on the wall shows.
    """

    starts: datetime
    ends: datetime
    warn_at: datetime
    escalate_at: datetime
    sudden_from: datetime
    check_in_grace: timedelta
    required: int
    own_staff: int
    watched: bool
    zone: ZoneInfo
    clocks_change: bool


def plan_night(premises: Premises, night: date, policy: NightPolicy) -> NightPlan:
    """The night that begins on the local date, by the policy version."""
    rules = policy.spec.nights
    plan = _plan(
        night,
        (rules.starts, rules.ends, rules.zone),
        (rules.warn_before, rules.escalate_before, rules.sudden_within, rules.check_in_grace),
        (rules.required, rules.own_staff),
        premises.watched_from,
    )
    return plan if premises.holds_at(plan.starts) else replace(plan, required=0, own_staff=0, watched=False)


def nights_in_play(
    premises: Premises, policy: NightPolicy, after: datetime, now: datetime, horizon: timedelta
) -> Iterator[date]:
    """The dates of the watched nights that end after ``after`` and have a checkpoint by ``now + horizon``, in order.

    Nights in play need no event: each of them must be reckoned when its ``next_at`` comes.
    """
    if premises.watched_from is None:
        return
    rules = policy.spec.nights
    until = now + horizon
    night = max(after, premises.watched_from).astimezone(zone_named(rules.zone)).date() - _DAY
    plan = plan_night(premises, night, policy)
    while min(plan.warn_at, plan.escalate_at) <= until:
        if plan.watched and plan.ends > after:
            yield night
        night += _DAY
        plan = plan_night(premises, night, policy)


@lru_cache(maxsize=4096)
def _plan(
    night: date,
    window: tuple[time, time, str],
    checkpoints: tuple[timedelta, timedelta, timedelta, timedelta],
    needed: tuple[int, int],
    watched_from: datetime | None,
) -> NightPlan:
    """The plan, kept for the next time: a night is reckoned again at each of its events and checkpoints."""
    zone = zone_named(window[2])
    starts, ends = night_window(night, *window)
    warn_before, escalate_before, sudden_within, check_in_grace = checkpoints
    watched = watched_from is not None and watched_from <= starts
    return NightPlan(
        starts,
        ends,
        starts - warn_before,
        starts - escalate_before,
        starts - sudden_within,
        check_in_grace,
        needed[0] if watched else 0,
        needed[1] if watched else 0,
        watched,
        zone,
        starts.astimezone(zone).utcoffset() != ends.astimezone(zone).utcoffset(),
    )
