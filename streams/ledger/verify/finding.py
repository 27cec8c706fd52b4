"""Something in the ledger that does not fit."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit: in which table, in which of its rows, and one sentence."""

    check: str
    where: str
    sentence: str


Checked = tuple[int, list[Finding]]
"""How many things were looked at, and what does not fit."""

Tell = Callable[[str, int, int], None]
"""Tells how far a check is: what it looks at, how many of them it has seen, and how many there are."""


def untold(what: str, done: int, total: int) -> None:
    """Tell nobody."""
