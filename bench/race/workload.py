"""The records of the race: the simulator's mix of events, on topics that only one contender reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient

from bench.race.site import EPOCH, HEARD, Site
from streams.topic_admin import apply
from tests.simulation.world import mix


@dataclass(frozen=True, slots=True)
class Line:
    """One record: its topic without a prefix, when it was heard, its key and its bytes."""

    topic: str
    heard: datetime
    key: bytes
    value: bytes


def lines_of(seed: int, records: int) -> list[Line]:
    """So many records of one simulated world, in the order of hearing."""
    return [_line(record) for record in mix(seed, records)]


def _line(record: dict[str, Any]) -> Line:
    heard = datetime.fromisoformat(record["heard"])
    return Line(record["topic"], heard, record["key"].encode(), orjson.dumps(record["event"]))


async def make_topics(site: Site) -> None:
    """Make the site's topics as the worker wants them."""
    await apply(site.settings)


def drop_topics(site: Site) -> None:
    """Give the space back."""
    admin = AdminClient({"bootstrap.servers": site.broker})
    for outcome in admin.delete_topics(site.all_topics).values():
        outcome.result(30)


async def produce(site: Site, lines: Sequence[Line]) -> None:
    """Put every record on its topic, with the time at which it was heard."""
    producer = AIOKafkaProducer(bootstrap_servers=site.broker, acks="all", linger_ms=20, max_batch_size=262_144)
    await producer.start()
    try:
        for line in lines:
            stamp = (line.heard - EPOCH) // timedelta(milliseconds=1)
            headers = [(HEARD, str(stamp).encode())]
            await producer.send(site.prefix + line.topic, line.value, line.key, headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
