"""The desk beside a whole worker on a real Kafka and a real PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from desk.access.granting import grant, scope_of
from desk.access.rights import Holder
from desk.api.place import Place
from desk.api.serving import served
from streams.parts import Parts
from streams.settings import Settings
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.running_system import whole_worker


@dataclass(frozen=True, slots=True)
class OnServers:
    """The worker, the desk and its address, and a key of the division."""

    parts: Parts
    place: Place
    address: str
    key: str


@asynccontextmanager
async def desk_on_servers(
    kafka: KafkaAddress, topic_prefix: str, database: str, directory: Path
) -> AsyncIterator[OnServers]:
    """Both at work until the end of the block."""
    settings = Settings(
        broker=kafka.bootstrap, ledger=SecretStr(database), data_dir=directory, topic_prefix=topic_prefix,
        group=topic_prefix, replication=1, health_port="off", api_port=0, sweep_every_s=0.2,
    )  # fmt: skip
    async with own_topics(settings), whole_worker(settings) as parts:
        place = Place(settings, parts.ledger, parts.clock, parts.world)
        wanted = ("division", Holder.DIVISION, *scope_of("division"))
        _, key = await grant(parts.ledger, parts.world, parts.clock.now(), wanted, timedelta(days=1))
        async with served(place) as door:
            assert door is not None
            yield OnServers(parts, place, door.address, key)
