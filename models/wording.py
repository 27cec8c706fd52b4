"""What a noun refused, in the reason codes and the plain sentences of the project."""

from typing import Any, Final

from pydantic_core import ErrorDetails

from models.json_text import dotted
from models.refusal import Reason, Refusal, quote

_OWN_REASONS: Final = frozenset(Reason)
_REFERENCE_LENGTH: Final = 60

# How the fields are written whose form is more than a length, for the sentence that refuses another form.
_FORMS: Final = {
    "id": "no character that CloudEvents keeps out of attributes",
    "source": "a URI reference without spaces",
    "datacontenttype": "application/json, because the data is JSON",
    "premises": "the premises' id: small letters, digits and hyphens, at most 40",
    "asset": "a code: small letters, digits and hyphens, at most 40, beginning with a letter",
    "fault": "a code: small letters, digits and hyphens, at most 40, beginning with a letter",
    "impacts": "a code: small letters, digits and hyphens, at most 40, beginning with a letter",
    "duplicate_of": "a work order's id: letters, digits, dots, hyphens and underscores",
    "cover_ref": "a reference of letters, digits, dots, hyphens and underscores",
    "policy_version": "a policy's content hash: 12 to 64 digits of base 16 in small letters",
    "of_source": "a source: a URI reference without spaces",
    "escalation_id": "a UUID",
}
_SUBJECTS: Final = {
    "facilities.work-order.": "a work order's id: letters, digits, dots, hyphens and underscores",
    "facilities.shift-cover.": "a night: the premises' id, a slash and the date, as in 'bangor-ap/2026-01-05'",
}
_ANY_FORM: Final = "printable characters without spaces"
_ANY_TEXT: Final = "a text without control characters"

_TYPES: Final = {
    "bool_type": "true or false",
    "enum": "a text",
    "int_type": "a whole number",
    "string_type": "a text",
    "tuple_type": "a list",
    "uuid_parsing": "a UUID",
    "uuid_type": "a UUID",
}
_LIMITS: Final = {
    "missing": (Reason.MISSING_FIELD, "is missing"),
    "extra_forbidden": (Reason.UNKNOWN_FIELD, "is no field of {event_type}"),
    "string_too_long": (Reason.TEXT_TOO_LONG, "has more than {max_length} characters"),
    "too_long": (Reason.TOO_MANY, "has more than {max_length} entries"),
    "greater_than_equal": (Reason.NUMBER_OUT_OF_RANGE, "must be at least {ge}"),
    "less_than_equal": (Reason.NUMBER_OUT_OF_RANGE, "must be at most {le}"),
}


def worded(error: ErrorDetails, event_type: str) -> Refusal:
    """The refusal for one error that pydantic found in an event of the type."""
    context, path = error.get("ctx", {}), error["loc"]
    if error["type"] in _OWN_REASONS:
        field, sentence = str(context.get("field", dotted(path))), str(context["sentence"])
        return Refusal(Reason(error["type"]), field, f"{sentence}." if "field" in context else f"{field}: {sentence}.")
    field = dotted(path)
    code, words = _said(error, context, event_type)
    return Refusal(code, field, f"{field} {words}.")


def _said(error: ErrorDetails, context: dict[str, Any], event_type: str) -> tuple[Reason, str]:
    kind = error["type"]
    malformed = Reason.MALFORMED_FIELD if error["loc"][0] == "data" else Reason.MALFORMED_ATTRIBUTE
    if kind == "string_too_long" and context["max_length"] == _REFERENCE_LENGTH:
        return Reason.REFERENCE_TOO_LONG, f"has more than {_REFERENCE_LENGTH} characters"
    if kind in _LIMITS:
        code, words = _LIMITS[kind]
        return code, words.format(**context, event_type=event_type)
    if kind in {"enum", "literal_error"} and isinstance(error["input"], str):
        return Reason.UNKNOWN_VALUE, f"is {quote(error['input'])}; it must be {context['expected']}"
    if kind == "string_pattern_mismatch":
        return _of_another_form(error, malformed, event_type)
    return malformed, "is empty" if kind == "string_too_short" else f"must be {_TYPES.get(kind, _ANY_TEXT)}"


def _of_another_form(error: ErrorDetails, malformed: Reason, event_type: str) -> tuple[Reason, str]:
    name = next(part for part in reversed(error["loc"]) if isinstance(part, str))
    shown = quote(str(error["input"]))
    if name != "subject":
        return malformed, f"is {shown}; it must be {_FORMS.get(name, _ANY_TEXT)}"
    form = next((words for family, words in _SUBJECTS.items() if event_type.startswith(family)), _ANY_FORM)
    return Reason.MALFORMED_SUBJECT, f"is {shown}; it must be {form}"
