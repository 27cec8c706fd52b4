"""The watcher: a process of its own, best on another machine, that shouts when the workers fall silent.

It looks at both sides by itself, at the ledger and at the broker, and trusts nobody's clock: a part lives while its
pulses go on being counted, whatever time they bear. It asks no worker anything, so it hears when all of them are dead.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from models.tables import MetaRow
from streams.clock import Clock, monotonic
from streams.cluster import KafkaServers
from streams.health import INTAKE, RELAY, SWEEPER
from streams.kafka_admin import KafkaRefused, admin_client
from streams.kafka_client import BrokerUnreachable
from streams.ledger import offsets, pulses, rows
from streams.ledger.engine import Database
from streams.ledger.incoming import Stream
from streams.ledger.queries import stock
from streams.settings import Settings
from streams.topics import INPUTS, PULSES

log = logging.getLogger(__name__)

WATCHED: Final = (SWEEPER, RELAY, INTAKE)
ANSWER_WITHIN_S: Final = 10.0

_META: Final = rows.table_of(MetaRow)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look has seen; None for a side that did not answer.

    ``at`` is the database's own time; None where the ledger's is simulated, which tells nothing about how long we take.
    """

    pulses: Mapping[tuple[str, str], int] | None = None
    waiting: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    on_topic: int | None = None
    lag: int = 0
    read: int = 0


@dataclass(slots=True)
class Watch:
    """Since when each thing that must change has not; what is wrong follows from that."""

    silent_after_s: float
    has_broker: bool
    changed: dict[str, float] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    last: Sight = field(default_factory=Sight)

    def note(self, sight: Sight, now: float) -> None:
        """Remember a look, made at ``now`` by the monotonic clock."""
        self.last = sight
        self._mark("ledger", now if sight.pulses is not None else self.seen.get("ledger"), now)
        for part in WATCHED:
            told = None if sight.pulses is None else {name: n for name, n in sight.pulses.items() if name[0] == part}
            self._mark(part, self.seen.get(part) if told is None else told, now)
        if self.has_broker:
            self._mark("broker", now if sight.on_topic is not None else self.seen.get("broker"), now)
            self._mark("topic", sight.on_topic if sight.on_topic is not None else self.seen.get("topic"), now)
            self._mark("lag", (sight.lag == 0 and now, sight.read), now)

    def wrong(self, now: float) -> list[str]:
        """What is wrong, a sentence each; nothing while all goes well or it is too early to tell."""
        away = [
            f"the {side} could not be reached for {self._still(side, now):.0f} s"
            for side in ("ledger", "broker")
            if self._too_long(side, now)
        ]
        silent = [part for part in WATCHED if self._too_long(part, now)]
        if len(silent) == len(WATCHED):
            quiet = min(self._still(part, now) for part in WATCHED)
            return [*away, f"no worker has shown any sign of life for {quiet:.0f} s"]
        found = [f"the {part} has shown no sign of life for {self._still(part, now):.0f} s" for part in silent]
        if self._too_long("topic", now) and RELAY not in silent and not away:
            found += [f"no sign of life has come through the broker for {self._still('topic', now):.0f} s"]
        if self._too_long("lag", now) and INTAKE not in silent and not away:
            found += [f"{self.last.lag} records wait, and none was taken for {self._still('lag', now):.0f} s"]
        return [*away, *found, *self._overdue()]

    def _overdue(self) -> list[str]:
        at, waiting = self.last.at, self.last.waiting
        if at is None:
            return []
        found = []
        for name, what in (
            ("oldest_due", "a decision has been due"),
            ("unsent_since", f"{waiting.get('unsent')} messages wait to be sent, the oldest"),
        ):
            since = waiting.get(name)
            if since is not None and (age := (at - since).total_seconds()) > self.silent_after_s:
                found += [f"{what} for {age:.0f} s"]
        return found

    def _mark(self, what: str, seen: object, now: float) -> None:
        before = self.seen.get(what)
        # What is seen for the first time is no change: it may have stood there for long.
        if what not in self.changed or (before is not None and before != seen):
            self.changed[what] = now
        self.seen[what] = seen

    def _still(self, what: str, now: float) -> float:
        return now - self.changed.get(what, now)

    def _too_long(self, what: str, now: float) -> bool:
        return self._still(what, now) > self.silent_after_s


