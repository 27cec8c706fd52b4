"""What the services of a worker share: the settings, the clock, the ledger, the cluster and the present world."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from streams.clock import Clock
from streams.cluster import Cluster
from streams.health import Vitals
from streams.ledger.incoming import Incoming, Outcome
from streams.ledger.ledger import Ledger
from streams.log_outcome import log_outcome
from streams.metrics import Metrics
from streams.notices.letters import Writer
from streams.settings import Settings
from streams.tracing import Tracing
from workorders.policy import World


@dataclass(slots=True)
class Progress:
    """What the services of this worker have done since it started; for people to watch, never for decisions."""

    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0
    decided: int = 0
    sent: int = 0
    relayed: int = 0
    confirmed: int = 0
    assigned: int = 0
    sweeping: bool = True
    broker_away: bool = False


def _name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


@dataclass(slots=True)
class Parts:
    """The shared parts of one worker. ``world`` is read anew when a policy or estate is activated.

    ``name`` tells this worker from others: its machine and process. ``said_is_known`` once it was seen that the ledger
    knows what was said last on the topics. ``letters`` writes what roles are told; without it nobody is told here.
    """

    settings: Settings
    clock: Clock
    ledger: Ledger
    cluster: Cluster
    world: World
    progress: Progress = field(default_factory=Progress)
    vitals: Vitals = field(default_factory=Vitals)
    metrics: Metrics = field(default_factory=Metrics)
    name: str = field(default_factory=_name)
    tracing: Tracing | None = None
    said_is_known: bool = False
    work_waits: asyncio.Event = field(default_factory=asyncio.Event)
    letters: Writer | None = None

    async def refresh_world(self) -> None:
        """Read the timelines of policy and estate anew."""
        self.world = await self.ledger.world(self.world, self.clock.now())
        self.metrics.expect(self.world)

    @contextmanager
    def watched(self, cause: str, batch: Sequence[Incoming] = ()) -> Iterator[None]:
        """Measure one transaction, and trace it if that is wanted; ``batch`` is what it takes."""
        traced = nullcontext() if self.tracing is None else self.tracing.deciding(cause, batch)
        with self.metrics.timed(cause), traced:
            yield

    def count(self, outcome: Outcome, cause: str = "intake") -> None:
        """Count what a transaction did, and wake the relay if it has left something to send."""
        self.metrics.count(outcome, cause)
        log_outcome(outcome, cause)
        self.progress.recorded += outcome.recorded
        self.progress.decided += outcome.decided
        self.progress.rejected += len(outcome.rejections)
        if outcome.messages:
            self.work_waits.set()

    def topic(self, name: str) -> str:
        """A topic's name on the cluster, prefix and all."""
        return self.settings.topic_prefix + name

    def logical(self, topic: str) -> str:
        """A topic's own name, without the prefix."""
        return topic.removeprefix(self.settings.topic_prefix)
