"""Kafka clients: started and stopped within bounds, whatever the broker does."""

import asyncio
import logging
import ssl
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams import kafka_client
from streams.clock import monotonic
from streams.embedded import EmbeddedBroker
from streams.kafka_admin import _connection as admin_connection
from streams.kafka_client import (
    BrokerUnreachable,
    Consumer,
    Producer,
    find_broker,
    make_consumer,
    make_producer,
    running,
    tls_context,
)
from streams.settings import Settings

QUICK = Settings(session_timeout_ms=1_000, heartbeat_ms=300, broker_timeout_s=1.2, stop_within_s=2)


def others() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_a_producer_waits_for_all_replicas_and_neither_doubles_nor_reorders() -> None:
    producer = make_producer(QUICK, "127.0.0.1:1")
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None
    await producer.stop()


async def test_a_consumer_never_commits_by_itself_and_shares_by_range() -> None:
    consumer = make_consumer(QUICK, "127.0.0.1:1", group="g", without_offset="none")
    assert consumer._enable_auto_commit is False
    assert [each.name for each in consumer._partition_assignment_strategy] == ["range"]
    await consumer.stop()


async def test_a_port_that_nobody_listens_on_is_reported_at_once_in_one_sentence() -> None:
    with pytest.raises(BrokerUnreachable, match=r"^no broker can be reached at 127\.0\.0\.1:1: "):
        await find_broker(QUICK, "127.0.0.1:1")
    assert others() == set()


async def test_a_port_that_never_answers_is_given_up_in_time() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with silent:
        host, port = silent.sockets[0].getsockname()
        began = monotonic()
        with pytest.raises(BrokerUnreachable, match=f"at {host}:{port}"):
            await find_broker(QUICK, f"{host}:{port}")
        assert monotonic() - began < 2 * QUICK.broker_timeout_s


async def test_a_start_that_hangs_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AIOKafkaConsumer, "start", lambda _: asyncio.Event().wait())
    with pytest.raises(BrokerUnreachable, match=r"^no broker answered within 1\.2 s at 127\.0\.0\.1:1$"):
        await find_broker(QUICK, "127.0.0.1:1")


async def test_a_broker_that_answers_is_found(broker: EmbeddedBroker, settings: Settings) -> None:
    await find_broker(settings, broker.bootstrap)


async def test_a_consumer_stops_in_time_while_its_broker_is_away(broker: EmbeddedBroker, settings: Settings) -> None:
    consumer = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
    consumer.subscribe(["work-orders"])
    async with running(consumer, settings):
        broker.go_away()
        await asyncio.sleep(0.5)
        began = monotonic()
    assert monotonic() - began < settings.stop_within_s
    await asyncio.sleep(0.2)
    assert others() == set()


async def test_a_consumer_that_hangs_while_leaving_is_left(
    monkeypatch: pytest.MonkeyPatch, broker: EmbeddedBroker, settings: Settings
) -> None:
    consumer = make_consumer(settings, broker.bootstrap, group=None, without_offset="none")
    consumer.stop_within_s = 0.1
    await consumer.start()
    released = asyncio.Event()
    with monkeypatch.context() as patched:
        patched.setattr(AIOKafkaConsumer, "stop", lambda _: released.wait())
        await consumer.stop()
    released.set()
    await AIOKafkaConsumer.stop(consumer)


async def test_what_goes_wrong_in_a_stop_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("no")

    consumer = make_consumer(QUICK, "127.0.0.1:1", group=None, without_offset="none")
    with monkeypatch.context() as patched:
        patched.setattr(AIOKafkaConsumer, "stop", fail)
        with pytest.raises(RuntimeError, match="no"):
            await consumer.stop()
    await consumer.stop()


