"""Getting in: with TLS, by login or by certificate, for every client; and one plain sentence where we are kept out."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from streams.cluster import KafkaServers
from streams.kafka_client import BrokerUnreachable, NotLetIn, _connection, find_broker, make_producer, running
from streams.knock import why_not_let_in
from streams.settings import Settings
from streams.topic_admin import check, plan
from streams.topics import WORK_ORDERS
from streams.watch_app import build_watch_app, keep_watching, raw_topic
from tests.servers.fixtures import own_topics
from tests.servers.kafka import PASSWORD, USER, KafkaAddress

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

QUICK: Final[dict[str, Any]] = {
    "broker_timeout_s": 4.0,
    "session_timeout_ms": 2_000,
    "heartbeat_ms": 500,
    "stop_within_s": 4.0,
}


def login(kafka: KafkaAddress, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    folder = Path(kafka.certificates)
    return Settings(
        **{
            "broker": kafka.with_login,
            "replication": 1,
            "partitions": 2,
            "kafka_security": "SASL_SSL",
            "kafka_ca_file": folder / "ca.pem",
            "kafka_username": USER,
            "kafka_password": PASSWORD,
            **QUICK,
            **more,
        }
    )


def certified(kafka: KafkaAddress, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    folder = Path(kafka.certificates)
    ours = {"kafka_certificate_file": folder / "client.pem", "kafka_key_file": folder / "client.key"}
    without = {"kafka_username": None, "kafka_password": None}
    return login(kafka, **{"broker": kafka.with_certificates, "kafka_security": "SSL", **without, **ours, **more})


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "PLAIN", "certificate"])
async def test_every_client_gets_in_by(way: str, protected_kafka: KafkaAddress, topic_prefix: str) -> None:
    mine = {"topic_prefix": topic_prefix, "group": f"{topic_prefix}group"}
    made = certified(protected_kafka, **mine) if way == "certificate" else login(
        protected_kafka, kafka_sasl_mechanism=way, **mine
    )  # fmt: skip
    name = topic_prefix + WORK_ORDERS.name
    async with own_topics(made) as settings:
        await check(settings)
        assert await why_not_let_in(settings, _connection(settings, settings.broker)) is None
        async with running(make_producer(settings, settings.broker), settings) as producer:
            await producer.send_and_wait(name, b"heard", key=b"k")
        assert await heard_by_an_agent(settings, name) == b"heard"
        assert (await KafkaServers(settings).incarnations([name]))[name].topic


async def heard_by_an_agent(settings: Settings, name: str) -> bytes:
    """What a Faust agent hears on the topic."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    app = build_watch_app(settings, settings.broker, group=f"{settings.group}-watch", beginning="earliest")

    async def hear(stream: Any) -> None:  # noqa: ANN401 - Faust ships no types
        async for value in stream:
            heard.set_result(value)

    app.agent(raw_topic(app, name), name="hear")(hear)
    stop = asyncio.Event()
    watching = asyncio.create_task(keep_watching(settings, settings.broker, lambda: app, stop, pause_s=1))
    try:
        async with asyncio.timeout(30):
            return await heard
    finally:
        stop.set()
        await watching


KEPT_OUT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a wrong password": (
        {"kafka_password": "wrong"},
        r"refuses the login of WORKORDERS_KAFKA_USERNAME=workorders by SCRAM-SHA-512: .*invalid credentials",
    ),
    "a wrong password in plain": (
        {"kafka_password": "wrong", "kafka_sasl_mechanism": "PLAIN"},
        r"refuses the login of WORKORDERS_KAFKA_USERNAME=workorders by PLAIN: .*Invalid username or password",
    ),
    "a certificate of others": (
        {"kafka_ca_file": "other-ca.pem"},
        r"is not trusted \(.*issuer certificate\): WORKORDERS_KAFKA_CA_FILE must hold the certificates",
    ),
    "a certificate of nobody that the system knows": (
        {"kafka_ca_file": None},
        r"is not trusted \(.*\): WORKORDERS_KAFKA_CA_FILE must hold the certificates that sign its own$",
    ),
}


@pytest.mark.parametrize("trouble", KEPT_OUT)
async def test_who_is_kept_out_is_told_why_in_one_sentence_by_each_client(
    trouble: str, protected_kafka: KafkaAddress
) -> None:
    changes, sentence = KEPT_OUT[trouble]
    wrong = dict(changes)
    if wrong.get("kafka_ca_file"):
        wrong["kafka_ca_file"] = str(Path(protected_kafka.certificates) / str(wrong["kafka_ca_file"]))
    settings = login(protected_kafka, broker_timeout_s=2.5, **wrong)
    for asked in (find_broker(settings, settings.broker), plan(settings)):
        with pytest.raises(NotLetIn, match=rf"^the broker at {settings.broker} {sentence}") as told:
            await asked
        assert "\n" not in str(told.value)
        assert "wrong" not in str(told.value), "no password is ever told"


async def test_who_speaks_without_protection_to_a_protected_door_is_told_where_to_look(
    protected_kafka: KafkaAddress,
) -> None:
    naked = Settings(broker=protected_kafka.with_login, **QUICK)
    with pytest.raises(BrokerUnreachable, match="see that WORKORDERS_KAFKA_SECURITY=PLAINTEXT is what it wants"):
        await find_broker(naked, naked.broker)
    without_login = login(protected_kafka, kafka_security="SSL", kafka_username=None, kafka_password=None)
    with pytest.raises(BrokerUnreachable, match="see that WORKORDERS_KAFKA_SECURITY=SSL is what it wants"):
        await find_broker(without_login, without_login.broker)


async def test_a_server_that_speaks_no_tls_is_told_apart_from_one_that_is_away() -> None:
    async def grumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(grumble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = Settings(broker=f"127.0.0.1:{port}", kafka_security="SSL", **QUICK)
        with pytest.raises(NotLetIn, match=r"do not agree about encryption \(wrong version number\)"):
            await find_broker(settings, settings.broker)


async def test_of_several_brokers_the_one_that_answers_tells_why(protected_kafka: KafkaAddress) -> None:
    settings = login(protected_kafka, kafka_password="wrong", broker=f"127.0.0.1:1,{protected_kafka.with_login}")
    with pytest.raises(NotLetIn, match=f"^the broker at {protected_kafka.with_login} refuses the login"):
        await find_broker(settings, settings.broker)


def test_nothing_is_shown_of_a_password(protected_kafka: KafkaAddress) -> None:
    assert PASSWORD not in repr(login(protected_kafka))
