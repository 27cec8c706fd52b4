"""What a decision says: rungs that were reached, statements about them, and the states of orders and nights.

Nothing here is ever changed once made. The shapes of which a decision makes many are not declared frozen, because
building a frozen one takes three times as long.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from models.escalation import ClockName, EscalationKind, StatementKind
from models.outputs import RuleMatch
from models.work_order import Priority

Span = tuple[datetime, datetime | None]
"""A stretch of time: from (included) until (not included), or still going on."""

Exposed = tuple[Span, bool, tuple[str, ...]]
"""A stretch in which an order is open with base P2, whether its asset is then a security asset, and its groups."""

Presence = tuple[tuple[datetime, str | None], ...]
"""From which instant on which subject alone is there: the empty text if none is, None if several are."""


@dataclass(slots=True)
class Reached:
    """One rung that was reached by what is known now; it stands while ``ended_at`` is None.

    ``due_at`` is when the rung was due, ``original_due_at`` the due time of the clock it is about.
    """

    id: UUID
    subject: str
    kind: EscalationKind
    clock: str
    spell: str
    rung: str
    role: str
    repeat: int
    due_at: datetime
    ended_at: datetime | None
    end_reason: str
    original_due_at: datetime | None
    priority: Priority | None
    business_critical: bool
    labels: tuple[str, ...]
    reason: str
    acknowledged_until: datetime | None
    happened_at: datetime | None
    heard_at: datetime | None
    policy_version: str


@dataclass(slots=True)
class Said:
    """The last statement about an escalation: its number, what it was, and the rung and content it was about."""

    n: int
    statement: StatementKind
    reached: Reached


@dataclass(slots=True)
class Statement:
    """One new statement about an escalation, said at ``at``; its message id is derived from the escalation and n."""

    n: int
    statement: StatementKind
    reached: Reached
    reason: str
    at: datetime

    @property
    def late_seconds(self) -> int:
        """How long after the rung was due this was said, in whole seconds, never negative."""
        return max(0, int((self.at - self.reached.due_at).total_seconds()))


@dataclass(slots=True)
class Ignored:
    """An event that was kept but changes nothing, and the plain sentence why."""

    source: str
    id: str
    why: str


@dataclass(slots=True)
class ClockState:
    """One clock of the present spell: when it started, is due and was met; a breach reached stays a breach."""

    name: ClockName
    start: datetime
    due: datetime
    warn: datetime
    met: datetime | None
    ended_unmet: datetime | None
    breached_at: datetime | None
    contested: bool


@dataclass(slots=True)
class Classification:
    """How an order is classified, and why."""

    base: Priority
    effective: Priority
    rules: tuple[RuleMatch, ...]
    facts: tuple[tuple[str, str], ...]
    policy_version: str


@dataclass(slots=True)
class OrderState:
    """What is known of one work order at an instant.

    ``status`` is ``orphan``, ``void`` (nothing but retracted or note-like events), ``open``, ``completed``,
    ``closed`` or ``cancelled``. ``exposure`` is what the joined risk of other orders is reckoned from; ``groups`` and
    ``security`` are those of the present asset. ``doubted`` are the stretches of the readings that late reports leave
    in doubt: they count for nobody else, but what others do in them can change what is contested here.
    """

    subject: str
    premises: str
    status: str
    outcome: str = ""
    raised_at: datetime | None = None
    ended_at: datetime | None = None
    spell: str = "first"
    classification: Classification | None = None
    clocks: tuple[ClockState, ...] = ()
    paused_until: datetime | None = None
    provider_priority: Priority | None = None
    dispute_since: datetime | None = None
    contractor_reference: str | None = None
    groups: tuple[str, ...] = ()
    security: bool = False
    exposure: tuple[Exposed, ...] = ()
    doubted: tuple[Exposed, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    next_due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the order is outstanding."""
        return self.status == "open"


@dataclass(slots=True)
class CoverState:
    """One person's place on a night. ``notice_minutes`` is from the withdrawal to the cover's start."""

    cover_ref: str
    supplier: str
    contingency: bool
    starts: datetime
    until: datetime
    status: str
    checked_in_at: datetime | None
    ended_at: datetime | None
    notice_minutes: int | None
    cost_pence: int


@dataclass(slots=True)
class NightState:
    """What is known of one night at an instant.

    ``deficit`` is the number of people missing now (or at the start, before it), ``short`` the stretches of the window
    so far with a deficit, ``confirmed`` whether anybody has said anything about the night's cover.
    """

    subject: str
    premises: str
    night: date
    starts: datetime
    ends: datetime
    required: int
    own_staff: int
    confirmed: bool
    deficit: int
    covers: tuple[CoverState, ...]
    short: tuple[Span, ...]
    uncovered_minutes: int
    agency_minutes: int
    own_minutes: int
    contingency_minutes: int
    cost_pence: int
    ignored: tuple[Ignored, ...]
    policy_version: str
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source was last heard and whether it is silent; unknown is never zero."""

    subject: str
    source: str
    last_heard: datetime | None
    silent_since: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class DisputeChange:
    """A dispute that opened or was settled: ours and the provider's priority, and since when."""

    opened: bool
    ours: Priority
    providers: Priority
    since: datetime


@dataclass(slots=True)
class Remembered:
    """What was already said about a subject: per escalation the last statement, and the last outputs."""

    said: dict[UUID, Said] = field(default_factory=dict)
    classification: Classification | None = None
    dispute: DisputeChange | None = None


@dataclass(slots=True)
class Decision:
    """What was decided about one subject at one instant.

    ``classification`` and ``dispute`` are given only where they must be said anew; ``statements`` likewise.
    """

    state: OrderState | NightState | SourceState
    reached: tuple[Reached, ...]
    statements: tuple[Statement, ...]
    classification: Classification | None
    dispute: DisputeChange | None
    next_due_at: datetime | None


@dataclass(slots=True)
class Condition:
    """Something that a ladder climbs about: it holds from ``onset`` until ``end`` (None: still holding at now).

    ``priorities`` are the effective priorities from the onset on, each with the instant from which it holds; a kind
    without priority has the single entry (onset, None). ``reason`` is the sentence that a person reads.
    """

    kind: EscalationKind
    clock: str
    spell: str
    onset: datetime
    end: datetime | None
    end_reason: str
    priorities: tuple[tuple[datetime, Priority | None], ...]
    reason: str
    original_due_at: datetime | None = None
    labels: tuple[str, ...] = ()
    happened_at: datetime | None = None
    heard_at: datetime | None = None


@dataclass(slots=True)
class NightReckoning:
    """A night's state, what its ladders climb about, and when time alone will change it next."""

    state: NightState
    conditions: tuple[Condition, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceReckoning:
    """A source's state, its silence as a condition, and when time alone will change it next."""

    state: SourceState
    conditions: tuple[Condition, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Context:
    """What other subjects of the same premises mean for an order's joined risk.

    ``short`` are the short-staffed stretches of its nights; ``siblings`` gives for a control group the subjects and
    stretches in which an order on that group was open with base priority P2 (the order itself may be among them).
    ``present`` is what was worked out of that for a group, so that all orders in one context need it only once.
    """

    short: tuple[Span, ...] = ()
    siblings: dict[str, tuple[tuple[str, Span], ...]] = field(default_factory=dict)
    present: dict[str, Presence] = field(default_factory=dict, init=False, repr=False, compare=False)
