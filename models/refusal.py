"""Why an input was not taken: a stable reason code, the field, and a plain sentence.

The codes are an interface: they are counted, alarmed on and explained in docs/REFUSALS.md, so a code never changes
its meaning and is never used again for another one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic_core import PydanticCustomError

QUOTED: Final = 60
"""How many characters of an input a sentence quotes at most."""

_CUT_MARK: Final = "..."
# Printable, yet it would end a quotation, begin markup or pass for an escape wherever the sentence is shown.
_MARKUP: Final = frozenset("<>&'\"`\\")


class Reason(StrEnum):
    """Every reason for which an input is refused; docs/REFUSALS.md says for each when it applies and how to mend it."""

    EMPTY_VALUE = "empty-value"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NESTED_TOO_DEEP = "nested-too-deep"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    DUPLICATE_KEY = "duplicate-key"
    LONE_SURROGATE = "lone-surrogate"
    CONTROL_CHARACTER = "control-character"
    UNKNOWN_CONTENT_TYPE = "unknown-content-type"
    WRONG_SPECVERSION = "wrong-specversion"
    MISSING_ATTRIBUTE = "missing-attribute"
    MALFORMED_ATTRIBUTE = "malformed-attribute"
    INVALID_EXTENSION = "invalid-extension"
    UNKNOWN_TYPE = "unknown-type"
    WRONG_TOPIC = "wrong-topic"
    UNKNOWN_SCHEMA_VERSION = "unknown-schema-version"
    MALFORMED_SUBJECT = "malformed-subject"
    SUBJECT_NOT_PREMISES = "subject-not-premises"
    MALFORMED_TIME = "malformed-time"
    TIME_WITHOUT_OFFSET = "time-without-offset"
    MISSING_FIELD = "missing-field"
    UNKNOWN_FIELD = "unknown-field"
    MALFORMED_FIELD = "malformed-field"
    UNKNOWN_VALUE = "unknown-value"
    NUMBER_OUT_OF_RANGE = "number-out-of-range"
    TOO_MANY = "too-many"
    TEXT_TOO_LONG = "text-too-long"
    REFERENCE_TOO_LONG = "reference-too-long"
    OWN_STAFF_ABOVE_REQUIRED = "own-staff-above-required"
    ENDS_BEFORE_START = "ends-before-start"
    NAMED_AND_COUNTED = "named-and-counted"
    HEARTBEAT_OF_ANOTHER = "heartbeat-of-another"
    KEY_NOT_PREMISES = "key-not-premises"
    UNKNOWN_SOURCE = "unknown-source"
    SOURCE_NOT_PERMITTED = "source-not-permitted"
    ROLE_NOT_PERMITTED = "role-not-permitted"
    UNKNOWN_PREMISES = "unknown-premises"
    NOT_APPROVED_PREMISES = "not-approved-premises"
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_POLICY_VERSION = "unknown-policy-version"
    TOO_FAR_AHEAD = "too-far-ahead"
    BEFORE_EARLIEST = "before-earliest"
    ID_REUSED = "id-reused"
    CANNOT_BE_RECORDED = "cannot-be-recorded"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One input that was not taken: the reason code, the field (a dotted path) and a plain sentence.

    Field and sentence are safe to show anywhere: of the input they hold at most a few quoted characters, escaped.
    """

    code: str
    field: str
    sentence: str


class RefusedError(Exception):
    """Ends a closer look at an input at the first rule that it breaks; never leaves the function that looks."""

    def __init__(self, code: str, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.refusal = Refusal(code, field, sentence)


def quote(text: str) -> str:
    """The beginning of a text in single quotes: at most 60 characters of it, printable and without markup."""
    shown = _escaped(text[:QUOTED])
    return f"'{shown}{_CUT_MARK if len(text) > QUOTED else ''}'"


def quote_name(name: str) -> str:
    """A field's name as part of a dotted path: as it is where that is safe, else escaped; cut at 60 characters."""
    return _escaped(name[:QUOTED]) + (_CUT_MARK if len(name) > QUOTED else "") or "''"


def contradiction(reason: Reason, field: str, sentence: str) -> PydanticCustomError:
    """The error by which a noun refuses what its own fields say together; it bears the reason, field and sentence."""
    return PydanticCustomError(reason.value, "{sentence}", {"field": field, "sentence": sentence})


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() and char not in _MARKUP else _code_point(char) for char in text)


def _code_point(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
