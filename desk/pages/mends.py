"""How an input is mended that was not taken: for each reason one sentence on what to do (docs/REFUSALS.md)."""

from collections.abc import Mapping
from typing import Final

from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.refusal import Reason

_TEXT: Final = N_("Write it as one JSON object in UTF-8, with each field once and no control characters.")
_ATTRIBUTE: Final = N_("Give the attribute that is named, in the form that events have.")
_FIELD: Final = N_("Correct the field as the sentence says.")
_TIME: Final = N_("Write the time with its offset, such as 2026-01-05T10:00:00+00:00.")
_CLOCK: Final = N_("Correct the time. If it is right, the sender's clock or its registration must be corrected.")
_PLACE: Final = N_("Correct the premises and the subject, so that both exist and agree.")
_SENDER: Final = N_(
    "It must come from a source that is registered for it. If this one should be, ask whoever looks after the estate."
)

MENDS: Final[Mapping[Reason, str]] = {
    **dict.fromkeys(
        (
            Reason.EMPTY_VALUE, Reason.NOT_UTF8, Reason.NESTED_TOO_DEEP, Reason.NOT_JSON, Reason.NOT_AN_OBJECT,
            Reason.DUPLICATE_KEY, Reason.LONE_SURROGATE, Reason.CONTROL_CHARACTER,
        ),
        _TEXT,
    ),
    **dict.fromkeys(
        (
            Reason.UNKNOWN_CONTENT_TYPE, Reason.WRONG_SPECVERSION, Reason.MISSING_ATTRIBUTE,
            Reason.MALFORMED_ATTRIBUTE, Reason.INVALID_EXTENSION, Reason.UNKNOWN_SCHEMA_VERSION,
        ),
        _ATTRIBUTE,
    ),
    **dict.fromkeys(
        (
            Reason.MALFORMED_FIELD, Reason.UNKNOWN_VALUE, Reason.NUMBER_OUT_OF_RANGE, Reason.TOO_MANY,
            Reason.TEXT_TOO_LONG, Reason.REFERENCE_TOO_LONG, Reason.OWN_STAFF_ABOVE_REQUIRED, Reason.ENDS_BEFORE_START,
            Reason.NAMED_AND_COUNTED, Reason.HEARTBEAT_OF_ANOTHER, Reason.UNKNOWN_POLICY_VERSION,
        ),
        _FIELD,
    ),
    **dict.fromkeys((Reason.MALFORMED_TIME, Reason.TIME_WITHOUT_OFFSET), _TIME),
    **dict.fromkeys((Reason.TOO_FAR_AHEAD, Reason.BEFORE_EARLIEST), _CLOCK),
    **dict.fromkeys(
        (
            Reason.MALFORMED_SUBJECT, Reason.SUBJECT_NOT_PREMISES, Reason.KEY_NOT_PREMISES, Reason.UNKNOWN_PREMISES,
            Reason.NOT_APPROVED_PREMISES,
        ),
        _PLACE,
    ),
    **dict.fromkeys((Reason.UNKNOWN_SOURCE, Reason.SOURCE_NOT_PERMITTED, Reason.ROLE_NOT_PERMITTED), _SENDER),
    Reason.TOO_LARGE: N_("Shorten its note, and send documents by reference."),
    Reason.UNKNOWN_TYPE: N_("Correct the type: there is none of that name."),
    Reason.WRONG_TOPIC: N_("Send it to the topic of its family."),
    Reason.MISSING_FIELD: N_("Add the field that is named."),
    Reason.UNKNOWN_FIELD: N_("Correct the name of the field, or remove it."),
    Reason.UNKNOWN_CODE: N_("Use a code of the rules that are in force."),
    Reason.ID_REUSED: N_("Give it a new id if it says something new: of two under one id the first one counts."),
    Reason.CANNOT_BE_RECORDED: N_("This is a fault of this program: report it, and send it again once that is mended."),
}  # fmt: skip


def how_to_mend(code: str) -> str:
    """What to do about an input that was refused for this reason; empty for a reason that is known no more."""
    known = {one.value: MENDS[one] for one in Reason}
    return _(known[code]) if code in known else ""
