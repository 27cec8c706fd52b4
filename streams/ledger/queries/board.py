"""The board: what is outstanding, where, how urgent and how old; and where that is not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EscalationRow, NightRow, SourceStateRow, UnitRow, WorkOrderRow
from models.tables.known import MARKED
from streams.ledger import rows
from streams.ledger.queries.total import by_premises
from streams.turns import in_turns
from workorders.policy import Estate, World

SHORT_WITHIN: Final = timedelta(days=7)
"""How far ahead a short night counts; what lies further has time."""

_ORDER: Final = rows.table_of(WorkOrderRow)
_NIGHT: Final = rows.table_of(NightRow)
_UNIT: Final = rows.table_of(UnitRow)
_SOURCE: Final = rows.table_of(SourceStateRow)
_ESCALATION: Final = rows.table_of(EscalationRow)


@dataclass(slots=True)
class Line:
    """What is known of one premises, of one LDU, or of all.

    ``silent`` names the sources that should be heard about it and are not: what they would report is unknown, so the
    figures are a least and never a whole. ``incomplete``: some of its events could not be decided. ``nights_short`` are
    nights that begin by ``SHORT_WITHIN`` from now, or have begun, and lack somebody: those of which anything was said,
    and those of which something should have been.
    """

    outstanding: int = 0
    breached: int = 0
    contested: int = 0
    paused: int = 0
    disputed: int = 0
    standing: int = 0
    nights_short: int = 0
    by_priority: dict[str, int] = field(default_factory=dict)
    by_age: dict[str, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    incomplete: bool = False

    @property
    def unknown(self) -> bool:
        """Whether the figures may lack something."""
        return bool(self.silent) or self.incomplete

    def add(self, other: "Line") -> None:
        """Count another line into this one."""
        self.outstanding += other.outstanding
        self.breached += other.breached
        self.contested += other.contested
        self.paused += other.paused
        self.disputed += other.disputed
        self.standing += other.standing
        self.nights_short += other.nights_short
        for mine, theirs in ((self.by_priority, other.by_priority), (self.by_age, other.by_age)):
            for key, n in theirs.items():
                mine[key] = mine.get(key, 0) + n
        if other.silent:
            self.silent = sorted({*self.silent, *other.silent})
        self.incomplete = self.incomplete or other.incomplete


@dataclass(frozen=True, slots=True)
class Board:
    """What is outstanding as at an instant: in all, by LDU and by premises."""

    as_at: datetime
    total: Line
    ldus: dict[str, Line]
    premises: dict[str, Line]


async def board(connection: AsyncConnection, world: World, now: datetime) -> Board:
    """The board as at now; every premises of the estate has its line, and so has one that is no longer in it."""
    estate = world.estates.at(now)
    lines: dict[str, Line] = {premises.id: Line() for premises in estate.spec.premises}
    await _orders(connection, lines, now)
    await _escalations(connection, lines)
    await _nights(connection, lines, world, now)
    await _doubts(connection, lines, estate, now)
    total, ldus = Line(), {ldu.id: Line() for ldu in estate.spec.ldus}
    async for name, line in in_turns(lines.items()):
        total.add(line)
        premises = estate.premises(name)
        if premises is not None:
            ldus[premises.ldu].add(line)
    return Board(now, total, ldus, lines)


async def _orders(connection: AsyncConnection, lines: dict[str, Line], now: datetime) -> None:
    async for unit, total in in_turns((await by_premises(connection, now)).items()):
        line = lines.setdefault(unit, Line())
        line.outstanding, line.by_priority, line.by_age = total.outstanding, {**total.by_priority}, {**total.by_age}
    query = select(
        _ORDER.c.unit,
        func.count(_ORDER.c.breached_at).label("breached"),
        func.sum(case((_ORDER.c.contested, 1), else_=0)).label("contested"),
        func.sum(case((_ORDER.c.paused_until > now, 1), else_=0)).label("paused"),
        func.count(_ORDER.c.dispute_since).label("disputed"),
    ).where(text(MARKED))
    for row in await connection.execute(query.group_by(_ORDER.c.unit)):
        line = lines.setdefault(row.unit, Line())
        line.breached, line.contested, line.paused, line.disputed = row[1:]


async def _escalations(connection: AsyncConnection, lines: dict[str, Line]) -> None:
    query = select(_ESCALATION.c.unit, func.count().label("n")).where(_ESCALATION.c.standing)
    for row in await connection.execute(query.group_by(_ESCALATION.c.unit)):
        if row.unit in lines:
            lines[row.unit].standing = row.n


async def _nights(connection: AsyncConnection, lines: dict[str, Line], world: World, now: datetime) -> None:
    expected = _NIGHT.c.starts <= now + world.policies.at(now).spec.nights.warn_before
    query = select(_NIGHT.c.unit, func.count().label("n")).where(
        _NIGHT.c.ends > now,
        _NIGHT.c.starts <= now + SHORT_WITHIN,
        _NIGHT.c.deficit > 0,
        _NIGHT.c.confirmed | expected,
    )
    for row in await connection.execute(query.group_by(_NIGHT.c.unit)):
        lines.setdefault(row.unit, Line()).nights_short = row.n


async def _doubts(connection: AsyncConnection, lines: Mapping[str, Line], estate: Estate, now: datetime) -> None:
    for row in await connection.execute(select(_UNIT.c.id).where(_UNIT.c.incomplete)):
        if row.id in lines:
            lines[row.id].incomplete = True
    silent: list[Any] = [
        source
        for row in await connection.execute(select(_SOURCE.c.source).where(_SOURCE.c.silent_since.is_not(None)))
        if (source := estate.source(row.source, now)) is not None
    ]
    async for name, line in in_turns(lines.items() if silent else ()):
        line.silent = [source.id for source in silent if estate.speaks_for(source, name, now)]
