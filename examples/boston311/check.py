"""Whether the import of Boston's 311 data agrees with what the data themselves say; exit code 1 if it does not.

The file is put through ``workorders import`` twice: with the promised times honoured, where its ``OnTime_Status`` tells
every breach, and with them ignored, where its ``TARGET_DT`` tells what the calendars must come to. The comparison reads
the file by itself and knows nothing of the mapping, the policy or the ledger.

    python examples/boston311/check.py [FILE.csv] [--as-of TIME] [--strict-speed]

The speed is shown and not judged, for it is that of the machine and of whatever else it does: ``--strict-speed``
judges it.
"""

import argparse
import csv
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Final, Literal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from desk.cli import main as workorders

HERE: Final = Path(__file__).parent
WHOLE: Final = HERE.parents[2] / "shared/data/boston311/2015-h1.csv"
SAMPLE: Final = HERE / "sample.csv"
SNAPSHOT: Final = "2016-01-12T22:54:00-05:00"
"""When the data were drawn: README.md beside this file says how that is known."""

ZONE: Final = ZoneInfo("America/New_York")
FORM: Final = "%m/%d/%Y %I:%M:%S %p"
ROUND_THE_CLOCK: Final = frozenset({"Unsafe Dangerous Conditions", "Heat - Excessive  Insufficient"})
WORKING_TIME: Final = frozenset(
    {
        "Building Inspection Request",
        "Electrical",
        "Plumbing",
        "Equipment Repair",
        "Major System Failure",
        "Street Light Outages",
        "Sidewalk Repair (Make Safe)",
    }
)
GOALS: Final = {"24x7": 0.999, "working time": 0.925}
ENOUGH: Final = 500
"""Below so many rows a share says little: it is shown and not judged."""
ENOUGH_EVENTS: Final = 5_000
"""Below so many events the start-up counts for more than the speed."""
YEAR: Final = 60_000
"""The events of a year of a city."""
YEAR_WITHIN_S: Final = 120
"""How long a year may take."""
NOISY: Final = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Libraries that announce what they do; only what goes wrong is of interest here."""

Row = Mapping[str, str]
Promises = Literal["honoured", "ignored"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one import wrote, and how long it took: seconds on the wall, and seconds of work of this process."""

    verdicts: Mapping[str, Row]
    refused: Sequence[Row]
    flagged: Sequence[Row]
    seconds: float
    work: float

    @property
    def events(self) -> int:
        """A raised event for each order, and one more for each that has ended."""
        return len(self.verdicts) + sum(bool(verdict["ended_at"]) for verdict in self.verdicts.values())


