"""Saying something about a night: a form of few fields, the API's own operation once, and its receipt."""

from http import HTTPStatus
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from desk.access.rights import Action
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import About, Once, receipt_body, told
from desk.pages.forms import is_once, new_once, not_whole
from desk.pages.navigation import NIGHTS, subject_address
from desk.pages.night_forms import FIELD_OF, FORMS, NightForm, Typed, read_said
from desk.pages.night_reading import the_night
from desk.pages.night_replacing import stands_under, tick_for
from desk.pages.night_words import Person, clock, people, shortages
from desk.pages.rendering import page
from desk.pages.said_before import was_said
from desk.pages.sentences import night_day
from desk.pages.visitors import Visit, allowed
from desk.pages.voices import event_type
from desk.views.nights_ahead import NightAhead
from desk.views.receipts import read_submission
from desk.words import _, reason

ONE: Final = f"{NIGHTS}/{{premises}}/{{night}}"
"""The address of one night."""
SAID_BEFORE: Final = "idempotency-key-reused"


def routes() -> list[Route]:
    """The address of each form about a night, and that of the receipt."""
    found = [Route(f"{ONE}/said", allowed(Action.READ_RECEIPT, show_said), methods=["GET"])]
    for name, form in FORMS.items():
        action = form.operation.action
        found.append(Route(f"{ONE}/{name}", allowed(action, question(name)), methods=["GET"]))
        found.append(Route(f"{ONE}/{name}", allowed(action, answer(name)), methods=["POST"]))
    return found


def question(name: str) -> Any:  # noqa: ANN401 - the page of one form
    """The page that asks what has to be known; nothing is said by it."""

    async def show(visit: Visit) -> Response:
        night = await _read(visit)
        return _form(visit, name, night, _begun(visit, name, night), {}, new_once())

    return show


def answer(name: str) -> Any:  # noqa: ANN401 - the page of one form
    """Says it once, however often the form comes, or asks again with what was typed."""

    async def say(visit: Visit) -> Response:
        night, form = await _read(visit), FORMS[name]
        typed, once = Typed.of(visit.form), visit.form.one("once")
        said = read_said(form, typed, night, visit.caller.desk)
        if not is_once(once):
            said.faults = {form.first: not_whole()}
        id_ = str(uuid5(NAMESPACE_URL, f"{visit.caller.key.source} {form.operation.name} {night.subject} {once}"))
        if said.doubts and not await was_said(visit.caller, id_):
            said.faults |= said.doubts
        if said.faults:
            return _form(visit, name, night, typed, said.faults, once or new_once())
        about = About(night.premises.id, night.subject)
        try:
            receipt = await told(visit.caller, form.operation, about, said.data, Once(once, id_))
        except Problem as problem:
            if problem.code == SAID_BEFORE:
                raise
            faults = {FIELD_OF.get(problem.field, form.first): reason(problem.sentence)}
            return _form(visit, name, night, typed, faults, once, problem.status)
        address = f"{subject_address(night.premises.id, night.subject)}/said?r={receipt.reference}"
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)

    return say


async def show_said(visit: Visit) -> Response:
    """What has become of it, and how the night stands now."""
    caller, desk = visit.caller, visit.caller.desk
    wanted = read_reference(visit.request.query_params.get("r", ""))
    async with caller.place.ledger.reading() as connection:
        night = await the_night(connection, visit)
        found = await read_submission(connection, wanted) if wanted is not None else None
    forms = {event_type(one.operation): one for one in FORMS.values()}
    if found is None or found.type not in forms or found.subject != night.subject:
        raise missing("receipt")
    await caller.note(found.receipt)
    return page(
        visit.request, "night-said.html", HTTPStatus.OK,
        receipt=receipt_body(caller, found), done=_(forms[found.type].done), where=night.premises.name,
        day=night_day(night.subject), address=subject_address(night.premises.id, night.subject),
        lacks=shortages(night, desk), over=desk.now >= night.outlook.plan.ends, in_doubt=night.in_doubt,
    )  # fmt: skip


async def _read(visit: Visit) -> NightAhead:
    async with visit.caller.place.ledger.reading() as connection:
        night = await the_night(connection, visit)
    await visit.caller.note(night.subject)
    return night


def _begun(visit: Visit, name: str, night: NightAhead) -> Typed:
    """A form that nobody has filled in: the person of the link, or the only one there is to be chosen."""
    if name not in {"check-in", "withdraw"}:
        return Typed(supplier="agency")
    offered = [one.ref for one in _offered(visit, name, night)]
    asked = visit.request.query_params.get("person", "")
    return Typed(cover_ref=asked if asked in offered else offered[0] if len(offered) == 1 else "")


def _offered(visit: Visit, name: str, night: NightAhead) -> list[Person]:
    """Whom the form offers: those whose cover nothing has ended; to check in, those who have not yet."""
    found = [one for one in people(night, visit.caller.desk) if one.stands]
    return [one for one in found if one.waits] if name == "check-in" else found


def _form(
    visit: Visit, name: str, night: NightAhead, typed: Typed, faults: dict[str, str], once: str, status: int = 422
) -> Response:
    form, desk, plan = FORMS[name], visit.caller.desk, night.outlook.plan
    standing = stands_under(typed.cover_ref, night) if name in {"confirm", "contingency"} else None
    offered = _offered(visit, name, night)
    if typed.cover_ref and name in {"check-in", "withdraw"} and typed.cover_ref not in [one.ref for one in offered]:
        offered += [one for one in people(night, desk) if one.ref == typed.cover_ref]
    return page(
        visit.request, "night-say.html", status if faults else HTTPStatus.OK,
        name=name, form=_spoken(form), where=night.premises.name, day=night_day(night.subject), offered=offered,
        begins=clock(plan.starts, night, desk), ends=clock(plan.ends, night, desk), over=desk.now >= plan.ends,
        address=subject_address(night.premises.id, night.subject), typed=typed if faults else None, filled=typed,
        faults=faults, once=once, tick=tick_for(standing) if standing is not None else "",
        replaced=next((one for one in people(night, desk) if standing and one.ref == standing.cover_ref), None),
    )  # fmt: skip


def _spoken(form: NightForm) -> dict[str, str]:
    return {"heading": _(form.heading), "button": _(form.button)}
