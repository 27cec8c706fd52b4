"""The cluster: which incarnation of a topic an offset belongs to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.cluster import KafkaServers, open_cluster
from streams.embedded import EmbeddedBroker
from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.kafka_client import BrokerUnreachable
from streams.settings import Settings
from streams.topic_admin import apply
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress


async def test_by_default_the_cluster_is_a_broker_in_this_process_that_ends_with_the_block() -> None:
    async with open_cluster(Settings(topic_prefix="south.")) as cluster:
        assert isinstance(cluster, EmbeddedBroker)
        assert cluster.bootstrap.startswith("127.0.0.1:")
    with pytest.raises(Exception, match="not running"):
        cluster.go_away()


async def test_servers_are_not_contacted_when_the_cluster_is_opened() -> None:
    async with open_cluster(Settings(broker="127.0.0.1:1")) as cluster:
        assert isinstance(cluster, KafkaServers)
        assert cluster.bootstrap == "127.0.0.1:1"


async def test_each_start_of_the_embedded_broker_is_a_new_incarnation() -> None:
    lives = []
    for _ in range(2):
        async with open_cluster(Settings()) as cluster:
            lives.append((await cluster.incarnations(["work-orders"]))["work-orders"])
    assert lives[0] != lives[1]
    assert max(len(life.cluster) for life in lives) <= 50


async def test_while_no_server_answers_nobody_guesses_an_incarnation() -> None:
    away = Settings(broker="127.0.0.1:1", broker_timeout_s=1.2, session_timeout_ms=1_000, heartbeat_ms=300)
    async with open_cluster(away) as cluster:
        with pytest.raises(BrokerUnreachable, match=r"within 1\.2 s at 127\.0\.0\.1:1"):
            await cluster.incarnations(["work-orders"])


@pytest.fixture
async def on_kafka(kafka: KafkaAddress, topic_prefix: str) -> AsyncIterator[Settings]:
    settings = Settings(broker=kafka.bootstrap, replication=1, partitions=1, topic_prefix=topic_prefix)
    async with own_topics(settings):
        yield settings


@pytest.mark.kafka
class TestOnKafka:
    """Against a real cluster."""

    async def test_a_topic_made_again_is_another_incarnation_on_the_same_cluster(self, on_kafka: Settings) -> None:
        name, other = (on_kafka.topic_prefix + topic for topic in ("work-orders", "disputes"))
        async with open_cluster(on_kafka) as cluster:
            before = await cluster.incarnations([name, other])
            assert await cluster.incarnations([name, other]) == before
            admin = admin_client(on_kafka, on_kafka.broker)
            await answers(admin.delete_topics([name]), on_kafka, on_kafka.broker)
            for _ in range(50):
                if name not in admin.list_topics(timeout=10).topics:
                    break
                await asyncio.sleep(0.1)
            await apply(on_kafka)
            after = await cluster.incarnations([name, other])
        assert after[other] == before[other]
        assert after[name].cluster == before[name].cluster
        assert after[name].topic != before[name].topic

    async def test_a_topic_that_does_not_exist_is_refused_by_name(self, on_kafka: Settings) -> None:
        async with open_cluster(on_kafka) as cluster:
            with pytest.raises(KafkaRefused, match=r"^no-such-topic: .*[Uu]nknown topic"):
                await cluster.incarnations(["no-such-topic"])
