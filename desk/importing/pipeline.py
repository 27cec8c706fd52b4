"""The way of imported events: broker, intake, ledger and sweeper, as every event goes, while time stands still.

It has a broker of its own inside this process, so that no worker elsewhere ever reads of the past as news, and no
relay: what was decided is recorded and nobody is told. The ledger's time is simulated, and what tells people refuses
such a ledger.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import orjson
from sqlalchemy import select

from desk.exits import BadInput
from desk.importing.events import ROW
from models.tables import RejectedRow
from streams.app import build_app, serve
from streams.clock import Kind
from streams.intake import Intake
from streams.kafka_client import Producer, make_producer, running
from streams.ledger import notices, rows
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.settings import Settings
from streams.sweeper import SWEEP_LIMIT, Sweeper
from streams.system import open_parts
from workorders.policy import World

LOOK_EVERY_S: Final = 0.005
LINGER_MS: Final = 100
BATCH_BYTES: Final = 1_000_000
"""A fetch from the embedded broker brings one batch of each partition, and what is fetched is one transaction."""
UNDER_WAY: Final = 4_000
"""How many events may be on the broker at once: it drops what is old, and must not before it was read."""
_REJECTED: Final = rows.table_of(RejectedRow)


class StandingClock:
    """Time that stands at one instant, while whoever waits waits in real time."""

    kind: Kind = "simulated"

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The instant at which time stands, in UTC."""
        return self._at

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        await asyncio.sleep(max(0.0, seconds))

    async def sleep_until(self, instant: datetime) -> None:
        """Return at once for what has come; what has not never will."""
        if instant > self._at:
            await asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that the ledger did not take: the row and the order that it is from, and why."""

    row: int
    reference: str
    code: str
    sentence: str


class Pipeline:
    """Sends events on their way and says what became of them; made by :func:`open_pipeline`."""

    def __init__(self, parts: Parts, producer: Producer, serving: "asyncio.Task[None]") -> None:
        self.ledger: Final = parts.ledger
        self.world: Final = parts.world
        self.as_of: Final = parts.clock.now()
        self._parts = parts
        self._producer = producer
        self._serving = serving
        self._sent = 0

    @property
    def done(self) -> int:
        """How many events the ledger has recorded, known already, or rejected."""
        progress = self._parts.progress
        return progress.recorded + progress.duplicates + progress.rejected

    async def send(self, events: Sequence[Incoming]) -> None:
        """Send events, at once unless too many are under way."""
        for event in events:
            await self._producer.send(self._parts.topic(event.topic), key=event.key, value=event.value)
        await self._producer.flush()
        self._sent += len(events)
        await self._until_under_way(UNDER_WAY)

    async def settle(self) -> None:
        """Wait until all that was sent is recorded and decided, and nothing is due any more at the instant."""
        await self._until_under_way(0)
        while (await self.ledger.sweep(self.as_of, SWEEP_LIMIT, self.world)).more:
            pass
        async with self.ledger.database.writing() as connection:
            await notices.tell_nobody(connection)

    async def rejected(self) -> AsyncIterator[Rejected]:
        """What the ledger could not take of all that was sent, with the reasons."""
        columns = (_REJECTED.c.value, _REJECTED.c.code, _REJECTED.c.sentence)
        query = select(*columns).order_by(_REJECTED.c.seq.desc()).limit(self._parts.progress.rejected)
        async with self.ledger.reading() as connection:
            for value, code, sentence in await connection.execute(query):
                event = orjson.loads(value)
                yield Rejected(event[ROW], event["subject"], code, sentence)

    async def _until_under_way(self, most: int) -> None:
        while self._sent - self.done > most:
            if self._serving.done():
                self._serving.result()
                raise asyncio.CancelledError
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def open_pipeline(settings: Settings, world: World, as_of: datetime) -> AsyncIterator[Pipeline]:
    """A pipeline into the ledger of the settings, for as long as the block lasts.

    ``BadInput`` if the ledger goes by another policy or estate already; ``WrongTime`` if its time is real.
    """
    async with open_parts(settings, StandingClock(as_of), world) as parts:
        if _versions(parts.world) != _versions(world):
            raise BadInput("The ledger goes by another policy or estate than this import: give it a ledger of its own.")
        app = build_app(settings)
        for service in (Sweeper(parts), Intake(parts)):
            # Faust takes an instance as well as a class, though its types name only the class.
            app.service(cast("Any", service))
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(app, stop, stop_within_s=settings.stop_within_s))
        try:
            producer = make_producer(settings, parts.cluster.bootstrap, linger_ms=LINGER_MS, batch_bytes=BATCH_BYTES)
            async with running(producer, settings):
                yield Pipeline(parts, producer, serving)
        finally:
            stop.set()
            await serving


def _versions(world: World) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return world.policies.versions, world.estates.versions
