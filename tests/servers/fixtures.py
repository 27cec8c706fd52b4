"""Fixtures: the servers of the run, and what a test may call its own on them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Final, TypeVar

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them without saying so
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.ledger import migrations
from streams.settings import Settings
from streams.topic_admin import apply
from tests.servers.kafka import KafkaAddress
from tests.servers.postgres import PostgresAddress
from tests.servers.processes import ServerMissing
from tests.servers.shared import RUN_FOLDER, SharedServers

T = TypeVar("T")

_NUMBERS: Final = count(1)
_OURS: Final = pytest.StashKey[SharedServers]()
_GIVEN: Final = ("KAFKA_BOOTSTRAP_SERVERS", "WORKORDERS_BROKER", "WORKORDERS_LEDGER")


def begin(config: pytest.Config) -> None:
    """Use the run's servers from this process on, without starting any; other processes of the run find them by it."""
    servers = SharedServers(os.environ)
    config.stash[_OURS] = servers
    os.environ[RUN_FOLDER] = str(servers.folder)
    for name in _GIVEN:  # they are for the tests, not settings of what is tested
        os.environ.pop(name, None)


def end(config: pytest.Config) -> None:
    """Use them no longer."""
    if (servers := config.stash.get(_OURS, None)) is not None:
        servers.leave()


def wanted(have: Callable[[], T]) -> T:
    """The server; where it cannot be had the test is skipped with the reason, but with CI=true it fails."""
    try:
        return have()
    except ServerMissing as reason:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"with CI=true nothing may be left out: {reason}", pytrace=False)
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> SharedServers:
    """The servers of this run."""
    return request.config.stash[_OURS]


@pytest.fixture(scope="session")
def kafka(servers: SharedServers) -> KafkaAddress:
    """A real Kafka, shared by the whole run: take topics and groups of your own, by ``topic_prefix``."""
    return wanted(servers.kafka)


@pytest.fixture(scope="session")
def protected_kafka(servers: SharedServers) -> KafkaAddress:
    """A real Kafka that has doors with TLS and login, too."""
    return wanted(servers.own_kafka)


@pytest.fixture(scope="session")
def postgres(servers: SharedServers) -> PostgresAddress:
    """A real PostgreSQL, shared by the whole run: take a database of your own, by ``database``."""
    return wanted(servers.postgres)


@pytest.fixture(scope="session")
def protected_postgres(servers: SharedServers) -> PostgresAddress:
    """A real PostgreSQL that has TLS and a login with a password, too."""
    return wanted(servers.own_postgres)


@pytest.fixture(scope="session")
def ledger_template(servers: SharedServers, postgres: PostgresAddress) -> str:
    """The name of an upgraded, empty database to copy; nobody connects to it."""
    name = f"{servers.name}_template"

    def make() -> None:
        postgres.drop_database(name)  # an attempt that failed may have left half of it
        migrations.upgrade(postgres.new_database(name))

    servers.once(name, make)
    return name


@pytest.fixture
def topic_prefix(servers: SharedServers) -> str:
    """A beginning of the names of topics and groups that no other test has."""
    return f"{_own(servers)}-"


@pytest.fixture
def database(servers: SharedServers, postgres: PostgresAddress) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    name = _own(servers)
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture
def ledger_on_postgres(servers: SharedServers, postgres: PostgresAddress, ledger_template: str) -> Iterator[str]:
    """The URL of an upgraded, empty ledger of the test's own."""
    name = _own(servers)
    yield postgres.copy_database(ledger_template, name)
    postgres.drop_database(name)


@asynccontextmanager
async def own_topics(settings: Settings) -> AsyncIterator[Settings]:
    """Our topics on the broker that the settings name, under their prefix, for as long as the block lasts."""
    await apply(settings)
    try:
        yield settings
    finally:
        await drop_topics(settings)


async def set_topic(settings: Settings, topic: str, config: Mapping[str, str]) -> None:
    """Set one of our topics otherwise, as a person does by hand, and return when the broker shows it."""
    name = settings.topic_prefix + topic
    admin = admin_client(settings, settings.broker)
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()]
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
    await answers({name: admin.incremental_alter_configs([resource])[resource]}, settings, settings.broker)
    for _ in range(100):
        told = await answers({name: admin.describe_configs([resource])[resource]}, settings, settings.broker)
        if {key: told[name][key].value for key in config} == config:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{name} does not show {config}")


async def drop_topics(settings: Settings) -> None:
    """Drop every topic that begins with the settings' prefix."""
    admin = admin_client(settings, settings.broker)
    ours = [name for name in admin.list_topics(timeout=10).topics if name.startswith(settings.topic_prefix)]
    for name, dropped in admin.delete_topics(ours).items() if ours else ():
        try:
            await answers({name: dropped}, settings, settings.broker)
        except KafkaRefused as refusal:
            if refusal.code != KafkaError.UNKNOWN_TOPIC_OR_PART:  # a broker may still list what has just been dropped
                raise


def _own(servers: SharedServers) -> str:
    return f"{servers.name}_{os.getpid()}_{next(_NUMBERS)}"
