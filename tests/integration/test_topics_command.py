"""``workorders topics plan | apply | check`` on a real Kafka: what people see, and what a script learns of it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined]  # it exports it without saying so

from desk.cli import main
from streams import topic_admin
from streams.kafka_admin import admin_client, answers
from streams.settings import Settings
from streams.topic_admin import Step, TopicsDifferError, apply
from streams.topics import INPUTS, TOPICS
from tests.servers.fixtures import drop_topics, set_topic
from tests.servers.kafka import KafkaAddress

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@dataclass(frozen=True, slots=True)
class Topics:
    """The command on topics of the test's own."""

    settings: Settings
    seen: pytest.CaptureFixture[str]

    def run(self, command: str) -> tuple[int, dict[str, Any]]:
        """The exit code, and the answer from JSON."""
        code = main(["topics", command, "--json"])
        return code, json.loads(self.seen.readouterr().out)

    def more_partitions(self, topic: str, count: int) -> None:
        """What a person does by hand."""

        async def make() -> None:
            admin = admin_client(self.settings, self.settings.broker)
            wanted = [NewPartitions(f"{self.settings.topic_prefix}{topic}", count)]
            await answers(admin.create_partitions(wanted), self.settings, self.settings.broker)
            await asyncio.sleep(0.5)

        asyncio.run(make())


@pytest.fixture
def topics(
    kafka: KafkaAddress, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:  # noqa: ANN401 - a generator of topics
    settings = Settings(broker=kafka.bootstrap, topic_prefix=topic_prefix, replication=1, partitions=3)
    for name in ("broker", "topic_prefix", "replication", "partitions"):
        monkeypatch.setenv(f"WORKORDERS_{name.upper()}", str(getattr(settings, name)))
    yield Topics(settings, capsys)
    asyncio.run(drop_topics(settings))


def test_plan_looks_apply_makes_and_check_answers(topics: Topics) -> None:
    code, planned = topics.run("plan")
    assert (code, len(planned["differences"])) == (0, len(TOPICS))
    assert topics.run("check")[0] == 1, "to look has changed nothing"
    code, applied = topics.run("apply")
    assert (code, applied["differences"]) == (0, planned["differences"])
    for command in ("plan", "check", "apply"):
        assert topics.run(command) == (0, {"topics": len(TOPICS), "differences": []})


def test_what_is_left_to_a_person_is_said_and_fails_apply_and_check(topics: Topics) -> None:
    topics.run("apply")
    topics.more_partitions("work-orders", 5)
    for command, exits in (("plan", 0), ("apply", 1), ("check", 1)):
        code, said = topics.run(command)
        assert code == exits
        (left,) = said["differences"]
        assert left["by_hand"]
        assert "has 5 partitions, not 3; " in left["sentence"]


def test_a_person_reads_apart_what_was_done_and_what_is_left(topics: Topics) -> None:
    topics.run("apply")
    topics.more_partitions("work-orders", 5)
    asyncio.run(set_topic(topics.settings, "disputes", {"retention.bytes": "1"}))
    asyncio.run(set_topic(topics.settings, "backlog", {"max.message.bytes": "200"}))
    for command, done in (("check", "to be done"), ("plan", "to be done"), ("apply", "done")):
        main(["topics", command])
        read = topics.seen.readouterr().out
        first, left = read.split("1 step left to a person:")
        assert first.startswith(f"2 steps {done}:\n")
        assert "disputes has retention.bytes=1; set retention.bytes=-1." in first
        assert "work-orders has 5 partitions, not 3; " in left
    assert main(["topics", "apply"]) == 1
    assert topics.seen.readouterr().out.startswith("1 step left to a person:")


async def test_two_that_apply_at_the_same_time_do_not_disturb_each_other(
    kafka: KafkaAddress, topic_prefix: str
) -> None:
    settings = Settings(broker=kafka.bootstrap, topic_prefix=topic_prefix, replication=1, partitions=3)
    try:
        await asyncio.gather(apply(settings), apply(settings), apply(settings))
        assert await topic_admin.plan(settings) == []
        admin = admin_client(settings, settings.broker)
        made = admin.list_topics(timeout=10).topics
        assert {len(made[f"{topic_prefix}{topic.name}"].partitions) for topic in INPUTS} == {3}
    finally:
        await drop_topics(settings)


async def test_a_change_that_does_not_show_in_time_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never_as_wanted(settings: Settings) -> list[Step]:
        return topic_admin.differences(settings, {})

    monkeypatch.setattr(topic_admin, "plan", never_as_wanted)
    settings = Settings(broker="kafka:9092", broker_timeout_s=1.1, session_timeout_ms=1_000, heartbeat_ms=300)
    with pytest.raises(TopicsDifferError, match="work-orders is missing"):
        await topic_admin._until_shown(settings)
