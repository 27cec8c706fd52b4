"""The topics: one row each, from which they are made, checked and described.

A new topic is a new row. ``streams.topic_admin`` makes and checks them on servers; the embedded broker makes them
when it starts.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

EMBEDDED_PARTITIONS: Final = 4

RECORD_BYTES: Final = 8 * 1024 * 1024
"""How large one record is that we send, and that a topic of ours takes, at most."""
VALUE_BYTES: Final = RECORD_BYTES - 64 * 1024
"""How long a message may be, so that there is room left for its key and headers, and for what is put around them."""
INPUT_BYTES: Final = 1024 * 1024
"""How large a sender's batch is at most. One event has 64 KiB; a sender that says more is refused by the broker."""

_QUARTER: Final = timedelta(days=90)
_MONTH: Final = timedelta(days=30)
_UNIT: Final = "premises id, or source:<id> for what is about a source itself"
_ORIGIN: Final = "origin: <topic>/<partition>/<offset>"
_EFFECT: Final = "instant of effect: RFC 3339, in UTC"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what it carries, under which key, how it is spread and for how long it is kept.

    ``retention`` None keeps records for ever. A ``compacted`` topic keeps the latest record of each key. A topic
    that is not ``spread`` has one partition, so that its records have one order.
    """

    name: str
    direction: Literal["in", "out"]
    carries: str
    key: str
    retention: timedelta | None
    compacted: bool = False
    spread: bool = True

    def partitions(self, spread_over: int) -> int:
        """How many partitions it has where topics are spread over that many."""
        return spread_over if self.spread else 1

    def config(self, replication: int) -> dict[str, str]:
        """Its settings on a cluster that keeps that many copies, in Kafka's own words.

        With two copies or more, one may be lost without a loss or a stop: writes wait for all copies but one.
        The time of a record is the broker's, for that is when the event reached us, whatever its sender's clock said.
        Records go by their age alone, never because there are many.
        """
        kept = -1 if self.retention is None else self.retention // timedelta(milliseconds=1)
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(RECORD_BYTES if self.direction == "out" else INPUT_BYTES),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(max(1, replication - 1)),
            "retention.bytes": "-1",
            "retention.ms": str(kept),
            "unclean.leader.election.enable": "false",
        }


# Free text can be erased from the ledger but not from a topic: there its life is bounded by the retention.
WORK_ORDERS: Final = Topic("work-orders", "in", "what happened to repair orders", "premises id", _QUARTER)
SHIFT_COVER: Final = Topic("shift-cover", "in", "what happened to cover for nights", "premises id", _QUARTER)
RESPONSES: Final = Topic("escalation-responses", "in", "what roles answered to escalations", _UNIT, _QUARTER)

CLASSIFICATIONS: Final = Topic("classifications", "out", "each order's priority and its reasons", _UNIT, _QUARTER)
DISPUTES: Final = Topic("disputes", "out", "priorities on which the provider differs", _UNIT, _QUARTER)
BACKLOG: Final = Topic("backlog", "out", "what is outstanding at each premises", "premises id", None, compacted=True)
REJECTED: Final = Topic("rejected-events", "out", "input that could not be taken, and why", _ORIGIN, _MONTH)

# From these three a restored ledger adopts what was already said, so they are kept for ever.
ESCALATIONS: Final = Topic("escalations", "out", "the numbered statements of every escalation", _UNIT, None)
POLICIES: Final = Topic("policies", "out", "the timeline of policies", _EFFECT, None, compacted=True, spread=False)
ESTATES: Final = Topic("estates", "out", "the timeline of estates", _EFFECT, None, compacted=True, spread=False)

# Read by whoever watches over us from outside; what is older than a day says nothing about now.
PULSES: Final = Topic("pulses", "out", "signs of life of the sending worker", "worker", timedelta(days=1))

TOPICS: Final = (
    WORK_ORDERS,
    SHIFT_COVER,
    RESPONSES,
    CLASSIFICATIONS,
    ESCALATIONS,
    DISPUTES,
    BACKLOG,
    REJECTED,
    POLICIES,
    ESTATES,
    PULSES,
)
INPUTS: Final = tuple(topic for topic in TOPICS if topic.direction == "in")
"""What intake reads: equally partitioned, so that one worker holds all three partitions of a premises."""