async def test_a_producer_gives_up_what_the_broker_does_not_confirm(
    broker: EmbeddedBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        await producer.send_and_wait("work-orders", b"1")
        broker.go_away()
        unconfirmed = await producer.send("work-orders", b"2")
        began = monotonic()
    assert monotonic() - began < settings.stop_within_s
    assert not unconfirmed.done()
    assert "records were given up" in caplog.text
    assert others() == set()


async def test_a_producer_that_waits_for_news_of_a_silent_broker_is_left(
    broker: EmbeddedBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        await producer.send_and_wait("work-orders", b"1")
        # A broker that accepts and never answers keeps what is being sent again waiting.
        never = asyncio.Event()
        monkeypatch.setattr(producer.client, "_maybe_wait_metadata", never.wait)
        broker.go_away()
        await producer.send("work-orders", b"2")
        began = monotonic()
    assert monotonic() - began < settings.stop_within_s
    assert others() == set()


async def test_a_client_is_stopped_to_the_end_even_if_its_user_is_cancelled_twice(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    started = asyncio.Event()

    async def use() -> None:
        async with running(make_producer(settings, broker.bootstrap), settings) as producer:
            await producer.send_and_wait("work-orders", b"1")
            broker.go_away()
            await producer.send("work-orders", b"2")
            started.set()
            await asyncio.Event().wait()

    user = asyncio.create_task(use())
    await started.wait()
    for _ in range(2):
        user.cancel()
        await asyncio.sleep(0.05)
    assert not user.done()
    with pytest.raises(asyncio.CancelledError):
        await user
    assert others() == set()


async def test_a_start_that_is_called_off_leaves_nothing_open(broker: EmbeddedBroker, settings: Settings) -> None:
    async def use() -> None:
        async with running(make_consumer(settings, broker.bootstrap, group=None, without_offset="none"), settings):
            raise AssertionError("it was called off")

    user = asyncio.create_task(use())
    await asyncio.sleep(0)
    user.cancel()
    with pytest.raises(asyncio.CancelledError):
        await user
    assert others() == set()


async def test_a_producer_sends_what_is_left_before_it_stops(broker: EmbeddedBroker, settings: Settings) -> None:
    async with running(make_producer(settings, broker.bootstrap), settings) as producer:
        sent = [await producer.send("work-orders", b"%d" % n) for n in range(100)]
    assert all(each.done() and each.exception() is None for each in sent)


async def test_a_commit_that_nobody_confirms_ends_in_time(broker: EmbeddedBroker, settings: Settings) -> None:
    consumer = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
    consumer.subscribe(["work-orders"])
    async with running(consumer, settings):
        await consumer.commit({next(iter(consumer.assignment())): 0})
        broker.go_away()
        await asyncio.sleep(0.5)
        with pytest.raises(BrokerUnreachable, match=r"^no broker confirmed a commit within 0\.6 s$"):
            await consumer.commit({next(iter(consumer.assignment())): 0})
        broker.come_back()


async def test_a_group_that_could_not_see_its_topics_reads_them_soon_after(
    broker: EmbeddedBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_client, "METADATA_AGE_MS", 300)
    consumer = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
    async with running(consumer, settings):
        # Forget the topics as if the broker had been away while they were asked for.
        monkeypatch.setattr(consumer._client, "set_topics", lambda topics: setattr(consumer._client, "_topics", topics))
        consumer.subscribe(["work-orders"])
        for _ in range(100):
            if consumer.assignment():
                break
            await asyncio.sleep(0.1)
        assert len(consumer.assignment()) == 4


def test_without_encryption_there_is_no_tls() -> None:
    assert tls_context(QUICK) is None


def test_with_encryption_the_brokers_certificate_is_checked() -> None:
    context = tls_context(Settings(broker="kafka:9093", kafka_security="SSL"))
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_login_and_encryption_reach_every_client(tmp_path: Path) -> None:
    secured = Settings(
        broker="kafka:9093",
        kafka_security="SASL_SSL",
        kafka_username="workorders",
        kafka_password="made-up",  # type: ignore[arg-type]
        kafka_sasl_mechanism="SCRAM-SHA-256",
    )
    consumer = make_consumer(secured, secured.broker, group=None, without_offset="none")
    client = consumer._client
    assert (client._security_protocol, client._sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (client._sasl_plain_username, client._sasl_plain_password) == ("workorders", "made-up")
    assert client._ssl_context.verify_mode is ssl.CERT_REQUIRED
    await consumer.stop()
    admin = admin_connection(secured, secured.broker)
    assert (admin["security.protocol"], admin["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (admin["sasl.username"], admin["sasl.password"]) == ("workorders", "made-up")
    assert admin["ssl.ca.location"] == "probe"


def test_a_client_certificate_reaches_the_administration_too(tmp_path: Path) -> None:
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).touch()
    secured = Settings(
        broker="kafka:9093",
        kafka_security="SSL",
        kafka_ca_file=tmp_path / "ca.pem",
        kafka_certificate_file=tmp_path / "client.pem",
        kafka_key_file=tmp_path / "client.key",
        kafka_key_password="made-up",  # type: ignore[arg-type]
    )
    admin = admin_connection(secured, secured.broker)
    assert admin["ssl.ca.location"] == str(tmp_path / "ca.pem")
    assert admin["ssl.certificate.location"] == str(tmp_path / "client.pem")
    assert admin["ssl.key.location"] == str(tmp_path / "client.key")
    assert admin["ssl.key.password"] == "made-up"


async def test_while_the_broker_is_away_the_client_is_noisy_only_in_its_own_log(
    broker: EmbeddedBroker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = make_consumer(settings, broker.bootstrap, group="g", without_offset="earliest")
    consumer.subscribe(["work-orders"])
    with caplog.at_level(logging.INFO):
        async with running(consumer, settings):
            broker.go_away()
            await asyncio.sleep(0.5)
    assert {record.name.partition(".")[0] for record in caplog.records} == {"aiokafka"}


def test_our_clients_are_the_librarys() -> None:
    assert issubclass(Producer, AIOKafkaProducer)
    assert issubclass(Consumer, AIOKafkaConsumer)
    assert not issubclass(BrokerUnreachable, KafkaError)
