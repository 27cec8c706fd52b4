"""Refusals: records that the broker does not take, each of which holds up what follows of its key and nothing else.

Each is tried again after growing pauses, so that all is sent soon after the topic has been put right.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.sending import Line, Parcel

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
SAY_AGAIN_S: Final = 600.0
"""How soon the log names a record again that is still refused."""
AT_ONCE: Final = 50
"""How many are tried again together at most."""


@dataclass(slots=True)
class Refusal:
    """The first record of a line, which the broker refuses: when it is tried again, and when it was last told of."""

    seq: int
    pause_s: float
    due: float
    said: float


class Refusals:
    """The lines that stand still because the broker refuses the first record of each."""

    def __init__(self) -> None:
        self._held: dict[Line, Refusal] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, line: Line) -> bool:
        return line in self._held

    @property
    def lines(self) -> Collection[Line]:
        """What is not to be sent in its turn."""
        return self._held.keys()

    def due(self) -> list[int]:
        """The numbers of the records that are to be tried again now, those that have waited longest first."""
        now = monotonic()
        waited = sorted((one.due, one.seq) for one in self._held.values() if one.due <= now)
        return [seq for _, seq in waited[:AT_ONCE]]

    def hold(self, parcel: Parcel, topic: str, error: KafkaError) -> None:
        """The broker has refused this record; ``topic`` is the topic's name on the cluster."""
        now = monotonic()
        had = self._held.get(parcel.line)
        if had is None or had.seq != parcel.seq:
            had = self._held[parcel.line] = Refusal(parcel.seq, FIRST_PAUSE_S / 2, now, float("-inf"))
        had.pause_s = min(LONGEST_PAUSE_S, 2 * had.pause_s)
        had.due = now + had.pause_s
        if now - had.said >= SAY_AGAIN_S:
            had.said = now
            what = f"{type(error).__name__}, it is {len(parcel.value)} bytes long"
            log.error("record %d cannot be sent to %s: %s; what follows of its key waits", parcel.seq, topic, what)

    def release(self, seqs: Collection[int]) -> None:
        """These were sent, or wait no more."""
        gone = set(seqs)
        self._held = {line: one for line, one in self._held.items() if one.seq not in gone}

    def forget(self) -> None:
        """Another worker sends from now on."""
        self._held = {}
