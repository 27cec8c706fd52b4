"""The typed shape of a policy: codes, priorities, targets, calendars, ladders and night checkpoints."""

from datetime import date, time, timedelta
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, Field, StrictBool, model_validator

from models.calendar import CalendarSpec, Zone
from models.duration import Duration, Length
from models.escalation import ClockName, EscalationKind
from models.ids import Code, SourceId
from models.premises import Fixed, PremisesKind
from models.work_order import PauseReason, Priority

Words = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""What a person reads: one line."""

_Item = TypeVar("_Item")


def _once_each(values: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """The values, none of them twice: a repeated one was probably meant to be another."""
    for n, value in enumerate(values):
        if value in values[:n]:
            raise ValueError(f"{str(value)!r} is listed twice")
    return values


OneOf = Annotated[tuple[_Item, ...], Field(min_length=1), AfterValidator(_once_each)]
"""At least one value, each listed once."""

SHORTEST_REPEAT: Final = timedelta(minutes=1)


def _month_and_day(text: str) -> str:
    """The text itself, if it names a day that every year has."""
    try:
        day = date.fromisoformat(f"2023-{text}")
    except ValueError:
        day = None
    if day is None or f"{day:%m-%d}" != text:
        raise ValueError(f"{text!r} is no day of every year: write month and day, for example '10-01'")
    return text


def _not_incessant(value: timedelta) -> timedelta:
    if value < SHORTEST_REPEAT:
        raise ValueError("a rung repeats at most once a minute")
    return value


class Target(Fixed):
    """How long a clock allows: elapsed working time, or whole working days, of one calendar."""

    duration: Length | None = None
    working_days: Annotated[int, Field(ge=1, le=400)] | None = None
    calendar: Code

    @model_validator(mode="after")
    def _one_amount(self) -> "Target":
        if (self.duration is None) == (self.working_days is None):
            raise ValueError("give either duration or working_days")
        return self


class OwnTarget(Fixed):
    """A target of its own for some assets and faults, instead of that of the priority; what is left out matches all."""

    assets: OneOf[Code] | None = None
    faults: OneOf[Code] | None = None
    priorities: OneOf[Priority] | None = None
    clock: ClockName
    target: Target

    @model_validator(mode="after")
    def _says_for_what(self) -> "OwnTarget":
        if self.assets is None and self.faults is None:
            raise ValueError("name the assets or the faults that the target is for")
        return self

    def fits(self, priority: Priority, clock: ClockName, asset: str, fault: str) -> bool:
        """Whether it is the target of an order with these facets at this priority."""
        return (
            clock is self.clock
            and (self.assets is None or asset in self.assets)
            and (self.faults is None or fault in self.faults)
            and (self.priorities is None or priority in self.priorities)
        )


class When(Fixed):
    """The facets that a rule asks for; a facet left out matches everything.

    ``impacts_any`` matches if the order's impact set has at least one of them.
    """

    premises_kind: OneOf[PremisesKind] | None = None
    asset: OneOf[Code] | None = None
    fault: OneOf[Code] | None = None
    impacts_any: OneOf[Code] | None = None
    alternative_available: StrictBool | None = None
    out_of_hours: StrictBool | None = None
    season: OneOf[Code] | None = None


class Rule(Fixed):
    """One row of the decision table; one of ``last_resort`` counts only where no other row matches."""

    id: Code
    priority: Priority
    reason: Words
    when: When = When()
    last_resort: StrictBool = False


class Season(Fixed):
    """A part of the year: from midnight of a month and day, in the policy's zone, until the next season starts."""

    id: Code
    starts: Annotated[str, AfterValidator(_month_and_day)]


class PauseRule(Fixed):
    """Who may stop the fix clock for a reason, how long at once and in total (elapsed time)."""

    reason: PauseReason
    roles: OneOf[Code]
    max_once: Length
    max_total: Length

    @model_validator(mode="after")
    def _once_within_total(self) -> "PauseRule":
        if self.max_once > self.max_total:
            raise ValueError("max_once is longer than max_total")
        return self


class PromiseRule(Fixed):
    """Whether a fix time that a source has promised is ignored, counts alone, or the earlier of the two counts.

    The source ``*`` stands for every source that has no rule of its own; without one a promise is ignored.
    """

    source: SourceId
    honour: Literal["ignored", "alone", "earliest"]


class Rung(Fixed):
    """One step of a ladder: a role, a delay from the ladder's start, and how it is answered.

    ``ack_within`` missed brings the next rung; ``ack_holds`` is how long an acknowledgement holds the ladder;
    ``repeat`` (last rung only) says it again. Within one kind a name always means the same role and the same
    ``ack_holds``.
    """

    name: Code
    role: Code
    after: Duration
    ack_within: Length | None = None
    ack_holds: Length | None = None
    repeat: Annotated[Length, AfterValidator(_not_incessant)] | None = None


class Ladder(Fixed):
    """The ordered rungs of one kind for one set of priorities (none named: any that no other ladder names).

    ``email_only`` says, with a reason, that nobody need be woken although the subject is grave.
    """

    kind: EscalationKind
    priorities: Annotated[tuple[Priority, ...], AfterValidator(_once_each)] = ()
    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]
    email_only: StrictBool = False
    email_only_reason: Words | None = None

    @model_validator(mode="after")
    def _reason_if_email_only(self) -> "Ladder":
        if self.email_only != (self.email_only_reason is not None):
            raise ValueError("email_only = true and email_only_reason go together: give both or neither")
        return self


class Answers(Fixed):
    """How far an acknowledgement's commitment is honoured."""

    default_hold: Length
    commitment_max: Length
    commitment_renewals: Annotated[int, Field(ge=0, le=100)]


class NightRules(Fixed):
    """The night's window, its requirement, and the checkpoints before and after its start."""

    zone: Zone
    starts: time
    ends: time
    required: Annotated[int, Field(ge=0, le=20)]
    own_staff: Annotated[int, Field(ge=0, le=20)]
    warn_before: Duration
    escalate_before: Duration
    sudden_within: Duration
    check_in_grace: Duration

    @model_validator(mode="after")
    def _makes_sense(self) -> "NightRules":
        if self.starts.tzinfo or self.ends.tzinfo:
            raise ValueError("starts and ends are times of the wall clock, without an offset")
        if self.starts == self.ends:
            raise ValueError("a night that starts and ends at the same time has no length")
        if self.own_staff > self.required:
            raise ValueError("own_staff is more than required")
        if self.escalate_before > self.warn_before:
            raise ValueError("escalate_before is longer than warn_before: nobody would be warned first")
        return self


class ControlGroup(Fixed):
    """Assets that make up one control: two open orders on it are worse than each alone."""

    id: Code
    assets: OneOf[Code]


class Codes(Fixed):
    """Every code that an order may use, with the words that a person reads."""

    assets: Annotated[dict[Code, Words], Field(min_length=1)]
    faults: Annotated[dict[Code, Words], Field(min_length=1)]
    impacts: Annotated[dict[Code, Words], Field(min_length=1)]


class PolicySpec(Fixed):
    """One version of the rules.

    ``late_after`` gives for a role how long after its ``time`` a report may be heard before it counts as late; a role
    that is not named is never late. ``warning_fraction`` is of each clock's working time.
    """

    name: Words
    zone: Zone
    codes: Codes
    seasons: Annotated[tuple[Season, ...], Field(min_length=1)]
    calendars: dict[Code, CalendarSpec]
    office_hours: Code
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    targets: dict[Priority, dict[ClockName, Target]]
    own_targets: tuple[OwnTarget, ...] = ()
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
