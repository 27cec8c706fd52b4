"""The mapping: what the columns of another system's file mean, in words of ours.

A mapping says everything; nothing is assumed. A value that it does not name is refused, with the column and the value,
unless the mapping itself says what any other value means (``otherwise``), and then each such row is flagged.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, StrictBool, model_validator

from models.calendar import Zone
from models.ids import Code, PremisesId, SourceId
from models.policy import OneOf
from models.premises import Fixed, Name
from models.work_order import Impacts
from workorders.policy.read import built_from_toml
from workorders.policy.refusal import PolicyError

MeaningT = TypeVar("MeaningT")
Column = Annotated[str, Field(min_length=1, max_length=200)]

_PROBE: Final = datetime(2015, 11, 23, 16, 28, 47, tzinfo=UTC)
"""No two of its parts are alike."""
_PUNCTUATION: Final = "\n\r,;|\t\"'"


class MappingError(PolicyError):
    """A mapping that cannot be used; its text is one sentence with file, key and reason."""


class Ending(StrEnum):
    """How an order ended: repaired, or in one of the ways that are no repair."""

    COMPLETED = "completed"
    ADMINISTRATIVE = "administrative"
    NO_ACCESS = "no-access"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    WITHDRAWN = "withdrawn"


class Kind(Fixed):
    """What is broken, how, and what it endangers; every code is one of the policy's."""

    asset: Code
    fault: Code
    impacts: Impacts = ()
    alternative_available: StrictBool = False


@dataclass(frozen=True, slots=True)
class Meaning(Generic[MeaningT]):
    """What a cell means, and whether only ``otherwise`` says so."""

    is_: MeaningT
    by_otherwise: bool = False


class Choice(Fixed, Generic[MeaningT]):
    """What each value of a column means; or ``always``, where no column says it.

    Values are compared exactly, without blanks around them; ``""`` is the empty cell.
    """

    column: Column | None = None
    values: dict[str, MeaningT] = Field(default_factory=dict)
    otherwise: MeaningT | None = None
    always: MeaningT | None = None

    @model_validator(mode="after")
    def _one_way_or_the_other(self) -> Self:
        if self.always is not None:
            if self.column is not None or self.values or self.otherwise is not None:
                raise ValueError("always leaves nothing to choose: give it alone, or column with values")
        elif self.column is None:
            raise ValueError("give column with values, or always")
        elif not self.values and self.otherwise is None:
            raise ValueError("no value of the column means anything: give values or otherwise")
        for value in self.values:
            if value != value.strip():
                raise ValueError(f"values: {value!r} has blanks around it, which no cell is read with")
        return self

    def meaning(self, cell: str) -> Meaning[MeaningT] | None:
        """What the cell means; None if the mapping does not say."""
        if self.always is not None:
            return Meaning(self.always)
        found = self.values.get(cell)
        if found is not None:
            return Meaning(found)
        return None if self.otherwise is None else Meaning(self.otherwise, by_otherwise=True)


def _one_character(text: str) -> str:
    if len(text) != 1 or text in "\r\n\0":
        raise ValueError(f"{text!r} is not one character")
    return text


def _line_by_line(name: str) -> str:
    """An encoding in which lines can be told apart before they are decoded."""
    try:
        known = codecs.lookup(name)
        plain = codecs.encode(_PUNCTUATION, known.name) == _PUNCTUATION.encode("ascii")
    except (LookupError, UnicodeError, TypeError):
        plain = False
    if not plain:
        raise ValueError(f"{name!r} is no encoding that keeps ASCII as it is: write for example 'utf-8' or 'cp1252'")
    return name


class Dialect(Fixed):
    """How the file is written: CSV with a header, a quote within quotes doubled."""

    delimiter: Annotated[str, AfterValidator(_one_character)] = ","
    quote: Annotated[str, AfterValidator(_one_character)] = '"'
    encoding: Annotated[str, AfterValidator(_line_by_line)] = "utf-8"

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same character")
        return self


