"""Questions about work orders."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import WorkOrderRow
from models.tables.known import MARKED
from streams.ledger import rows
from streams.ledger.outstanding import Age, raised_within
from streams.ledger.queries.holding import holding
from streams.ledger.queries.plain import as_dict, as_dicts, beyond, opened
from streams.ledger.store import Key

_ORDER: Final = rows.table_of(WorkOrderRow)
_SHOWN: Final = tuple(_ORDER.c[name] for name in (
    "unit", "subject", "status", "outcome", "raised_at", "ended_at", "base", "effective", "provider_priority",
    "dispute_since", "paused_until", "breached_at", "contested", "fix_due", "contractor_reference", "policy_version",
    "next_due_at", "decided_at",
))  # fmt: skip


async def orders(  # noqa: PLR0913 - each is one more way to narrow the question
    connection: AsyncConnection,
    *,
    units: Collection[str] | None = None,
    priorities: Collection[str] | None = None,
    outstanding: bool = True,
    breached: bool = False,
    disputed: bool = False,
    aged: tuple[Age, datetime] | None = None,
    limit: int = 100,
    after: Key | None = None,
) -> list[dict[str, Any]]:
    """Orders by premises and number: the outstanding ones, or all; only those in breach or in dispute if asked.

    Each with what is broken and what is wrong with it (``asset``, ``fault``), None where nobody has said so yet.
    ``aged``: only those that have this age at that instant, of those that are counted: whose priority is known.
    """
    query = _page(select(*_SHOWN, _ORDER.c.state), units, limit, after)
    if outstanding:
        query = query.where(_ORDER.c.is_open)
    if outstanding and (breached or disputed):
        query = query.where(text(MARKED))  # by its index: few are marked
    if breached:
        query = query.where(_ORDER.c.breached_at.is_not(None))
    if disputed:
        query = query.where(_ORDER.c.dispute_since.is_not(None))
    if aged is not None:
        query = _raised_within(query, *raised_within(*aged)).where(_ORDER.c.effective.is_not(None))
    if priorities is not None:
        query = query.where(_ORDER.c.effective.in_(sorted(priorities)))
    if outstanding and not breached and not disputed and (aged or priorities):
        first = after[0] if after is not None else None
        some = await holding(connection, priorities, aged, units=units, first=first, limit=limit + 1)
        if not some:
            return []
        query = query.where(_ORDER.c.unit.in_(some))
    return [_with_broken(row) for row in as_dicts(await connection.execute(query))]


def _with_broken(row: dict[str, Any]) -> dict[str, Any]:
    known = orjson.loads(row.pop("state"))["classification"]
    facts = dict(known["facts"]) if known is not None else {}
    return row | {name: facts.get(name) for name in ("asset", "fault")}


def _raised_within(query: Select[Any], after: datetime | None, until: datetime | None) -> Select[Any]:
    """Of an order whose beginning is not known it is only known that it is old."""
    if after is not None:
        query = query.where(_ORDER.c.raised_at > after)
    if until is not None:
        late = _ORDER.c.raised_at <= until
        query = query.where(late if after is not None else late | _ORDER.c.raised_at.is_(None))
    return query


async def orphans(
    connection: AsyncConnection, *, units: Collection[str] | None = None, limit: int = 100, after: Key | None = None
) -> list[dict[str, Any]]:
    """Subjects with events and no order: a reference may be mistyped, or the order has not come yet."""
    query = _page(select(_ORDER.c.unit, _ORDER.c.subject, _ORDER.c.decided_at), units, limit, after)
    return as_dicts(await connection.execute(query.where(_ORDER.c.status == "orphan")))


async def disputes(
    connection: AsyncConnection, *, units: Collection[str] | None = None, limit: int = 100, after: Key | None = None
) -> list[dict[str, Any]]:
    """Orders whose provider's priority differs from ours, with both and since when."""
    names = ("unit", "subject", "dispute_since", "base", "effective", "provider_priority", "raised_at", "fix_due")
    query = _page(select(*(_ORDER.c[name] for name in names)), units, limit, after)
    return as_dicts(await connection.execute(query.where(_ORDER.c.dispute_since.is_not(None))))


async def order_states(connection: AsyncConnection, subject: str, unit: str | None) -> list[dict[str, Any]]:
    """The whole state of the order of that number, at each premises that has one."""
    query = select(*_SHOWN, _ORDER.c.state).where(_ORDER.c.subject == subject).order_by(_ORDER.c.unit)
    if unit is not None:
        query = query.where(_ORDER.c.unit == unit)
    return [opened(as_dict(row), "state") for row in await connection.execute(query)]


def _page(query: Select[Any], units: Collection[str] | None, limit: int, after: Key | None) -> Select[Any]:
    if units is not None:
        query = query.where(_ORDER.c.unit.in_(sorted(units)))
    if after is not None:
        query = query.where(beyond((_ORDER.c.unit, _ORDER.c.subject), after))
    return query.order_by(_ORDER.c.unit, _ORDER.c.subject).limit(limit)
