"""The board: what is outstanding within a key's reach."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import pages
from desk.api.guard import Caller, permit
from desk.api.routing import add_one
from desk.views.board import BoardView, read_board
from desk.views.narrowed import narrowed

router: Final = APIRouter(prefix="/v1/board", tags=["board"])


async def show_board(request: Request, caller: Annotated[Caller, permit(Action.READ_BOARD)]) -> Response:
    """By delivery unit, premises, priority and age; unknown is not zero."""
    desk = caller.desk
    async with caller.place.ledger.reading() as connection:
        board = await read_board(connection, desk.world, desk.now)
    return pages.shown(request, desk.now, "board", narrowed(board, caller.units))


add_one(router, "", show_board, "board", BoardView, "What is outstanding", subject=False)
