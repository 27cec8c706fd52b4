"""The embedded broker: what it keeps, and what it forgets."""

import asyncio
import ctypes

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams import embedded
from streams.embedded import EmbeddedBroker, EmbeddedBrokerError
from streams.kafka_client import make_consumer, make_producer, running
from streams.settings import Settings
from streams.topics import EMBEDDED_PARTITIONS, INPUTS

WORK = TopicPartition("work-orders", 0)


async def test_it_listens_on_this_machine_only_and_has_our_topics(broker: EmbeddedBroker, settings: Settings) -> None:
    assert broker.bootstrap.startswith("127.0.0.1:")
    async with running(
        make_consumer(settings, broker.bootstrap, group=None, without_offset="none"), settings
    ) as reader:
        consumer_topics = await reader.topics()
        assert {topic.name for topic in INPUTS} < consumer_topics
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        for topic in INPUTS:
            assert len(await producer.partitions_for(topic.name)) == EMBEDDED_PARTITIONS
        assert len(await producer.partitions_for("policies")) == 1


async def test_a_record_comes_back_with_its_key_value_and_headers(broker: EmbeddedBroker, settings: Settings) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        await producer.send_and_wait("work-orders", b"\xff\x00", key=b"ap-1", headers=[("ce_id", b"1")], partition=0)
    async with running(
        make_consumer(settings, broker.bootstrap, group=None, without_offset="none"), settings
    ) as reader:
        reader.assign([WORK])
        reader.seek(WORK, 0)
        record = await reader.getone()
    assert (record.key, record.value, record.headers) == (b"ap-1", b"\xff\x00", (("ce_id", b"1"),))


async def test_the_time_of_a_record_is_its_senders_and_says_so(broker: EmbeddedBroker, settings: Settings) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        await producer.send_and_wait("work-orders", b"x", partition=0, timestamp_ms=1_000)
    async with running(
        make_consumer(settings, broker.bootstrap, group=None, without_offset="none"), settings
    ) as reader:
        reader.assign([WORK])
        reader.seek(WORK, 0)
        record = await reader.getone()
    create_time = 0
    assert (record.timestamp_type, record.timestamp) == (create_time, 1_000)


async def test_of_a_partition_it_keeps_about_the_latest_five_mebibytes(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    mebibyte, sent = 1024 * 1024, 12
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        for _ in range(sent):
            await producer.send_and_wait("work-orders", b"x" * (mebibyte - 1_000), partition=0)
    async with running(
        make_consumer(settings, broker.bootstrap, group=None, without_offset="none"), settings
    ) as reader:
        reader.assign([WORK])
        begins, ends = (await reader.beginning_offsets([WORK]))[WORK], (await reader.end_offsets([WORK]))[WORK]
        assert ends == sent
        assert 4 <= ends - begins <= 6
        reader.seek(WORK, 0)
        with pytest.raises(OffsetOutOfRangeError):
            await reader.getone()


async def test_commits_outlive_a_member_but_not_the_broker(settings: Settings) -> None:
    async with EmbeddedBroker() as broker:
        for expected in (None, 3):
            reader = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
            reader.subscribe(["work-orders"])
            async with running(reader, settings):
                assert await reader.committed(WORK) == expected
                await reader.commit({WORK: 3})
    async with EmbeddedBroker() as broker:
        reader = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
        reader.subscribe(["work-orders"])
        async with running(reader, settings):
            assert await reader.committed(WORK) is None


async def test_a_broker_that_comes_back_has_its_records_still(broker: EmbeddedBroker, settings: Settings) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        await producer.send_and_wait("work-orders", b"before", partition=0)
        broker.go_away()
        waiting = asyncio.ensure_future(producer.send_and_wait("work-orders", b"during", partition=0))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        broker.come_back()
        assert (await asyncio.wait_for(waiting, 5)).offset == 1


async def test_a_topic_is_made_with_the_partitions_that_are_asked_for_and_only_once(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    broker.make_topic("more", 7)
    with pytest.raises(EmbeddedBrokerError, match=r"^the topic more cannot be made: .*exists"):
        broker.make_topic("more", 7)
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        assert len(await producer.partitions_for("more")) == 7


async def test_the_prefix_and_the_partitions_are_those_of_its_maker(settings: Settings) -> None:
    south = EmbeddedBroker(topic_prefix="south.", partitions=2)
    async with south, running(make_producer(settings, south.bootstrap), settings) as producer:
        assert len(await producer.partitions_for("south.work-orders")) == 2


async def test_all_topics_of_one_start_are_as_old_as_each_other(broker: EmbeddedBroker) -> None:
    lives = await broker.incarnations(["work-orders", "disputes"])
    assert lives["work-orders"] == lives["disputes"]
    assert lives["work-orders"].cluster == broker.identity


def test_outside_its_block_it_does_nothing() -> None:
    with pytest.raises(EmbeddedBrokerError, match="not running"):
        EmbeddedBroker().make_topic("x", 1)


async def test_a_build_without_it_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded._librdkafka.cache_clear()
    monkeypatch.setattr(embedded, "_INTERFACE", {"rd_kafka_no_such_thing": (None, [])})
    try:
        with pytest.raises(EmbeddedBrokerError, match="lacks rd_kafka_no_such_thing; name a broker by WORKORDERS_BRO"):
            EmbeddedBroker()
    finally:
        embedded._librdkafka.cache_clear()


async def test_a_broker_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = EmbeddedBroker()

    class Refusing:
        def __getattr__(self, name: str) -> object:
            return getattr(embedded._librdkafka(), name)

        @staticmethod
        def rd_kafka_new(_kind: int, _config: int, reason: ctypes.Array[ctypes.c_char], _size: int) -> None:
            reason.value = b"no threads left"

    monkeypatch.setattr(broker, "_library", Refusing())
    with pytest.raises(EmbeddedBrokerError, match=r"^the embedded broker does not start: no threads left$"):
        await broker.__aenter__()
