"""The layout: no work is done on topics that would lose or misplace records, and one is told what to run."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from confluent_kafka.admin import NewPartitions, NewTopic  # type: ignore[attr-defined]  # exported without saying so

from streams import layout
from streams.app import WorkerFailedError
from streams.clock import SystemClock
from streams.kafka_admin import KafkaRefused, admin_client, answers
from streams.kafka_client import NotLetIn
from streams.layout import LayoutError, refuse_at_start, refuse_wrong_layout
from streams.settings import Settings
from streams.system import open_parts, run_parts
from streams.topic_admin import Step, TopicState, apply, differences
from tests.servers.fixtures import drop_topics, own_topics, set_topic
from tests.servers.kafka import KafkaAddress
from workorders.policy import default_world

DAY_MS = 86_400_000
ON_SERVERS = Settings(broker="kafka:9092", replication=1, partitions=2)


def found(**changes: TopicState) -> dict[str, TopicState]:
    """Topics as they are wanted, but for the changes."""
    wanted = {step.topic: step.make for step in differences(ON_SERVERS, {}) if step.make}
    return {**wanted, **{name.replace("_", "-"): state for name, state in changes.items()}}


def state(name: str, *, partitions: int = 2, replication: int = 1, **config: str) -> TopicState:
    wanted = found()[name]
    changed = {key.replace("_", "."): value for key, value in config.items()}
    return TopicState(name, partitions, replication, {**wanted.config, **changed})


@pytest.mark.parametrize(
    ("have", "stops"),
    [
        (found(work_orders=state("work-orders", partitions=3)), True),
        (found(work_orders=state("work-orders", cleanup_policy="compact")), True),
        (found(work_orders=state("work-orders", message_timestamp_type="CreateTime")), True),
        (found(backlog=state("backlog", cleanup_policy="delete")), True),
        (found(policies=state("policies", partitions=1, cleanup_policy="delete")), True),
        ({name: have for name, have in found().items() if name != "estates"}, True),
        (found(disputes=state("disputes", partitions=3)), False),
        (found(disputes=state("disputes", replication=2)), False),
        (found(work_orders=state("work-orders", retention_ms="1000")), True),
        (found(work_orders=state("work-orders", retention_ms=str(31 * DAY_MS))), True),
        (found(work_orders=state("work-orders", retention_ms=str(60 * DAY_MS))), False),
        (found(work_orders=state("work-orders", retention_ms=str(900 * DAY_MS))), False),
        (found(work_orders=state("work-orders", retention_ms="-1")), False),
        (found(escalations=state("escalations", retention_ms=str(900 * DAY_MS))), True),
        (found(escalations=state("escalations", retention_bytes="1")), True),
        (found(shift_cover=state("shift-cover", retention_bytes="1000000000")), True),
        (found(backlog=state("backlog", retention_bytes="1", retention_ms="1")), False),
        (found(escalations=state("escalations", max_message_bytes="200")), False),
        (found(escalations=state("escalations", max_message_bytes="100000000")), False),
        (found(policies=state("policies", partitions=2)), True),
        (found(estates=state("estates", partitions=3)), True),
        (found(), False),
    ],
)
async def test_only_what_would_lose_or_misplace_records_stops_the_work(
    have: dict[str, TopicState], stops: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def plan(settings: Settings) -> list[Step]:
        return differences(settings, have)

    monkeypatch.setattr(layout, "plan", plan)
    if stops:
        with pytest.raises(LayoutError, match="Run 'workorders topics plan' to see all that differs"):
            await refuse_wrong_layout(ON_SERVERS)
    else:
        await refuse_wrong_layout(ON_SERVERS)
        assert bool(caplog.records) == bool(await plan(ON_SERVERS)), "what differs is told"


async def test_a_broker_that_does_not_let_us_look_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def plan(_: Settings) -> list[Step]:
        raise KafkaRefused("work-orders: Topic authorization failed", 29)

    monkeypatch.setattr(layout, "plan", plan)
    with caplog.at_level(logging.WARNING):
        await refuse_wrong_layout(ON_SERVERS)
    assert "the topics were not checked" in caplog.text


@pytest.mark.kafka
class TestOnKafka:
    """Whole workers on a real cluster."""

    @pytest.fixture
    async def settings(self, kafka: KafkaAddress, topic_prefix: str) -> AsyncIterator[Settings]:
        quick: dict[str, Any] = {"broker_timeout_s": 6.0, "session_timeout_ms": 2_000, "heartbeat_ms": 500}
        settings = Settings(
            broker=kafka.bootstrap, replication=1, partitions=2, topic_prefix=topic_prefix, group=topic_prefix, **quick
        )
        yield settings
        await drop_topics(settings)

    async def test_on_missing_topics_a_worker_does_not_start_and_says_what_to_run(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        with pytest.raises(WorkerFailedError, match=r"missing topics: .*shift-cover.*'workorders topics apply'"):
            await self.begins(settings, tmp_path)

    async def test_on_input_topics_that_are_spread_otherwise_a_worker_does_not_start(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        async with own_topics(settings):
            name = f"{settings.topic_prefix}shift-cover"
            admin = admin_client(settings, settings.broker)
            await answers(admin.create_partitions([NewPartitions(name, 3)]), settings, settings.broker)
            await asyncio.sleep(0.5)
            with pytest.raises(WorkerFailedError, match=r"shift-cover has 3 partitions, not 2"):
                await self.begins(settings, tmp_path)

    @pytest.mark.parametrize(
        ("topic", "setting", "value"),
        [("work-orders", "retention.ms", "1000"), ("escalations", "retention.bytes", "1")],
    )
    async def test_on_topics_that_delete_what_is_needed_a_worker_does_not_start(
        self, settings: Settings, tmp_path: Path, topic: str, setting: str, value: str
    ) -> None:
        async with own_topics(settings):
            await set_topic(settings, topic, {setting: value})
            with pytest.raises(
                WorkerFailedError, match=rf"{topic} has {setting}={value}; set {setting}=.*topics apply"
            ):
                await self.begins(settings, tmp_path)
            await apply(settings)
            await self.begins(settings, tmp_path)

    async def test_on_topics_as_they_must_be_it_starts(self, settings: Settings, tmp_path: Path) -> None:
        async with own_topics(settings):
            await self.begins(settings, tmp_path)

    async def test_what_other_programs_keep_there_is_none_of_our_business(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        async with own_topics(settings):
            admin = admin_client(settings, settings.broker)
            other = NewTopic(f"{settings.topic_prefix}of-others", 5, 1)
            await answers(admin.create_topics([other]), settings, settings.broker)
            await refuse_wrong_layout(settings)

    async def test_a_worker_that_was_never_let_in_ends_with_the_reason(
        self, settings: Settings, protected_kafka: KafkaAddress, tmp_path: Path
    ) -> None:
        refused = {
            "broker": protected_kafka.with_login,
            "kafka_security": "SASL_SSL",
            "kafka_username": "nobody",
            "kafka_password": "wrong",
            "kafka_ca_file": Path(protected_kafka.certificates) / "ca.pem",
        }
        with pytest.raises(WorkerFailedError, match="refuses the login of WORKORDERS_KAFKA_USERNAME=nobody") as ended:
            await self.begins(settings, tmp_path, **refused)
        assert isinstance(ended.value.__cause__, NotLetIn)

    @staticmethod
    async def begins(settings: Settings, folder: Path, **more: Any) -> None:  # noqa: ANN401 - any setting
        """Run a worker on a ledger that has begun before, until it has its partitions; raises what it fails of."""
        options = {"data_dir": folder, **settings.model_dump(exclude_unset=True), **more}
        clock, world, stop = SystemClock(), default_world(), asyncio.Event()
        async with open_parts(Settings(data_dir=folder), clock, world) as parts:
            assert parts.world.policies.versions
        async with open_parts(Settings(**options), clock, world) as parts, asyncio.timeout(60):
            work = asyncio.create_task(run_parts(parts, stop))
            while not work.done() and not parts.progress.assigned:  # noqa: ASYNC110 - the broker decides when
                await asyncio.sleep(0.05)
            stop.set()
            await work


class TestAtTheStart:
    """What the command ``workorders worker`` does before anything else."""

    quick: ClassVar[dict[str, Any]] = {"broker_timeout_s": 1.2, "session_timeout_ms": 1_000, "heartbeat_ms": 300}

    async def test_the_embedded_broker_needs_no_look(self) -> None:
        await refuse_at_start(Settings())

    async def test_a_broker_that_is_away_keeps_nobody_from_beginning(self, caplog: pytest.LogCaptureFixture) -> None:
        await refuse_at_start(Settings(broker="127.0.0.1:1", **self.quick))
        assert "the topics are looked at later: no broker answered" in caplog.text

    @pytest.mark.kafka
    async def test_missing_topics_are_named_together(self, kafka: KafkaAddress, topic_prefix: str) -> None:
        with pytest.raises(LayoutError, match=rf"^missing topics: {topic_prefix}work-orders, .*\. Run 'workorders "):
            await refuse_at_start(Settings(broker=kafka.bootstrap, topic_prefix=topic_prefix, replication=1))

    @pytest.mark.kafka
    async def test_a_wrong_login_is_told_at_once(self, protected_kafka: KafkaAddress) -> None:
        given: dict[str, Any] = {"kafka_security": "SASL_SSL", "kafka_username": "nobody", "kafka_password": "wrong"}
        authorities = Path(protected_kafka.certificates) / "ca.pem"
        wrong = Settings(broker=protected_kafka.with_login, kafka_ca_file=authorities, **given)
        async with asyncio.timeout(wrong.broker_timeout_s):
            with pytest.raises(NotLetIn, match="refuses the login of WORKORDERS_KAFKA_USERNAME=nobody"):
                await refuse_at_start(wrong)

    @pytest.mark.kafka
    def test_a_person_reads_one_sentence(
        self, kafka: KafkaAddress, topic_prefix: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        from desk.cli import main  # noqa: PLC0415 - the command line loads what it needs when it is asked

        for name, value in {"TOPIC_PREFIX": topic_prefix, "DATA_DIR": str(tmp_path), "REPLICATION": "1"}.items():
            monkeypatch.setenv(f"WORKORDERS_{name}", value)
        assert main(["worker", "--broker", kafka.bootstrap]) == 4
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert last.startswith(f"workorders: Missing topics: {topic_prefix}work-orders, ")
        assert last.endswith("'workorders topics apply' to put it right.")
        assert not (tmp_path / "ledger.db").exists(), "nothing was begun"
