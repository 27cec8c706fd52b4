"""The plain sentences that are said about nights, with times as people of the zone read them."""

from datetime import UTC, datetime, timedelta
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
_NOTHING: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
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
    look, since = stretch.look, clock(stretch.missing_from, fold.plan)
    who, cause = _who(look), _cause(stretch, fold)
    if look.worst > look.first:
        return f"{who} missing from {since} (later {look.worst}); {cause}."
    return f"{who} missing from {since}; {cause}."


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
    local = at.astimezone(plan.zone)
    text = f"{local.hour:02}:{local.minute:02}"
    if not plan.ends - _DAY < at <= plan.ends:
        text = f"{local:%a %d %b %Y} {text}"
    return f"{text} {local.tzname()}" if plan.clocks_change else text


def _who(look: Look) -> str:
    """The people of the first shortage, by whichever requirement is the furthest from being met."""
    standing = [cover for cover in look.counted if cover.spans(look.since)]
    if look.required - len(standing) == look.first:
        return f"{look.first} of {look.required} {'person' if look.required == 1 else 'people'}"
    if look.own_staff - sum(cover.own for cover in standing) == look.first:
        return f"{look.first} of {look.own_staff} own staff"
    return f"By report {look.first} {'person' if look.first == 1 else 'people'}"


def _cause(stretch: Stretch, fold: NightFold) -> str:
    """The latest that went wrong and was not put right, or else that nobody has said anything."""
    end = stretch.end or _NEVER
    event = next((one for one in reversed(fold.ends) if one.time < end and not fold.stands(one.data.cover_ref)), None)
    counted = [cover.ref for cover in stretch.look.counted]
    absent: Cover | None = None
    for cover in fold.covers.values():
        if cover.ended_by is None and cover.ref not in counted and cover.counts_until < end:
            absent = cover
    if absent is not None and (event is None or event.time < absent.counts_until):
        return f"cover {absent.ref} has not checked in by {clock(absent.counts_until, fold.plan)}"
    if event is not None:
        return _happened(event, fold.plan)
    return "nobody else is confirmed" if fold.covers else "nobody has confirmed any cover"


def _happened(event: EndOfCover, plan: NightPlan) -> str:
    """What ended a cover, and how long before or after the start."""
    what = f"{_WHAT_HAPPENED[type(event)]} at {clock(event.time, plan)}"
    if type(event) is CoverMissingReported and event.data.cover_ref is None:
        return f"{event.data.missing} more {what}"
    return f"cover {event.data.cover_ref} {what}, {_notice(plan.starts - event.time)}"


def _notice(before: timedelta) -> str:
    """How long before or after the start, in minutes, or from three hours on in hours, both rounded down."""
    side = "before" if before >= _NOTHING else "after"
    minutes = abs(before) // _MINUTE
    return f"{minutes} minutes {side} the start" if minutes < 180 else f"{minutes // 60} hours {side} the start"
