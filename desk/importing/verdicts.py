"""The verdicts: for each order that was taken, when its repair was due, when it ended, and whether too late."""

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal, TextIO
from zoneinfo import ZoneInfo

import orjson

from desk.importing.remarks import Remark, Why
from desk.importing.seen import Taken
from models.escalation import ClockName
from models.tables import QuarantineRow, WorkOrderRow
from streams.ledger import rows
from streams.ledger.ledger import Ledger
from workorders.policy import PolicyTimeline

COLUMNS: Final = ("reference", "due_at", "ended_at", "breached", "due_from")
_TOGETHER: Final = 1_000
_TABLE: Final = rows.table_of(WorkOrderRow)
_STATES: Final = rows.Query(
    WorkOrderRow,
    ("unit", "subject"),
    (_TABLE.c.unit, _TABLE.c.subject, _TABLE.c.state),
    """SELECT o.unit, o.subject, o.state FROM {wanted} CROSS JOIN work_order o
    WHERE o.unit = w.unit AND o.subject = w.subject""",
)

DueFrom = Literal["promise", "policy"]

_QUARANTINE: Final = rows.table_of(QuarantineRow)
_HELD: Final = rows.Query(
    QuarantineRow,
    ("unit", "subject"),
    (_QUARANTINE.c.subject, _QUARANTINE.c.error),
    """SELECT q.subject, q.error FROM {wanted} CROSS JOIN quarantine q
    WHERE q.unit = w.unit AND q.subject = w.subject AND q.released_at IS NULL""",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger decided about the repair of one order, as at the instant of the import."""

    row: int
    reference: str
    due_at: datetime
    ended_at: datetime | None
    breached: bool
    due_from: DueFrom

    def cells(self, zone: ZoneInfo) -> tuple[str, ...]:
        """The verdict as a row of the file: times in the zone's own clock, with their offset."""
        ended = "" if self.ended_at is None else self.ended_at.astimezone(zone).isoformat()
        due = self.due_at.astimezone(zone).isoformat()
        return self.reference, due, ended, "true" if self.breached else "false", self.due_from

    def flag(self, zone: ZoneInfo) -> Remark | None:
        """What must be said of a due time that the clock shows twice, where it was reckoned and not promised."""
        due = self.due_at.astimezone(zone)
        if self.due_from == "promise" or due.replace(fold=0).utcoffset() == due.replace(fold=1).utcoffset():
            return None
        sentence = f"The due time, {due.isoformat()}, is in an hour that the clock shows twice."
        return Remark(self.row, self.reference, "due_at", Why.DUE_IN_REPEATED_HOUR, sentence)


@dataclass(frozen=True, slots=True)
class Undecided:
    """An order that the ledger could not decide, and keeps in quarantine."""

    row: int
    reference: str
    why: str


async def verdicts(
    ledger: Ledger, taken: Iterable[Taken], policies: PolicyTimeline, source: str
) -> AsyncIterator[Verdict | Undecided]:
    """The verdict on each order, in the order given."""
    for some in _batches(taken):
        keys = [(one.unit, one.reference) for one in some]
        async with ledger.reading() as connection:
            found = await rows.fetch(connection, _STATES, keys)
            held = await rows.fetch(connection, _HELD, keys)
        states = {row.subject: orjson.loads(row.state) for row in found}
        errors = {row.subject: row.error for row in held}
        for one in some:
            if one.reference in errors:
                yield Undecided(one.row, one.reference, errors[one.reference])
            else:
                yield _verdict(one, states[one.reference], policies, source)


def writer(file: TextIO, columns: Sequence[str]) -> Any:  # noqa: ANN401 - the standard library keeps its name to itself
    """A CSV writer with the header written."""
    made = csv.writer(file, lineterminator="\n")
    made.writerow(columns)
    return made


def _batches(taken: Iterable[Taken]) -> Iterator[list[Taken]]:
    source = iter(taken)
    while some := list(islice(source, _TOGETHER)):
        yield some


def _verdict(taken: Taken, state: dict[str, Any], policies: PolicyTimeline, source: str) -> Verdict:
    # Every priority has a fix clock, and every order that was taken a priority.
    fix = next(clock for clock in state["clocks"] if clock["name"] == ClockName.FIX)
    due = _instant(fix["due"])
    ended = None if state["ended_at"] is None else _instant(state["ended_at"])
    honour = policies.at(_instant(state["raised_at"])).promise_rule(source)
    by_promise = taken.promised is not None and (honour == "alone" or (honour == "earliest" and due == taken.promised))
    due_from: DueFrom = "promise" if by_promise else "policy"
    return Verdict(taken.row, taken.reference, due, ended, fix["breached_at"] is not None, due_from)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
