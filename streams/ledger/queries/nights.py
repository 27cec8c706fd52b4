"""Questions about nights: what each is like, and the cover ledger of a period."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import NightState
from models.shift_cover import Supplier
from models.tables import NightRow
from streams.ledger import rows, states
from streams.ledger.queries.plain import as_dict, opened
from workorders.policy import Estate, World

_NIGHT: Final = rows.table_of(NightRow)
_MINUTE: Final = 60
_A_MINUTE: Final = timedelta(minutes=1)
_STANDING: Final = ("confirmed", "checked-in")
"""What the state calls cover that stands in its stretch."""


@dataclass(slots=True)
class CoverLine:
    """The cover of one AP, or of one agency, in a period; all lengths are person-minutes of ended nights.

    ``fill_rate`` is what the agency filled of what it was asked for (all that own staff need not fill), None if it was
    asked for nothing. ``shortest_notice`` is the least time, in minutes, between a withdrawal and the cover's start.
    """

    nights: int = 0
    required: int = 0
    own: int = 0
    agency: int = 0
    contingency: int = 0
    uncovered: int = 0
    cost_pence: int = 0
    withdrawals: int = 0
    shortest_notice: int | None = None
    asked_of_agency: int = 0

    @property
    def fill_rate(self) -> float | None:
        """What part of what it was asked for the agency filled, at most 1."""
        return min(1.0, self.agency / self.asked_of_agency) if self.asked_of_agency else None

    def count(self, night: NightState) -> None:
        """Count one night that has ended."""
        window = int((night.ends - night.starts).total_seconds()) // _MINUTE
        self.nights += 1
        self.required += night.required * window
        self.asked_of_agency += max(0, night.required - night.own_staff) * window
        self.own += night.own_minutes
        self.agency += night.agency_minutes
        self.contingency += night.contingency_minutes
        self.uncovered += night.uncovered_minutes
        self.cost_pence += night.cost_pence
        for cover in night.covers:
            if cover.notice_minutes is not None:
                self.withdrawals += 1
                known = self.shortest_notice
                self.shortest_notice = cover.notice_minutes if known is None else min(known, cover.notice_minutes)


async def nights(
    connection: AsyncConnection, *, since: date, until: date, units: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The nights of the dates from ``since`` to ``until`` (both included), each with its whole state."""
    return [opened(as_dict(row), "state") for row in await connection.execute(_query(since, until, units))]


def night_at(night: NightState, decided_at: datetime, now: datetime) -> NightState:
    """A night as it stands now, given as it was last decided: since then nobody came or went, but time has passed.

    The minutes of people who stand may lack the part of a minute that had begun when it was decided.
    """
    since, until = max(decided_at, night.starts), min(now, night.ends, night.next_due_at or now)
    if until <= since:
        return night
    standing = Counter(
        "contingency" if cover.contingency else cover.supplier
        for cover in night.covers
        if cover.status in _STANDING and cover.starts <= since < cover.until
    )
    passed = (until - since) // _A_MINUTE
    short = sum((min(end or until, until) - start for start, end in night.short), timedelta(0))
    return replace(
        night,
        uncovered_minutes=short // _A_MINUTE,
        own_minutes=night.own_minutes + standing[Supplier.OWN] * passed,
        agency_minutes=night.agency_minutes + standing[Supplier.AGENCY] * passed,
        contingency_minutes=night.contingency_minutes + standing["contingency"] * passed,
    )


async def cover_ledger(
    connection: AsyncConnection, world: World, *, since: date, until: date, now: datetime
) -> dict[str, dict[str, CoverLine]]:
    """The cover of the period's ended nights: ``premises`` by AP and ``agencies`` by agency."""
    by_premises: dict[str, CoverLine] = {}
    by_agency: dict[str, CoverLine] = {}
    query = _query(since, until, None).where(_NIGHT.c.ends <= now)
    for row in await connection.execute(query):
        night = states.NIGHT_STATE.validate_json(row.state)
        by_premises.setdefault(row.unit, CoverLine()).count(night)
        agency = _agency(world.estates.at(night.starts), row.unit, night.starts)
        if agency is not None:
            by_agency.setdefault(agency, CoverLine()).count(night)
    return {"premises": by_premises, "agencies": by_agency}


def _agency(estate: Estate, premises: str, at: datetime) -> str | None:
    if estate.premises(premises) is None:
        return None
    provider = estate.provider_of(premises, at, "agency")
    return provider.id if provider is not None else None


def _query(since: date, until: date, units: Collection[str] | None) -> Select[Any]:
    query = select(_NIGHT).where(_NIGHT.c.night.between(since, until)).order_by(_NIGHT.c.night, _NIGHT.c.unit)
    return query if units is None else query.where(_NIGHT.c.unit.in_(sorted(units)))
