"""Something in the ledger that does not fit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit: where, and one sentence."""

    check: str
    where: str
    sentence: str


Checked = tuple[int, list[Finding]]
"""How many things were looked at, and what does not fit."""
