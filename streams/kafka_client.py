"""Kafka clients: how every producer and consumer here is made, started and stopped.

Producers are idempotent and wait for all replicas; consumers never commit by themselves. No call waits for a
broker longer than ``broker_timeout_s``, and a broker that cannot be reached is reported in one sentence.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, Literal, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from streams.settings import KafkaSecurity, Settings

log = logging.getLogger(__name__)

LINGER_MS = 5
"""How long a record waits for company before it is sent."""

Client = TypeVar("Client", AIOKafkaProducer, AIOKafkaConsumer)


class BrokerUnreachable(Exception):  # noqa: N818 - it is what happened, in words
    """No broker answered in time; the text says where and how long it was waited for."""


def make_producer(settings: Settings, bootstrap: str) -> AIOKafkaProducer:
    """A producer, not yet started, that neither loses nor doubles nor reorders what it has accepted."""
    return AIOKafkaProducer(
        **_connection(settings, bootstrap), enable_idempotence=True, acks="all", linger_ms=LINGER_MS
    )


def make_consumer(
    settings: Settings, bootstrap: str, *, group: str | None, without_offset: Literal["none", "earliest", "latest"]
) -> AIOKafkaConsumer:
    """A consumer of bytes, not yet started or subscribed, that commits only when told to.

    Partitions are shared out by range, so that one member holds the same partitions of equally partitioned topics.
    ``without_offset`` says where to read when there is no offset or it is out of range; with ``none`` reading
    raises instead, which is right for whoever keeps offsets elsewhere and must not skip a gap in silence.

    Records at the group's committed offsets may be handed out between an assignment and the end of the rebalance
    listener; whoever seeks in the listener must drop what arrives of a partition before its seek.
    """
    return AIOKafkaConsumer(
        **_connection(settings, bootstrap),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset=without_offset,
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_ms,
        max_poll_records=settings.batch_max_records,
    )


@asynccontextmanager
async def running(client: Client, settings: Settings) -> AsyncGenerator[Client]:
    """Start the client, hand it over and stop it, each within bounds.

    Raises ``BrokerUnreachable`` when it does not start. A stop that does not end in time is given up with a warning.
    """
    try:
        await _start(client, settings.broker_timeout_s)
        yield client
    finally:
        await _stop(client, settings.broker_timeout_s)


def tls_context(security: KafkaSecurity) -> SSLContext | None:
    """What the connection is encrypted with; None where it is not."""
    if not security.uses_tls:
        return None
    password = security.kafka_key_password
    context: SSLContext = create_ssl_context(
        cafile=security.kafka_ca_file,
        certfile=security.kafka_certificate_file,
        keyfile=security.kafka_key_file,
        password=password.get_secret_value() if password else None,
    )
    return context


def _connection(settings: Settings, bootstrap: str) -> dict[str, Any]:
    password = settings.kafka_password
    return {
        "bootstrap_servers": bootstrap,
        "client_id": settings.group,
        "request_timeout_ms": int(settings.broker_timeout_s * 1000),
        "security_protocol": settings.kafka_security,
        "ssl_context": tls_context(settings),
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


async def _start(client: AIOKafkaProducer | AIOKafkaConsumer, within_s: float) -> None:
    where = client_servers(client)
    try:
        async with asyncio.timeout(within_s):
            await client.start()
    except TimeoutError:
        raise BrokerUnreachable(f"no broker answered at {where} within {within_s:g} s") from None
    except KafkaError as error:
        raise BrokerUnreachable(f"no broker can be reached at {where}: {error}") from error


async def _stop(client: AIOKafkaProducer | AIOKafkaConsumer, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await client.stop()
    except TimeoutError:
        log.warning("a Kafka client was left behind: it did not stop within %g s", within_s)
