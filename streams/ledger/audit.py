"""The audit: one hash chain a unit, each link sealing what one transaction took and said, and when it decided.

A link seals every accepted event (not its free text, which can be erased) and every statement. Its hash also goes
out in the headers of the messages it sealed, so that a chain that was rewritten as a whole disagrees with the topics.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from streams.ledger.states import canonical

ADMINISTRATION: Final = "ledger:"
"""The chain of what is done to the ledger itself: activations, erasures, accepted gaps, refusals, releases."""
HEADER: Final = "audit"
"""The message header that bears the hash of the link that sealed the message."""

Sealed = tuple[str, str, str]
"""An event's source and id, and its seal."""


@dataclass(slots=True)
class Entry:
    """What one transaction did to one unit."""

    events: list[Sealed] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    acts: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep: a decision that took nothing and said nothing."""
        return not (self.events or self.said or self.acts)

    def as_text(self, world: Mapping[str, str]) -> str:
        """The entry as canonical JSON; ``world`` names the policy and estate versions in force."""
        parts = {"events": self.events, "subjects": self.subjects, "said": self.said, "acts": self.acts}
        return canonical({**{name: part for name, part in parts.items() if part}, **world}).decode()


def link_hash(chain: str, n: int, kind: str, decided_at: datetime, entry: str, previous: str) -> str:
    """The hash of one link, in hex."""
    instant = decided_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical([chain, n, kind, instant, entry, previous])).hexdigest()


def event_seal(row: Mapping[str, Any]) -> str:
    """What an event was when it was taken, as a hash in hex: every column that a decision reads, but no free text."""
    parts: Sequence[Any] = [
        row["source"],
        row["id"],
        row["type"],
        row["unit"],
        row["subject"],
        row["time"].isoformat(timespec="microseconds"),
        row["heard"].isoformat(timespec="microseconds"),
        row["role"],
        row["party"],
        row["sequence"],
        row["digest"].hex(),
        row["body"],
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()


def text_seal(text: str) -> str:
    """The hash of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