@dataclass(slots=True)
class Findings:
    """What is printed, and whether every goal is met."""

    console: Console = field(default_factory=lambda: Console(highlight=False, width=120))
    met: bool = True

    def goal(self, sentence: str, *, met: bool) -> None:
        """Say whether a goal is met."""
        self.met = self.met and met
        self.console.print(f"[{'green]met   ' if met else 'bold red]MISSED'}[/] {sentence}")

    def counted(self, title: str, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
        """A table, unless it is empty; numbers stand to the right."""
        shown = list(rows)
        if not shown:
            return
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for n, column in enumerate(columns):
            table.add_column(column, justify="left" if isinstance(shown[0][n], str) else "right")
        for row in shown:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        self.console.print(table)


def imported(file: Path, promises: Promises, as_of: str, folder: Path) -> Run:
    """Import the file into a ledger of its own and read what came of it."""
    out = folder / f"{promises}.csv"
    began, worked = perf_counter(), process_time()
    options = {"mapping": HERE / "mapping.toml", "policy": HERE / "policy.toml"}
    told = {**options, "as-of": as_of, "verdicts": out, "promises": promises, "ledger": folder / f"{promises}.db"}
    code = workorders(["import", str(file), *(f"--{name}={value}" for name, value in told.items())])
    seconds, work = perf_counter() - began, process_time() - worked
    if code not in {0, 1}:
        sys.exit(code)
    by_reference = {row["reference"]: row for row in rows_of(out)}
    refused, flagged = (list(rows_of(out.with_suffix(ending))) for ending in (".refused.csv", ".flagged.csv"))
    return Run(by_reference, refused, flagged, seconds, work)


def rows_of(file: Path) -> Iterator[Row]:
    """The rows of a CSV file, each with its number under ``row``; the header is row 1."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        header, *rows = csv.reader(source)
    for number, cells in enumerate(rows, 2):
        if cells:
            yield {"row": str(number), **dict(zip(header, cells, strict=False))}


def breaches(rows: Sequence[Row], run: Run, found: Findings) -> None:
    """(a) The breach verdict equals the data's own label wherever there is one and a time was promised."""
    labelled: Counter[bool] = Counter()
    unlabelled: Counter[tuple[str, str]] = Counter()
    for row in rows:
        verdict = run.verdicts[row["CASE_ENQUIRY_ID"].strip()]
        if row["OnTime_Status"] and row["TARGET_DT"]:
            labelled[(verdict["breached"] == "true") == (row["OnTime_Status"] == "OVERDUE")] += 1
        else:
            what = "no label" if row["TARGET_DT"] else "no promised time"
            unlabelled[row["TYPE"], f"{row['CASE_STATUS'].lower()}, {what}"] += 1
    found.console.rule("(a) promises honoured: breached or not", align="left")
    said = f"{labelled[True]:,} of {labelled.total():,} labelled rows with a promised time agree"
    found.goal(f"{said}, {labelled[False]:,} disagree.", met=labelled.total() == labelled[True] > 0)
    kinds = ((*kind, n) for kind, n in unlabelled.most_common())
    found.counted("Rows without a label or a promised time", ("type", "kind", "rows"), kinds)


def due_times(rows: Sequence[Row], run: Run, found: Findings) -> None:
    """(b) The due times that the calendars come to equal the published ones to the minute.

    Across a clock change a round-the-clock due time may be up to an hour off.
    """
    agree: Counter[str] = Counter()
    total: Counter[str] = Counter()
    others: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["TARGET_DT"]:
            kind = difference(row, run.verdicts[row["CASE_ENQUIRY_ID"].strip()])
            total[row["TYPE"]] += 1
            agree[row["TYPE"]] += not kind
            if kind and row["TYPE"] in ROUND_THE_CLOCK | WORKING_TIME:
                others[row["TYPE"], kind] += 1
    found.console.rule("(b) promises ignored: due times from the calendars against the published ones", align="left")
    for name, types in (("24x7", ROUND_THE_CLOCK), ("working time", WORKING_TIME)):
        n, same = sum(total[kind] for kind in types), sum(agree[kind] for kind in types)
        share = f"{name}: {same:,} of {n:,} rows agree" + (f", {same / n:.2%}" if n else "")
        if n >= ENOUGH:
            found.goal(f"{share} (goal {GOALS[name]:.1%}).", met=same / n >= GOALS[name])
        else:
            found.console.print(f"       {share} (not judged: fewer than {ENOUGH} rows).")
    by_type = ((kind, n, agree[kind], f"{agree[kind] / n:.1%}", calendar_of(kind)) for kind, n in total.most_common())
    found.counted("By type", ("type", "rows", "agree", "share", "goal"), by_type)
    rest = ((*kind, n) for kind, n in others.most_common())
    found.counted("The rest of the types with a goal, by kind", ("type", "published", "rows"), rest)


def difference(row: Row, verdict: Row) -> str:
    """How the published time differs from ours; empty if it is the same minute, or an hour off by a clock change."""
    published = datetime.strptime(row["TARGET_DT"], FORM).replace(tzinfo=ZONE)
    raised = datetime.strptime(row["OPEN_DT"], FORM).replace(tzinfo=ZONE)
    due = datetime.fromisoformat(verdict["due_at"]).astimezone(ZONE)
    off = abs(published - due)
    across = row["TYPE"] in ROUND_THE_CLOCK and raised.utcoffset() != published.utcoffset()
    if off <= timedelta(minutes=1) or (across and off <= timedelta(hours=1, minutes=1)):
        return ""
    when = "later" if published > due else "earlier"
    if off < timedelta(hours=1):
        return f"less than an hour {when}"
    return f"{when}, at {'the same' if published.time() == due.time() else 'another'} time of day"


def calendar_of(kind: str) -> str:
    """Which goal a type belongs to."""
    return "24x7" if kind in ROUND_THE_CLOCK else "working time" if kind in WORKING_TIME else "-"


def accounts(every: int, taken: Sequence[Row], run: Run, found: Findings) -> None:
    """(c) Every row is accounted for: there is a verdict on its order, or it was refused with a reason."""
    lost = [row for row in taken if row["CASE_ENQUIRY_ID"].strip() not in run.verdicts]
    found.console.rule("(c) every row accounted for", align="left")
    said = f"{every:,} rows: {len(taken):,} accepted, {len(run.refused):,} refused"
    met = every == len(taken) + len(run.refused) > 0 and not lost
    found.goal(f"{said}, {len(lost):,} without a verdict.", met=met)
    for title, remarks in (("Refused, by reason", run.refused), ("Flagged, by reason", run.flagged)):
        kinds = Counter((remark["code"], remark["column"]) for remark in remarks)
        found.counted(title, ("code", "column", "rows"), ((*kind, n) for kind, n in kinds.most_common()))


def speed(runs: Sequence[Run], found: Findings, *, strict: bool) -> None:
    """How fast it was, start-up and ledger and all; judged only if it is asked for and there was enough to do."""
    found.console.rule("speed", align="left")
    events = sum(run.events for run in runs)
    seconds, work = sum(run.seconds for run in runs), sum(run.work for run in runs)
    rate = events / seconds
    took = f"{events:,} events in {seconds:.1f} s on the clock, {work:.1f} s of them work of this process"
    found.console.print(f"       {rate:,.0f} events/s, start to end ({took}).")
    if events < ENOUGH_EVENTS:
        found.console.print(f"       Not judged: of fewer than {ENOUGH_EVENTS:,} events the start is the greater part.")
        return
    verdict = f"a year ({YEAR:,} events) in {YEAR / rate:.0f} s (goal {YEAR_WITHIN_S // 60} min)"
    if strict:
        found.goal(f"{verdict}.", met=YEAR / rate <= YEAR_WITHIN_S)
    else:
        found.console.print(f"       {verdict}; not judged without --strict-speed.")


def main() -> int:
    """Run both imports and print the table."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument("file", nargs="?", type=Path, default=WHOLE if WHOLE.exists() else SAMPLE)
    asked.add_argument("--as-of", default=SNAPSHOT, help="the instant at which the data were drawn")
    asked.add_argument("--strict-speed", action="store_true", help="a missed goal of speed is a failure too")
    given = asked.parse_args()
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    every = list(rows_of(given.file))
    found = Findings()
    with tempfile.TemporaryDirectory() as folder:
        honoured, ignored = (imported(given.file, how, given.as_of, Path(folder)) for how in ("honoured", "ignored"))
        found.console.print()
        refused = {row["row"] for row in honoured.refused}
        taken = [row for row in every if row["row"] not in refused]
        breaches(taken, honoured, found)
        due_times(taken, ignored, found)
        accounts(len(every), taken, honoured, found)
        speed([honoured, ignored], found, strict=given.strict_speed)
    found.console.print("[bold green]All goals met.[/]" if found.met else "[bold red]A goal is missed.[/]")
    return 0 if found.met else 1


if __name__ == "__main__":
    sys.exit(main())
