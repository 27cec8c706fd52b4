"""Nights: who is missing, what that is escalated as, and when time alone will change it next.

The rules are docs/RULES.md, section 4. Everything is a function of the night's events, whatever their order, of the
policy and of now; no event is needed.
"""

from datetime import date, datetime, timedelta
from typing import Final

from models.decision import Condition, CoverState, NightReckoning, NightState
from models.ids import night_id
from models.premises import Premises
from models.shift_cover import CoverWithdrawn, Supplier
from workorders.history import Arranged
from workorders.night_contested import contest
from workorders.night_course import Course, Stretch, follow, next_change
from workorders.night_fold import STATUS_AFTER, Cover
from workorders.night_plan import NightPolicy, nights_in_play, plan_night
from workorders.night_words import shortage_reason
from workorders.order_fold import FIRST_SPELL

__all__ = ["NOT_CONFIRMED", "NightPolicy", "nights_in_play", "reckon_night"]

NOT_CONFIRMED: Final = "not-confirmed"
"""The label of a night about which nobody has said anything."""

_MINUTE: Final = timedelta(minutes=1)


def reckon_night(
    premises: Premises, night: date, arranged: Arranged, policy: NightPolicy, now: datetime
) -> NightReckoning:
    """The night at ``now`` from its history, put in order; each condition is the latest stretch in which it held."""
    plan = plan_night(premises, night, policy)
    kept = arranged.kept
    course = follow(kept, plan, now)
    contested = contest(arranged, plan, now)
    latest = {stretch.kind: stretch for stretch in course.stretches}
    conditions = [_condition(stretch, course) for stretch in latest.values()]
    if contested.condition is not None:
        conditions.append(contested.condition)
    next_at = next_change(course, kept, now)
    if contested.next_at is not None and (next_at is None or contested.next_at < next_at):
        next_at = contested.next_at
    fold = course.fold
    state = NightState(
        subject=night_id(premises.id, night.isoformat()),
        premises=premises.id,
        night=night,
        starts=plan.starts,
        ends=plan.ends,
        required=fold.required,
        own_staff=fold.own_staff,
        confirmed=course.taken > 0,
        deficit=_missing(course, now),
        covers=tuple([_cover(cover, now) for cover in sorted(fold.covers.values(), key=_by_start)]),
        short=tuple(course.short),
        uncovered_minutes=course.uncovered // _MINUTE,
        agency_minutes=course.agency // _MINUTE,
        own_minutes=course.own // _MINUTE,
        contingency_minutes=course.contingency // _MINUTE,
        cost_pence=sum([cover.cost_pence for cover in fold.covers.values()]),
        ignored=(*arranged.ignored, *fold.ignored()),
        policy_version=policy.version,
        next_due_at=next_at,
    )
    return NightReckoning(state, tuple(conditions), next_at)


def _missing(course: Course, now: datetime) -> int:
    """How many people are missing now, or before the window at its start; after it nobody is."""
    if now >= course.fold.plan.ends:
        return 0
    return (course.look or course.fold.look(now)).missing


def _condition(stretch: Stretch, course: Course) -> Condition:
    return Condition(
        stretch.kind,
        "",
        FIRST_SPELL,
        stretch.onset,
        stretch.end,
        stretch.end_reason,
        ((stretch.onset, None),),
        shortage_reason(stretch, course.fold),
        labels=() if course.taken else (NOT_CONFIRMED,),
        happened_at=stretch.by.event.time if stretch.by else None,
        heard_at=stretch.by.heard if stretch.by else None,
    )


def _cover(cover: Cover, now: datetime) -> CoverState:
    ended = cover.ended_by
    notice = max(0, (cover.starts - ended.time) // _MINUTE) if type(ended) is CoverWithdrawn else None
    return CoverState(
        cover.ref,
        Supplier.OWN if cover.own else Supplier.AGENCY,
        cover.contingency,
        cover.starts,
        cover.until,
        _status(cover, now),
        cover.checked_in_at,
        ended.time if ended is not None else None,
        notice,
        cover.cost_pence,
    )


def _status(cover: Cover, now: datetime) -> str:
    """What has become of the cover: how it ended, or whether the person has come."""
    if cover.ended_by is not None:
        return STATUS_AFTER[type(cover.ended_by)]
    if cover.starts == cover.until:
        return "outside-window"
    if cover.checked_in_at is not None:
        return "checked-in"
    return "confirmed" if now < cover.counts_until else "no-check-in"


def _by_start(cover: Cover) -> tuple[datetime, str]:
    return cover.starts, cover.ref
