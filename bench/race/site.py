"""Where a contender runs: the servers, its own topics and database, and how it says when it began and ended.

A contender is a process of its own. It says ``ready`` when everything is imported and open, begins when told ``go``,
and says at the end how long it took from the first record in its hands until the last message was acknowledged.
"""

import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn, TextIO, cast

import uvloop

from streams.clock import FixedClock, monotonic, process_seconds
from streams.settings import Settings
from streams.topics import INPUTS, TOPICS

BATCH: Final = 500
HEARD: Final = "heard"
"""The header in which the simulator's time of hearing comes, in ms: the broker's own stamp is of today."""
PR_SET_PDEATHSIG: Final = 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """One contender's place, with topics and a database of its own; ``start`` is when the first record was heard."""

    broker: str
    ledger: str
    prefix: str
    records: int
    start: datetime
    partitions: int = 1

    @property
    def settings(self) -> Settings:
        """The settings of a worker here."""
        return Settings.model_validate(
            {
                "broker": self.broker,
                "ledger": self.ledger,
                "topic_prefix": self.prefix,
                "group": f"{self.prefix}group",
                "partitions": self.partitions,
                "replication": 1,
                "batch_max_records": BATCH,
                "relay_batch": BATCH,
            }
        )

    @property
    def inputs(self) -> list[str]:
        """The names of the topics that are read."""
        return [self.prefix + topic.name for topic in INPUTS]

    @property
    def all_topics(self) -> list[str]:
        """The names of every topic here."""
        return [self.prefix + topic.name for topic in TOPICS]

    def as_json(self) -> str:
        """For the command line of the contender's process."""
        return json.dumps(asdict(self) | {"start": self.start.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> "Site":
        """What ``as_json`` wrote."""
        found = json.loads(text)
        return cls(**found | {"start": datetime.fromisoformat(found["start"])})


@dataclass(slots=True)
class Watch:
    """A contender's stop-watch: it runs from the first record in hand."""

    began: float | None = None
    began_work: float = 0.0
    taken: int = 0
    sent: int = 0
    batches: int = 0

    def take(self, records: int) -> None:
        """So many records came into our hands."""
        if self.began is None:
            self.began, self.began_work = monotonic(), process_seconds()
        self.taken += records
        self.batches += 1

    def result(self) -> dict[str, float]:
        """What is told to the referee."""
        assert self.began is not None, "no record ever came"
        return {
            "seconds": monotonic() - self.began,
            "work": process_seconds() - self.began_work,
            "records": self.taken,
            "messages": self.sent,
            "batches": self.batches,
        }


class HeardClock(FixedClock):
    """The time at which the simulator's newest record was heard: a winter is played as fast as it can be read."""

    def hear(self, headers: Iterable[tuple[str, bytes | str | None]]) -> datetime:
        """When a record with these headers was heard; time never goes back."""
        stamp = next(value for name, value in headers if name == HEARD)
        assert stamp is not None
        heard = EPOCH + timedelta(milliseconds=int(stamp))
        if heard > self.now():
            self.set(heard)
        return heard


Contender = Callable[[Site, Watch], Coroutine[None, None, None]]


def ready() -> None:
    """Tell the referee, and wait for the word; from now on we end when the referee ends, however that is."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline() != "go\n":
        raise SystemExit("the referee went away")


def finish(watch: Watch) -> NoReturn:
    """Tell the referee, and leave at once: how a framework winds down is not what is measured."""
    out = cast("TextIO", sys.__stdout__)  # a framework may have put something else in the place of stdout
    out.write(json.dumps(watch.result()) + "\n")
    out.flush()
    os._exit(0)


def contend(contender: Contender) -> None:
    """Run an asynchronous contender on the site of the command line."""
    logging.basicConfig(level=logging.ERROR)
    uvloop.run(contender(Site.from_json(sys.argv[1]), Watch()))
