"""What was taken in: accepted events, each with when it was heard and who said it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from models.escalation import (
    AnswerReportConfirmed,
    AnswerReportRefused,
    AnswerRetracted,
    EscalationAcknowledged,
    EscalationDeclined,
    EscalationResolved,
    Heartbeat,
)
from models.premises import Party
from models.shift_cover import (
    ContingencyArranged,
    CoverCheckedIn,
    CoverConfirmed,
    CoverLeftEarly,
    CoverMissingReported,
    CoverNotAttended,
    CoverRefused,
    CoverReportConfirmed,
    CoverReportRefused,
    CoverRetracted,
    CoverStoodDown,
    CoverWithdrawn,
    RequirementChanged,
)
from models.work_order import (
    Acknowledged,
    Amended,
    Attended,
    Cancelled,
    Closed,
    Completed,
    CompletionRejected,
    CriticalitySettled,
    MadeSafe,
    OrderReportConfirmed,
    OrderReportRefused,
    OrderRetracted,
    Paused,
    Prioritised,
    Raised,
    Reassessed,
    Resumed,
    Scheduled,
    TemporarilyFixed,
)

OrderEvent = (
    Raised
    | Amended
    | Prioritised
    | Acknowledged
    | Scheduled
    | Paused
    | Resumed
    | Attended
    | MadeSafe
    | TemporarilyFixed
    | Completed
    | CompletionRejected
    | Closed
    | Cancelled
    | CriticalitySettled
    | Reassessed
    | OrderRetracted
    | OrderReportConfirmed
    | OrderReportRefused
)
CoverEvent = (
    RequirementChanged
    | CoverConfirmed
    | CoverWithdrawn
    | CoverRefused
    | CoverNotAttended
    | CoverCheckedIn
    | CoverLeftEarly
    | CoverMissingReported
    | ContingencyArranged
    | CoverStoodDown
    | CoverRetracted
    | CoverReportConfirmed
    | CoverReportRefused
)
AnswerEvent = (
    EscalationAcknowledged
    | EscalationResolved
    | EscalationDeclined
    | AnswerRetracted
    | AnswerReportConfirmed
    | AnswerReportRefused
)
InputEvent = OrderEvent | CoverEvent | AnswerEvent | Heartbeat

TOPIC_PREFIX: Final = {
    "work-orders": "facilities.work-order.",
    "shift-cover": "facilities.shift-cover.",
    "escalation-responses": "facilities.escalation-response.",
}
"""Which input topic carries which family of event types; a heartbeat is taken on any of them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One accepted event: what it says, when it reached us, and the role its source was registered with then."""

    event: InputEvent
    heard: datetime
    role: str
    party: Party
