"""The topics on servers: what differs, what is put right, and what is left to a person."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them without saying so
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.kafka_client import BrokerUnreachable
from streams.settings import Settings
from streams.topic_admin import Step, TopicsDifferError, TopicState, apply, check, differences, plan
from streams.topics import TOPICS, WORK_ORDERS
from tests.servers.fixtures import drop_topics
from tests.servers.kafka import KafkaAddress

ON_SERVERS = Settings(broker="kafka:9092", replication=1, partitions=2)


def as_wanted(settings: Settings) -> dict[str, TopicState]:
    return {step.topic: step.make for step in differences(settings, {}) if step.make}


def changed(state: TopicState, **parts: object) -> TopicState:
    return TopicState(**{name: parts.get(name, getattr(state, name)) for name in TopicState.__slots__})  # type: ignore[arg-type]


def test_on_an_empty_cluster_every_topic_is_to_be_made() -> None:
    steps = differences(ON_SERVERS, {})
    assert [step.topic for step in steps] == [topic.name for topic in TOPICS]
    assert steps[0].sentence == "work-orders is missing; make it (partitions: 2, copies of each: 1)."
    assert not any(step.by_hand for step in steps)


def test_a_cluster_as_wanted_needs_nothing() -> None:
    assert differences(ON_SERVERS, as_wanted(ON_SERVERS)) == []


def test_topics_are_looked_for_under_the_prefix() -> None:
    prefixed = ON_SERVERS.model_copy(update={"topic_prefix": "south."})
    assert {step.topic for step in differences(prefixed, as_wanted(ON_SERVERS))} == {f"south.{t.name}" for t in TOPICS}


def test_settings_that_differ_are_one_step_and_others_are_not_touched() -> None:
    found = as_wanted(ON_SERVERS)
    config = {**found["work-orders"].config, "retention.ms": "1", "cleanup.policy": "compact", "segment.ms": "9"}
    found["work-orders"] = changed(found["work-orders"], config=config)
    (step,) = differences(ON_SERVERS, found)
    assert step.change == {"cleanup.policy": "delete", "retention.ms": "7776000000"}
    assert not step.by_hand
    assert step.sentence == (
        "work-orders has cleanup.policy=compact, retention.ms=1; set cleanup.policy=delete, retention.ms=7776000000."
    )


def test_another_number_of_partitions_or_copies_is_left_to_a_person() -> None:
    found = as_wanted(ON_SERVERS)
    found["disputes"] = changed(found["disputes"], partitions=5, replication=2)
    steps = [step for step in differences(ON_SERVERS, found) if step.by_hand]
    assert [step.sentence.partition(";")[0] for step in steps] == [
        "disputes has 5 partitions, not 2",
        "disputes is kept 2 times, not 1",
    ]


def test_a_timeline_in_several_parts_is_told_what_helps() -> None:
    found = as_wanted(ON_SERVERS)
    found["policies"] = changed(found["policies"], partitions=3)
    (step,) = differences(ON_SERVERS, found)
    assert step.sentence.startswith("policies has 3 partitions, not 1; its records need one order")
    assert "so set WORKORDERS_PARTITIONS" not in step.sentence
    assert (step.by_hand, step.stops_work) == (True, True)


def test_records_that_may_be_larger_than_ours_are_no_fault_and_smaller_ones_are() -> None:
    found = as_wanted(ON_SERVERS)
    for bytes_, wanted in (("99000000", []), ("200", ["8388608"])):
        found["estates"] = changed(found["estates"], config={**found["estates"].config, "max.message.bytes": bytes_})
        steps = differences(ON_SERVERS, found)
        assert [step.change["max.message.bytes"] for step in steps] == wanted


def test_a_time_that_the_broker_does_not_tell_is_not_trusted() -> None:
    found = as_wanted(ON_SERVERS)
    found["work-orders"] = changed(found["work-orders"], config={"cleanup.policy": "delete"})
    (step,) = differences(ON_SERVERS, found)
    assert step.stops_work
    del found["work-orders"]
    known = {**as_wanted(ON_SERVERS)["work-orders"].config}
    del known["retention.ms"]
    found["work-orders"] = changed(as_wanted(ON_SERVERS)["work-orders"], config=known)
    (step,) = differences(ON_SERVERS, found)
    assert step.stops_work


def test_a_topic_kept_once_is_never_told_to_wait_for_two_copies() -> None:
    three = ON_SERVERS.model_copy(update={"replication": 3})
    steps = differences(three, as_wanted(ON_SERVERS))
    assert steps
    assert all(step.by_hand for step in steps)


async def test_the_embedded_broker_needs_no_plan() -> None:
    assert await plan(Settings()) == []
    assert await apply(Settings()) == []
    await check(Settings())


async def test_servers_that_cannot_be_reached_are_named_with_the_time_they_were_given() -> None:
    away = Settings(broker="127.0.0.1:1", broker_timeout_s=1.2, session_timeout_ms=1_000, heartbeat_ms=300)
    with pytest.raises(BrokerUnreachable, match=r"^no broker answered within 1\.2 s at 127\.0\.0\.1:1$"):
        await plan(away)


@pytest.fixture
async def on_kafka(kafka: KafkaAddress, topic_prefix: str) -> AsyncIterator[Settings]:
    settings = Settings(broker=kafka.bootstrap, replication=1, partitions=3, topic_prefix=topic_prefix)
    yield settings
    await drop_topics(settings)


@pytest.mark.kafka
class TestOnKafka:
    """Against a real cluster."""

    async def test_what_is_applied_is_as_wanted_and_applying_again_changes_nothing(self, on_kafka: Settings) -> None:
        with pytest.raises(TopicsDifferError, match="work-orders is missing"):
            await check(on_kafka)
        assert len(await apply(on_kafka)) == len(TOPICS)
        await check(on_kafka)
        assert await apply(on_kafka) == []

    async def test_what_was_changed_is_put_right_and_what_is_not_ours_stays(self, on_kafka: Settings) -> None:
        await apply(on_kafka)
        name = on_kafka.topic_prefix + WORK_ORDERS.name
        admin = admin_client(on_kafka, on_kafka.broker)
        await answers(
            {"": self._altered(admin, name, {"retention.ms": "5", "segment.ms": "77777"})}, on_kafka, on_kafka.broker
        )
        assert (await self._one_step(on_kafka)).change == {"retention.ms": "7776000000"}
        await apply(on_kafka)
        assert await plan(on_kafka) == []
        resource = ConfigResource(ResourceType.TOPIC, name)
        told = await answers({name: admin.describe_configs([resource])[resource]}, on_kafka, on_kafka.broker)
        assert told[name]["segment.ms"].value == "77777"

    async def test_more_partitions_are_reported_and_not_touched(self, on_kafka: Settings) -> None:
        await apply(on_kafka)
        name = on_kafka.topic_prefix + WORK_ORDERS.name
        admin = admin_client(on_kafka, on_kafka.broker)
        await answers(admin.create_partitions([NewPartitions(name, 5)]), on_kafka, on_kafka.broker)
        step = await self._one_step(on_kafka)
        assert step.by_hand
        assert await apply(on_kafka) == [step]
        assert await plan(on_kafka) == [step]

    async def test_what_the_cluster_refuses_is_told_in_its_words(self, on_kafka: Settings) -> None:
        with pytest.raises(KafkaRefused, match=r"work-orders: .*replica"):
            await apply(on_kafka.model_copy(update={"replication": 9}))

    @staticmethod
    async def _one_step(settings: Settings) -> Step:
        """The step that the cluster shows before long."""
        for _ in range(50):
            steps = await plan(settings)
            if steps:
                assert len(steps) == 1
                return steps[0]
            await asyncio.sleep(0.1)
        raise AssertionError("the change does not show")

    @staticmethod
    def _altered(admin: AdminClient, name: str, config: dict[str, str]) -> "Future[None]":
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        return admin.incremental_alter_configs([resource])[resource]
