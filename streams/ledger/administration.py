"""What is done to the ledger by hand: every act is a link of the ledger's own chain."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EventNoteRow, InboxRow, OutboxRow, RejectedRow
from streams.ledger import offsets, quarantine, rows, sources, store, units
from streams.ledger.audit import ADMINISTRATION, Entry
from streams.ledger.deciding import Deciding
from streams.ledger.errors import LedgerError
from streams.ledger.incoming import Outcome, Stream
from streams.ledger.transaction import Transactions, finish, retried, versions
from streams.ledger.writing import Writing
from workorders.policy import World

_NOTE: Final = rows.table_of(EventNoteRow)
_REJECTED: Final = rows.table_of(RejectedRow)
_INBOX: Final = rows.table_of(InboxRow)
_OUTBOX: Final = rows.table_of(OutboxRow)


async def accept_gap(connection: AsyncConnection, stream: Stream, upto: int, reason: str, now: datetime) -> None:
    """Go past missing records of a stream, for a reason that is kept."""
    gap = await offsets.accept_gap(connection, stream, upto, reason, now)
    await _note(connection, "gap", now, {"gap": gap, "topic": stream.topic, "partition": stream.partition})


async def erase_note(connection: AsyncConnection, source: str, event_id: str, now: datetime, by: str) -> bool:
    """Erase the free text of an event; the chain holds only its digest, so it stays whole.

    What was submitted to us is emptied too; if it was not sent to its topic yet, it never will be.
    """
    same = (_NOTE.c.source == source) & (_NOTE.c.id == event_id) & _NOTE.c.note.is_not(None)
    if not (await connection.execute(_NOTE.update().where(same).values(note=None, erased_at=now))).rowcount:
        return False
    submitted = (_INBOX.c.source == source) & (_INBOX.c.event_id == event_id) & _INBOX.c.taken_at.is_not(None)
    relayed = func.coalesce(_INBOX.c.relayed_at, now)
    await connection.execute(_INBOX.update().where(submitted).values(value=b"", relayed_at=relayed))
    await _note(connection, "erased", now, {"erased": [source, event_id], "by": by})
    return True


async def erase_rejected(connection: AsyncConnection, message_id: UUID, now: datetime, by: str) -> bool:
    """Erase the bytes of a rejected input, and the message that bore them; where and why it was refused stays."""
    same = (_REJECTED.c.message_id == message_id) & _REJECTED.c.erased_at.is_(None)
    emptied = {"value": None, "key": None, "headers": "[]", "erased_at": now}
    if not (await connection.execute(_REJECTED.update().where(same).values(**emptied))).rowcount:
        return False
    message = _OUTBOX.c.message_id == message_id
    sent = func.coalesce(_OUTBOX.c.sent_at, now)
    await connection.execute(_OUTBOX.update().where(message).values(value="", sent_at=sent, erased_at=now))
    await _note(connection, "erased", now, {"erased": [str(message_id)], "by": by})
    return True


async def resubmitted(connection: AsyncConnection, message_id: UUID, receipt: str, now: datetime, by: str) -> None:
    """Note under which receipt a mended copy of a rejected input was submitted."""
    change = _REJECTED.update().where(_REJECTED.c.message_id == message_id).values(resubmitted_as=receipt)
    if not (await connection.execute(change)).rowcount:
        raise LedgerError(f"there is no rejected input with the message id {message_id}")
    await _note(connection, "resubmitted", now, {"resubmitted": str(message_id), "receipt": receipt, "by": by})


async def release(transactions: Transactions, now: datetime, world: World) -> Outcome:
    """Decide again with everything that is in quarantine, in one transaction."""
    return await retried(lambda: _release(transactions, now, world))


async def _release(transactions: Transactions, now: datetime, world: World) -> Outcome:
    async with transactions.database.writing() as connection:
        names = {row.unit for row in await quarantine.held(connection)}
        locked = await units.lock(connection, names)
        rows_held = await quarantine.held(connection, names)
        if not rows_held:
            return Outcome()
        fresh = await store.events(connection, [(row.source, row.event_id) for row in rows_held if row.source])
        keys = {(row.unit, row.subject) for row in rows_held}
        marks = await sources.marks(connection, keys, world, now)
        deciding = Deciding(world, now, transactions.since, transactions.memory.recall(locked))
        await deciding.run(connection, keys, {key: fresh.get(key, []) for key in keys}, marks)
        still = deciding.held
        writing = Writing(locked, now, versions(world, now))
        for unit, act in await quarantine.let_go(connection, rows_held, still, fresh, now):
            writing.entry(unit).acts.append(act)
        deciding.held = []
        outcome = await finish(connection, writing, deciding)
    outcome.held = still
    return outcome


async def _note(connection: AsyncConnection, kind: str, now: datetime, act: Mapping[str, Any]) -> None:
    locked = await units.lock(connection, [ADMINISTRATION])
    link = locked[ADMINISTRATION].chain(kind, now, Entry(acts=[act]), {})
    await units.save(connection, list(locked.values()), [link])
