"""Work orders: raised, corrected, ended; listed, shown, explained, and as they once were."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import operations, pages
from desk.api.bodies import past_instant, read_object, text_in
from desk.api.finding import place_named, place_of_order, within_reach
from desk.api.guard import Caller, permit
from desk.api.lines import OrderLine, as_line
from desk.api.operations import Operation
from desk.api.problems import Problem
from desk.api.routing import (
    At,
    Endpoint,
    Page,
    Premises,
    add_list,
    add_one,
    add_operation,
)
from desk.api.telling import About, say
from desk.telling.orders import new_order_id
from desk.views.as_of import AsOf, read_as_of
from desk.views.explaining import Explanation, read_explanation
from desk.views.subject import SubjectView, read_subject
from models.refusal import Reason
from models.work_order import Priority
from streams.ledger import queries

router: Final = APIRouter(prefix="/v1/orders", tags=["orders"])
Reader = Annotated[Caller, permit(Action.READ_ORDERS)]


async def raise_order(request: Request, caller: Annotated[Caller, permit(Action.RAISE_ORDER)]) -> Response:
    """The order's id may be chosen by whoever raises it; else it gets one that can be said over the telephone."""
    said = await read_object(request)
    if said.get("premises") is None:
        raise Problem(422, str(Reason.MISSING_FIELD), "premises is missing.", about="premises")
    premises = within_reach(caller, said["premises"])
    return await say(request, caller, operations.RAISE, About(premises, text_in(said, "order") or new_order_id()), said)


def _saying(operation: Operation) -> Endpoint:
    async def told(request: Request, order: str, caller: Annotated[Caller, permit(operation.action)]) -> Response:
        said = await read_object(request)
        premises = place_named(caller, order, text_in(said, "premises"))
        if premises is None:
            async with caller.place.ledger.reading() as connection:
                premises = await place_of_order(connection, caller, order, None)
        return await say(request, caller, operation, About(premises, order), said)

    return told


async def list_orders(
    request: Request,
    caller: Reader,
    page: Page,
    premises: Premises = None,
    priority: Annotated[list[Priority] | None, Query(max_length=4, description="Only of these priorities.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Also what has ended.")] = False,
    breached: Annotated[bool, Query(description="Only what is in breach.")] = False,
) -> Response:
    """By premises and number."""
    units = caller.units if premises is None else {within_reach(caller, premises)}
    async with caller.place.ledger.reading() as connection:
        rows = await queries.orders(
            connection,
            units=units,
            priorities=priority,
            outstanding=not everything,
            breached=breached,
            limit=page.limit + 1,
            after=pages.key_in(page.after, tuple[str, str]),
        )
    lines = [as_line(OrderLine, row) for row in rows]
    return pages.listed(request, page, caller.desk.now, OrderLine, lines, lambda one: (one.premises, one.subject))


async def show_order(
    request: Request, order: str, caller: Reader, premises: Premises = None, at: At = None
) -> Response:
    """Its state, everything that was heard and said about it, and its escalations; or how it stood at an instant."""
    desk = caller.desk
    async with caller.place.ledger.reading() as connection:
        place = await place_of_order(connection, caller, order, premises)
        await caller.note(order)
        if at is None:
            found = await read_subject(connection, desk.world, desk.now, order, place)
            return pages.shown(request, desk.now, "subject", found)
        then = past_instant(at, desk.now)
        was = await read_as_of(connection, desk.world, caller.place.since, (place, order), then)
    return pages.shown(request, then, "subject", was)


async def explain_order(request: Request, order: str, caller: Reader, premises: Premises = None) -> Response:
    """Every fact and rule behind its priority, its clocks, and every rung of its ladders."""
    desk = caller.desk
    async with caller.place.ledger.reading() as connection:
        place = await place_of_order(connection, caller, order, premises)
        await caller.note(order)
        found = await read_explanation(connection, desk.world, desk.now, order, place)
    return pages.shown(request, desk.now, "explanation", found)


add_operation(router, "", raise_order, operations.RAISE)
for _one in operations.OF_ORDER:
    add_operation(router, f"/{{order}}/{_one.name}", _saying(_one), _one)
add_list(router, "", list_orders, OrderLine, "Orders, the outstanding ones unless all are asked for")
add_one(router, "/{order}", show_order, "subject", SubjectView | AsOf, "One order: its state and its whole history")
add_one(router, "/{order}/explanation", explain_order, "explanation", Explanation, "Why an order stands as it does")
