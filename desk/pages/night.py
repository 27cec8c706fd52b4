"""One night: who is required, who comes, who lacks and when; who has been told, who is next; and all that was heard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from desk.access.rights import Action, may
from desk.pages.missing import HERE as MISSING
from desk.pages.navigation import subject_address
from desk.pages.night_drawing import night_drawing
from desk.pages.night_forms import FORMS
from desk.pages.night_reading import REPORT, NightRead, ladders, read_night
from desk.pages.night_saying import ONE
from desk.pages.night_saying import routes as forms
from desk.pages.night_times import EARLY
from desk.pages.night_words import (
    AWAITED,
    BAD,
    STATUSES,
    STILL_MADE,
    clock,
    headcounts,
    hours_of,
    is_more_than_names_show,
    people,
    shortages,
)
from desk.pages.rendering import page
from desk.pages.sentences import night_day, role_name, what
from desk.pages.timeline import timeline
from desk.pages.timeline_words import CHANNELS
from desk.pages.visitors import Visit, allowed, can_say
from desk.views.nights_ahead import NightAhead
from desk.words import _, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

_COMING: Final = (
    N_("If somebody is still missing then, the first roles are told"),
    N_("If somebody is still missing then, the night is escalated as uncovered"),
)


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that may be said about the night, and where."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An instant at which the rules look at the night next, and what that means."""

    at: datetime
    text: str


def routes() -> list[Route]:
    """The address of a night, and those of what may be said about it."""
    return [Route(ONE, allowed(Action.READ_NIGHTS, show_night), methods=["GET"]), *forms()]


async def show_night(visit: Visit) -> Response:
    """Everything about one night."""
    read = await read_night(visit)
    night, desk = read.night, visit.caller.desk
    plan, state = night.outlook.plan, night.outlook.state
    confirmed, here = headcounts(night)
    return page(
        visit.request, "night.html", 200,
        night=night, now=desk.now, day=night_day(night.subject), where=night.premises.name,
        status=_(STATUSES[night.status]), is_bad=night.status in BAD, lacks=shortages(night, desk),
        over=desk.now >= plan.ends, is_now=plan.starts <= desk.now < plan.ends,
        begins=clock(plan.starts, night, desk), ends=clock(plan.ends, night, desk),
        confirmed=confirmed, here=here, cost=spoken().pounds(state.cost_pence) if state.cost_pence else "",
        told=[role_name(desk, one) for one in night.told], address=subject_address(night.premises.id, night.subject),
        people=people(night, desk), hours=hours_of(night, desk), is_more=is_more_than_names_show(night),
        drawing=night_drawing(night, desk),
        ladders=ladders(read, visit), checkpoints=_checkpoints(night, desk.now), what=what, channels=_channels,
        doings=_doings(visit, read), can_acknowledge=may(visit.caller.key.holder, Action.ACKNOWLEDGE),
        shown=[one for one in ("check-in", "withdraw") if _is_offered(visit, one, night)],
        timeline=timeline(visit, read.why.subject, read.notices) if read.why is not None else None,
    )  # fmt: skip


def _channels(kind: str) -> str:
    return _(CHANNELS[kind]) if kind in CHANNELS else kind


def _doings(visit: Visit, read: NightRead) -> list[Doing]:
    """What this role may say about the night while it has not ended; the forms judge it anew."""
    night = read.night
    if visit.caller.desk.now >= night.outlook.plan.ends:
        return []
    address = subject_address(night.premises.id, night.subject)
    found = [
        Doing(_(form.heading), f"{address}/{name}") for name, form in FORMS.items() if _is_offered(visit, name, night)
    ]
    if can_say(visit, REPORT):
        found.append(Doing(_("Report missing cover"), f"{MISSING}?premises={night.premises.id}"))
    return found


def _is_offered(visit: Visit, name: str, night: NightAhead) -> bool:
    return can_say(visit, FORMS[name].operation) and _means_something(visit, name, night)


def _means_something(visit: Visit, name: str, night: NightAhead) -> bool:
    """Whether there is anybody whom the form could be about."""
    statuses = {one.status for one in night.outlook.state.covers}
    if name == "check-in":
        comes = visit.caller.desk.now >= night.outlook.plan.starts - EARLY
        return comes and bool(statuses & AWAITED)
    return name != "withdraw" or bool(statuses & STILL_MADE)


def _checkpoints(night: NightAhead, now: datetime) -> list[Checkpoint]:
    """When the rules look at the night next, while somebody is missing and it is not escalated as uncovered."""
    plan = night.outlook.plan
    escalated = any(
        str(one.condition.kind) == "uncovered-night" and one.condition.end is None for one in night.outlook.ladders
    )
    if not night.worst or escalated:
        return []
    instants = zip((plan.warn_at, plan.escalate_at), _COMING, strict=True)
    return [Checkpoint(at, _(text)) for at, text in instants if at > now]
