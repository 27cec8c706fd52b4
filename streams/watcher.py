"""The watcher: a process of its own, best on another machine, that shouts when the workers fall silent.

It looks at both sides by itself, at the ledger and at the broker, and trusts nobody's clock: a part lives while its
pulses go on being counted, whatever time they bear. It asks no worker anything, so it hears when all of them are dead.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
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
from streams.kafka_admin import KafkaRefused, admin_client
from streams.kafka_client import BrokerUnreachable
from streams.ledger import offsets, pulses, rows
from streams.ledger.engine import Database
from streams.ledger.incoming import Stream
from streams.ledger.queries import stock
from streams.settings import Settings
from streams.topics import INPUTS, PULSES
from streams.watcher_judging import WATCHED, Sight, Watch, lacking

log = logging.getLogger(__name__)

ANSWER_WITHIN_S: Final = 10.0

_META: Final = rows.table_of(MetaRow)


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
    settings: Settings,
    clock: Clock,
    *,
    silent_after_s: float,
    every_s: float,
    again_s: float,
    looked: Callable[[], None] = lambda: None,
) -> AsyncGenerator[News]:
    """News, for ever: when something goes wrong or its reasons change, again every ``again_s``, and when it is well.

    ``looked`` is called after each look, whatever it has seen.
    """
    lookout, watch = Lookout(settings, clock), Watch(silent_after_s, not settings.is_embedded)
    kinds: set[str] = set()
    said = monotonic()
    try:
        while True:
            watch.note(await lookout.look(), monotonic())
            looked()
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
        return lacking(missing, watch.last, has_broker=watch.has_broker)
    finally:
        await lookout.close()


def _without_figures(sentence: str) -> str:
    return "".join(char for char in sentence if not char.isdigit())
