"""The typed shape of a policy: codes, priorities, targets, calendars, ladders and night checkpoints."""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.calendar import CalendarSpec
from models.duration import Duration
from models.escalation import ClockName, EscalationKind
from models.ids import Code, SourceId
from models.premises import Fixed, PremisesKind
from models.work_order import PauseReason, Priority


class Target(Fixed):
    """How long a clock allows: elapsed working time, or whole working days, of one calendar."""

    duration: Duration | None = None
    working_days: Annotated[int, Field(ge=1, le=400)] | None = None
    calendar: Code

    @model_validator(mode="after")
    def _one_amount(self) -> "Target":
        if (self.duration is None) == (self.working_days is None):
            raise ValueError("give either duration or working_days")
        return self


class When(Fixed):
    """The facets that a rule asks for; a facet left out matches everything.

    ``impacts_any`` matches if the order's impact set has at least one of them.
    """

    premises_kind: tuple[PremisesKind, ...] | None = None
    asset: tuple[Code, ...] | None = None
    fault: tuple[Code, ...] | None = None
    impacts_any: tuple[Code, ...] | None = None
    alternative_available: bool | None = None
    out_of_hours: bool | None = None
    season: tuple[Code, ...] | None = None


class Rule(Fixed):
    """One row of the decision table."""

    id: Code
    priority: Priority
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    when: When = When()
    last_resort: bool = False


class Season(Fixed):
    """A part of the year from one month and day until another (not included), in the policy's zone."""

    id: Code
    starts: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class PauseRule(Fixed):
    """Who may stop the fix clock for a reason, how long at once and in total (elapsed time)."""

    reason: PauseReason
    roles: tuple[Code, ...]
    max_once: Duration
    max_total: Duration


class PromiseRule(Fixed):
    """Whether a fix time that a source has promised is ignored, counts alone, or the earlier of the two counts."""

    source: SourceId | Literal["*"]
    honour: Literal["ignored", "alone", "earliest"]


class Rung(Fixed):
    """One step of a ladder: a role, a delay from the ladder's start, and how it is answered.

    ``ack_within`` missed brings the next rung; ``ack_holds`` is how long an acknowledgement holds the ladder;
    ``repeat`` (last rung only) says it again.
    """

    name: Code
    role: Code
    after: Duration
    ack_within: Duration | None = None
    ack_holds: Duration | None = None
    repeat: Duration | None = None


class Ladder(Fixed):
    """The ordered rungs of one kind for one set of priorities (none named: any)."""

    kind: EscalationKind
    priorities: tuple[Priority, ...] = ()
    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]
    email_only: bool = False
    email_only_reason: str | None = None


class Answers(Fixed):
    """How far an acknowledgement's commitment is honoured."""

    default_hold: Duration
    commitment_max: Duration
    commitment_renewals: Annotated[int, Field(ge=0, le=100)]


class NightRules(Fixed):
    """The night's window, its requirement, and the checkpoints before and after its start."""

    zone: str
    starts: time
    ends: time
    required: Annotated[int, Field(ge=0, le=20)]
    own_staff: Annotated[int, Field(ge=0, le=20)]
    warn_before: Duration
    escalate_before: Duration
    sudden_within: Duration
    check_in_grace: Duration


class ControlGroup(Fixed):
    """Assets that make up one control: two open orders on it are worse than each alone."""

    id: Code
    assets: Annotated[tuple[Code, ...], Field(min_length=1)]


class Codes(Fixed):
    """Every code that an order may use, with the words that a person reads."""

    assets: dict[Code, str]
    faults: dict[Code, str]
    impacts: dict[Code, str]


class PolicySpec(Fixed):
    """One version of the rules.

    ``late_after`` gives for a role how long after its ``time`` a report may be heard before it counts as late; a role
    that is not named is never late. ``warning_fraction`` is of each clock's working time.
    """

    name: str
    zone: str
    codes: Codes
    seasons: tuple[Season, ...]
    calendars: dict[Code, CalendarSpec]
    office_hours: Code
    rules: tuple[Rule, ...]
    targets: dict[Priority, dict[ClockName, Target]]
    warning_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.75
    pauses: tuple[PauseRule, ...] = ()
    late_after: dict[Code, Duration] = {}
    promises: tuple[PromiseRule, ...] = ()
    orphan_after: Duration = timedelta(hours=4)
    security_assets: tuple[Code, ...] = ()
    control_groups: tuple[ControlGroup, ...] = ()
    ladders: tuple[Ladder, ...]
    answers: Answers
    nights: NightRules
