"""Lives of the system in small steps, on real SQLite and a broker on paper: what dies or fails is begun anew.

The parts are the real ones; only their loops are walked by hand, so that each run takes the same steps in the same
order. What differs in a planted bug is given as another :class:`Build`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.clock import FixedClock
from streams.kafka_client import BrokerUnreachable, Consumer, Producer
from streams.ledger.ledger import Identity, Ledger
from streams.parts import Parts
from streams.reader import Reader
from streams.relay import Relay
from streams.settings import Settings
from streams.topics import INPUTS
from streams.watch import WATCHED, message_ids
from tests.faults.checker import OUTPUTS, Topics, faults_of, is_at_rest
from tests.faults.told import Logbook, Told
from tests.faults.trouble import BrittleDatabase, Died, Trouble
from tests.streams.paper_broker import PaperBroker, PaperConsumer, PaperProducer
from workorders.policy import World

MOST_ROUNDS = 40

Act = Callable[["Universe"], Awaitable[None]]
"""Something that happens outside of the system."""


def sound_ledger(database: BrittleDatabase, identity: Identity, broker: PaperBroker) -> Ledger:
    """The ledger as it is."""
    return Ledger(database, identity)


@dataclass(frozen=True)
class Build:
    """Which parts a life is made of."""

    reader: Callable[[Parts, Consumer, asyncio.Lock], Reader] = Reader
    relay: Callable[[Parts], Relay] = Relay
    ledger: Callable[[BrittleDatabase, Identity, PaperBroker], Ledger] = sound_ledger


SOUND: Final = Build()


@dataclass(frozen=True)
class Template:
    """A ledger that is ready to be copied, and what it begins with."""

    file: bytes
    identity: Identity
    world: World


@dataclass
class Past:
    """What outlives the system: the ledger's file, the broker's logs, the time, and the log of what was handed in."""

    file: bytes
    now: datetime
    logs: dict[TopicPartition, list[Any]] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    watched: dict[str, int] = field(default_factory=dict)
    told: Logbook = field(default_factory=Logbook)
    is_broker_away: bool = False


class Universe:
    """The system and its outside, going on from some past."""

    def __init__(self, folder: Path, template: Template, past: Past, trouble: Trouble, build: Build) -> None:
        past = deepcopy(past)
        self.file = folder / "ledger.db"
        self.file.write_bytes(past.file)
        self.template, self.trouble, self.build = template, trouble, build
        self.clock = FixedClock(past.now)
        self.broker = PaperBroker(step=self._at_the_broker, logs=past.logs, committed=past.committed)
        self.is_broker_away = past.is_broker_away
        self.told, self.watched = past.told, past.watched
        self.life: Life | None = None

    def past(self) -> Past:
        """What is outside now; only between two lives."""
        return Past(
            self.file.read_bytes(),
            self.clock.now(),
            self.broker.logs,
            self.broker.committed,
            self.watched,
            self.told,
            self.is_broker_away,
        )

    def _at_the_broker(self, step: str) -> None:
        if self.is_broker_away:
            raise BrokerUnreachable("it is away")
        self.trouble.step(step)

    async def run(self, *acts: Act) -> None:
        """Let everything happen: each act again until it succeeds, and the system all that there is to do after it."""
        try:
            for act in acts:
                await self._until_done(act)
                await self._until_quiet()
        finally:
            await self._end()

    async def submit(self, one: Told) -> None:
        """Hand an event in at the front door; without a receipt nobody knows whether it was kept."""
        parts = (await self._alive()).parts
        if one in self.told.accepted:
            return
        if one not in self.told.unknown:
            self.told.unknown.append(one)
        (receipt,) = await parts.ledger.submit([one.incoming()], self.clock.now(), parts.world)
        self.told.unknown.remove(one)
        self.told.accepted.append(one)
        self.told.receipts[cast("Any", receipt).id] = one

    def faults(self) -> list[str]:
        """What does not hold, by the checker."""
        return faults_of(self.file, self.told, self.clock.now(), said=self._said(), records=self._records())

    async def check(self) -> list[str]:
        """What does not hold, by the checker and by the ledger's own verification."""
        ledger = Ledger(BrittleDatabase(f"sqlite:///{self.file}", Trouble()), self.template.identity)
        try:
            report = await ledger.verify(self.template.world)
        finally:
            await ledger.close()
        return self.faults() + [f"verify: {finding}" for finding in report.findings]

    def _is_at_rest(self) -> bool:
        """Whether, seen from outside, nothing is left to do: it spares a round in which nothing happens."""
        return not self.is_broker_away and is_at_rest(self.file, self.clock.now(), self._records())

    def _records(self) -> int:
        return sum(len(self.broker.on(topic.name)) for topic in INPUTS)

    def _said(self) -> Topics:
        return {topic: [record.value for record in self.broker.on(topic)] for topic in OUTPUTS}

    async def _until_done(self, act: Act) -> None:
        for _ in range(MOST_ROUNDS):
            try:
                await act(self)
            except (Exception, Died):  # noqa: BLE001 - whatever it was, the sender tries again
                await self._end()
            else:
                return
        raise AssertionError("an act did not succeed")

    async def _until_quiet(self) -> None:
        for _ in range(MOST_ROUNDS):
            try:
                if not await (await self._alive()).round() or self._is_at_rest():
                    return
            except (Exception, Died):  # noqa: BLE001 - whatever it was, the worker is started anew
                await self._end()
        raise AssertionError("it made no progress: there was always something left to do")

    async def _alive(self) -> "Life":
        if self.life is None:
            self.trouble.is_dead = False
            database = BrittleDatabase(f"sqlite:///{self.file}", self.trouble)
            ledger = self.build.ledger(database, self.template.identity, self.broker)
            settings = Settings(batch_max_wait_ms=1, batch_max_records=4, relay_batch=8, broker_timeout_s=10)
            parts = Parts(settings, self.clock, ledger, self.broker, self.template.world)
            self.life = Life(parts, self)
        return self.life

    async def _end(self) -> None:
        if self.life is not None:
            await self.life.parts.ledger.close()
            self.life = None


