"""What a person may say about an order: that it is done, not to standard, not wanted, or that its facts are others.

Each is a form of its own, says the API's own operation once however often it comes, and ends at its receipt.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from desk.access.rights import Action
from desk.api import operations
from desk.api.operations import Operation
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import About, Once, receipt_body, told
from desk.exits import NotFound
from desk.pages.forms import is_once, new_once, not_whole
from desk.pages.navigation import subject_address
from desk.pages.order_answers import FIELDS, Typed, read_answer
from desk.pages.order_reading import order_asked, order_state, read_state
from desk.pages.rendering import page
from desk.pages.said_before import was_said
from desk.pages.sentences import place_name, role_name
from desk.pages.visitors import Visit
from desk.pages.voices import event_type
from desk.views.receipts import Submission, read_submission
from desk.views.subject import EventLine, SubjectView, premises_of, read_subject
from desk.words import _, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import OrderState
from models.work_order import CancelReason

_OF: Final[Mapping[Action, Operation]] = {one.action: one for one in operations.OF_ORDER}
_REJECTED: Final = event_type(_OF[Action.REJECT_COMPLETION])
_ENDED: Final = frozenset({"completed", "closed"})
_OPEN: Final = frozenset({"open"})
_REASONS: Final[Mapping[str, str]] = {
    CancelReason.WITHDRAWN: N_("It is no longer wanted"),
    CancelReason.DUPLICATE: N_("It is reported already, as another order"),
    CancelReason.INVALID: N_("It should never have been raised"),
}


@dataclass(frozen=True, slots=True)
class OrderForm:
    """One thing to say: what its page and button are called, and of an order in which states it can mean something."""

    operation: Operation
    heading: str
    button: str
    done: str
    fits: frozenset[str]


FORMS: Final[Mapping[str, OrderForm]] = {
    "complete": OrderForm(
        _OF[Action.COMPLETE_ORDER], N_("Report the repair done"), N_("The repair is done"),
        N_("The repair is reported done"), _OPEN,
    ),
    "reject": OrderForm(
        _OF[Action.REJECT_COMPLETION], N_("Reject the work as not to standard"), N_("Reject the work"),
        N_("The work is rejected"), _ENDED,
    ),
    "amend": OrderForm(
        _OF[Action.AMEND_ORDER], N_("Correct what is known of it"), N_("Save the correction"),
        N_("The correction is saved"), _OPEN,
    ),
    "withdraw": OrderForm(
        _OF[Action.CANCEL_ORDER], N_("Withdraw the order"), N_("Withdraw the order"),
        N_("The order is withdrawn"), _OPEN,
    ),
}  # fmt: skip
"""The forms by the last part of their addresses."""


def question(name: str) -> Any:  # noqa: ANN401 - the page of one form
    """The page that asks what has to be known; nothing is said by it."""

    async def show(visit: Visit) -> Response:
        view = await read_state(visit)
        return _asked(visit, name, view, Typed.of(name, view), {}, new_once())

    return show


def answer(name: str) -> Any:  # noqa: ANN401 - the page of one form
    """Says it, once however often the form comes, or asks again with what was typed."""

    async def say(visit: Visit) -> Response:
        view = await read_state(visit)
        typed, once = Typed.in_form(visit.form, view), visit.form.one("once")
        said, faults = read_answer(name, typed)
        if not is_once(once):
            faults = {FIELDS[name][0]: not_whole()}
        operation = FORMS[name].operation
        named = f"{visit.caller.key.source} {operation.name} {view.premises} {view.subject} {once}"
        same = Once(f"{operation.name} {once}", str(uuid5(NAMESPACE_URL, named)), typed=typed.filled)
        other = said.get("duplicate_of")
        if other is not None and not faults and not await was_said(visit.caller, same.event):
            faults |= await _no_other_order(visit, view, other)
        if faults:
            return _asked(visit, name, view, typed, faults, once or new_once())
        about = About(view.premises, view.subject)
        try:
            receipt = await told(visit.caller, operation, about, said, same)
        except Problem as problem:
            field = problem.field.partition(".")[0]
            if field not in FIELDS[name]:
                raise
            return _asked(visit, name, view, typed, {field: reason(problem.sentence)}, once)
        here = subject_address(view.premises, view.subject)
        return RedirectResponse(f"{here}/said?r={receipt.reference}", HTTPStatus.SEE_OTHER)

    return say


async def _no_other_order(visit: Visit, view: SubjectView, named: str) -> dict[str, str]:
    """What is wrong with the order that this one is said to be a duplicate of: it must be another, seen and open."""
    if named == view.subject:
        return {"duplicate_of": _("An order is no duplicate of itself: name the other one")}
    caller, desk = visit.caller, visit.caller.desk
    async with caller.place.ledger.reading() as connection:
        for unit in filter(caller.reaches, await premises_of(connection, desk.world, desk.now, named)):
            other = await read_subject(connection, desk.world, desk.now, named, unit)
            if order_state(other).status in _OPEN:
                return {}
    return {"duplicate_of": _("There is no open order {reference} within your reach", reference=named)}


def _asked(visit: Visit, name: str, view: SubjectView, typed: Typed, faults: Mapping[str, str], once: str) -> Response:
    form, desk, state = FORMS[name], visit.caller.desk, order_state(view)
    codes = desk.world.policies.at(desk.now).spec.codes
    return page(
        visit.request, f"order-{name}.html", HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        heading=_(form.heading), button=_(form.button), here=subject_address(view.premises, view.subject),
        reference=view.subject, where=place_name(desk, view.premises), role_of=partial(role_name, desk),
        filled=typed, typed=bool(visit.form.pairs), faults=faults, once=once,
        fits=state.status in form.fits, rejected=_rejected(view, state), reasons=_in_words(_REASONS),
        impacts=list(codes.impacts.items()),
    )  # fmt: skip


def _rejected(view: SubjectView, state: OrderState) -> EventLine | None:
    """What the work was rejected for last, while the order is open again because of it."""
    found = [one for one in view.events if one.type == _REJECTED and one.ignored is None]
    return max(found, key=lambda one: one.time) if found and state.is_open and state.spell != "first" else None


def _in_words(choices: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(str(value), _(words)) for value, words in choices.items()]


async def _ignored(connection: AsyncConnection, visit: Visit, found: Submission) -> str | None:
    """Why what was said changes nothing, if so."""
    desk = visit.caller.desk
    if not visit.caller.reaches(found.premises):
        return None
    with suppress(NotFound):
        view = await read_subject(connection, desk.world, desk.now, found.subject, found.premises)
        return next(
            (one.ignored for one in view.events if (one.source, one.id) == (found.source, found.event_id)), None
        )
    return None


async def show_said(visit: Visit) -> Response:
    """The receipt of what was said about an order, and what has become of it."""
    caller, desk = visit.caller, visit.caller.desk
    premises, reference = order_asked(visit)
    wanted = read_reference(visit.request.query_params.get("r", ""))
    async with caller.place.ledger.reading() as connection:
        found = await read_submission(connection, wanted) if wanted is not None else None
        ignored = await _ignored(connection, visit, found) if found is not None else None
    form = next((one for one in FORMS.values() if found is not None and event_type(one.operation) == found.type), None)
    if found is None or form is None or (found.premises, found.subject) != (premises, reference):
        raise missing("receipt")
    await caller.note(found.receipt)
    return page(
        visit.request, "order-said.html", HTTPStatus.OK,
        receipt=receipt_body(caller, found), ignored=ignored, done=_(form.done),
        here=subject_address(premises, reference), reference=reference, where=place_name(desk, premises),
    )  # fmt: skip
