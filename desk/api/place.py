"""What all requests share: the ledger with its clock and rules, and what is done for many of them at once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from desk.access import keys, record
from desk.access.keys import Key
from desk.access.record import Access
from desk.api import again
from desk.api.problems import Problem
from desk.api.together import Together
from desk.opening import Desk
from desk.telling.fates import Fate, fates_of
from models.refusal import Refusal
from streams.clock import Clock, SystemClock, monotonic
from streams.ledger.errors import LedgerError
from streams.ledger.incoming import Incoming, Outcome
from streams.ledger.ledger import Ledger
from streams.log_outcome import log_outcome
from streams.settings import Settings
from workorders.policy import World

log = logging.getLogger(__name__)

REFRESH_EVERY_S: Final = 2.0
"""How often the rules are read anew, and our clock is compared with the database's."""
KNOWN_FOR_S: Final = 1.0
"""How long a key is believed without asking the ledger again."""
USE_NOTED_EVERY: Final = timedelta(minutes=1)
GATHERED_S: Final = 0.1
"""How long what nobody waits for is gathered, so that deciding it does not hold up the answers to others."""

DOOR: Final = "door"
"""What gave the cause for a decision that was made here."""
TAKEN_AT_ONCE: Final = 50
"""How many are decided in one transaction: while it reckons, no answer is given."""


@dataclass(frozen=True, slots=True)
class Taking:
    """One input to be taken: whether it was submitted before, and whether somebody waits to hear its fate."""

    incoming: Incoming
    again: bool = False
    waits: bool = True

    @property
    def receipt(self) -> str:
        """The id of its receipt, which each has."""
        return self.incoming.receipt or ""


_UNTAKEN: Final = Fate(None)


def _log(outcome: Outcome) -> None:
    log_outcome(outcome, DOOR)


@dataclass(slots=True)
class Place:
    """One ledger, as the API sees it.

    While our clock and the database's differ too much ``decides`` is false: what is said is kept, and workers take it.
    ``count`` is told what each transaction did. ``wall`` is the clock of the people who are at the desk, by which their
    sessions end: a story that is played may run through a day in a minute, and they do not.
    """

    settings: Settings
    ledger: Ledger
    clock: Clock
    world: World
    decides: bool = True
    count: Callable[[Outcome], None] = _log
    wall: Clock = field(default_factory=SystemClock)
    submitting: Together[again.Draft, again.Kept | Refusal | Problem] = field(init=False)
    taking: Together[Taking, Fate] = field(init=False)
    answering: Together[tuple[again.Request, bytes], None] = field(init=False)
    recording: Together[Access, None] = field(init=False)
    kept: dict[str, Any] = field(default_factory=dict)
    """What is kept for a moment, for all who ask for it, by its name."""
    background: "dict[str, asyncio.Task[Any]]" = field(default_factory=dict)
    """What is being done for nobody in particular, by its name; it is given up at the end."""
    _keys: dict[str, tuple[float, asyncio.Task[Key | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.submitting = Together(self._submit)
        self.taking = Together(self._take, GATHERED_S, TAKEN_AT_ONCE)
        self.answering = Together(self._keep_answers, GATHERED_S)
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
        """The key that opens with this secret now; None if none does. Many who ask at once ask the ledger once."""
        hashed = keys.hash_of(secret)
        known = self._keys.get(hashed)
        if known is None or monotonic() > known[0]:
            if len(self._keys) > 10_000:
                self._keys.clear()
            known = (monotonic() + KNOWN_FOR_S, asyncio.create_task(self._look_up(secret, now)))
            self._keys[hashed] = known
        try:
            found = await asyncio.shield(known[1])
        except Exception:
            self._keys.pop(hashed, None)  # an outage is not believed for a second
            raise
        return found if found is not None and found.holds_at(now) else None

    async def _look_up(self, secret: str, now: datetime) -> Key | None:
        async with self.ledger.reading() as connection:
            found = await keys.opened_by(connection, secret)
        if found is not None and (found.last_used_at is None or now - found.last_used_at > USE_NOTED_EVERY):
            async with self.ledger.database.writing() as connection:
                await keys.note_use(connection, found.id, now)
        return found

    async def _submit(self, batch: Sequence[again.Draft]) -> Sequence[again.Kept | Refusal | Problem]:
        return await again.keep(self.ledger, batch, self.clock.now(), self.world)

    async def _take(self, batch: Sequence[Taking]) -> Sequence[Fate]:
        """Take what nobody has taken yet; the fates of those for which nobody waits are not asked for."""
        found = await self.fates({one.receipt for one in batch if one.again})
        fresh = {one.receipt: one for one in batch if found.get(one.receipt, _UNTAKEN).fate is None}
        if fresh and self.decides:
            self.count(await self.ledger.take([one.incoming for one in fresh.values()], self.clock.now(), self.world))
            found |= await self.fates({one.receipt for one in batch if one.waits and one.receipt in fresh})
        return [found.get(one.receipt, _UNTAKEN) for one in batch]

    async def fates(self, receipts: Collection[str]) -> dict[str, Fate]:
        """What has become of these by now."""
        if not receipts:
            return {}
        async with self.ledger.reading() as connection:
            return await fates_of(connection, sorted(receipts))

    async def _keep_answers(self, answers: Sequence[tuple[again.Request, bytes]]) -> Sequence[None]:
        await again.keep_answers(self.ledger, answers)
        return [None] * len(answers)

    async def _record(self, lines: Sequence[Access]) -> Sequence[None]:
        async with self.ledger.database.writing() as connection:
            await record.write(connection, lines, kept_for=timedelta(days=self.settings.api_access_days))
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
        for task in (keeping, *place.background.values()):
            task.cancel()
        await asyncio.gather(keeping, *place.background.values(), return_exceptions=True)
        for together in (place.submitting, place.taking, place.answering, place.recording):
            await together.finish()
