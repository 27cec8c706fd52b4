"""A list with what it leaves out: every list that a machine reads says how many lines there are in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

ALL: Final = 0
"""The limit that leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The lines that are shown, the most important first, of ``total``."""

    lines: Sequence[T]
    total: int

    @property
    def truncated(self) -> bool:
        """Whether there are more lines than are shown."""
        return self.total > len(self.lines)


def whole(lines: Sequence[T]) -> Listed[T]:
    """A list that leaves nothing out."""
    return Listed(lines, len(lines))


def at_most(lines: Sequence[T], limit: int) -> Listed[T]:
    """The first lines of a list that was read whole."""
    return Listed(lines if limit == ALL else lines[:limit], len(lines))
