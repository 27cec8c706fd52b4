"""A moment: written as RFC 3339 says, with any offset, and held in UTC to the microsecond."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from models.refusal import Reason, quote

_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_OFFSET: Final = r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
RFC3339: Final = f"^{_DATE}[Tt]{_TIME}{_OFFSET}$"
"""How a moment is written. ISO 8601 knows more ways, and parsers yet more (a bare number of seconds): none is taken."""

_WRITTEN: Final = re.compile(f"{_DATE}[Tt]{_TIME}{_OFFSET}")
_WITHOUT_OFFSET: Final = re.compile(f"{_DATE}[Tt ]([0-9]{{2}}:?){{2,3}}(\\.[0-9]+)?")
_EXAMPLE: Final = "write for example '2026-01-05T10:00:00+00:00'"


def _refused(reason: Reason, sentence: str) -> PydanticCustomError:
    return PydanticCustomError(reason.value, "{sentence}", {"sentence": sentence})


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _refused(Reason.MALFORMED_TIME, "a time lies within the years 1 to 9999 in UTC") from None


def _from_text(text: str) -> datetime:
    """The moment that a text of the right form names; a day or year that does not exist is refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            # RFC 3339 allows small letters; the standard library knows none.
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            raise _refused(Reason.MALFORMED_TIME, f"{quote(text)} names a moment that does not exist") from None
    return _in_utc(moment)


def _from_python(value: object) -> datetime:
    """The same for what comes from Python or TOML: an aware ``datetime``, or a text of the right form."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise _refused(Reason.TIME_WITHOUT_OFFSET, f"{value.isoformat()} has no offset from UTC; {_EXAMPLE}")
        return _in_utc(value)
    if not isinstance(value, str):
        raise _refused(Reason.MALFORMED_TIME, f"a time is a text; {_EXAMPLE}")
    if _WRITTEN.fullmatch(value):
        return _from_text(value)
    if _WITHOUT_OFFSET.fullmatch(value):
        raise _refused(Reason.TIME_WITHOUT_OFFSET, f"{quote(value)} has no offset from UTC; {_EXAMPLE}")
    raise _refused(Reason.MALFORMED_TIME, f"{quote(value)} is no time as RFC 3339 writes it; {_EXAMPLE}")


class _Rfc3339:
    """How pydantic reads and describes an instant: from JSON its form is checked before Python is asked at all."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema(
                [
                    core_schema.str_schema(pattern=RFC3339, strict=True),
                    core_schema.no_info_plain_validator_function(_from_text),
                ]
            ),
            python_schema=core_schema.no_info_plain_validator_function(_from_python),
        )

    @staticmethod
    def __get_pydantic_json_schema__(
        _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "format": "date-time", "pattern": RFC3339}


FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2099

Instant = Annotated[datetime, _Rfc3339]
"""A moment, given with any offset and held in UTC; a text must be written as RFC 3339 says."""


def _within_calendars(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise _refused(Reason.MALFORMED_TIME, f"{value.isoformat()} is not of the years 1990 to 2099")
    return value


Planned = Annotated[Instant, AfterValidator(_within_calendars)]
"""A moment that working time is measured from or to: one of the years that the calendars know."""
