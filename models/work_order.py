"""What is said about one work order: every event of the ``work-orders`` topic, in the past tense."""

from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, StrictBool

from models.envelope import Data, Envelope, KindT, StopAtFirst
from models.ids import Code, EventId, FreeText, PremisesId, Reference, SourceId, WorkOrderId
from models.instant import Planned

Impacts = Annotated[tuple[Code, ...], Field(max_length=20), StopAtFirst]
"""What a fault endangers: a set of impact codes."""


class Priority(StrEnum):
    """The public-protection priority; P1 is business-critical and the strictest."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class PauseReason(StrEnum):
    """Why the fix clock was stopped."""

    PARTS = "parts"
    NO_ACCESS = "no-access"
    APPROVAL = "approval"
    AGREED_DATE = "agreed-date"


class CloseOutcome(StrEnum):
    """How an order was closed without a completion being the end of it."""

    DONE = "done"
    ADMINISTRATIVE = "administrative"
    NO_ACCESS = "no-access"


class CancelReason(StrEnum):
    """Why an order should never have been, or is no longer wanted."""

    DUPLICATE = "duplicate"
    INVALID = "invalid"
    WITHDRAWN = "withdrawn"


class OrderData(Data):
    """What every work-order event says: the premises it is about, and free text if any."""

    premises: PremisesId
    note: FreeText | None = None


class RaisedData(OrderData):
    """A repair was asked for: what is broken, how, and what it endangers."""

    asset: Code
    fault: Code
    impacts: Impacts
    alternative_available: StrictBool
    contractor_reference: Reference | None = None
    promised_fix: Planned | None = None


class AmendedData(OrderData):
    """Facts of the order changed; what is left out stays as it was."""

    asset: Code | None = None
    fault: Code | None = None
    impacts: Impacts | None = None
    alternative_available: StrictBool | None = None
    contractor_reference: Reference | None = None
    promised_fix: Planned | None = None


class PrioritisedData(OrderData):
    """The provider gave the order its own priority."""

    priority: Priority


class AcknowledgedData(OrderData):
    """The provider has taken the order in."""

    contractor_reference: Reference | None = None


class ScheduledData(OrderData):
    """A visit was agreed."""

    visit_at: Planned


class PausedData(OrderData):
    """The fix clock was stopped for a reason until an expiry at the latest."""

    reason: PauseReason
    until: Planned


class PlainData(OrderData):
    """An event that says nothing beside its type, time and premises."""


class RejectionData(OrderData):
    """The work is not to the required standard."""

    defect: Reference | None = None


class ClosedData(OrderData):
    """The order was closed."""

    outcome: CloseOutcome


class CancelledData(OrderData):
    """The order was cancelled."""

    reason: CancelReason
    duplicate_of: WorkOrderId | None = None


class SettledData(OrderData):
    """The client side settled what the order's base priority is."""

    priority: Priority


class ReassessedData(OrderData):
    """The order was moved to another policy version (its content hash)."""

    policy_version: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]


class NamedEventData(OrderData):
    """Names another event of the same subject by its source and id."""

    of_source: SourceId
    of_id: EventId


OrderDataT = TypeVar("OrderDataT", bound=OrderData)


class OrderEnvelope(Envelope[KindT, OrderDataT], Generic[KindT, OrderDataT]):
    """An event about one work order: its subject is the order's id."""

    subject: WorkOrderId


class Raised(OrderEnvelope[Literal["facilities.work-order.raised"], RaisedData]):
    """A repair was asked for."""


class Amended(OrderEnvelope[Literal["facilities.work-order.amended"], AmendedData]):
    """Facts of the order changed."""


class Prioritised(OrderEnvelope[Literal["facilities.work-order.prioritised"], PrioritisedData]):
    """The provider gave its own priority."""


class Acknowledged(OrderEnvelope[Literal["facilities.work-order.acknowledged"], AcknowledgedData]):
    """The provider has taken the order in."""


class Scheduled(OrderEnvelope[Literal["facilities.work-order.scheduled"], ScheduledData]):
    """A visit was agreed."""


class Paused(OrderEnvelope[Literal["facilities.work-order.paused"], PausedData]):
    """The fix clock was stopped."""


class Resumed(OrderEnvelope[Literal["facilities.work-order.resumed"], PlainData]):
    """The fix clock goes on."""


class Attended(OrderEnvelope[Literal["facilities.work-order.attended"], PlainData]):
    """Somebody of the provider came."""


class MadeSafe(OrderEnvelope[Literal["facilities.work-order.made-safe"], PlainData]):
    """The danger was ended; the repair is not done."""


class TemporarilyFixed(OrderEnvelope[Literal["facilities.work-order.temporarily-fixed"], PlainData]):
    """A temporary repair was made: safe, not fixed."""


class Completed(OrderEnvelope[Literal["facilities.work-order.completed"], PlainData]):
    """The repair was reported done."""


class CompletionRejected(OrderEnvelope[Literal["facilities.work-order.completion-rejected"], RejectionData]):
    """The work is not to standard; the order is open again with its original clocks."""


class Closed(OrderEnvelope[Literal["facilities.work-order.closed"], ClosedData]):
    """The order was closed."""


class Cancelled(OrderEnvelope[Literal["facilities.work-order.cancelled"], CancelledData]):
    """The order was cancelled."""


class CriticalitySettled(OrderEnvelope[Literal["facilities.work-order.criticality-settled"], SettledData]):
    """The client side settled the base priority."""


class Reassessed(OrderEnvelope[Literal["facilities.work-order.reassessed"], ReassessedData]):
    """The order was moved to another policy version."""


class OrderRetracted(OrderEnvelope[Literal["facilities.work-order.retracted"], NamedEventData]):
    """An event of this order was a mistake and is left out."""


class OrderReportConfirmed(OrderEnvelope[Literal["facilities.work-order.report-confirmed"], NamedEventData]):
    """The client side confirms a late report."""


class OrderReportRefused(OrderEnvelope[Literal["facilities.work-order.report-refused"], NamedEventData]):
    """The client side refuses a late report."""
