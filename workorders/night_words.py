"""The plain sentences that are said about nights, with times as people of the zone read them."""

from datetime import datetime, timedelta
from typing import Final

from models.history import Taken
from models.shift_cover import (
    CoverLeftEarly,
    CoverMissingReported,
    CoverNotAttended,
    CoverRefused,
    CoverStoodDown,
    CoverWithdrawn,
)
from workorders.night_course import Stretch
from workorders.night_fold import Cover, EndOfCover, Look, NightFold
from workorders.night_plan import NightPlan

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_NOTHING: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_WHAT_HAPPENED: Final[dict[type[EndOfCover], str]] = {
    CoverWithdrawn: "was withdrawn",
    CoverRefused: "was refused",
    CoverNotAttended: "was said not to have come",
    CoverLeftEarly: "left",
    CoverMissingReported: "was reported missing",
    CoverStoodDown: "was stood down",
}


def shortage_reason(stretch: Stretch, fold: NightFold) -> str:
    """Who is missing from when, and what brought that about."""
    look, plan = stretch.look, fold.plan
    later = f" (later {look.worst})" if look.worst > look.first else ""
    return f"{_who(look)} missing from {clock(look.since, plan)}{later}; {_cause(stretch, fold)}."


def contested_reason(late: Taken, plan: NightPlan) -> str:
    """Why the client side must settle a late report about the night."""
    return (
        f"Only a report of {clock(late.event.time, plan)}, heard as late as {clock(late.heard, plan)}, keeps the night "
        "from being uncovered; the client side must confirm or refuse it."
    )


def clock(at: datetime, plan: NightPlan) -> str:
    """The time of day at the premises, such as ``18:40``, with the date if it is not within the day before the end.

    On a night on which the clocks change it bears the zone's abbreviation, since an hour then happens twice or never.
    """
    shape = "%H:%M" if plan.ends - _DAY < at <= plan.ends else "%a %d %b %Y %H:%M"
    return at.astimezone(plan.zone).strftime(f"{shape} %Z" if plan.clocks_change else shape)


def _who(look: Look) -> str:
    """The people of the first shortage, by whichever requirement is the furthest from being met."""
    standing = [cover for cover in look.counted if cover.spans(look.since)]
    if look.required - len(standing) == look.first:
        return f"{look.first} of {look.required} people"
    if look.own_staff - sum(cover.own for cover in standing) == look.first:
        return f"{look.first} of {look.own_staff} own staff"
    return f"by report {look.first} people"


def _cause(stretch: Stretch, fold: NightFold) -> str:
    """The latest that went wrong and was not put right, or else that nobody has said anything."""
    counted = {cover.ref for cover in stretch.look.counted}
    causes: list[tuple[datetime, Cover | EndOfCover]] = [
        (cover.counts_until, cover)
        for cover in fold.covers.values()
        if cover.ended_by is None and cover.ref not in counted
    ]
    causes += [(event.time, event) for event in fold.ends if not fold.stands(event.data.cover_ref)]
    within = [cause for cause in causes if stretch.end is None or cause[0] < stretch.end]
    if not within:
        return "nobody else is confirmed" if fold.covers else "nobody has confirmed any cover"
    at, what = max(within, key=lambda cause: cause[0])
    if isinstance(what, Cover):
        return f"cover {what.ref} has not checked in by {clock(at, fold.plan)}"
    return _happened(what, fold.plan)


def _happened(event: EndOfCover, plan: NightPlan) -> str:
    """What ended a cover, and how long before or after the start."""
    happened, at = _WHAT_HAPPENED[type(event)], clock(event.time, plan)
    if isinstance(event, CoverMissingReported) and event.data.cover_ref is None:
        return f"{event.data.missing} not named {happened} at {at}"
    return f"cover {event.data.cover_ref} {happened} at {at}, {_notice(plan.starts - event.time)}"


def _notice(before: timedelta) -> str:
    """How long before or after the start, in minutes up to three hours, then in hours, both rounded down."""
    length, side = (before, "before") if before >= _NOTHING else (-before, "after")
    amount = f"{length // _MINUTE} minutes" if length < 3 * _HOUR else f"{length // _HOUR} hours"
    return f"{amount} {side} the start"
