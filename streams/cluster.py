"""The cluster: the embedded broker or Kafka on servers, behind one small face."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from confluent_kafka import TopicCollection

from streams.incarnation import Incarnation
from streams.kafka_admin import admin_client, answers
from streams.settings import Settings


class Cluster(Protocol):
    """Where the broker is, and what it can tell about its topics."""

    @property
    def bootstrap(self) -> str:
        """Its address: ``host:port``, several with commas between."""
        ...

    async def incarnations(self, names: Iterable[str]) -> dict[str, Incarnation]:
        """The present incarnation of each of the topics.

        Raises ``BrokerUnreachable`` while no broker answers and ``KafkaRefused`` for a topic that does not exist.
        """
        ...


class KafkaServers:
    """Apache Kafka, or what speaks like it, on servers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.bootstrap = settings.broker

    async def incarnations(self, names: Iterable[str]) -> dict[str, Incarnation]:
        """The cluster's id and each topic's id, which Kafka gives anew whenever a topic is made."""
        admin = admin_client(self._settings, self.bootstrap)
        wait = self._settings.broker_timeout_s
        described = admin.describe_topics(TopicCollection(list(names)), request_timeout=wait)
        topics = await answers(described, self._settings, self.bootstrap)
        cluster = await answers({"": admin.describe_cluster(request_timeout=wait)}, self._settings, self.bootstrap)
        return {name: Incarnation(cluster[""].cluster_id, str(topic.topic_id)) for name, topic in topics.items()}


@asynccontextmanager
async def open_cluster(settings: Settings) -> AsyncGenerator[Cluster]:
    """The cluster that the settings name, for as long as the block lasts.

    An embedded broker starts and ends with the block. Servers are not contacted yet: that they are down must not
    keep the work from starting.
    """
    if not settings.is_embedded:
        yield KafkaServers(settings)
        return
    from streams.embedded import EmbeddedBroker  # noqa: PLC0415 - on servers it is never loaded

    async with EmbeddedBroker(topic_prefix=settings.topic_prefix) as broker:
        yield broker
