"""Which life of a topic an offset belongs to.

An offset means nothing by itself: a topic that was deleted and made again starts at zero, and so does a broker
that has lost its disk. The ledger therefore keeps offsets for each incarnation and partition.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One life of one topic: the cluster's identity and the topic's, both opaque text of at most 50 characters."""

    cluster: str
    topic: str
