"""What a peer is given in its batch mode: our ledger, to take a batch and to hand over what must be sent.

So that nothing is handicapped, a peer uses the same transaction, the same SQL and the same decisions as we do; what
differs is the framework that brings the records and sends the messages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.race.site import BATCH, HeardClock, Site
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.ledger import Ledger
from streams.ledger.outbox import Unsent
from workorders.policy import World, default_world


@dataclass(frozen=True, slots=True)
class Record:
    """A record as any framework brings it."""

    topic: str
    partition: int
    offset: int
    headers: Iterable[tuple[str, bytes | None]]
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Book:
    """The ledger in a peer's hands."""

    site: Site
    ledger: Ledger
    world: World
    clock: HeardClock
    streams: dict[tuple[str, int], Stream] = field(default_factory=dict)

    @classmethod
    async def open(cls, site: Site) -> "Book":
        """Open the ledger; it begins with the default policy and estate."""
        clock = HeardClock(site.start)
        ledger = await Ledger.open(site.settings.ledger_url, time_kind=clock.kind, now=clock.now())
        return cls(site, ledger, await ledger.world(default_world(), clock.now()), clock)

    async def take(self, records: Sequence[Record]) -> None:
        """Record and decide a batch as one transaction."""
        batch = [self._incoming(record) for record in records]
        await self.ledger.take(batch, self.clock.now(), self.world)

    async def waiting(self) -> list[Unsent]:
        """What must be sent next."""
        return await self.ledger.unsent(BATCH)

    async def sent(self, messages: Sequence[Unsent]) -> None:
        """The broker has acknowledged these."""
        await self.ledger.mark_sent([message.seq for message in messages], self.clock.now())

    def _incoming(self, record: Record) -> Incoming:
        name = record.topic.removeprefix(self.site.prefix)
        place = (name, record.partition)
        stream = self.streams.get(place)
        if stream is None:
            stream = self.streams[place] = Stream("bench", name, "bench", record.partition)
        return Incoming(
            topic=name,
            key=record.key,
            value=record.value,
            origin=Origin(stream, record.offset),
            heard=self.clock.hear(record.headers),
        )
