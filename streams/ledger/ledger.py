"""The ledger: the one door to what is recorded, for the worker, the relay, the watch and the people.

Whatever returns is durable; whatever raises left nothing behind, or says that it does not know.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.ids import new_id
from models.refusal import Refusal
from models.tables import MetaRow
from streams.clock import Kind
from streams.ledger import (
    administration,
    adopting,
    inbox,
    migrations,
    offsets,
    outbox,
    published,
    recognising,
    rows,
    sorting,
    timelines,
)
from streams.ledger.adopting import Adopted
from streams.ledger.engine import Database
from streams.ledger.errors import WrongTime
from streams.ledger.inbox import Receipt, Submitted
from streams.ledger.incoming import Incoming, Outcome, Stream
from streams.ledger.outbox import Confirmed, Unconfirmed, Unsent
from streams.ledger.sweep import sweep
from streams.ledger.transaction import Transactions, retried
from streams.ledger.verify import Anchor, Report, verify
from workorders.policy import Estate, Policy, World

T = TypeVar("T")

_META: Final = rows.table_of(MetaRow)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a ledger is: its id, whether its time is real or simulated, and since when it runs."""

    ledger_id: str
    time_kind: Kind
    created_at: datetime


class Ledger:
    """What is recorded, decided and said. Open it with :meth:`open`, and close it."""

    def __init__(self, database: Database, identity: Identity) -> None:
        self.database = database
        self.identity = identity
        self._transactions = Transactions(database, identity.created_at)

    @classmethod
    async def open(cls, url: str, *, time_kind: Kind, now: datetime) -> Self:
        """Open a ledger, making or upgrading its tables; ``now`` is its beginning if it is new.

        Raises ``WrongTime`` if it holds the other kind of time.
        """
        await retried(lambda: asyncio.to_thread(migrations.upgrade, url))
        database = Database(url)
        try:
            identity = await retried(lambda: _identity(database, time_kind, now))
        except BaseException:
            await database.close()
            raise
        return cls(database, identity)

    async def close(self) -> None:
        """Give back every connection."""
        await self.database.close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One unchanging view, for the questions in :mod:`streams.ledger.queries`."""
        async with self.database.reading() as connection:
            yield connection

    async def clock_skew(self, now: datetime) -> timedelta:
        """How far our clock is ahead of the database's; nothing for SQLite, and for simulated time."""
        if self.identity.time_kind == "simulated":
            return timedelta(0)
        return now - await retried(lambda: self.database.now(now))

    # ------------------------------------------------------------------------------------- deciding
    async def take(self, batch: Sequence[Incoming], now: datetime, world: World) -> Outcome:
        """Record and decide a batch as one transaction.

        Raises ``LedgerConflict`` or ``OffsetGap`` if it does not go on where the ledger stands, and
        ``LedgerUnavailable``; read :meth:`positions` anew before going on.
        """
        return await self._transactions.take(batch, now, world)

    async def sweep(self, now: datetime, limit: int, world: World) -> Outcome:
        """Decide what time has made due, about ``limit`` subjects at most; call again while ``more``."""
        return await sweep(self._transactions, now, limit, world)

    # -------------------------------------------------------------------------------------- offsets
    async def positions(self, streams: Collection[Stream]) -> dict[Stream, int]:
        """The next offset of each stream; one that is not named must be read from its beginning."""
        return await self._read(lambda connection: offsets.positions(connection, streams))

    async def known_streams(self) -> dict[Stream, int]:
        """The next offset of every stream ever read, those of past incarnations too."""
        return await self._read(offsets.known)

    async def recognise(self, read: Sequence[Incoming]) -> dict[Stream, int | None]:
        """The first of these records of each stream that is not the one that was taken there; None if all are."""
        return await self._read(lambda connection: recognising.recognise(connection, read))

    async def accept_gap(self, stream: Stream, upto: int, reason: str, now: datetime) -> None:
        """Go on at ``upto`` although records before it are missing; the reason is kept and audited."""
        await self._write(lambda connection: administration.accept_gap(connection, stream, upto, reason, now))

    # ---------------------------------------------------------------------------------------- inbox
    async def submit(self, batch: Sequence[Incoming], now: datetime, world: World) -> list[Receipt | Refusal]:
        """Make inputs durable, or say at once why one cannot be taken; the same input again gets the same receipt."""
        parsed = sorting.read(batch)
        verdicts = [sorting.verdict(one, now, world) for one in parsed]
        good = [one for one, refused in zip(parsed, verdicts, strict=True) if refused is None]
        receipts = iter(await self._write(lambda connection: inbox.add(connection, good, now)) if good else ())
        return [next(receipts) if refused is None else refused for refused in verdicts]

    async def unrelayed(self, limit: int, but: Collection[tuple[str, bytes]] = ()) -> list[Submitted]:
        """Submitted inputs that were not sent to their topic yet, oldest first, but for some topics and keys."""
        return await self._read(lambda connection: inbox.unrelayed(connection, limit, but))

    async def unrelayed_of(self, seqs: Collection[int]) -> list[Submitted]:
        """Those of these submitted inputs that were not sent to their topic yet."""
        return await self._read(lambda connection: inbox.unrelayed_of(connection, seqs))

    async def mark_relayed(self, seqs: Sequence[int], now: datetime) -> None:
        """The broker has acknowledged these submitted inputs."""
        await self._write(lambda connection: inbox.mark_relayed(connection, seqs, now))

    async def receipt(self, receipt: str) -> dict[str, Any] | None:
        """What has become of a submitted input; None for a receipt that was never given."""
        async with self.database.reading() as connection:
            found = await inbox.find(connection, receipt)
            return None if found is None else dict(found)

    # --------------------------------------------------------------------------------------- outbox
    async def unsent(self, limit: int, but: Collection[tuple[str, bytes]] = ()) -> list[Unsent]:
        """The oldest messages that were not sent, in the order in which they must be, but for some topics and keys."""
        return await self._read(lambda connection: outbox.unsent(connection, limit, but))

    async def unsent_of(self, seqs: Collection[int]) -> list[Unsent]:
        """Those of these messages that were not sent."""
        return await self._read(lambda connection: outbox.unsent_of(connection, seqs))

    async def mark_sent(self, seqs: Sequence[int], at: datetime) -> None:
        """The broker has acknowledged these messages."""
        await self._write(lambda connection: outbox.mark_sent(connection, seqs, at))

    async def unconfirmed(self, limit: int, *, after: int = 0) -> list[Unconfirmed]:
        """The messages after a number that were sent and not yet seen on their topics."""
        return await self._read(lambda connection: outbox.unconfirmed(connection, after, limit))

    async def overtaken(self, wanted: Sequence[Unconfirmed]) -> dict[UUID, bool]:
        """Which of these were followed by another of the same topic and key, and whether one that follows was seen."""
        return await self._read(lambda connection: outbox.overtaken(connection, wanted))

    async def send_again(self, wanted: Sequence[Unconfirmed]) -> None:
        """Have these sent again under their ids, unless they were seen meanwhile."""
        await self._write(lambda connection: outbox.send_again(connection, [one.seq for one in wanted]))

    async def confirm(self, message_ids: Iterable[UUID], at: datetime) -> Confirmed:
        """These messages were seen on their topic, each as often as it is named."""
        seen = list(message_ids)
        return await self._write(lambda connection: outbox.confirm(connection, seen, at))

    # ------------------------------------------------------------------------------- administration
    async def world(self, default: World, now: datetime) -> World:
        """The policies and estates that this ledger holds; a new ledger begins with the default and keeps it."""
        found = await self._read(timelines.read)
        if found is not None:
            return found
        if await self._write(lambda connection: timelines.begin(connection, default, now)):
            return default
        return await self.world(default, now)

    async def is_new(self) -> bool:
        """Whether it holds no policy and no estate yet."""
        return await self._read(timelines.read) is None

    async def adopt_timelines(self, values: Sequence[bytes], now: datetime) -> int:
        """Learn the policies and estates that were published, before anything is decided; how many were new.

        ``values`` are the records of the topics of policies and estates, in any order. Raises ``TimelinesDiffer`` if
        another version was published for an instant than this ledger holds.
        """
        return await self._write(lambda connection: published.adopt(connection, values, now))

    async def activate(self, version: Policy | Estate, effective_from: datetime, now: datetime, by: str) -> None:
        """Put a policy or an estate in force from a future instant on; ``by`` is the role that did it."""
        await self._write(lambda connection: timelines.activate(connection, version, effective_from, now, by))

    async def erase_note(self, source: str, event_id: str, now: datetime, by: str) -> bool:
        """Erase the free text of one event for good; tells whether there was any."""
        return await self._write(lambda connection: administration.erase_note(connection, source, event_id, now, by))

    async def erase_rejected(self, message_id: UUID, now: datetime, by: str) -> bool:
        """Erase the bytes of a rejected input for good; tells whether there were any."""
        return await self._write(lambda connection: administration.erase_rejected(connection, message_id, now, by))

    async def release(self, now: datetime, world: World) -> Outcome:
        """Try again what is in quarantine; what still cannot be decided goes back there."""
        return await administration.release(self._transactions, now, world)

    async def adopt(self, values: Sequence[bytes], now: datetime) -> Adopted:
        """Learn from the output topics what was said before a restore; give each topic's records in their order.

        Raises ``LedgerError`` for a value that is no message of ours, and where a statement is missing between two.
        """
        return await self._write(lambda connection: adopting.adopt(connection, values, now))

    async def said(self, message_ids: Collection[UUID]) -> dict[UUID, str | None]:
        """The texts of those of these messages that this ledger has written; None where one was erased since."""
        return await self._read(lambda connection: adopting.texts(connection, message_ids))

    async def resubmitted(self, message_id: UUID, receipt: str, now: datetime, by: str) -> None:
        """Note that a rejected input was mended and submitted again under this receipt."""
        await self._write(lambda connection: administration.resubmitted(connection, message_id, receipt, now, by))

    async def verify(self, world: World, *, every: int = 1, against: Anchor | None = None) -> Report:
        """Read everything again and say what does not fit; of the states one in ``every``.

        ``against`` are the heads of an earlier report: what the ledger said then, it must still say.
        """
        return await verify(self.database, world, self.identity.created_at, every=every, against=against)

    async def _read(self, ask: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What an answer needs, asked again a few times: that a session was ended must not end a worker."""

        async def once() -> T:
            async with self.database.reading() as connection:
                return await ask(connection)

        return await retried(once)

    async def _write(self, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def once() -> T:
            async with self.database.writing() as connection:
                return await act(connection)

        return await retried(once)


async def _identity(database: Database, time_kind: Kind, now: datetime) -> Identity:
    async with database.writing() as connection:
        new = {"id": 1, "ledger_id": new_id(), "time_kind": time_kind, "created_at": now}
        await rows.insert(connection, MetaRow, [new], clash="keep")
        row = (await connection.execute(select(_META.c.ledger_id, _META.c.time_kind, _META.c.created_at))).one()
    if row.time_kind != time_kind:
        raise WrongTime(
            f"this ledger holds {row.time_kind} time and was asked to go on in {time_kind} time; "
            "the two are never mixed, so use another ledger"
        )
    return Identity(*row)
