"""Kafka clients: how every producer and consumer here is made, started and stopped.

Producers are idempotent and wait for all replicas; consumers never commit by themselves. Starting and stopping are
bounded, and a broker that cannot be reached is reported in one sentence.

While the broker is away an idempotent producer keeps what it was given, for ever: ``send`` returns, but its future
waits until the broker is back. Whoever awaits it bounds the wait.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, Final, Literal, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from streams.knock import why_not_let_in
from streams.protection import KafkaSecurity
from streams.settings import Settings
from streams.topics import RECORD_BYTES

log = logging.getLogger(__name__)

LINGER_MS: Final = 5
"""How long a record waits for company before it is sent."""
BATCH_BYTES: Final = 131_072
"""How many bytes of records for one partition are sent together at most."""

CLIENTS_A_STOP: Final = 3
"""How many clients that get no answer a worker can stop one after another in its ``stop_within_s``."""

GRACE_S: Final = 0.5
"""How long what nobody waits for any more, such as a start that was called off, may take to end by itself."""

METADATA_AGE_MS: Final = 5_000
"""How long it may take to see that topics have appeared or moved.

A group whose leader shared out the partitions while it could not see the topics has none, and sits idle until then.
"""


class BrokerUnreachable(Exception):  # noqa: N818 - it is what happened, in words
    """No broker answered in time; the text says where and how long it was waited for."""


class NotLetIn(BrokerUnreachable):
    """A broker is there and refuses us, or is not trusted; the text says why. Waiting will not change it."""


class Producer(AIOKafkaProducer):  # type: ignore[misc]  # it ships no types
    """A producer whose ``stop`` ends in time while the broker is away."""

    servers = ""
    stop_within_s = 5.0

    async def stop(self) -> None:
        """Send what is left, or give it up, and close the connections; the futures of what is given up never end."""
        flushing = asyncio.ensure_future(self.flush())
        await asyncio.wait({flushing}, timeout=self.stop_within_s)
        if flushing.done():
            await super().stop()
            return
        log.warning("records were given up: the broker did not confirm them within %g s", self.stop_within_s)
        flushing.cancel()
        self._closed = True
        await self.client.close()
        # What is being sent again waits for news of the cluster, which a closed client does not ask for any more.
        ending = asyncio.ensure_future(self._sender.close())
        await asyncio.wait({ending}, timeout=GRACE_S)
        ending.cancel()
        await asyncio.wait({ending})


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # it ships no types
    """A consumer whose ``stop`` ends, and in time, while the broker is away."""

    servers = ""
    stop_within_s = 5.0
    commit_within_s = 2.0

    async def commit(self, offsets: Mapping[TopicPartition, int] | None = None) -> None:
        """Commit the offsets, by default of all that was handed out.

        Raises ``BrokerUnreachable`` when no broker confirms it in time, and ``CommitFailedError`` (a ``KafkaError``)
        when the partitions have gone to another member; in both cases what was read may be read again.
        """
        try:
            async with asyncio.timeout(self.commit_within_s):
                await super().commit(offsets)
        except TimeoutError:
            raise BrokerUnreachable(f"no broker confirmed a commit within {self.commit_within_s:g} s") from None

    async def stop(self) -> None:
        """Leave the group, or give that up, and close the connections.

        The stop that we inherit waits for whatever it has asked the broker, and ends half-way, by the cancellation
        of its own fetch, when that is being retried.
        """
        leaving = asyncio.ensure_future(super().stop())
        await asyncio.wait({leaving}, timeout=self.stop_within_s)
        if not leaving.done() or leaving.cancelled():
            await self._client.close()
            await asyncio.wait({leaving}, timeout=self.stop_within_s / 2)
        if leaving.done() and not leaving.cancelled():
            leaving.result()


Client = TypeVar("Client", Producer, Consumer)


def make_producer(
    settings: Settings,
    bootstrap: str,
    *,
    linger_ms: int = LINGER_MS,
    batch_bytes: int = BATCH_BYTES,
    numbers: bool = True,
) -> Producer:
    """A producer, not yet started, that neither loses nor doubles nor reorders what it has accepted.

    It refuses by itself what no topic of ours takes. One that ``numbers`` its records can send nothing more to a
    partition whose broker has refused one; one that does not may double what it sends, and is for one at a time.
    """
    producer = Producer(
        **_connection(settings, bootstrap),
        enable_idempotence=numbers,
        acks="all",
        linger_ms=linger_ms,
        max_batch_size=batch_bytes,
        max_request_size=RECORD_BYTES,
    )
    producer.servers = bootstrap
    producer.stop_within_s = settings.stop_within_s / CLIENTS_A_STOP
    return producer


def make_consumer(
    settings: Settings, bootstrap: str, *, group: str | None, without_offset: Literal["none", "earliest", "latest"]
) -> Consumer:
    """A consumer of bytes, not yet started or subscribed, that commits only when told to.

    Partitions are shared out by range, so that one member holds the same partitions of equally partitioned topics.
    ``without_offset`` says where to read when there is no offset or it is out of range; with ``none`` reading
    raises instead, which is right for whoever keeps offsets elsewhere and must not skip a gap in silence.

    Records at the group's committed offsets may be handed out between an assignment and the end of the rebalance
    listener; whoever seeks in the listener must drop what arrives of a partition before its seek.
    """
    consumer = Consumer(
        **_connection(settings, bootstrap),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset=without_offset,
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_ms,
        max_poll_records=settings.batch_max_records,
    )
    consumer.servers = bootstrap
    consumer.commit_within_s = settings.stop_within_s / 5
    consumer.stop_within_s = settings.stop_within_s / CLIENTS_A_STOP
    return consumer


@asynccontextmanager
async def running(client: Client, settings: Settings) -> AsyncGenerator[Client]:
    """Start the client, hand it over and stop it, each within bounds.

    Raises ``BrokerUnreachable`` when it does not start. A stop has a third of ``stop_within_s`` for sending what is
    left and leaving the group; then what is left is given up, with a warning.
    """
    starting = asyncio.ensure_future(client.start())
    try:
        await _started(client, starting, settings)
        yield client
    finally:
        await _to_its_end(_stopped(client, starting))


async def find_broker(settings: Settings, bootstrap: str) -> None:
    """Return when a broker answers; raises ``BrokerUnreachable`` when none does within ``broker_timeout_s``."""
    async with running(make_consumer(settings, bootstrap, group=None, without_offset="none"), settings):
        log.debug("a broker answers at %s", bootstrap)


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
        "metadata_max_age_ms": METADATA_AGE_MS,
        "request_timeout_ms": int(settings.broker_timeout_s * 1000),
        "security_protocol": settings.kafka_security,
        "ssl_context": tls_context(settings),
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


async def let_in(settings: Settings, bootstrap: str) -> None:
    """Return if a broker lets us in, or none is there; raises ``NotLetIn`` if one is there and refuses us."""
    why = await why_not_let_in(settings, _connection(settings, bootstrap))
    if why is not None and why.lasting:
        raise NotLetIn(why.sentence)


async def unreachable(settings: Settings, bootstrap: str, otherwise: str) -> BrokerUnreachable:
    """The error for a broker that did not serve us: with its reason if it has one, else with the sentence given."""
    why = await why_not_let_in(settings, _connection(settings, bootstrap))
    if why is None:
        return BrokerUnreachable(otherwise)
    return NotLetIn(why.sentence) if why.lasting else BrokerUnreachable(why.sentence)


async def _started(client: Producer | Consumer, starting: "asyncio.Future[None]", settings: Settings) -> None:
    within_s = settings.broker_timeout_s
    await asyncio.wait({starting}, timeout=within_s)
    if not starting.done():
        raise BrokerUnreachable(f"no broker answered within {within_s:g} s at {client.servers}")
    try:
        starting.result()
    except KafkaError as error:
        otherwise = f"no broker can be reached at {client.servers}: {error}"
        raise await unreachable(settings, client.servers, otherwise) from error


async def _stopped(client: Producer | Consumer, starting: "asyncio.Future[None]") -> None:
    """Stop the client, after its start has come to an end: one that is cancelled half-way leaves a connection open."""
    await asyncio.wait({starting}, timeout=GRACE_S)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    if not starting.cancelled():
        starting.exception()
    await client.stop()


async def _to_its_end(act: Coroutine[Any, Any, None]) -> None:
    """Do it all, even if cancelled meanwhile: a stop that is cut off leaves connections and tasks behind."""
    doing = asyncio.ensure_future(act)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise
