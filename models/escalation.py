"""What is said about escalations: the answers that come in, and the statements that go out."""

from enum import StrEnum
from typing import Annotated, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import Field, StrictBool, model_validator

from models.envelope import Data, Envelope, Instant, KindT
from models.ids import EventId, FreeText, Reference, SourceId, UnitId, source_unit
from models.instant import Planned
from models.refusal import Reason, contradiction
from models.subjects import refuse_foreign_subject
from models.work_order import Priority


class EscalationKind(StrEnum):
    """What an escalation is about."""

    BREACH = "breach"
    WARNING = "warning"
    CONTESTED = "contested-breach"
    REJECTED_WORK = "rejected-work"
    DISPUTE = "dispute"
    ORPHAN = "orphan"
    UNCOVERED_NIGHT = "uncovered-night"
    UNCONFIRMED_NIGHT = "unconfirmed-night"
    SILENT_SOURCE = "silent-source"


class ClockName(StrEnum):
    """The three targets on an order."""

    ATTEND = "attend"
    MAKE_SAFE = "make-safe"
    FIX = "fix"


class AnswerData(Data):
    """Names the escalation that is answered; ``premises`` is the unit it belongs to."""

    premises: UnitId
    escalation_id: UUID
    note: FreeText | None = None


class AcknowledgementData(AnswerData):
    """The role has taken it on; a commitment says by when it will be done."""

    commitment: Planned | None = None
    covers_subject: StrictBool = False


class ResolutionData(AnswerData):
    """The role says that it is done."""

    covers_subject: StrictBool = False


class DeclineData(AnswerData):
    """The role will not or cannot act."""

    reason: Reference


class NamedAnswerData(Data):
    """Names another answer of the same subject by its source and id."""

    premises: UnitId
    of_source: SourceId
    of_id: EventId
    note: FreeText | None = None


class HeartbeatData(Data):
    """Nothing but a sign of life; ``premises`` is ``source:<the event's source>``."""

    premises: UnitId


AnswerDataT = TypeVar("AnswerDataT", bound="AnswerData | NamedAnswerData")


class AnswerEnvelope(Envelope[KindT, AnswerDataT], Generic[KindT, AnswerDataT]):
    """An answer about one order, night or source, all of them of the unit that its data names."""

    @model_validator(mode="after")
    def _subject_of_its_unit(self) -> Self:
        refuse_foreign_subject(self.subject, self.data.premises)
        return self


class EscalationAcknowledged(
    AnswerEnvelope[Literal["facilities.escalation-response.acknowledged"], AcknowledgementData]
):
    """The role has taken it on."""


class EscalationResolved(AnswerEnvelope[Literal["facilities.escalation-response.resolved"], ResolutionData]):
    """The role says that it is done."""


class EscalationDeclined(AnswerEnvelope[Literal["facilities.escalation-response.declined"], DeclineData]):
    """The role will not or cannot act."""


class AnswerRetracted(AnswerEnvelope[Literal["facilities.escalation-response.retracted"], NamedAnswerData]):
    """An answer was a mistake and is left out."""


class AnswerReportConfirmed(
    AnswerEnvelope[Literal["facilities.escalation-response.report-confirmed"], NamedAnswerData]
):
    """The client side confirms a late answer."""


class AnswerReportRefused(AnswerEnvelope[Literal["facilities.escalation-response.report-refused"], NamedAnswerData]):
    """The client side refuses a late answer."""


class Heartbeat(Envelope[Literal["facilities.source.heartbeat"], HeartbeatData]):
    """The source is alive; taken on any input topic. Its subject and premises are ``source:<source>``, its own."""

    @model_validator(mode="after")
    def _speaks_for_itself(self) -> Self:
        own = source_unit(self.source)
        for field, value in (("subject", self.subject), ("data.premises", self.data.premises)):
            if value != own:
                said = f"a heartbeat speaks for its own source only: {field} must be 'source:' followed by the source"
                raise contradiction(Reason.HEARTBEAT_OF_ANOTHER, field, said)
        return self


class StatementData(Data):
    """One statement about an escalation; consumers dedupe by message id and believe the highest ``n``.

    ``due_at`` is when the rung was due, ``late_seconds`` how long after that this was said. ``happened_at`` and
    ``heard_at`` are those of the event that decided it, where one did. ``original_due_at`` is the clock's due time.
    """

    escalation_id: UUID
    n: Annotated[int, Field(ge=1)]
    premises: UnitId
    kind: EscalationKind
    clock: str
    spell: str
    rung: str
    role: str
    repeat: Annotated[int, Field(ge=0)]
    priority: Priority | None
    business_critical: StrictBool
    due_at: Instant
    original_due_at: Instant | None
    late_seconds: Annotated[int, Field(ge=0)]
    labels: tuple[str, ...]
    reason: str
    happened_at: Instant | None = None
    heard_at: Instant | None = None
    acknowledged_until: Instant | None = None
    policy_version: str


class StatementKind(StrEnum):
    """The six things that are said about an escalation."""

    RAISED = "raised"
    AMENDED = "amended"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"
    REINSTATED = "reinstated"
    CLOSED = "closed"


class EscalationRaised(Envelope[Literal["facilities.escalation.raised"], StatementData]):
    """A rung was reached."""


class EscalationAmended(Envelope[Literal["facilities.escalation.amended"], StatementData]):
    """What was said has moved: a due time, a priority, a label."""


class EscalationTakenOn(Envelope[Literal["facilities.escalation.acknowledged"], StatementData]):
    """A role has taken it on."""


class EscalationWithdrawn(Envelope[Literal["facilities.escalation.withdrawn"], StatementData]):
    """By what is known now it should not have been said; the reason says why."""


class EscalationReinstated(Envelope[Literal["facilities.escalation.reinstated"], StatementData]):
    """What was closed or withdrawn stands again."""


class EscalationClosed(Envelope[Literal["facilities.escalation.closed"], StatementData]):
    """It was rightly said and is over."""
