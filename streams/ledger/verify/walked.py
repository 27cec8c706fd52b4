"""What a walk over the chains has seen so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from streams.ledger.verify.acts import Acts
from streams.ledger.verify.coverage import Coverage
from streams.ledger.verify.finding import Finding

Entry = tuple[Row[Any], Mapping[str, Any]]
"""A link, and what it says."""


@dataclass(slots=True)
class Walked:
    """How many of each were sealed, how many rows of each table were read, what became of each offset, and findings."""

    acts: Acts
    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    coverage: dict[int, Coverage] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def seen(self, what: str, n: int) -> None:
        """So many more of a kind."""
        self.counts[what] = self.counts.get(what, 0) + n

    def read(self, table: str, rows: Sequence[Row[Any]], unread: Sequence[Finding]) -> None:
        """These rows of a table were read, and these could not be."""
        self.rows[table] = self.rows.get(table, 0) + len(rows) + len(unread)
        self.findings += unread

    def stream(self, number: int) -> Coverage:
        """What became of the offsets of a stream."""
        if number not in self.coverage:
            gaps = [(gap["from_offset"], gap["to_offset"]) for gap in self.acts.gaps if gap["stream"] == number]
            self.coverage[number] = Coverage(gaps)
        return self.coverage[number]
