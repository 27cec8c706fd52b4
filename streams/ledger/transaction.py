"""The transaction: a batch is sorted, decided and recorded as one, or nothing of it is.

parse -> lock the streams, check their offsets -> admit -> lock the units -> tell duplicates -> read what is known ->
decide -> write events, states, statements, outbox, rejections, offsets and audit -> commit.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import stamina
from sqlalchemy.ext.asyncio import AsyncConnection

from models.escalation import Heartbeat
from models.history import Taken
from models.parse import unit_of
from models.refusal import Reason, Refusal
from streams.ledger import inbox, offsets, quarantine, sorting, sources, states, units
from streams.ledger.audit import ADMINISTRATION
from streams.ledger.deciding import Deciding, give_way, in_words
from streams.ledger.engine import Database
from streams.ledger.errors import LedgerError, LedgerUnavailable, is_outage, is_passing
from streams.ledger.incoming import MOST_NAMED, Held, Incoming, Outcome
from streams.ledger.memory import Memory
from streams.ledger.offsets import Advances
from streams.ledger.rejecting import reject
from streams.ledger.sorting import Accepted, Parsed, Sorted
from streams.ledger.store import Key
from streams.ledger.writing import Writing
from workorders.policy import World

ATTEMPTS: Final = 5
"""How often a transaction is tried while the database is away, busy or full."""

T = TypeVar("T")


async def retried(action: Callable[[], Awaitable[T]]) -> T:
    """The action's result, after a few tries while the database is away or another writer was first.

    Raises ``LedgerUnavailable`` when the database itself is at fault to the end.
    """
    try:
        async for attempt in stamina.retry_context(
            on=is_passing, attempts=ATTEMPTS, timeout=None, wait_initial=0.05, wait_max=2.0
        ):
            with attempt:
                return await action()
    except Exception as error:
        if is_outage(error):
            raise LedgerUnavailable(f"the database failed {ATTEMPTS} times, last with: {error}") from error
        raise
    raise AssertionError("a retry ends with a result or an error")


@dataclass(frozen=True, slots=True)
class Transactions:
    """Runs transactions on one database; ``since`` is when the ledger began, for sources that were never heard."""

    database: Database
    since: datetime
    memory: Memory = field(default_factory=Memory)

    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        """Record and decide a batch as one transaction.

        Raises ``LedgerConflict``, ``OffsetGap`` or ``LedgerUnavailable``; the positions then tell how far it came. An
        input that breaks the transaction on a healthy database is found by halving, and rejected alone.
        """
        return await self._take(sorting.read(batch), now, world) if batch else Outcome()

    async def _take(self, batch: Sequence[Parsed], now: datetime, world: World) -> Outcome:
        try:
            return await retried(lambda: self._attempt(batch, now, world))
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: the database is sound, so something in the batch is not
            if len(batch) == 1:
                return await self._refuse(batch[0], error, now, world)
        half = len(batch) // 2
        outcome = await self._take(batch[:half], now, world)
        return outcome.add(await self._take(batch[half:], now, world))

    async def _refuse(self, parsed: Parsed, error: Exception, now: datetime, world: World) -> Outcome:
        """Reject the one input that cannot be recorded, and show its unit as incomplete."""
        what = in_words(error)
        refusal = Refusal(
            Reason.CANNOT_BE_RECORDED, "", f"It could not be recorded although the database is sound ({what[:200]})."
        )
        held = []
        if parsed.event is not None:
            event = parsed.event
            held.append(Held(unit_of(event), event.subject, event.source, event.id, what))
        refused = Parsed(parsed.incoming, parsed.event, parsed.digest, refusal)
        return await retried(lambda: self._attempt([refused], now, world, held))

    async def _attempt(
        self, batch: Sequence[Parsed], now: datetime, world: World, held: Sequence[Held] = ()
    ) -> Outcome:
        async with self.database.writing() as connection:
            advances = await offsets.advance(connection, [parsed.incoming for parsed in batch])
            admitted = await sorting.admitted(connection, batch, world, now)
            names = {unit_of(taken.event) for _, taken, _ in admitted.taken} | {one.unit for one in held}
            locked = await units.lock(connection, names)
            now = units.not_before(locked.values(), now)
            found = await sorting.sort(connection, admitted)
            recollection = self.memory.recall(locked)
            deciding = Deciding(world, now, self.since, recollection)
            await decide_fresh(connection, deciding, found.accepted)
            if found.rejections or advances.begun:  # locked last by everybody, so nobody waits in a circle
                locked |= await units.lock(connection, [ADMINISTRATION])
            found.fates = await inbox.still_waiting(connection, found.fates)
            writing = Writing(locked, now, versions(world, now))
            _record(writing, found, advances, deciding.held)
            reject(writing, found.rejections, advances)
            _seal_movement(writing, found, advances)
            outcome = await finish(connection, writing, deciding, held)
            await advances.write(connection)
            await inbox.mark_taken(connection, {seq: fate for seq, (_, fate) in found.fates.items()}, now)
        recollection.keep(locked, deciding.known.keys(), writing.after)
        outcome.recorded, outcome.duplicates = len(found.accepted), len(found.duplicates)
        outcome.rejections = found.rejections
        outcome.named = [sorting.name_of(one.taken.event) for one in found.accepted[:MOST_NAMED]]
        return outcome


async def decide_fresh(connection: AsyncConnection, deciding: Deciding, accepted: Sequence[Accepted]) -> None:
    """Decide every subject that an accepted event is about; a sign of life decides nothing by itself."""
    fresh: dict[Key, list[Taken]] = {}
    for one in accepted:
        if not isinstance(one.taken.event, Heartbeat):
            fresh.setdefault(one.key, []).append(one.taken)
    marks = await sources.marks(connection, fresh.keys(), deciding.world, deciding.now)
    await deciding.run(connection, fresh.keys(), fresh, marks)


async def finish(
    connection: AsyncConnection, writing: Writing, deciding: Deciding, held: Sequence[Held] = ()
) -> Outcome:
    """Write everything that was decided, and what could not be decided."""
    for n, key in enumerate(sorted(deciding.decided), start=1):
        writing.settle(key, deciding.decided[key])
        await give_way(n)
    for unit, act in await quarantine.review(connection, writing.units, deciding.decided.keys(), writing.now):
        writing.entry(unit).acts.append(act)
    all_held = [*deciding.held, *held]
    await quarantine.hold(connection, writing.units, all_held, writing.now)
    for one in all_held:
        writing.entry(one.unit).acts.append(quarantine.holding(one))
    await writing.flush(connection)
    await quarantine.postpone(connection, deciding.held, writing.now)
    said = [one for decided in deciding.decided.values() for one in decided.decision.statements]
    return Outcome(decided=len(deciding.decided), statements=said, held=all_held, messages=len(writing.messages))


def versions(world: World, now: datetime) -> Mapping[str, str]:
    """The versions of policy and estate in force, for the audit."""
    return {"policy": world.policies.at(now).version, "estate": world.estates.at(now).version}


def _record(writing: Writing, found: Sorted, advances: Advances, held: Collection[Held]) -> None:
    """The event rows, and what became of every record of every stream."""
    poison = {(one.source, one.event_id) for one in held}
    for accepted in found.accepted:
        event, advance = accepted.taken.event, advances.of(accepted.incoming)
        row = _event_row(accepted, advance.id if advance else None, writing.now)
        row["quarantined"] = (event.source, event.id) in poison
        writing.take(row, accepted.note)
        if advance is not None:
            advance.recorded += 1
    for _, incoming in found.duplicates:
        if (advance := advances.of(incoming)) is not None:
            advance.duplicates += 1
    for rejection in found.rejections:
        if (advance := advances.of(rejection.incoming)) is not None:
            advance.rejected += 1


def _seal_movement(writing: Writing, found: Sorted, advances: Advances) -> None:
    """Name in the audit each stream that begins, each duplicate by its offset, and each inbox row that was taken."""
    for begun in advances.begun:
        writing.entry(ADMINISTRATION).acts.append({"stream": begun})
    for unit, incoming in found.duplicates:
        if incoming.origin is not None:
            stream = advances.by_stream[incoming.origin.stream].id
            writing.entry(unit).duplicates.append((stream, incoming.origin.offset))
    for seq, (unit, fate) in found.fates.items():
        writing.entry(unit).fates.append((seq, fate))


def _event_row(accepted: Accepted, stream: int | None, now: datetime) -> dict[str, Any]:
    taken, incoming = accepted.taken, accepted.incoming
    event = taken.event
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "unit": unit_of(event),
        "subject": event.subject,
        "time": event.time,
        "heard": taken.heard,
        "role": taken.role,
        "party": taken.party.value,
        "sequence": event.sequence,
        "digest": accepted.digest,
        "body": states.event_body(event),
        "stream": stream,
        "topic_offset": incoming.origin.offset if incoming.origin else None,
        "recorded_at": now,
    }