class Lookout:
    """Looks at the ledger and the broker, each within ``ANSWER_WITHIN_S``, and never fails."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._database = Database(settings.ledger_url)
        self._admin: AdminClient | None = None
        self._streams: dict[Stream, int] = {}

    async def close(self) -> None:
        """Give back every connection."""
        await self._database.close()

    async def look(self) -> Sight:
        """What there is to see now."""
        on_topic = await self._bounded("broker", self._broker()) if not self._settings.is_embedded else None
        ledger = await self._bounded("ledger", self._ledger())
        if ledger is None:
            return Sight(on_topic=on_topic)
        told, waiting, at, positions = ledger
        lag = sum(max(0, end - positions.get(stream, 0)) for stream, end in self._streams.items())
        return Sight(told, waiting, at, on_topic, lag, sum(positions.values()))

    async def _bounded(self, side: str, asked: Any) -> Any:  # noqa: ANN401 - what the side tells
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await asked
        except (SQLAlchemyError, KafkaException, KafkaRefused, BrokerUnreachable, OSError, TimeoutError) as error:
            log.info(
                "the %s does not answer: %s", side, error if isinstance(error, KafkaRefused) else type(error).__name__
            )
            return None

    async def _ledger(self) -> tuple[dict[tuple[str, str], int], dict[str, Any], datetime | None, dict[Stream, int]]:
        at: datetime | None = await self._database.now(self._clock.now())
        async with self._database.reading() as connection:
            if (await connection.execute(select(_META.c.time_kind))).scalar() == "simulated":
                at = None
            told = await pulses.counts(connection)
            waiting = await stock.waiting(connection)
            return told, waiting, at, await offsets.positions(connection, list(self._streams))

    async def _broker(self) -> int:
        """How many pulses were ever sent; notes on the way where each input partition ends."""
        settings = self._settings
        self._admin = self._admin or admin_client(settings, settings.broker)
        names = {settings.topic_prefix + topic.name: topic for topic in (*INPUTS, PULSES)}
        listed = await asyncio.to_thread(self._admin.list_topics, timeout=ANSWER_WITHIN_S)
        for name in names.keys() - listed.topics.keys():
            raise KafkaRefused(f"the topic {name} does not exist", KafkaError.UNKNOWN_TOPIC_OR_PART)
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(name, n): latest for name in names for n in listed.topics[name].partitions}
        asked = self._admin.list_offsets(wanted, request_timeout=ANSWER_WITHIN_S)
        ends = {one: (await asyncio.wrap_future(future)).offset for one, future in asked.items()}
        lives = await KafkaServers(settings).incarnations(names)
        self._streams = {
            Stream(lives[one.topic].cluster, names[one.topic].name, lives[one.topic].topic, one.partition): end
            for one, end in ends.items()
            if names[one.topic] != PULSES
        }
        return sum(end for one, end in ends.items() if names[one.topic] == PULSES)


@dataclass(frozen=True, slots=True)
class News:
    """What the watcher says: that something is wrong, or that all is well (again)."""

    at: datetime
    wrong: tuple[str, ...]

    @property
    def state(self) -> str:
        """``silent`` or ``well``."""
        return "silent" if self.wrong else "well"

    @property
    def text(self) -> str:
        """One sentence for people."""
        return "; ".join(self.wrong) if self.wrong else "all signs of life are there again"


async def watch_over(
    settings: Settings, clock: Clock, *, silent_after_s: float, every_s: float, again_s: float
) -> AsyncGenerator[News]:
    """News, for ever: when something goes wrong or its reasons change, again every ``again_s``, and when it is well."""
    lookout, watch = Lookout(settings, clock), Watch(silent_after_s, not settings.is_embedded)
    kinds: set[str] = set()
    said = monotonic()
    try:
        while True:
            watch.note(await lookout.look(), monotonic())
            now, wrong = monotonic(), watch.wrong(monotonic())
            fresh = {_without_figures(sentence) for sentence in wrong}
            if fresh - kinds or (kinds and not fresh) or (fresh and now - said >= again_s):
                said = now
                yield News(clock.now(), tuple(wrong))
            kinds = fresh
            await asyncio.sleep(every_s)
    finally:
        await lookout.close()


async def shows_life(settings: Settings, clock: Clock, *, within_s: float, every_s: float) -> list[str]:
    """What is still missing once everything that must show life has, or the time is over; nothing if all is well."""
    lookout, watch = Lookout(settings, clock), Watch(within_s, not settings.is_embedded)
    missing = {*WATCHED, *(["topic"] if watch.has_broker else [])}
    began = monotonic()
    watch.note(await lookout.look(), began)
    start = dict(watch.changed)
    try:
        while missing and monotonic() - began < within_s:
            await asyncio.sleep(every_s)
            watch.note(await lookout.look(), monotonic())
            missing = {what for what in missing if watch.changed[what] == start[what]}
        names = {"topic": "no sign of life came through the broker"}
        return [names.get(one, f"the {one} showed no sign of life") for one in sorted(missing)]
    finally:
        await lookout.close()


def _without_figures(sentence: str) -> str:
    return "".join(char for char in sentence if not char.isdigit())
