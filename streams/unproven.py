"""Unproven partitions: before more is taken, what the ledger took last must be what the broker has there.

A broker whose disk was put back to an earlier state, and which has taken in more since, offers other records at the
offsets that were read. So reading begins a little before the place where the ledger stands, at every assignment.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

LOOK_BACK: Final = 16
"""How many offsets are read once more: the last of them may be no record's, a duplicate's, or in an accepted gap."""


class Unproven:
    """The partitions of which that is still to be seen, with what was read of them once more."""

    def __init__(self) -> None:
        self._read: dict[TopicPartition, list[ConsumerRecord]] = {}

    def add(self, partitions: Iterable[TopicPartition]) -> None:
        """These were assigned: nothing is known of them."""
        self._read.update({partition: [] for partition in partitions})

    def remove(self, partitions: Iterable[TopicPartition]) -> None:
        """These have been proven, cannot be, or are another worker's."""
        for partition in partitions:
            self._read.pop(partition, None)

    def begins(self, partition: TopicPartition, at: int, begin: int) -> int:
        """Where to read from so that it can be proven, if what comes next is ``at`` and the broker has ``begin``."""
        if partition not in self._read:
            return at
        self._read[partition] = []
        return max(begin, at - LOOK_BACK)

    def complete(
        self, found: Mapping[TopicPartition, Sequence[ConsumerRecord]], stands: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What was read before the ledger's place, of each partition of which no more of it can come."""
        whole: dict[TopicPartition, list[ConsumerRecord]] = {}
        for partition in self._read.keys() & found.keys() & stands.keys():
            records, at = found[partition], stands[partition]
            self._read[partition] += [record for record in records if record.offset < at]
            if any(record.offset >= at - 1 for record in records):
                whole[partition] = self._read[partition]
        return whole
