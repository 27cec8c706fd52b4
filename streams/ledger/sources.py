"""Sources: when each was last heard, kept without a row that every event would have to touch.

A source's silence is reckoned from the latest instant at which it was heard and the edges of past silences; they are
read from the index of the events whenever a source is decided.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.ids import SOURCE_PREFIX, source_unit
from models.tables import EventRow, SourceStateRow
from streams.ledger import rows, states
from streams.ledger.store import Key
from workorders.policy import World

KEPT_MARKS: Final = 64
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_EVENT: Final = rows.table_of(EventRow)
_SOURCE: Final = rows.table_of(SourceStateRow)
_SINCE: Final = rows.Query(
    EventRow,
    ("source", "heard"),
    (_EVENT.c.source, _EVENT.c.heard.label("first"), _EVENT.c.heard.label("last")),
    """SELECT w.source,
    (SELECT MIN(e.heard) FROM event e WHERE e.source = w.source AND e.heard > w.heard) AS first,
    (SELECT MAX(e.heard) FROM event e WHERE e.source = w.source AND e.heard > w.heard) AS last
    FROM {wanted}""",
)


def expected(world: World, now: datetime) -> dict[str, timedelta]:
    """The registered sources that must be heard, and how often."""
    estate = world.estates.at(now)
    return {
        source.id: source.expect_every
        for source in estate.spec.sources
        if source.expect_every is not None and source.holds_at(now)
    }


async def marks(
    connection: AsyncConnection, keys: Collection[Key], world: World, now: datetime
) -> dict[Key, Sequence[datetime]]:
    """For each source the instants that its silence is reckoned from, as at now."""
    units = sorted(unit for unit, subject in keys if unit == subject and unit.startswith(SOURCE_PREFIX))
    if not units:
        return {}
    every = expected(world, now)
    stored = await _stored(connection, units)
    latest = {unit.removeprefix(SOURCE_PREFIX): max(stored.get(unit, ()), default=_NEVER) for unit in units}
    found = await rows.fetch(connection, _SINCE, sorted(latest.items()))
    heard = {row.source: [at for at in (row.first, row.last) if at is not None and at <= now] for row in found}
    return {
        (unit, unit): _thinned([*stored.get(unit, ()), *heard.get(source, ())], every.get(source))
        for unit in units
        for source in (unit.removeprefix(SOURCE_PREFIX),)
    }


async def unwatched(connection: AsyncConnection, world: World, now: datetime) -> list[Key]:
    """The sources that must be heard and have no state yet."""
    wanted = {source_unit(source) for source in expected(world, now)}
    found = {row.unit for row in await connection.execute(select(_SOURCE.c.unit))}
    return [(unit, unit) for unit in sorted(wanted - found)]


async def heard_again(connection: AsyncConnection) -> list[Key]:
    """The silent sources of which something has been heard since."""
    later = (
        select(func.max(_EVENT.c.heard)).where(_EVENT.c.source == _SOURCE.c.source).correlate(_SOURCE).scalar_subquery()
    )
    last = func.coalesce(_SOURCE.c.last_heard, _NEVER)
    query = select(_SOURCE.c.unit).where(_SOURCE.c.silent_since.is_not(None), later > last)
    return [(row.unit, row.unit) for row in await connection.execute(query)]


async def _stored(connection: AsyncConnection, units: Sequence[str]) -> dict[str, Sequence[datetime]]:
    query = select(_SOURCE.c.unit, _SOURCE.c.marks).where(_SOURCE.c.unit.in_(units))
    return {row.unit: states.MARKS.validate_json(row.marks) for row in await connection.execute(query)}


def _thinned(heard: Sequence[datetime], every: timedelta | None) -> tuple[datetime, ...]:
    """The last instant, and the two edges of each silence; what lies between tells nothing."""
    found = sorted(set(heard))
    if every is None:
        return tuple(found[-1:])
    kept = [
        at
        for n, at in enumerate(found)
        if n == len(found) - 1 or found[n + 1] - at > every or (n > 0 and at - found[n - 1] > every)
    ]
    return tuple(kept[-KEPT_MARKS:])
