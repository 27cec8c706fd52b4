"""Notices as they are reasoned about: one for each address that a role is reached at over one kind of channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from models.decision import Reached
from models.escalation import StatementKind
from models.ids import NAMESPACE

DIGEST: Final = "digest"
REHEARSAL: Final = "rehearsal"
"""What a notice tells of, where that is no statement."""

TELLS: Final = frozenset({StatementKind.RAISED, StatementKind.REINSTATED, StatementKind.AMENDED})
"""Statements by which a role learns that it is its turn; the others only tell those who were told."""

UNANSWERED: Final = "no answer yet"
"""The detail of an attempt, and of its notice, while it is under way; for ever if its worker died."""

UNDELIVERABLE: Final = "notice-undeliverable"
"""The reason for which we decline in the name of a role that no channel could tell."""


class Fate(StrEnum):
    """What is known of a notice."""

    WAITING = "waiting"
    IN_DIGEST = "in-digest"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OVERTAKEN = "overtaken"


REACHED_SOMEBODY: Final = frozenset({Fate.ACCEPTED, Fate.UNKNOWN})
"""After one of these the role may know; what ends must be told to it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a notice goes: the kind of channel, the address there, and the language of the role's route."""

    kind: str
    address: str
    language: str


@dataclass(slots=True)
class Notice:
    """One notice, as its row is; see ``NoticeRow``."""

    id: UUID
    escalation_id: UUID
    n: int
    what: str
    unit: str
    role: str
    kind: str
    address: str
    language: str
    priority: str | None
    urgent: bool
    planned_at: datetime
    digest: UUID | None = None
    next_at: datetime | None = None
    tries: int = 0
    outcome: str = Fate.WAITING
    detail: str = ""
    settled_at: datetime | None = None

    @property
    def to(self) -> Address:
        """Where it goes."""
        return Address(self.kind, self.address, self.language)

    @property
    def in_hand(self) -> bool:
        """Whether an attempt at it may be under way, by itself or in its digest."""
        return self.settled_at is None and self.outcome == Fate.UNKNOWN and self.detail == UNANSWERED

    def settle(self, outcome: Fate, detail: str, at: datetime) -> None:
        """Nothing more will be tried."""
        self.outcome, self.detail, self.next_at, self.settled_at = outcome, detail, None, at


@dataclass(frozen=True, slots=True)
class Due:
    """One statement of which nobody has been told yet. ``stands``: whether its escalation does so by now."""

    escalation_id: UUID
    n: int
    since: datetime
    unit: str
    statement: StatementKind
    reason: str
    said_at: datetime
    reached: Reached
    stands: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What one notice tells of, with all that its words are made from; ``what`` is the statement or a rehearsal.

    ``before``: in a digest, it was told by a notice of its own within the minute before.
    """

    escalation_id: UUID
    n: int
    what: str
    unit: str
    reached: Reached
    reason: str
    said_at: datetime
    before: bool = False


def notice_id(message_id: UUID, to: Address) -> UUID:
    """The key of the notice about one statement to one address, however often it is planned or sent."""
    return uuid5(message_id, f"{to.kind}\x1f{to.address}")


def digest_id(first: UUID) -> UUID:
    """The key of the digest that the notice was the first to go into."""
    return uuid5(NAMESPACE, f"digest\x1f{first}")


def thread_of(unit: str, reached: Reached) -> str:
    """One name for all that is told about one ladder."""
    parts = (unit, reached.subject, reached.kind, reached.clock, reached.spell)
    return str(uuid5(NAMESPACE, "\x1f".join(("thread", *map(str, parts)))))
