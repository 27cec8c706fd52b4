"""Report missing cover: from opening to receipt in at most four taps and without typing, on any telephone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.responses import RedirectResponse, Response

from desk.api import operations
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import About, Once, receipt_body, told
from desk.opening import Desk
from desk.pages.forms import is_once, new_once
from desk.pages.missing_nights import offered, read_offered
from desk.pages.navigation import MISSING, subject_address
from desk.pages.rendering import page
from desk.pages.said_before import was_said
from desk.pages.sentences import night_day, place_name, role_name
from desk.pages.visitors import Visit
from desk.pages.voices import event_type
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
MOST: Final = 4
"""How many people can be said to be missing by one tap."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: where, which night, and how many are missing or who; one person whom nobody names, at first."""

    premises: str
    night: str = ""
    number: str = "1"
    person: str = ""

    @property
    def said(self) -> dict[str, Any]:
        """What the report says."""
        return {"cover_ref": self.person} if self.person else {"missing": int(self.number)}


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
    return await _form(visit, Chosen(chosen), {}, new_once())


async def report_missing(visit: Visit) -> Response:
    """Report it by the API's own operation, once however often the form comes."""
    form, once = visit.form, visit.form.one("once")
    chosen = Chosen(form.one("premises"), form.one("night"), form.one("missing"), form.one("person"))
    if chosen.premises not in dict(_places(visit)):
        raise missing("premises")
    faults = _faults(visit, chosen, once)
    subject = night_id(chosen.premises, chosen.night)
    id_ = str(uuid5(NAMESPACE_URL, f"{visit.caller.key.source} {subject} {once}"))
    if await was_said(visit.caller, id_):
        faults.pop("night", None)  # it was to come when it was reported
    elif chosen.person and not faults and (doubt := await _doubt(visit, chosen)):
        faults["person"] = doubt
    if faults:
        return await _form(visit, chosen, faults, once or new_once())
    receipt = await told(visit.caller, REPORT, About(chosen.premises, subject), chosen.said, Once(once, id_))
    return RedirectResponse(f"{HERE}/reported?r={receipt.reference}", HTTPStatus.SEE_OTHER)


def _faults(visit: Visit, chosen: Chosen, once: str) -> dict[str, str]:
    found = {}
    if chosen.night not in [one.isoformat() for one in offered(visit.caller.desk)]:
        found["night"] = _("Choose the night")
    if chosen.number not in [str(n) for n in range(1, MOST + 1)] or not is_once(once):
        found["missing"] = _("Choose how many people are missing")
    elif chosen.person and chosen.number != "1":
        found["person"] = _("Name one person, or say how many are missing whom you cannot name")
    return found


async def _doubt(visit: Visit, chosen: Chosen) -> str:
    """Why the person who was named cannot be meant; they are asked for of the first night only."""
    nights, persons = await read_offered(visit, chosen.premises)
    if chosen.person not in [one.ref for one in persons]:
        return _("That person does not cover the night any more: see who does")
    if chosen.night != nights[0].id:
        return _("That person covers {night}: choose that night, or name nobody", night=nights[0].day)
    return ""


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


async def _form(visit: Visit, chosen: Chosen, faults: Mapping[str, str], once: str) -> Response:
    """The form with what was chosen before; the first night where none was, or one that is not offered any more."""
    nights, persons = await read_offered(visit, chosen.premises)
    night = chosen.night if chosen.night in [one.id for one in nights] else nights[0].id
    return page(
        visit.request, "missing.html", HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        premises=chosen.premises, where=place_name(visit.caller.desk, chosen.premises), nights=nights, night=night,
        number=chosen.number, most=MOST, persons=persons, person=chosen.person,
        faults=faults, once=once, several=len(_places(visit)) > 1,
    )  # fmt: skip


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
