"""What all requests share: the ledger with its clock and rules, and what is done for many of them at once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from desk.access import keys, record
from desk.access.keys import Key
from desk.access.record import Access
from desk.api.together import Together
from desk.opening import Desk
from desk.telling.fates import Fate, fates_of
from models.refusal import Refusal
from streams.clock import Clock, monotonic
from streams.ledger.errors import LedgerError
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from workorders.policy import World

log = logging.getLogger(__name__)

REFRESH_EVERY_S: Final = 2.0
"""How often the rules are read anew, and our clock is compared with the database's."""
KNOWN_FOR_S: Final = 1.0
"""How long a key is believed without asking the ledger again."""
USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Place:
    """One ledger, as the API sees it.

    While our clock and the database's differ too much ``decides`` is false: what is said is kept, and workers take it.
    """

    settings: Settings
    ledger: Ledger
    clock: Clock
    world: World
    decides: bool = True
    submitting: Together[Incoming, Receipt | Refusal] = field(init=False)
    taking: Together[Incoming, Fate] = field(init=False)
    recording: Together[Access, None] = field(init=False)
    _keys: dict[str, tuple[float, Key | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.submitting = Together(self._submit)
        self.taking = Together(self._take)
        self.recording = Together(self._record)

    @property
    def since(self) -> datetime:
        """Since when the ledger runs."""
        return self.ledger.identity.created_at

    def desk(self) -> Desk:
        """The present instant and rules, for one request."""
        database = self.ledger.database
        return Desk(str(database.url), self.clock.kind, self.clock.now(), self.world)

    async def key(self, secret: str, now: datetime) -> Key | None:
        """The key that opens with this secret now; None if none does."""
        hashed = keys.hash_of(secret)
        known = self._keys.get(hashed)
        if known is None or monotonic() > known[0]:
            known = (monotonic() + KNOWN_FOR_S, await self._look_up(secret, now))
            if len(self._keys) > 10_000:
                self._keys.clear()
            self._keys[hashed] = known
        return known[1] if known[1] is not None and known[1].holds_at(now) else None

    async def _look_up(self, secret: str, now: datetime) -> Key | None:
        async with self.ledger.reading() as connection:
            found = await keys.opened_by(connection, secret)
        if found is not None and (found.last_used_at is None or now - found.last_used_at > USE_NOTED_EVERY):
            async with self.ledger.database.writing() as connection:
                await keys.note_use(connection, found.id, now)
        return found

    async def _submit(self, batch: Sequence[Incoming]) -> Sequence[Receipt | Refusal]:
        return await self.ledger.submit(batch, self.clock.now(), self.world)

    async def _take(self, batch: Sequence[Incoming]) -> Sequence[Fate]:
        """Take what nobody has taken yet; each has a receipt."""
        fresh = [one for one, fate in zip(batch, await self._fates(batch), strict=True) if fate.fate is None]
        if fresh and self.decides:
            await self.ledger.take(fresh, self.clock.now(), self.world)
        return await self._fates(batch)

    async def _fates(self, batch: Sequence[Incoming]) -> list[Fate]:
        async with self.ledger.reading() as connection:
            found = await fates_of(connection, [one.receipt or "" for one in batch])
        return [found[one.receipt or ""] for one in batch]

    async def _record(self, lines: Sequence[Access]) -> Sequence[None]:
        async with self.ledger.database.writing() as connection:
            await record.write(connection, lines)
        return [None] * len(lines)

    async def keep_fresh(self) -> None:
        """Read the rules again and again, for a policy or estate may be activated at any time."""
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            try:
                self.world = await self.ledger.world(self.world, self.clock.now())
                skew = await self.ledger.clock_skew(self.clock.now())
            except LedgerError as error:
                log.warning("the rules cannot be read anew: %s", error)
                continue
            self.decides = abs(skew) <= timedelta(seconds=self.settings.clock_skew_limit_s)


@asynccontextmanager
async def kept(place: Place) -> AsyncIterator[Place]:
    """The place, kept fresh for as long as the block lasts; what was asked of it is finished at the end."""
    keeping = asyncio.create_task(place.keep_fresh())
    try:
        yield place
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        for together in (place.submitting, place.taking, place.recording):
            await together.finish()
