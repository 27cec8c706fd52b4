"""The knock: why a broker that is there does not let us in, in one sentence.

Both client libraries only say that no broker can be reached, whether it is away, is not who it says it is, or refuses
our login; whoever has to put it right needs to know which.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.protection import PREFIX, KafkaSecurity

KNOCK_WITHIN_S: Final = 3.0
_OPTIONS: Final = (
    *("client_id", "security_protocol", "ssl_context"),
    *("sasl_mechanism", "sasl_plain_username", "sasl_plain_password"),
)
_LOGIN: Final = (SaslAuthenticationFailed, AuthenticationFailedError, UnsupportedSaslMechanismError)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a broker that is there does not serve us; ``lasting`` if only a person can change it."""

    sentence: str
    lasting: bool = True


async def why_not_let_in(security: KafkaSecurity, connection: Mapping[str, Any]) -> Reason | None:
    """Why the first broker that is there refuses us; None if none is there, or none does.

    ``connection`` has the options of our clients.
    """
    for host, port, _ in collect_hosts(connection["bootstrap_servers"], randomize=False):
        try:
            reason = await _knock(security, connection, host, port)
        except (OSError, TimeoutError):
            continue
        if reason is not None:
            return reason
    return None


async def _knock(security: KafkaSecurity, connection: Mapping[str, Any], host: str, port: int) -> Reason | None:
    at = f"the broker at {host}:{port}"
    try:
        async with asyncio.timeout(KNOCK_WITHIN_S):
            opened = await create_conn(host, port, **{name: connection[name] for name in _OPTIONS})
            try:
                await opened.send(MetadataRequest([]))
            finally:
                opened.close()
                await asyncio.sleep(0)  # it is closed in the loop's next turn
    except ssl.SSLCertVerificationError as error:
        advice = f"{PREFIX}KAFKA_CA_FILE must hold the certificates that sign its own"
        return Reason(f"{at} is not trusted ({error.verify_message}): {advice}")
    except ssl.SSLError as error:
        said = (error.reason or "no reason given").replace("_", " ").lower()
        return Reason(f"{at} and we do not agree about encryption ({said}): {_look(security)}")
    except _LOGIN as error:
        said = str(error.args[0] if error.args else error).rstrip(".")
        login = f"{PREFIX}KAFKA_USERNAME={security.kafka_username} by {security.kafka_sasl_mechanism}"
        return Reason(f"{at} refuses the login of {login}: {said}")
    except (KafkaConnectionError, ConnectionResetError):
        advice = f"unless it is just starting or stopping, {_look(security)}"
        return Reason(f"{at} ended the connection before it had said anything: {advice}", lasting=False)
    return None


def _look(security: KafkaSecurity) -> str:
    security_is = f"{PREFIX}KAFKA_SECURITY={security.kafka_security}"
    return f"see that {security_is} is what it wants, and whether it wants a client certificate"
