"""What an import did, row by row accounted for."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from desk.importing.remarks import Remark
from desk.importing.verdicts import Verdict

EXAMPLES: Final = 3
"""How many rows are shown for each reason; the file beside the verdicts names them all."""


@dataclass(slots=True)
class Remarks:
    """Remarks of one sort: how many for each code, and the first of each."""

    by_code: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Remark]] = field(default_factory=dict)

    def add(self, remark: Remark) -> None:
        """Count one more."""
        self.by_code[remark.code] += 1
        examples = self.first.setdefault(remark.code, [])
        if len(examples) < EXAMPLES:
            examples.append(remark)


@dataclass(slots=True)
class Report:
    """One import. ``rows`` = ``accepted`` + the refused; a row may bear several flags.

    ``verdicts`` counts orders: an accepted row that only ends an order of an earlier row adds none. ``seconds`` is the
    time from the first row to the last verdict.
    """

    file: str
    as_of: datetime
    policy_version: str
    ledger: str
    rows: int = 0
    blank: int = 0
    accepted: int = 0
    events: int = 0
    refused: Remarks = field(default_factory=Remarks)
    flagged: Remarks = field(default_factory=Remarks)
    verdicts: int = 0
    breached: int = 0
    open: int = 0
    by_promise: int = 0
    seconds: float = 0.0

    def count(self, verdict: Verdict) -> None:
        """Count one more verdict."""
        self.verdicts += 1
        self.breached += verdict.breached
        self.open += verdict.ended_at is None
        self.by_promise += verdict.due_from == "promise"

    @property
    def refused_rows(self) -> int:
        """How many rows were refused."""
        return self.refused.by_code.total()

    @property
    def events_a_second(self) -> float:
        """How fast the whole of it was."""
        return self.events / self.seconds if self.seconds else 0.0
