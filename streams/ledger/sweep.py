"""The sweep: what time alone has made due is decided now, through the same writing as everything else.

Several workers may sweep at once: each takes the units that nobody else is writing. When much is due at once, a worker
decides it in slices of whole units, so that what is known of a unit is read once, and two slices side by side, so that
it thinks about one while the database works on the other.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.ids import night_id
from models.tables import NightRow, SourceStateRow, UnitRow, WorkOrderRow
from streams.ledger import backlog, inbox, quarantine, rows, sources, units
from streams.ledger.deciding import Deciding, in_words
from streams.ledger.errors import LedgerError
from streams.ledger.incoming import Held, Incoming, Outcome
from streams.ledger.store import Key
from streams.ledger.transaction import Transactions, finish, retried, versions
from streams.ledger.writing import Writing
from workorders.cover import nights_in_play
from workorders.policy import World
from workorders.wall_clock import night_window

INBOX_PATIENCE: Final = timedelta(seconds=5)
"""How long an input may take by way of the broker before it is taken from the inbox."""
NIGHTS_AHEAD: Final = timedelta(days=1)
"""How long before its first checkpoint a night has a row."""
SLICE: Final = 500
"""How many subjects one transaction decides at most."""
LANES: Final = 2
"""How many slices are decided side by side."""

Due = dict[Key, date | None]
"""Subjects to decide; a night that begins to be watched comes with its date."""

_DUE: Final = tuple(rows.table_of(model) for model in (WorkOrderRow, NightRow, SourceStateRow))
_UNIT: Final = rows.table_of(UnitRow)


async def sweep(transactions: Transactions, now: datetime, limit: int, world: World) -> Outcome:
    """Decide what is due, begin the nights and sources that must be watched, count backlogs, take what waits too long.

    At most about ``limit`` subjects; the outcome's ``more`` tells whether to call again at once.
    """
    due = await retried(lambda: _find_due(transactions, now, limit, world))
    outcome = await _decide_all(transactions, due, now, world)
    outcome.add(await retried(lambda: _count_backlogs(transactions, now, limit, world)))
    waiting = await retried(lambda: _untaken(transactions, now, limit))
    outcome.add(await transactions.take(waiting, now, world))
    outcome.more = len(due) >= limit or outcome.more or len(waiting) >= limit
    return outcome


async def _untaken(transactions: Transactions, now: datetime, limit: int) -> list[Incoming]:
    async with transactions.database.reading() as connection:
        return await inbox.untaken(connection, now, INBOX_PATIENCE, limit)


async def _find_due(transactions: Transactions, now: datetime, limit: int, world: World) -> Due:
    """The subjects that are due, and those that must be watched from now on; a night comes with its date."""
    async with transactions.database.reading() as connection:
        found: Due = dict.fromkeys(await _due(connection, now, limit))
        found |= dict.fromkeys(await sources.unwatched(connection, world, now))
        found |= dict.fromkeys(await sources.heard_again(connection))
        return found | await _nights_to_begin(connection, transactions.since, now, world)


async def _decide_all(transactions: Transactions, due: Due, now: datetime, world: World) -> Outcome:
    """Decide these slice by slice, several side by side; the first that fails ends the others."""
    total = Outcome()

    async def decide(slices: Sequence[Due]) -> None:
        for one in slices:
            total.add(await _decide(transactions, one, now, world))

    try:
        async with asyncio.TaskGroup() as lanes:
            for slices in in_lanes(due, SLICE, LANES):
                lanes.create_task(decide(slices))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return total


def in_lanes(due: Due, most: int, lanes: int) -> list[list[Due]]:
    """The subjects in slices of at most so many, and those in lanes such that no two lanes have a unit in common.

    What is due in one unit stays together and in its order; what fits into one slice is one.
    """
    if len(due) <= most:
        return [[due]] if due else []
    units: dict[str, Due] = {}
    for key, night in due.items():
        units.setdefault(key[0], {})[key] = night
    shares: list[Due] = [{} for _ in range(lanes)]
    for subjects in units.values():
        min(shares, key=len).update(subjects)
    return [_sliced(share, most) for share in shares if share]


def _sliced(due: Due, most: int) -> list[Due]:
    keys = list(due)
    return [{key: due[key] for key in keys[n : n + most]} for n in range(0, len(keys), most)]


async def _decide(transactions: Transactions, due: Due, now: datetime, world: World) -> Outcome:
    """Decide these as one transaction; what breaks it on a healthy database is found by halving, and held alone."""
    try:
        return await retried(lambda: _decide_once(transactions, due, now, world))
    except LedgerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is: the database is sound, so some subject is not
        keys = sorted(due)
        if len(keys) == 1:
            held = Held(*keys[0], None, None, in_words(error))
            return await retried(lambda: _hold(transactions, held, now, world))
    half = len(keys) // 2
    outcome = await _decide(transactions, {key: due[key] for key in keys[:half]}, now, world)
    return outcome.add(await _decide(transactions, {key: due[key] for key in keys[half:]}, now, world))


async def _decide_once(transactions: Transactions, due: Due, now: datetime, world: World) -> Outcome:
    async with transactions.database.writing() as connection:
        names = {unit for unit, _ in due}
        await units.make(connection, names)
        locked = await units.lock_free(connection, names)
        now = units.not_before(locked.values(), now)
        keys = {key for key in due if key[0] in locked}
        for key in keys:
            if (night := due[key]) is not None:
                unit = locked[key[0]]
                unit.nights_until = max(night, unit.nights_until or night)
        recollection = transactions.memory.recall(locked)
        deciding = Deciding(world, now, transactions.since, recollection)
        await deciding.run(connection, keys, {}, await sources.marks(connection, keys, world, now))
        writing = Writing(locked, now, versions(world, now))
        outcome = await finish(connection, writing, deciding)
    recollection.keep(locked, deciding.known.keys(), writing.after)
    return outcome


async def _hold(transactions: Transactions, held: Held, now: datetime, world: World) -> Outcome:
    async with transactions.database.writing() as connection:
        locked = await units.lock(connection, [held.unit])
        now = units.not_before(locked.values(), now)
        await quarantine.hold(connection, locked, [held], now)
        writing = Writing(locked, now, versions(world, now))
        writing.entry(held.unit).acts.append(quarantine.holding(held))
        await writing.flush(connection)
        await quarantine.postpone(connection, [held], now)
    return Outcome(held=[held])


async def _count_backlogs(transactions: Transactions, now: datetime, limit: int, world: World) -> Outcome:
    limit = min(limit, backlog.AT_ONCE)
    async with transactions.database.reading() as connection:
        names = await backlog.due(connection, now, limit)
    if not names:
        return Outcome()
    async with transactions.database.writing() as connection:
        locked = await units.lock_free(connection, names)
        now = units.not_before(locked.values(), now)
        writing = Writing(locked, now, versions(world, now))
        await backlog.count(
            connection, writing, [unit for unit in locked.values() if _is_due(unit.backlog_due_at, now)]
        )
        await writing.flush(connection)
    return Outcome(messages=len(writing.messages), more=len(names) == limit)


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


async def _due(connection: AsyncConnection, now: datetime, limit: int) -> list[Key]:
    """The subjects that are due, longest waiting first, and those of a unit together that became due together."""
    found: list[tuple[datetime, Key]] = []
    for table in _DUE:
        rows_due = await connection.execute(_due_in(table, now, limit))
        found += [(row.next_due_at, (row.unit, row.subject)) for row in rows_due]
    return [key for _, key in sorted(found)[:limit]]


def _due_in(table: Table, now: datetime, limit: int) -> Any:  # noqa: ANN401 - an SQL statement
    at = table.c.next_due_at
    query = select(table.c.unit, table.c.subject, at).where(at.is_not(None), at <= now)
    return query.order_by(at, table.c.unit).limit(limit)


async def _nights_to_begin(connection: AsyncConnection, since: datetime, now: datetime, world: World) -> Due:
    """The watched nights that have no row yet and will soon have their first checkpoint, with their dates.

    A night that was going on when the ledger began is none of them: nobody could have reported anything about it. It
    gets its row with the first thing that is heard about it.
    """
    watched = world.estates.at(now).watched_premises()
    policy = world.policies.at(now)
    rules = policy.spec.nights
    found: Due = {}
    begun = await _nights_until(connection, [premises.id for premises in watched])
    for premises in watched:
        last = begun.get(premises.id)
        after = since if last is None else datetime.combine(last, time(), tzinfo=UTC)
        for night in nights_in_play(premises, policy, after, now, NIGHTS_AHEAD):
            starts, _ = night_window(night, rules.starts, rules.ends, rules.zone)
            if (starts >= since) if last is None else (night > last):
                found[premises.id, night_id(premises.id, night.isoformat())] = night
    return found


async def _nights_until(connection: AsyncConnection, names: Collection[str]) -> dict[str, Any]:
    query = select(_UNIT.c.id, _UNIT.c.nights_until).where(_UNIT.c.id.in_(sorted(names)))
    return {row.id: row.nights_until for row in await connection.execute(query)}
