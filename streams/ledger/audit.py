"""The audit: one hash chain a unit, each link sealing what one transaction took, decided and said, and when.

A link seals every accepted event (not its free text, which can be erased), every state and every statement as it was
written, and names each duplicate by its offset. Its hash also goes out in the headers of the messages it sealed, so
that a chain that was rewritten as a whole disagrees with the topics.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlmodel import SQLModel

from models.tables import EventRow, InboxRow, NightRow, RejectedRow, SourceStateRow, StatementRow, WorkOrderRow
from streams.ledger.rows import table_of
from streams.ledger.states import canonical

ADMINISTRATION: Final = "ledger:"
"""The chain of what is done to the ledger itself: activations, erasures, accepted gaps, refusals, releases."""
SUBMISSIONS: Final = "ledger:inbox"
"""The chain of what people and doors submit, so that nothing submitted can vanish before it is taken."""
HEADER: Final = "audit"
"""The message header that bears the hash of the link that sealed the message."""

Sealed = tuple[str, str, str]
"""An event's source and id, and its seal."""

UNSEALED: Final[Mapping[type[SQLModel], frozenset[str]]] = {
    EventRow: frozenset({"recorded_at", "quarantined"}),
    InboxRow: frozenset({"seq", "value", "received_at", "relayed_at", "taken_at", "fate"}),
    RejectedRow: frozenset({"seq", "key", "value", "headers", "rejected_at", "resubmitted_as", "erased_at"}),
    StatementRow: frozenset(),
    WorkOrderRow: frozenset({"next_due_at"}),
    NightRow: frozenset({"next_due_at"}),
    SourceStateRow: frozenset({"next_due_at"}),
}
"""The columns that a row's seal leaves out: what the link says beside it, and what may change or be erased later."""


@dataclass(slots=True)
class Entry:
    """What one transaction did to one unit.

    ``duplicates`` are streams and offsets; ``subjects`` the subjects decided, each with the seal of its state and its
    due time; ``said`` message ids, each with the message's seal and, where it carries a statement, the statement's;
    ``fates`` the inbox rows that were taken, by number.
    """

    events: list[Sealed] = field(default_factory=list)
    duplicates: list[tuple[int, int]] = field(default_factory=list)
    subjects: list[tuple[str, str, datetime | None]] = field(default_factory=list)
    said: list[tuple[str, ...]] = field(default_factory=list)
    fates: list[tuple[int, str]] = field(default_factory=list)
    acts: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep: the unit is as it was."""
        return not any(self._parts().values())

    def as_text(self, more: Mapping[str, Any]) -> str:
        """The entry as canonical JSON; ``more`` names the policy and estate in force, and how the unit is left."""
        return canonical({**{name: part for name, part in self._parts().items() if part}, **more}).decode()

    def _parts(self) -> dict[str, Sequence[Any]]:
        return {
            "events": self.events,
            "duplicates": self.duplicates,
            "subjects": self.subjects,
            "said": self.said,
            "fates": self.fates,
            "acts": self.acts,
        }


def link_hash(chain: str, n: int, kind: str, decided_at: datetime, entry: str, previous: str) -> str:
    """The hash of one link, in hex."""
    instant = decided_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical([chain, n, kind, instant, entry, previous])).hexdigest()


def row_seal(model: type[SQLModel], row: Mapping[str, Any]) -> str:
    """What a row was when it was written, as a hash in hex of every column but those in ``UNSEALED``."""
    return hashlib.sha256(canonical([row[name] for name in sealed_columns(model)])).hexdigest()


@lru_cache(maxsize=16)
def sealed_columns(model: type[SQLModel]) -> tuple[str, ...]:
    """The columns that a row's seal covers, in the order of the table."""
    return tuple(column.name for column in table_of(model).columns if column.name not in UNSEALED[model])


def bytes_seal(row: Mapping[str, Any]) -> str:
    """The key and headers of a refused input, which may be erased, as a hash in hex; its value has one of its own."""
    return hashlib.sha256(canonical([row["key"], row["headers"]])).hexdigest()


def message_seal(topic: str, key: str, value: str) -> str:
    """A message with where it goes, as a hash in hex."""
    return hashlib.sha256(f"{topic}\n{key}\n{value}".encode()).hexdigest()


def value_seal(value: bytes) -> str:
    """The hash of what was submitted, in hex."""
    return hashlib.sha256(value).hexdigest()
