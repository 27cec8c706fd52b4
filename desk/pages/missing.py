"""Report missing cover: from opening to receipt in at most four taps and without typing, on any telephone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.responses import RedirectResponse, Response

from desk.api import operations
from desk.api.finding import night_named
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import About, Once, receipt_body, told
from desk.opening import Desk
from desk.pages.forms import is_once, new_once
from desk.pages.navigation import MISSING, subject_address
from desk.pages.rendering import page
from desk.pages.sentences import night_day, place_name, role_name
from desk.pages.visitors import Visit
from desk.pages.voices import event_type
from desk.telling.nights import window
from desk.views.coming import LadderKey, read_ahead
from desk.views.escalations import EscalationLine
from desk.views.receipts import read_submission
from desk.views.subject import SubjectView, read_subject
from desk.words import _
from models.decision import NightState, Reached
from models.escalation import EscalationKind
from models.ids import night_id
from models.premises import PremisesKind
from streams.ledger import notices
from streams.notices.notice import Fate, Notice

HERE: Final = MISSING
REPORT: Final = operations.OF_NIGHT[0]
NIGHTS_OFFERED: Final = 4
"""Tonight and the next ones; what is further ahead has time to be said to the agency."""
MOST: Final = 4
"""How many people can be said to be missing by one tap."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night that can be reported: its date, and from when until when it is."""

    id: str
    day: str
    starts: datetime
    ends: datetime
    is_now: bool


@dataclass(frozen=True, slots=True)
class Next:
    """The next role that is told, and when at the latest."""

    role: str
    at: datetime


async def show_missing(visit: Visit) -> Response:
    """The premises, where there are several; then the night and how many, with tonight and one chosen already."""
    places = _places(visit)
    asked = visit.request.query_params.get("premises")
    chosen = places[0][0] if len(places) == 1 else asked
    if chosen is None:
        return page(visit.request, "missing-where.html", HTTPStatus.OK, places=places)
    if chosen not in dict(places):
        raise missing("premises")
    return _form(visit, chosen, {}, new_once())


async def report_missing(visit: Visit) -> Response:
    """Report it by the API's own operation, once however often the form comes."""
    form, once = visit.form, visit.form.one("once")
    premises, night, number = form.one("premises"), form.one("night"), form.one("missing")
    if premises not in dict(_places(visit)):
        raise missing("premises")
    faults = {}
    if night not in [one.id for one in _nights(visit.caller.desk)]:
        faults["night"] = _("Choose the night")
    if number not in [str(n) for n in range(1, MOST + 1)] or not is_once(once):
        faults["missing"] = _("Choose how many people are missing")
    if faults:
        return _form(visit, premises, faults, once or new_once(), night, number)
    subject = night_named(visit.caller, premises, night)
    id_ = str(uuid5(NAMESPACE_URL, f"{visit.caller.key.source} {subject} {once}"))
    receipt = await told(visit.caller, REPORT, About(premises, subject), {"missing": int(number)}, Once(once, id_))
    return RedirectResponse(f"{HERE}/reported?r={receipt.reference}", HTTPStatus.SEE_OTHER)


async def show_reported(visit: Visit) -> Response:
    """The receipt: who has been told by now, and who is told next and when."""
    caller, desk = visit.caller, visit.caller.desk
    wanted = read_reference(visit.request.query_params.get("r", ""))
    async with caller.place.ledger.reading() as connection:
        found = await read_submission(connection, wanted) if wanted is not None else None
        if found is None or found.type != event_type(REPORT) or not caller.reaches(found.premises):
            raise missing("receipt")
        await caller.note(found.receipt)
        receipt = receipt_body(caller, found)
        view, key = None, (found.premises, found.subject)
        coming: Mapping[LadderKey, Reached] = {}
        sent: Mapping[UUID, Sequence[Notice]] = {}
        if receipt.taken and receipt.refusal is None:
            view = await read_subject(connection, desk.world, desk.now, found.subject, found.premises)
            coming = (await read_ahead(connection, desk.world, desk.now, [key]))[key].coming
            sent = await notices.of(connection, [one.id for one in _standing(view)])
    standing = _standing(view)
    reached = {one.id for one in standing if any(two.outcome == Fate.ACCEPTED for two in sent.get(one.id, ()))}
    return page(
        visit.request, "missing-reported.html", HTTPStatus.OK,
        receipt=receipt, where=place_name(desk, found.premises), day=night_day(found.subject),
        night=subject_address(found.premises, found.subject),
        told=[(role_name(desk, one.role), one.first_said_at) for one in standing if one.id in reached],
        waiting=[(role_name(desk, one.role), one.first_said_at) for one in standing if one.id not in reached],
        following=_next(desk, standing, coming),
        later=_later(view, standing),
    )  # fmt: skip


def _standing(view: SubjectView | None) -> Sequence[EscalationLine]:
    lines = view.escalations if view is not None else ()
    return [one for one in lines if one.standing and one.kind == EscalationKind.UNCOVERED_NIGHT]


def _next(desk: Desk, standing: Sequence[EscalationLine], coming: Mapping[LadderKey, Reached]) -> Next | None:
    """The next rung of the ladder that has begun, should nothing else be heard."""
    found = [one for ladder, one in coming.items() if ladder[0] is EscalationKind.UNCOVERED_NIGHT]
    first = min(found, key=lambda one: one.due_at, default=None)
    return Next(role_name(desk, first.role), first.due_at) if first is not None and standing else None


def _later(view: SubjectView | None, standing: Sequence[EscalationLine]) -> datetime | None:
    """When the night is looked at next, where nobody need be told yet."""
    state = view.state if view is not None else None
    return state.next_due_at if isinstance(state, NightState) and not standing else None


def _form(
    visit: Visit, premises: str, faults: dict[str, str], once: str, night: str = "", number: str = "1"
) -> Response:
    """The form with what was chosen before; the first night where none was, or one that is not offered any more."""
    desk = visit.caller.desk
    nights = _nights(desk)
    offered = [one.id for one in nights]
    night = night if night in offered else offered[0]
    return page(
        visit.request, "missing.html", HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        premises=premises, where=place_name(desk, premises), nights=nights, night=night,
        number=number, most=MOST, faults=faults, once=once, several=len(_places(visit)) > 1,
    )  # fmt: skip


def _nights(desk: Desk) -> list[Night]:
    """The nights that have not ended, the one that is going on or comes first."""
    today = desk.now.astimezone(desk.zone).date()
    found = [_night(desk, today + timedelta(days=n)) for n in range(-1, NIGHTS_OFFERED + 1)]
    return [one for one in found if one.ends > desk.now][:NIGHTS_OFFERED]


def _night(desk: Desk, night: date) -> Night:
    subject = night_id("any", night.isoformat())
    starts, ends = window(desk, subject)
    return Night(night.isoformat(), night_day(subject), starts, ends, starts <= desk.now < ends)


def _places(visit: Visit) -> list[tuple[str, str]]:
    """The approved premises within reach, with their names."""
    desk = visit.caller.desk
    found = [
        (one.id, one.name) for one in desk.world.estates.at(desk.now).spec.premises
        if one.kind is PremisesKind.APPROVED_PREMISES and one.holds_at(desk.now) and visit.caller.reaches(one.id)
    ]  # fmt: skip
    if not found:
        sentence = _("Your role has no approved premises within its reach.")
        raise Problem(HTTPStatus.FORBIDDEN, "not-permitted", sentence)
    return found
