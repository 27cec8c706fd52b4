"""Escalations: listed, shown, answered, and followed as they are said."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import operations, pages
from desk.api.bodies import read_object
from desk.api.finding import the_escalation, within_reach
from desk.api.guard import Caller, permit
from desk.api.lines import EscalationShort, as_line
from desk.api.operations import Operation
from desk.api.routing import Endpoint, Page, Premises, add_list, add_one, add_operation
from desk.api.telling import About, say
from desk.views.escalations import EscalationLine
from models.escalation import EscalationKind
from streams.ledger import queries

router: Final = APIRouter(prefix="/v1/escalations", tags=["escalations"])
Reader = Annotated[Caller, permit(Action.READ_ESCALATIONS)]


def _saying(operation: Operation) -> Endpoint:
    async def told(request: Request, escalation: str, caller: Annotated[Caller, permit(operation.action)]) -> Response:
        said = await read_object(request)
        async with caller.place.ledger.reading() as connection:
            found = await the_escalation(connection, caller, escalation)
        about = About(found.premises, found.subject, {"escalation_id": str(found.id)})
        return await say(request, caller, operation, about, said)

    return told


async def list_escalations(
    request: Request,
    caller: Reader,
    page: Page,
    premises: Premises = None,
    kind: Annotated[list[EscalationKind] | None, Query(max_length=9, description="Only of these kinds.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Also what is over.")] = False,
) -> Response:
    """By the time at which each was due."""
    units = caller.units if premises is None else {within_reach(caller, premises)}
    async with caller.place.ledger.reading() as connection:
        rows = await queries.escalations(
            connection,
            units=units,
            kinds=kind,
            standing=not everything,
            limit=page.limit + 1,
            after=pages.key_in(page.after, tuple[datetime, UUID]),
        )
    lines = [as_line(EscalationShort, row) for row in rows]
    return pages.listed(request, page, caller.desk.now, EscalationShort, lines, lambda one: (one.due_at, one.id))


async def show_escalation(request: Request, escalation: str, caller: Reader) -> Response:
    """As it was last said, with its reason and its labels."""
    async with caller.place.ledger.reading() as connection:
        found = await the_escalation(connection, caller, escalation)
    await caller.note(f"{found.subject} {found.id}")
    return pages.shown(request, caller.desk.now, "escalation", found)


for _one in operations.OF_ESCALATION:
    add_operation(router, f"/{{escalation}}/{_one.name}", _saying(_one), _one)
add_list(router, "", list_escalations, EscalationShort, "Escalations: what stands, or all that was ever said")
add_one(router, "/{escalation}", show_escalation, "escalation", EscalationLine, "One escalation as it was last said")
