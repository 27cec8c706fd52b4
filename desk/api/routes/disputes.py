"""Disputes: orders whose provider gives them another priority."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import pages
from desk.api.guard import Caller, permit
from desk.api.routing import Page, add_list
from desk.views.lists import DisputeLine, dispute_line
from streams.ledger import queries

router: Final = APIRouter(prefix="/v1/disputes", tags=["disputes"])


async def list_disputes(
    request: Request,
    caller: Annotated[Caller, permit(Action.READ_DISPUTES)],
    page: Page,
) -> Response:
    """By premises and number."""
    key = pages.key_in(page.after, tuple[str, str])
    async with caller.place.ledger.reading() as connection:
        rows = await queries.disputes(connection, units=caller.units, limit=page.limit + 1, after=key)
    lines = [dispute_line(row) for row in rows]
    return pages.listed(request, page, caller.desk.now, DisputeLine, lines, lambda one: (one.premises, one.subject))


add_list(router, "", list_disputes, DisputeLine, "Orders whose provider gives them another priority")
