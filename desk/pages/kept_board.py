"""The board of a large estate, read for everybody at once and kept for a moment; it says as at when it is.

To read ten thousand premises takes most of a second. Nobody should wait for that each time, nor twenty at once make the
ledger do it twenty times. A small estate is read whenever it is asked for.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.api.place import Place
from desk.api.telling import OUTAGES
from desk.opening import Desk
from desk.views.board import BoardView, read_board
from streams.clock import monotonic

log = logging.getLogger(__name__)

_NAME: Final = "the board of a large estate"
LARGE: Final = 1_000
"""From so many premises on."""
RENEWED_AFTER_S: Final = 3.0
"""How old it may be when it is shown without being read anew behind whoever asks."""
OLDEST_S: Final = 15.0
"""How old it may be when it is shown at all."""


@dataclass(slots=True)
class KeptBoard:
    """The board as it was read last."""

    board: BoardView
    as_at: datetime
    read_at: float


async def present_board(place: Place, desk: Desk) -> tuple[BoardView, datetime]:
    """The board, and as at when it is."""
    if len(desk.world.estates.at(desk.now).spec.premises) < LARGE:
        return await _read(place, desk), desk.now
    kept: KeptBoard | None = place.kept.get(_NAME)
    age = monotonic() - kept.read_at if kept is not None else OLDEST_S
    if kept is None or age >= OLDEST_S:
        kept = await asyncio.shield(_renewal(place, desk))
    elif age >= RENEWED_AFTER_S:
        _renewal(place, desk)
    return kept.board, kept.as_at


def _renewal(place: Place, desk: Desk) -> "asyncio.Task[KeptBoard]":
    """The reading that is under way, begun if there is none; all who ask wait for the same."""
    task: asyncio.Task[KeptBoard] | None = place.background.get(_NAME)
    if task is None or task.done():
        task = place.background[_NAME] = asyncio.create_task(_renewed(place, desk), name=_NAME)
        task.add_done_callback(_ended)
    return task


async def _renewed(place: Place, desk: Desk) -> KeptBoard:
    began = monotonic()
    kept = place.kept[_NAME] = KeptBoard(await _read(place, desk), desk.now, began)
    return kept


def _ended(task: "asyncio.Task[KeptBoard]") -> None:
    """Say why it could not be read; whoever waits for it hears it too, and else the next one reads anew."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, OUTAGES):
        log.error("the board could not be read: %s", type(error).__name__)


async def _read(place: Place, desk: Desk) -> BoardView:
    async with place.ledger.reading() as connection:
        return await read_board(connection, desk.world, desk.now)
