"""The import from end to end: rows, events, ledger, sweeper, verdicts, report."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from desk.importing.events import Telling, Told
from desk.importing.mapping import Mapping
from desk.importing.orders import Orders
from desk.importing.pipeline import Pipeline
from desk.importing.progress import Tell, shown
from desk.importing.remarks import Remark, Why
from desk.importing.report import Report
from desk.importing.rows import Row, Rows
from desk.importing.seen import Seen
from desk.importing.verdicts import COLUMNS, Undecided, verdicts, writer
from models.refusal import quote_name
from streams.clock import monotonic
from workorders.wall_clock import zone_named

BATCH: Final = 1_000
"""How many orders are sent together: the larger the batches on the broker, the fewer the transactions."""
REMARK_COLUMNS: Final = ("row", "reference", "column", "code", "sentence")
REFUSED: Final = ".refused.csv"
FLAGGED: Final = ".flagged.csv"


@dataclass(slots=True)
class Import:
    """One file on its way into one ledger."""

    mapping: Mapping
    pipeline: Pipeline
    report: Report
    seen: Seen
    refused: Any
    flagged: Any
    _waiting: list[Told] = field(default_factory=list)

    async def take_rows(self, rows: Rows, tell: Tell) -> None:
        """Send every row that can be read on its way, and wait until all are decided."""
        orders = Orders(self.mapping, self.report.as_of)
        telling = Telling(self.mapping, self.pipeline.world)
        for row in rows:
            self.report.rows += 1
            found = self._told(row, orders, telling)
            if isinstance(found, Remark):
                self._refuse(found)
            else:
                self._waiting.append(found)
            if len(self._waiting) == BATCH:
                await self._send()
                tell(rows.bytes_read, self.report.rows, self.pipeline.done)
        await self._send()
        self.report.blank = rows.blank
        await self.pipeline.settle()
        await self._take_back()

    async def judge(self, file: Any) -> None:  # noqa: ANN401 - a CSV writer, whose type has no name
        """Write the verdict on every order that was taken, in the order of the file."""
        report, zone = self.report, zone_named(self.mapping.times.zone)
        policies = self.pipeline.world.policies
        async for verdict in verdicts(self.pipeline.ledger, self.seen.taken(), policies, self.mapping.source):
            if isinstance(verdict, Undecided):
                report.accepted -= 1
                sentence = f"The ledger could not decide this order and keeps it in quarantine: {verdict.why}."
                self._refuse(Remark(verdict.row, verdict.reference, "", Why.UNDECIDED, sentence))
                continue
            file.writerow(verdict.cells(zone))
            report.count(verdict)
            flag = verdict.flag(zone)
            if flag is not None:
                self._flag(flag)

    def _told(self, row: Row | Remark, orders: Orders, telling: Telling) -> Told | Remark:
        if isinstance(row, Remark):
            return row
        order = orders.read(row)
        if isinstance(order, Remark):
            return order
        told = telling.tell(order)
        return told if isinstance(told, Remark) else self.seen.judge(told)

    async def _send(self) -> None:
        told, self._waiting = self._waiting, []
        events = [event for one in told for event in one.events]
        await self.pipeline.send(events)
        self.report.accepted += len(told)
        self.report.events += len(events)
        for one in told:
            for remark in one.order.flags:
                self._flag(remark)

    async def _take_back(self) -> None:
        """Account as refused for rows that the ledger did not take; it has orders of earlier imports, too."""
        rows: set[int] = set()
        async for rejected in self.pipeline.rejected():
            if rejected.row not in rows:
                rows.add(rejected.row)
                self.report.accepted -= 1
                self.seen.forget(rejected.reference)
                self._refuse(Remark(rejected.row, rejected.reference, "", rejected.code, rejected.sentence))

    def _refuse(self, remark: Remark) -> None:
        self.report.refused.add(remark)
        self.refused.writerow(_cells(remark))

    def _flag(self, remark: Remark) -> None:
        self.report.flagged.add(remark)
        self.flagged.writerow(_cells(remark))


async def carry_out(rows: Rows, mapping: Mapping, pipeline: Pipeline, verdicts_file: Path, ledger: str) -> Report:
    """Put rows through the pipeline and write their verdicts, with the refused and the flagged rows beside them."""
    as_of = pipeline.as_of
    report = Report(rows.name, as_of, pipeline.world.policies.at(as_of).version, ledger)
    began = monotonic()
    names = [verdicts_file, *(verdicts_file.with_suffix(ending) for ending in (REFUSED, FLAGGED))]
    with Seen() as seen, _written(names) as (judged, refused, flagged):
        one = Import(mapping, pipeline, report, seen, *(writer(f, REMARK_COLUMNS) for f in (refused, flagged)))
        with shown(rows.name, rows.length, monotonic) as tell:
            await one.take_rows(rows, tell)
        await one.judge(writer(judged, COLUMNS))
    report.seconds = monotonic() - began
    return report


@contextmanager
def _written(paths: Sequence[Path]) -> Iterator[list[Any]]:
    """Files that appear under their names only when all of them are whole."""
    parts = [path.with_name(f"{path.name}.part") for path in paths]
    files = [part.open("w", encoding="utf-8", newline="") for part in parts]
    try:
        yield files
    except BaseException:
        for file, part in zip(files, parts, strict=True):
            file.close()
            part.unlink()
        raise
    for file, part, path in zip(files, parts, paths, strict=True):
        file.close()
        part.replace(path)


def _cells(remark: Remark) -> tuple[object, ...]:
    reference = quote_name(remark.reference) if remark.reference else ""
    return remark.row, reference, remark.column, remark.code, remark.sentence
