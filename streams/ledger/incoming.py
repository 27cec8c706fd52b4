"""What is handed to the ledger, and what the ledger says became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from models.decision import Statement

MOST_NAMED: Final = 20
"""How many of the events that it recorded a transaction names; the ledger has them all."""


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """One partition of one life of one topic: within it offsets have a meaning."""

    cluster: str
    topic: str
    incarnation: str
    partition: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read."""

    stream: Stream
    offset: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """One input as it came, before anything is believed about it.

    ``heard`` is the broker's append time. Without an ``origin`` it was not read from the broker: it was submitted to
    us, and the ledger itself knows when. ``topic`` is the logical name, without a prefix.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    origin: Origin | None = None
    heard: datetime | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """What an input calls itself, and what it is about, in its sender's own words; None for what cannot be read."""

    source: str | None = None
    id: str | None = None
    type: str | None = None
    subject: str | None = None
    premises: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """One input that was not taken, and why; ``source`` where the input told its source."""

    incoming: Incoming
    code: str
    field: str
    sentence: str
    source: str | None
    name: Name = Name()


@dataclass(frozen=True, slots=True)
class Held:
    """Something that could not be decided: an event, or a whole subject where ``source`` is empty."""

    unit: str
    subject: str
    source: str | None
    event_id: str | None
    error: str


@dataclass(slots=True)
class Outcome:
    """What one call did: all of it is durable when the call returns.

    ``named`` are the first of the events that were recorded. ``more`` tells that a limit was reached and another call
    would find something to do at once.
    """

    recorded: int = 0
    duplicates: int = 0
    decided: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    messages: int = 0
    more: bool = False
    named: list[Name] = field(default_factory=list)

    def add(self, other: "Outcome") -> "Outcome":
        """Count another outcome into this one."""
        self.recorded += other.recorded
        self.duplicates += other.duplicates
        self.decided += other.decided
        self.rejections += other.rejections
        self.statements += other.statements
        self.held += other.held
        self.messages += other.messages
        self.more = self.more or other.more
        self.named = [*self.named, *other.named][:MOST_NAMED]
        return self
