"""The page behind the link in a notice: what the matter is, and taking it on, without signing in.

Looking changes nothing, for whatever scans mail looks too. Only the form's button acknowledges, and it does so once.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk.api import operations
from desk.api.place import Place
from desk.api.problems import Problem
from desk.api.telling import About, Once, ReceiptBody, told
from desk.instants import utc
from desk.pages.commitments import choices, chosen
from desk.pages.forms import read_form
from desk.pages.links import Followed, Rehearsed, follow
from desk.pages.navigation import leads_to
from desk.pages.rendering import page
from desk.pages.sentences import lateness, matter, role_name
from models.refusal import Reason
from streams.ledger import notices_rehearsal

ACKNOWLEDGE: Final = operations.OF_ESCALATION[0]


async def show_link(request: Request) -> Response:
    """What the matter is, and the choice of a time; or in plain words why there is nothing to be acknowledged."""
    followed = await follow(request)
    if isinstance(followed, Response):
        return followed
    if isinstance(followed, Rehearsed):
        return page(request, "rehearsed.html", HTTPStatus.OK, done=False)
    if followed.receipt is None and followed.can_answer:
        return _asked(request, followed, "", "")
    return _shown(request, followed)


async def acknowledge(request: Request) -> Response:
    """Take it on by the operation of the API, once; what is over or taken on by then is shown as such."""
    form = await read_form(request)
    followed = await follow(request)
    if isinstance(followed, Response):
        return followed
    if isinstance(followed, Rehearsed):
        return await _rehearse(request, followed)
    if not followed.can_answer:
        return _shown(request, followed)
    answer = chosen(form.one("commitment"), followed.caller.desk)
    if answer.fault:
        return _asked(request, followed, form.one("commitment"), answer.fault)
    try:
        receipt = await _say(followed, answer.at)
    except Problem as problem:
        if problem.code != Reason.ID_REUSED:
            raise
        return RedirectResponse(_address(followed), HTTPStatus.SEE_OTHER)
    return RedirectResponse(f"{_address(followed)}?receipt={receipt.reference}", HTTPStatus.SEE_OTHER)


async def _say(followed: Followed, commitment: datetime | None) -> ReceiptBody:
    line = followed.line
    about = About(line.premises, line.subject, {"escalation_id": str(line.id)})
    said = {"note": f"By the link in the notice to {followed.link.role}."}
    if commitment is not None:
        said["commitment"] = utc(commitment)
    once = Once(followed.name, followed.event, first_counts=True)
    return await told(followed.caller, ACKNOWLEDGE, about, said, once)


async def _rehearse(request: Request, followed: Rehearsed) -> Response:
    place: Place = request.app.state.place
    async with place.ledger.database.writing() as connection:
        await notices_rehearsal.answer(connection, followed.link.escalation_id, place.clock.now())
    return page(request, "rehearsed.html", HTTPStatus.OK, done=True)


def _shown(request: Request, followed: Followed) -> Response:
    """How it stands where there is nothing to be acknowledged any more."""
    desk, line, answers = followed.caller.desk, followed.line, followed.answers
    one = matter(line, desk, followed.now)
    last = answers[-1] if answers else followed.own
    return page(
        request, "acknowledged.html", HTTPStatus.OK,
        one=one, said_late=lateness(one), receipt=followed.receipt,
        by_this_link=last is not None and last.event == followed.event,
        last=last, last_role=role_name(desk, last.role) if last is not None else "",
        over=line.ended_because, ended_at=line.last_said_at,
        href=leads_to(followed.caller.key.holder, line.premises, line.subject),
    )  # fmt: skip


def _asked(request: Request, followed: Followed, given: str, fault: str) -> Response:
    desk = followed.caller.desk
    one = matter(followed.line, desk, followed.now)
    return page(
        request, "acknowledge.html", HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        one=one, said_late=lateness(one), options=choices(desk), chosen=given,
        faults={"commitment": fault} if fault else {}, address=_address(followed),
    )  # fmt: skip


def _address(followed: Followed) -> str:
    return f"/a/{followed.token}"
