"""The board: what is outstanding, by delivery unit and premises, with the names that people know.

Unknown is not zero: where a source that should be heard is silent, or something could not be decided, the figures are
a least, and a zero is no figure at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.nights import ABOUT_NIGHTS
from models.tables import EscalationRow
from models.work_order import Priority
from streams.ledger import queries
from streams.ledger.outstanding import BANDS, OLDEST
from streams.ledger.queries.board import SHORT_WITHIN, Line
from streams.turns import in_turns
from workorders.policy import World

__all__ = ["AGES", "SHORT_WITHIN", "BoardView", "Figures", "LduLine", "PremisesLine", "read_board"]

AGES: Final = (*(name for _, name in BANDS), OLDEST)
"""The age bands, youngest first; the age is since the order was raised."""


_LEVELS: Final = tuple(level.value for level in Priority)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is outstanding at one place.

    ``outstanding`` is None where nothing is known, and ``at_least`` where there may be more than is known. ``standing``
    are the escalations that stand, ``nights_escalated`` the nights that they are about. ``nights_short`` are the nights
    that begin within the next days (``SHORT_WITHIN``) and are known to be short, or not confirmed when they should be.
    ``silent`` names the sources that should be heard and are not.
    """

    outstanding: int | None
    at_least: bool
    by_priority: Mapping[str, int]
    by_age: Mapping[str, int]
    breached: int
    contested: int
    disputed: int
    paused: int
    standing: int
    nights_escalated: int
    nights_short: int
    silent: tuple[str, ...]
    incomplete: bool


@dataclass(frozen=True, slots=True)
class PremisesLine:
    """One premises of the estate."""

    premises: str
    name: str
    kind: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class LduLine:
    """One local delivery unit, with its premises: approved premises first."""

    ldu: str
    name: str
    region: str
    figures: Figures
    premises: tuple[PremisesLine, ...]


@dataclass(frozen=True, slots=True)
class BoardView:
    """The whole estate."""

    total: Figures
    ldus: tuple[LduLine, ...]


async def read_board(connection: AsyncConnection, world: World, now: datetime) -> BoardView:
    """The board as at now; every premises in use has a line."""
    board = await queries.board(connection, world, now)
    nights = await _nights(connection)
    estate = world.estates.at(now)
    in_use = [premises for premises in estate.spec.premises if premises.holds_at(now)]
    ldus = []
    for ldu in sorted(estate.spec.ldus, key=lambda ldu: (ldu.region, ldu.name)):
        lines = [
            PremisesLine(one.id, one.name, one.kind.value, _figures(board.premises[one.id], nights[one.id]))
            async for one in in_turns(one for one in in_use if one.ldu == ldu.id)
        ]
        short = sum(line.figures.nights_escalated for line in lines)
        ldus.append(LduLine(ldu.id, ldu.name, ldu.region, _figures(board.ldus[ldu.id], short), tuple(_sorted(lines))))
    return BoardView(_figures(board.total, nights.total()), tuple(ldus))


async def _nights(connection: AsyncConnection) -> Counter[str]:
    """How many nights of each premises stand escalated."""
    unit, subject, kind = (col(getattr(EscalationRow, name)) for name in ("unit", "subject", "kind"))
    query = select(unit, subject).distinct().where(col(EscalationRow.standing), kind.in_(ABOUT_NIGHTS))
    return Counter(row.unit for row in await connection.execute(query) if "/" in row.subject)


def _sorted(lines: Iterable[PremisesLine]) -> list[PremisesLine]:
    return sorted(lines, key=lambda line: (line.kind != "approved-premises", line.name))


def _figures(line: Line, nights: int) -> Figures:
    return Figures(
        outstanding=None if line.unknown and not line.outstanding else line.outstanding,
        at_least=line.unknown,
        by_priority={level: line.by_priority.get(level, 0) for level in _LEVELS},
        by_age={age: line.by_age.get(age, 0) for age in AGES},
        breached=line.breached,
        contested=line.contested,
        disputed=line.disputed,
        paused=line.paused,
        standing=line.standing,
        nights_escalated=nights,
        nights_short=line.nights_short,
        silent=tuple(line.silent),
        incomplete=line.incomplete,
    )
