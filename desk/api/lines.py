"""The lines of the lists that the API answers with."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order as it was last decided; ``asset`` is what is broken, ``fault`` what is wrong with it."""

    premises: str
    subject: str
    asset: str | None
    fault: str | None
    status: str
    outcome: str
    raised_at: datetime | None
    ended_at: datetime | None
    base: str | None
    effective: str | None
    provider_priority: str | None
    dispute_since: datetime | None
    paused_until: datetime | None
    breached_at: datetime | None
    contested: bool
    fix_due: datetime | None
    contractor_reference: str | None
    policy_version: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class EscalationShort:
    """One escalation as it was last said: who was told about what, and whether it stands."""

    id: UUID
    premises: str
    subject: str
    kind: str
    clock: str
    rung: str
    role: str
    repeat: int
    priority: str | None
    business_critical: bool
    due_at: datetime
    original_due_at: datetime | None
    acknowledged_until: datetime | None
    reason: str
    last_n: int
    last_statement: str
    standing: bool
    first_said_at: datetime
    last_said_at: datetime


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One registered source. ``expect_every_s``: how often it must be heard, in seconds; None where it need not be.

    ``last_heard`` and ``silent_since`` are known only of those that must be heard.
    """

    id: str
    role: str
    scope: str
    of: str
    types: tuple[str, ...]
    expect_every_s: int | None
    last_heard: datetime | None
    silent_since: datetime | None


def as_line(kind: type[T], row: dict[str, Any]) -> T:
    """A row of a question to the ledger as a line; a unit is called a premises."""
    found = {"premises": row.get("unit"), **row}
    return kind(**{one.name: found[one.name] for one in fields(kind)})  # type: ignore[arg-type]
