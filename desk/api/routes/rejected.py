"""Input that could not be taken, and why."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import pages
from desk.api.guard import Caller, permit
from desk.api.routing import Page, add_list
from desk.views.lists import Rejected
from desk.views.refused import read_refused, sight_of

router: Final = APIRouter(prefix="/v1/rejected", tags=["rejected"])


async def list_rejected(
    request: Request,
    caller: Annotated[Caller, permit(Action.READ_REJECTED)],
    page: Page,
    code: Annotated[str | None, Query(max_length=40, description="Only for this reason.")] = None,
) -> Response:
    """The newest first; a key without the whole division sees what its own source sent of premises within reach."""
    key = pages.key_in(page.after, tuple[pages.Number])
    async with caller.place.ledger.reading() as connection:
        sight = sight_of(caller.key, caller.units, caller.desk.world, caller.desk.now)
        lines = await read_refused(
            connection, sight, code=code, limit=page.limit + 1, after=None if key is None else key[0]
        )
    return pages.listed(request, page, caller.desk.now, Rejected, lines, lambda one: (one.seq,))


add_list(router, "", list_rejected, Rejected, "Input that could not be taken")
