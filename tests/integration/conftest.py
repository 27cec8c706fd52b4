"""Both places on which the whole system runs unchanged."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams import kafka_client, system
from streams.cluster import Cluster
from streams.embedded import EmbeddedBroker
from streams.settings import Settings
from streams.topic_admin import apply
from tests.integration.place import QUICK, Place, blocking, servers
from tests.servers.fixtures import own_topics, wanted
from tests.servers.jars import jars
from tests.servers.kafka import KafkaAddress, private_kafka

SERVERS = pytest.param("servers", marks=[pytest.mark.kafka, pytest.mark.postgres])


@pytest.fixture(params=["embedded", SERVERS])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """A place whose broker stays."""
    if request.param == "embedded":
        async with _embedded(tmp_path, monkeypatch) as place:
            yield place
        return
    kafka: KafkaAddress = request.getfixturevalue("kafka")
    there = servers(kafka.bootstrap, request.getfixturevalue("topic_prefix"), request.getfixturevalue("database"))
    async with own_topics(Settings(**QUICK, **there)):
        yield Place(tmp_path, there, _stays, _stays)


@pytest.fixture(params=["embedded", SERVERS])
async def breakable(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """A place whose broker can be taken away: nobody else uses it."""
    monkeypatch.setattr(kafka_client, "METADATA_AGE_MS", 1_000)
    if request.param == "embedded":
        async with _embedded(tmp_path, monkeypatch) as place:
            yield place
        return
    wanted(jars)
    with private_kafka() as kafka:
        there = servers(kafka.address.bootstrap, "", request.getfixturevalue("database"))
        await apply(Settings(**QUICK, **there))
        yield Place(tmp_path, there, lambda: blocking(kafka.kill), lambda: blocking(kafka.start))


@asynccontextmanager
async def _embedded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """The embedded broker, held outside the workers, so that it outlives them."""
    async with EmbeddedBroker() as broker:

        @asynccontextmanager
        async def held(_: Settings) -> AsyncIterator[Cluster]:
            yield broker

        async def go_away() -> None:
            broker.go_away()

        async def come_back() -> None:
            broker.come_back()

        monkeypatch.setattr(system, "open_cluster", held)
        yield Place(folder, {}, go_away, come_back)


async def _stays() -> None:
    raise AssertionError("others use this broker: take the place that can be broken")
