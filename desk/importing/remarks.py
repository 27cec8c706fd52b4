"""What is said about single rows: why one was refused, or what was read in it that a person should know."""

from dataclasses import dataclass
from enum import StrEnum

from desk.exits import BadInput


class Why(StrEnum):
    """The codes of this door, beside those of :class:`models.refusal.Reason`; docs/IMPORT.md explains each."""

    MALFORMED_ROW = "malformed-row"
    WRONG_NUMBER_OF_CELLS = "wrong-number-of-cells"
    WRONG_ENCODING = "wrong-encoding"
    EMPTY_CELL = "empty-cell"
    NO_TIME = "no-time"
    REPEATED_HOUR = "repeated-hour"
    SKIPPED_HOUR = "skipped-hour"
    NOT_IN_MAPPING = "not-in-mapping"
    STATUS_AT_ODDS = "status-at-odds"
    ENDED_BEFORE_RAISED = "ended-before-raised"
    RAISED_AFTER_AS_OF = "raised-after-as-of"
    ENDED_AFTER_AS_OF = "ended-after-as-of"
    PROMISED_BEFORE_RAISED = "promised-before-raised"
    BY_OTHERWISE = "by-otherwise"
    ID_REUSED = "id-reused"
    DUPLICATE_ROW = "duplicate-row"
    LATER_NEWS = "later-news"
    UNDECIDED = "undecided"
    DUE_IN_REPEATED_HOUR = "due-in-repeated-hour"


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence about one row; row 1 is the header. ``reference`` is the order's id where it could be read."""

    row: int
    reference: str
    column: str
    code: str
    sentence: str


class RowRefusedError(Exception):
    """Ends the reading of a row at the first reason against it; never leaves the function that reads."""

    def __init__(self, column: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column, self.code, self.sentence = column, code, sentence

    def about(self, row: int, reference: str) -> Remark:
        """The same as a remark about a row."""
        return Remark(row, reference, self.column, self.code, self.sentence)


class FileRefused(BadInput):
    """The file as a whole cannot be read; nothing of it was taken."""
