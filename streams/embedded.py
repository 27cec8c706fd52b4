"""The embedded broker: a Kafka broker inside this process, so that the first command needs nothing installed.

It is the mock cluster of librdkafka, which speaks the real protocol on a loopback port: the clients and the worker
run on it unchanged. It is reached through librdkafka's C interface, which can make topics with a chosen number of
partitions and lets the first member of a group join at once (by the configuration property, joining takes 3 s).

What it does not do, and what follows:

* It keeps everything in memory and forgets it at exit, committed offsets too. Each start is therefore a new
  incarnation, whose offsets the ledger keeps apart from those of earlier ones.
* Of each partition it keeps about the latest 5 MiB (or 100,000 batches) and drops the oldest without a word. A
  reader that falls behind finds its offset out of range. What people submit is in the ledger first and is taken
  from there.
* It does not stamp records: their time is the sender's (``timestamp_type`` 0), never the time of arrival. Whoever
  needs the time of arrival takes its own clock's.
* It has no topic settings, so no compaction and no retention by time; it cannot be administered, cannot find an
  offset by time, knows no access control and no encryption.
* It makes any topic that a client asks for, with four partitions: a misspelt name is not noticed here.
* Keys, headers, compression, idempotent producers, groups and commits work as on a server. But it is for one
  process: a second member of a group waits for the first one's session, less one second, and may even then be
  refused (``InvalidRequestError``) and have to join again.
"""

import asyncio
import ctypes
from collections.abc import Iterable
from functools import cache
from typing import Final, Self

from confluent_kafka import KafkaError, cimpl

from models.ids import new_id
from streams.incarnation import Incarnation
from streams.topics import EMBEDDED_PARTITIONS, TOPICS

_PRODUCER: Final = 0
_BROKER: Final = 1
_BREATH_S: Final = 0.002
"""Left between two orders: of one that comes while the last is being put away, it hears only a second later."""
_Handle = ctypes.c_void_p
_Text = ctypes.c_char_p
_INTERFACE: Final = {
    "rd_kafka_conf_new": (_Handle, []),
    "rd_kafka_conf_set": (ctypes.c_int, [_Handle, _Text, _Text, _Text, ctypes.c_size_t]),
    "rd_kafka_new": (_Handle, [ctypes.c_int, _Handle, _Text, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_Handle]),
    "rd_kafka_mock_cluster_new": (_Handle, [_Handle, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_Handle]),
    "rd_kafka_mock_cluster_bootstraps": (_Text, [_Handle]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_Handle, _Text, ctypes.c_int, ctypes.c_int]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_Handle, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, [_Handle, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, [_Handle, ctypes.c_int32]),
}


class EmbeddedBrokerError(Exception):
    """The embedded broker cannot do what was asked; the text says why."""


class EmbeddedBroker:
    """A broker that lives as long as its ``async with`` block, with our topics on it.

    ``bootstrap`` is its address, ``127.0.0.1:<port>``; ``identity`` is new at each start.
    """

    def __init__(self, *, topic_prefix: str = "", partitions: int = EMBEDDED_PARTITIONS) -> None:
        self._prefix = topic_prefix
        self._partitions = partitions
        self._library = _librdkafka()
        self._host: int | None = None
        self._cluster: int | None = None
        self.bootstrap = ""
        self.identity = ""

    async def __aenter__(self) -> Self:
        self._host = self._start_host()
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._host, 1)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.bootstrap = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self.identity = f"embedded-{new_id()}"
        for topic in TOPICS:
            await asyncio.sleep(_BREATH_S)
            self.make_topic(self._prefix + topic.name, topic.partitions(self._partitions))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(_BREATH_S)
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._host)
        self._cluster = self._host = None

    def make_topic(self, name: str, partitions: int) -> None:
        """Make one more topic; one that exists is refused."""
        code = self._library.rd_kafka_mock_topic_create(self._running(), name.encode(), partitions, 1)
        if code:
            raise EmbeddedBrokerError(f"the topic {name} cannot be made: {KafkaError(code).str()}")

    def go_away(self) -> None:
        """Drop every connection and accept none, as a broker does that has died; for drills and tests."""
        self._library.rd_kafka_mock_broker_set_down(self._running(), _BROKER)

    def come_back(self) -> None:
        """Accept connections again; records and offsets are as they were."""
        self._library.rd_kafka_mock_broker_set_up(self._running(), _BROKER)

    async def incarnations(self, names: Iterable[str]) -> dict[str, Incarnation]:
        """The incarnation of each topic: all are as old as this broker."""
        return {name: Incarnation(cluster=self.identity, topic=self.identity) for name in names}

    def _running(self) -> int:
        if self._cluster is None:
            raise EmbeddedBrokerError("the embedded broker is not running; use it inside its async with block")
        return self._cluster

    def _start_host(self) -> int:
        reason = ctypes.create_string_buffer(512)
        config = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(config, b"log_level", b"0", reason, len(reason))
        host: int | None = self._library.rd_kafka_new(_PRODUCER, config, reason, len(reason))
        if host is None:
            raise EmbeddedBrokerError(f"the embedded broker does not start: {reason.value.decode()}")
        return host


@cache
def _librdkafka() -> ctypes.CDLL:
    library = ctypes.CDLL(cimpl.__file__)
    for name, (result, arguments) in _INTERFACE.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise EmbeddedBrokerError(
                f"this confluent-kafka has no embedded broker, for it lacks {name}; name a broker by WORKORDERS_BROKER"
            ) from None
        function.restype, function.argtypes = result, arguments
    return library
