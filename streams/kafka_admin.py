"""Administration of Kafka: one client for it, and answers that come in time or say in a sentence why not.

This is librdkafka's client, by ``confluent-kafka``: of the two that we have only it can tell a topic's id, change
one setting of a topic without resetting the others, and administer servers of the newest protocol.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from streams.kafka_client import unreachable
from streams.settings import Settings

T = TypeVar("T")

_AWAY = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - that is how the library spells it
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError._SSL,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
    }
)


class KafkaRefused(Exception):  # noqa: N818 - it is what happened, in words
    """The cluster answered, but did not do what was asked; the text says what and why."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def admin_client(settings: Settings, servers: str) -> AdminClient:
    """A client for administration; it connects by and by and ends when it is no longer referred to."""
    return AdminClient({name: value for name, value in _connection(settings, servers).items() if value is not None})


async def answers(asked: Mapping[str, "Future[T]"], settings: Settings, servers: str) -> dict[str, T]:
    """What the cluster answered about each name; the client that asked must be kept until then.

    Raises ``BrokerUnreachable`` when no broker answers and ``KafkaRefused`` for the first name that is refused.
    """
    answered = {}
    for name, future in asked.items():
        try:
            answered[name] = await asyncio.wrap_future(future)
        except KafkaException as error:
            raise await said(name, error, settings, servers) from error
    return answered


async def said(name: str, error: KafkaException, settings: Settings, servers: str) -> Exception:
    """The error in a sentence: ``BrokerUnreachable``, or ``KafkaRefused`` about the name."""
    reason: KafkaError = error.args[0]
    if reason.code() in _AWAY:
        otherwise = f"no broker answered within {settings.broker_timeout_s:g} s at {servers}"
        return await unreachable(settings, servers, otherwise)
    return KafkaRefused(f"{name}: {reason.str()}" if name else reason.str(), reason.code())


def _connection(settings: Settings, servers: str) -> dict[str, str | int | None]:
    config: dict[str, str | int | None] = {
        "bootstrap.servers": servers,
        "client.id": settings.group,
        "security.protocol": settings.kafka_security,
        "log_level": 0,
    }
    if settings.uses_tls:
        config |= {
            "ssl.ca.location": _text(settings.kafka_ca_file) or "probe",
            "ssl.certificate.location": _text(settings.kafka_certificate_file),
            "ssl.key.location": _text(settings.kafka_key_file),
            "ssl.key.password": _text(settings.kafka_key_password),
        }
    if settings.uses_login:
        config |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": _text(settings.kafka_password),
        }
    return config


def _text(value: Path | SecretStr | None) -> str | None:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return None if value is None else str(value)
