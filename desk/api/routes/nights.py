"""Nights: reported, covered, listed, shown, explained, and as they once were."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import operations, pages
from desk.api.bodies import past_instant, read_object
from desk.api.finding import night_named, within_reach
from desk.api.guard import Caller, permit
from desk.api.operations import Operation
from desk.api.problems import Problem
from desk.api.routing import At, Endpoint, Page, Premises, add_list, add_one, add_operation
from desk.api.telling import About, say
from desk.telling.nights import window
from desk.views.as_of import AsOf, read_as_of
from desk.views.explaining import Explanation, read_explanation
from desk.views.nights import NightLine, read_nights
from desk.views.subject import SubjectView, read_subject
from models.shift_cover import StretchData

router: Final = APIRouter(prefix="/v1/nights", tags=["nights"])
LONGEST: Final = timedelta(days=366)
"""How many nights are looked at for one list at most."""
Reader = Annotated[Caller, permit(Action.READ_NIGHTS)]
_DAY: Final = timedelta(days=1)


def _saying(operation: Operation) -> Endpoint:
    async def told(
        request: Request, premises: str, night: str, caller: Annotated[Caller, permit(operation.action)]
    ) -> Response:
        said = await read_object(request)
        subject = night_named(caller, premises, night)
        return await say(
            request, caller, operation, About(premises, subject, _stretch(caller, operation, subject, said)), said
        )

    return told


def _stretch(caller: Caller, operation: Operation, subject: str, said: dict[str, Any]) -> dict[str, Any]:
    """The stretch of a cover, where it is left out: the night's own window."""
    if not issubclass(operation.data, StretchData):
        return {}
    starts, until = window(caller.desk, subject)
    given = {"from": starts, "until": until}
    return {name: value for name, value in given.items() if said.get(name) is None}


async def list_nights(
    request: Request,
    caller: Reader,
    page: Page,
    since: Annotated[date | None, Query(alias="from", description="First night; else last night.")] = None,
    until: Annotated[date | None, Query(description="Last night; else a week on.")] = None,
    premises: Premises = None,
) -> Response:
    """By date and premises."""
    desk = caller.desk
    today = desk.now.astimezone(desk.zone).date()
    first, last = since or today - _DAY, until or today + 7 * _DAY
    if last - first > LONGEST:
        sentence = f"from and until are more than {LONGEST.days} days apart."
        raise Problem(422, "too-many", sentence, about="until")
    if premises is not None:
        within_reach(caller, premises)
    beyond = pages.key_in(page.after, tuple[date, str])
    async with caller.place.ledger.reading() as connection:
        found = await read_nights(connection, desk.world, desk.now, first, last)
    lines = [
        one
        for one in found
        if caller.reaches(one.premises)
        and (premises is None or one.premises == premises)
        and (beyond is None or _key(one) > beyond)
    ]
    return pages.listed(request, page, desk.now, NightLine, lines[: page.limit + 1], _cursor)


def _key(one: NightLine) -> tuple[date, str]:
    return one.night, one.premises


def _cursor(one: NightLine) -> tuple[str, str]:
    return one.night.isoformat(), one.premises


async def show_night(request: Request, premises: str, night: str, caller: Reader, at: At = None) -> Response:
    """Its state, everything that was heard and said about it, and its escalations; or how it stood at an instant."""
    desk, subject = caller.desk, night_named(caller, premises, night)
    await caller.note(subject)
    async with caller.place.ledger.reading() as connection:
        if at is None:
            found = await read_subject(connection, desk.world, desk.now, subject, premises)
            return pages.shown(request, desk.now, "subject", found)
        then = past_instant(at, desk.now)
        was = await read_as_of(connection, desk.world, caller.place.since, (premises, subject), then)
    return pages.shown(request, then, "subject", was)


async def explain_night(request: Request, premises: str, night: str, caller: Reader) -> Response:
    """Every rung of its ladders, and the state that they are about."""
    desk, subject = caller.desk, night_named(caller, premises, night)
    await caller.note(subject)
    async with caller.place.ledger.reading() as connection:
        found = await read_explanation(connection, desk.world, desk.now, subject, premises)
    return pages.shown(request, desk.now, "explanation", found)


_ONE: Final = "/{premises}/{night}"
for _each in operations.OF_NIGHT:
    add_operation(router, f"{_ONE}/{_each.name}", _saying(_each), _each)
add_list(router, "", list_nights, NightLine, "Nights: which are covered, and which are not")
add_one(router, _ONE, show_night, "subject", SubjectView | AsOf, "One night: its state and its whole history")
add_one(router, f"{_ONE}/explanation", explain_night, "explanation", Explanation, "Why a night stands as it does")
