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
from models.tables import WorkOrderRow
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


async def verdicts(
    ledger: Ledger, taken: Iterable[Taken], policies: PolicyTimeline, source: str
) -> AsyncIterator[Verdict]:
    """The verdict on each order, in the order given; one that the ledger holds in quarantine has none."""
    for some in _batches(taken):
        async with ledger.reading() as connection:
            found = await rows.fetch(connection, _STATES, [(one.unit, one.reference) for one in some])
        states = {row.subject: orjson.loads(row.state) for row in found}
        for one in some:
            verdict = _verdict(one, states.get(one.reference), policies, source)
            if verdict is not None:
                yield verdict


def writer(file: TextIO, columns: Sequence[str]) -> Any:  # noqa: ANN401 - the standard library keeps its name to itself
    """A CSV writer with the header written."""
    made = csv.writer(file, lineterminator="\n")
    made.writerow(columns)
    return made


def _batches(taken: Iterable[Taken]) -> Iterator[list[Taken]]:
    source = iter(taken)
    while some := list(islice(source, _TOGETHER)):
        yield some


def _verdict(taken: Taken, state: dict[str, Any] | None, policies: PolicyTimeline, source: str) -> Verdict | None:
    fix = next((clock for clock in (state or {}).get("clocks", ()) if clock["name"] == ClockName.FIX), None)
    if state is None or fix is None:
        return None
    due = _instant(fix["due"])
    ended = None if state["ended_at"] is None else _instant(state["ended_at"])
    honour = policies.at(_instant(state["raised_at"])).promise_rule(source)
    by_promise = taken.promised is not None and (honour == "alone" or (honour == "earliest" and due == taken.promised))
    return Verdict(
        taken.row, taken.reference, due, ended, fix["breached_at"] is not None, "promise" if by_promise else "policy"
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