def _names_a_moment(form: str) -> str:
    """A form of ``strptime`` that loses neither the date nor the time of day."""
    try:
        read = datetime.strptime(_PROBE.strftime(form), form)  # noqa: DTZ007 - the zone of the mapping is what counts
    except (ValueError, TypeError) as refusal:
        raise ValueError(f"{form!r} is no form of a time: {refusal}") from None
    if "%Z" in form:
        raise ValueError(f"{form!r} asks for a zone's name, which names no offset: leave %Z out, or write %z")
    if read.replace(tzinfo=UTC, second=_PROBE.second) != _PROBE:
        raise ValueError(f"{form!r} does not name year, month, day, hour and minute, with %p for a clock of 12 hours")
    return form


class Times(Fixed):
    """How moments are written: wall-clock times of one zone, or times with an offset where a form has ``%z``.

    ``repeated`` is for a time that the clock shows twice in autumn, ``skipped`` for one that it never shows in spring:
    refused, or read as said here and flagged.
    """

    zone: Zone
    forms: OneOf[Annotated[str, AfterValidator(_names_a_moment)]]
    repeated: Literal["refuse", "first"] = "refuse"
    skipped: Literal["refuse", "end-of-gap"] = "refuse"


class Columns(Fixed):
    """The columns of the order's id and times; ``ended`` empty means open."""

    order: Column
    raised: Column
    ended: Column | None = None
    promised: Column | None = None
    contractor_reference: Column | None = None


class Status(Fixed):
    """A column that says whether the order is open; a row in which it contradicts ``ended`` is refused."""

    column: Column
    open: OneOf[str]
    ended: OneOf[str]

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        both = sorted(set(self.open) & set(self.ended))
        if both:
            raise ValueError(f"{both[0]!r} is in open and in ended")
        return self


class Mapping(Fixed):
    """What one kind of file means. ``source`` is the registered source of the estate that says it.

    ``estate`` names the estate's file, seen from the mapping's own, for an import that is given none.
    """

    name: Name
    source: SourceId
    estate: Annotated[str, Field(min_length=1)] | None = None
    file: Dialect = Dialect()
    times: Times
    columns: Columns
    premises: Choice[PremisesId]
    kinds: Choice[Kind]
    endings: Choice[Ending] | None = None
    status: Status | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.columns.ended is None) != (self.endings is None):
            raise ValueError("columns.ended and endings go together: when an order ended, and how")
        if self.status is not None and self.columns.ended is None:
            raise ValueError("status tells open from ended, but columns.ended names no column")
        return self

    def columns_read(self) -> Iterator[tuple[str, str]]:
        """Every column that is read, with the key that names it."""
        for key in type(self.columns).model_fields:
            if (column := getattr(self.columns, key)) is not None:
                yield f"columns.{key}", column
        named: tuple[tuple[str, Choice[Any] | Status | None], ...] = (
            ("premises", self.premises),
            ("kinds", self.kinds),
            ("endings", self.endings),
            ("status", self.status),
        )
        for key, choice in named:
            if choice is not None and choice.column is not None:
                yield f"{key}.column", choice.column


def load_mapping(path: Path | str) -> Mapping:
    """The mapping in a TOML file; ``MappingError`` says in one sentence which file, key and reason."""
    place = Path(path)
    try:
        text = place.read_bytes()
    except OSError as refusal:
        raise MappingError([f"{place.name}: cannot be read: {refusal.strerror}"]) from None
    return mapping_from_toml(text, place.name)


def mapping_from_toml(text: bytes | str, name: str) -> Mapping:
    """The mapping that a text in TOML describes; ``MappingError`` with the name in front if it cannot be used."""
    try:
        return built_from_toml(text, name, Mapping.model_validate)
    except PolicyError as refusal:
        raise MappingError(refusal.sentences) from None
