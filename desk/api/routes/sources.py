"""Sources: who is registered to say what, and who should be heard and is not."""

from typing import Annotated, Final

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import pages
from desk.api.guard import Caller, permit
from desk.api.lines import SourceLine
from desk.api.routing import Page, add_list
from models.premises import Source
from models.tables import SourceStateRow

router: Final = APIRouter(prefix="/v1/sources", tags=["sources"])


async def list_sources(
    request: Request,
    caller: Annotated[Caller, permit(Action.READ_SOURCES)],
    page: Page,
) -> Response:
    """By id."""
    desk, key = caller.desk, pages.key_in(page.after, tuple[str])
    async with caller.place.ledger.reading() as connection:
        states = await _states(connection)
    known = (one for one in desk.world.estates.at(desk.now).spec.sources if one.holds_at(desk.now))
    lines = [_line(one, states.get(one.id)) for one in sorted(known, key=lambda one: one.id)]
    found = [one for one in lines if key is None or one.id > key[0]][: page.limit + 1]
    return pages.listed(request, page, desk.now, SourceLine, found, lambda one: (one.id,))


async def _states(connection: AsyncConnection) -> dict[str, SourceStateRow]:
    query = select(col(SourceStateRow.source), col(SourceStateRow.last_heard), col(SourceStateRow.silent_since))
    return {row.source: row for row in await connection.execute(query)}  # type: ignore[misc]


def _line(source: Source, state: SourceStateRow | None) -> SourceLine:
    every = source.expect_every
    return SourceLine(
        id=source.id,
        role=source.role,
        scope=source.scope.value,
        of=source.of,
        types=source.types,
        expect_every_s=int(every.total_seconds()) if every is not None else None,
        last_heard=state.last_heard if state is not None else None,
        silent_since=state.silent_since if state is not None else None,
    )


add_list(router, "", list_sources, SourceLine, "Who is registered to say what")
