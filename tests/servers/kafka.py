"""Apache Kafka of the tests' own: one broker on loopback ports, that can be stopped, killed and started again.

``with private_kafka() as kafka:`` is a broker of one's own; ``kafka.address.bootstrap`` is where it is. It has three
doors: one without protection, one with TLS and login (SCRAM-SHA-512 or PLAIN), one with TLS and client certificates.
"""

import base64
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.jars import jars, java
from tests.servers.processes import Guarded, free_ports, listens, run

STARTS_WITHIN_S: Final = 90.0
STOPS_WITHIN_S: Final = 20.0
USER: Final = "workorders"
PASSWORD: Final = "a made-up password"
QUICK: Final = ("-Xms64m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For tests: it starts soon and takes little. For measuring give ``("-Xmx1g",)``."""


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Where a broker is: ``host:port`` of each door, and the folder of its certificates.

    Only ``bootstrap`` is known of a broker that was there already.
    """

    bootstrap: str
    with_login: str = ""
    with_certificates: str = ""
    certificates: str = ""


class Kafka:
    """One broker, which keeps its ports and its data through ``stop``, ``kill`` and ``start``.

    It has a fourth door without protection, for a link that can be broken: a client that comes by the port
    ``linked_from`` is sent back to that port, so whoever listens there must carry everything to ``linked_to``.
    """

    def __init__(self, folder: Path, java_options: tuple[str, ...], settings: dict[str, str]) -> None:
        self._folder = folder
        self._program = [java(), *java_options, "-cp", f"{jars()}/*"]
        *self._ports, self.linked_from = free_ports(6)
        made = make_certificates(folder / "certificates")
        self._properties = folder / "server.properties"
        self._properties.write_text(_lines(_settings([*self._ports, self.linked_from], folder, made) | settings))
        self._process: Guarded | None = None
        plain, login, mutual, _ = (f"127.0.0.1:{port}" for port in self._ports[:4])
        self.linked_to = self._ports[4]
        self.address = KafkaAddress(plain, login, mutual, str(folder / "certificates"))

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it serves clients; raises ``ServerFailed``."""
        if not (self._folder / "data").exists():
            self._format()
        command = [*self._program, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "kafka.Kafka"]
        self._process = Guarded([*command, str(self._properties)], self._folder / "log", folder=self._folder)
        self._process.wait_until(self._serves, STARTS_WITHIN_S, "Kafka")

    def stop(self) -> None:
        """Stop it as an administrator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        self._end(signal.SIGKILL)

    def send(self, which: signal.Signals) -> None:
        """Send it a signal: ``SIGSTOP`` makes it hang, ``SIGCONT`` go on."""
        assert self._process is not None, "the broker is not running"
        self._process.send(which)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(how, within_s=STOPS_WITHIN_S)
            self._process = None

    def _serves(self) -> bool:
        return all(map(listens, self._ports))

    def _format(self) -> None:
        login = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        command = [*self._program, "kafka.tools.StorageTool", "format", "-c", str(self._properties)]
        cluster = uuid.uuid4()  # noqa: TID251 - a cluster's own, which nothing here depends on
        run([*command, f"--cluster-id={_short(cluster)}", "--add-scram", login], cwd=self._folder)


@contextmanager
def private_kafka(*, java_options: tuple[str, ...] = QUICK, settings: dict[str, str] | None = None) -> Iterator[Kafka]:
    """A broker of one's own for as long as the block lasts; ``settings`` are in Kafka's words and win over ours.

    Raises ``ServerMissing`` where there is no Java or Maven, ``ServerFailed`` if it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="workorders-kafka-"))
    try:
        kafka = Kafka(folder, java_options, settings or {})
        try:
            kafka.start()
            yield kafka
        finally:
            kafka.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(ports: list[int], folder: Path, made: Certificates) -> dict[str, str]:
    plain, login, mutual, controller, linked_to, linked_from = (f"127.0.0.1:{port}" for port in ports)
    doors = f"PLAIN://{plain},LOGIN://{login},MUTUAL://{mutual}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"{doors},LINKED://{linked_to},CONTROLLER://{controller}",
        "advertised.listeners": f"{doors},LINKED://{linked_from}",
        "listener.security.protocol.map": (
            "PLAIN:PLAINTEXT,LOGIN:SASL_SSL,MUTUAL:SSL,LINKED:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAIN",
        "log.dirs": f"{folder}/data",
        **_PROTECTION,
        "ssl.keystore.location": str(made.server_keystore),
        "ssl.truststore.location": str(made.ca),
        **_ALONE,
        **_SOON,
    }


_PROTECTION: Final = {
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "listener.name.mutual.ssl.client.auth": "required",
    "listener.name.login.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
    "listener.name.login.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "listener.name.login.scram-sha-256.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "listener.name.login.plain.sasl.jaas.config": (
        f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    ),
}
_ALONE: Final = {
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "auto.create.topics.enable": "false",
}
_SOON: Final = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    # After a kill a broker is let in again only when the session of its earlier life has run out.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


def _lines(settings: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _short(cluster: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(cluster.bytes).decode().rstrip("=")