class Life:
    """The system from one start to its end."""

    def __init__(self, parts: Parts, universe: Universe) -> None:
        self.parts = parts
        self._universe = universe
        self._lock = asyncio.Lock()
        self._relay = universe.build.relay(parts)
        self._producer = PaperProducer(universe.broker)
        self._reader = self._connect()

    async def round(self) -> bool:
        """Do everything once that there is to do; whether there was anything."""
        before = _sum_of(self.parts)
        try:
            await self._relay._pass(cast("Producer", self._producer))
            if found := await self._reader.fetch():
                async with self._lock:
                    await self._reader.take(found)
                before -= 1
        except (KafkaError, BrokerUnreachable):
            if not self._universe.is_broker_away:
                self._reader = self._connect()
                before -= 1
        parts = self.parts
        while True:
            outcome = await parts.ledger.sweep(parts.clock.now(), 50, parts.world)
            parts.count(outcome)
            if not outcome.more:
                break
        await self._watch()
        # A step that was done and told as failed is done once more and finds nothing to do: its messages still wait.
        waits = not self._universe.is_broker_away and bool(await parts.ledger.unsent(1))
        return waits or _sum_of(parts) != before

    def _connect(self) -> Reader:
        build, broker = self._universe.build, self._universe.broker
        broker.members.clear()
        consumer = PaperConsumer(broker)
        reader = build.reader(self.parts, cast("Consumer", consumer), self._lock)
        consumer.subscribe([topic.name for topic in INPUTS], listener=reader)
        return reader

    async def _watch(self) -> None:
        """Confirm what has come onto the topics since; the watch's own place in them is kept by the group."""
        place, broker = self._universe.watched, self._universe.broker
        for topic in WATCHED:
            values = [record.value for record in broker.on(topic.name)]
            if fresh := values[place.get(topic.name, 0) :]:
                found = await self.parts.ledger.confirm(message_ids(fresh), self.parts.clock.now())
                self.parts.progress.confirmed += found.first
                place[topic.name] = len(values)


def _sum_of(parts: Parts) -> int:
    progress = parts.progress
    return progress.recorded + progress.duplicates + progress.decided + progress.sent + progress.relayed


def at(hours: float) -> Act:
    """Time goes on until so many hours after the beginning."""

    async def act(universe: Universe) -> None:
        universe.clock.set(universe.template.identity.created_at + timedelta(hours=hours))

    return act


def beginning(template: Template) -> Past:
    """Nothing has happened yet."""
    return Past(template.file, template.identity.created_at)
