"""Everything that can be said through the API: which event each request becomes, and what its body may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from desk.access.rights import Action
from desk.api.schemas import Schema, body_of
from models.envelope import Data
from models.escalation import AcknowledgementData, DeclineData, ResolutionData
from models.shift_cover import ConfirmedData, ContingencyData, CoverData, MissingData
from models.work_order import AmendedData, CancelledData, PlainData, RaisedData, RejectionData

ORDERS: Final = "work-orders"
COVER: Final = "shift-cover"
ANSWERS: Final = "escalation-responses"
_ORDER_ID: Final[Schema] = {
    "type": "string",
    "maxLength": 60,
    "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
    "description": "The order's id; a new one if it is left out.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to say. ``hidden`` fields are told by the path; ``optional`` ones may be left out here."""

    action: Action
    name: str
    """The last part of the path: what there is one more of afterwards."""
    topic: str
    verb: str
    data: type[Data]
    summary: str
    example: Mapping[str, Any]
    hidden: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    own: Mapping[str, Schema] = field(default_factory=dict)

    def request_body(self) -> dict[str, Any]:
        """How OpenAPI describes what is to be said."""
        schema = body_of(self.data, self.hidden, self.optional, self.own)
        content = {"application/json": {"schema": schema, "example": dict(self.example)}}
        return {"required": True, "content": content}


_FACTS: Final = {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"]}
_OF_ORDER: Final[dict[str, Any]] = {"topic": ORDERS, "optional": ("premises",)}
_OF_NIGHT: Final[dict[str, Any]] = {"topic": COVER, "hidden": ("premises",), "optional": ("from", "until")}
_OF_ESCALATION: Final[dict[str, Any]] = {"topic": ANSWERS, "hidden": ("premises", "escalation_id")}

RAISE: Final = Operation(
    Action.RAISE_ORDER, "orders", ORDERS, "raised", RaisedData, "Ask for a repair",
    {"premises": "ap-bryn-awel", **_FACTS, "alternative_available": False},
    own={"order": _ORDER_ID},
)  # fmt: skip
OF_ORDER: Final = (
    Operation(
        Action.AMEND_ORDER, "amendments", verb="amended", data=AmendedData, summary="Correct an order's facts",
        example={"alternative_available": True}, **_OF_ORDER,
    ),
    Operation(
        Action.COMPLETE_ORDER, "completions", verb="completed", data=PlainData, summary="Report a repair done",
        example={"note": "A new lock was fitted."}, **_OF_ORDER,
    ),
    Operation(
        Action.REJECT_COMPLETION, "rejections", verb="completion-rejected", data=RejectionData,
        summary="Say that the work is not to standard: the order is open again",
        example={"defect": "the door does not close by itself"}, **_OF_ORDER,
    ),
    Operation(
        Action.CANCEL_ORDER, "cancellations", verb="cancelled", data=CancelledData,
        summary="Withdraw an order, or say that it should never have been",
        example={"reason": "withdrawn"}, **_OF_ORDER,
    ),
)  # fmt: skip
OF_NIGHT: Final = (
    Operation(
        Action.REPORT_MISSING, "missing", verb="missing-reported", data=MissingData,
        summary="Report in one call that cover is missing", example={"missing": 1}, **_OF_NIGHT,
    ),
    Operation(
        Action.CONFIRM_COVER, "confirmations", verb="confirmed", data=ConfirmedData,
        summary="Confirm one person, for the night's own window unless times are given",
        example={"cover_ref": "agency-7", "supplier": "agency"}, **_OF_NIGHT,
    ),
    Operation(
        Action.WITHDRAW_COVER, "withdrawals", verb="withdrawn", data=CoverData, summary="Take a person back",
        example={"cover_ref": "agency-7"}, **_OF_NIGHT,
    ),
    Operation(
        Action.ARRANGE_CONTINGENCY, "contingencies", verb="contingency-arranged", data=ContingencyData,
        summary="Put in a replacement at the division's expense",
        example={"cover_ref": "division-13", "replaces": "agency", "cost_pence": 21450}, **_OF_NIGHT,
    ),
    Operation(
        Action.CHECK_IN_COVER, "check-ins", verb="checked-in", data=CoverData,
        summary="Say that a person is on the premises", example={"cover_ref": "agency-7"}, **_OF_NIGHT,
    ),
)  # fmt: skip
OF_ESCALATION: Final = (
    Operation(
        Action.ACKNOWLEDGE, "acknowledgements", verb="acknowledged", data=AcknowledgementData,
        summary="Take an escalation on, and say by when it will be done: the ladder is held",
        example={"covers_subject": False}, **_OF_ESCALATION,
    ),
    Operation(
        Action.RESOLVE, "resolutions", verb="resolved", data=ResolutionData,
        summary="Say that it is done; while the danger lasts this counts as an acknowledgement",
        example={"covers_subject": False}, **_OF_ESCALATION,
    ),
    Operation(
        Action.DECLINE, "declines", verb="declined", data=DeclineData,
        summary="Say that the role cannot act: the next one is told at once",
        example={"reason": "not our contract"}, **_OF_ESCALATION,
    ),
)  # fmt: skip
