"""The page of the verification: what was looked at, everything that does not fit, and what is held in quarantine."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.exc import MultipleResultsFound
from sqlmodel import col

from desk.exits import Exit
from desk.opening import chosen, open_view
from desk.options import Reading
from desk.printing import console, counted, new_console, print_json, table
from desk.seeing.anchor import AnchorFile
from models.tables import MetaRow
from streams.clock import Kind, SystemClock
from streams.ledger.engine import Database
from streams.ledger.errors import LedgerError
from streams.ledger.quarantine import HeldRow
from streams.ledger.verify import Finding, Report, verify
from streams.ledger.verify.finding import Tell
from workorders.policy import PolicyError, World

_LOOKED_AT = {
    "links": "links of the audit chains, unbroken",
    "events": "events, each as the audit sealed it",
    "messages": "messages, each as the audit sealed it",
    "statements": "statements, each as the audit sealed it, numbered and sent",
    "rejections": "rejections, each with its bytes and its message",
    "submissions": "submissions, each with its fate",
    "streams": "partitions, whose every offset is an event, a duplicate, a rejection or an accepted gap",
    "versions": "versions of policy and estate, each with the document that somebody activated",
    "escalations": "escalations, each as its last statement says",
    "subjects": "orders, nights and sources, decided again from their history",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at (how many of each), whether all of it fits, what does not, and what is held.

    ``anchor`` says what became of the anchor file, if there is one.
    """

    holds: bool
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    held: tuple[HeldRow, ...]
    anchor: str | None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A ledger to look at; without ``world`` where an edit has left no rules that can be read."""

    url: str
    now: datetime
    time_kind: Kind
    world: World | None
    since: datetime | None


def show_verification(reading: Reading, anchor: Path | None) -> int:
    """Print whether the ledger holds what it promises; exit 1 if not, 6 if it does but something is held."""
    file = None if anchor is None else AnchorFile.open(anchor)
    opened, report = asyncio.run(_verified(reading.ledger, file))
    said = None if file is None else file.keep(report)
    found = Verification(report.holds, report.counts, tuple(report.findings), tuple(report.held), said)
    if reading.json:
        print_json({"as_at": opened.now, "time": opened.time_kind, "verification": found})
    else:
        draw_verification(found)
    if not report.holds:
        return Exit.NO
    return Exit.HELD if report.held else Exit.OK


async def _verified(ledger: str | None, anchor: AnchorFile | None) -> tuple[_Opened, Report]:
    opened = await _open(ledger)
    against = None if anchor is None else anchor.before
    database = Database(opened.url)
    try:
        with _shown() as tell:
            return opened, await verify(database, opened.world, opened.since, against=against, tell=tell)
    finally:
        await database.close()


async def _open(ledger: str | None) -> _Opened:
    """The ledger with its rules and its beginning, or without where these cannot be read: that is to be found too."""
    try:
        async with open_view(ledger) as (desk, connection):
            since = (await connection.execute(select(col(MetaRow.created_at)))).scalars().first()
            return _Opened(desk.url, desk.now, desk.time_kind, desk.world, since)
    except (PolicyError, LedgerError, MultipleResultsFound, ValueError, TypeError):
        return _Opened(chosen(ledger).ledger_url, SystemClock().now(), "real", None, None)


class _Rate(ProgressColumn):
    """How many a second, over the whole time of this check."""

    def render(self, task: Task) -> Text:
        """The number looked at and the rate."""
        rate = task.completed / task.elapsed if task.elapsed else 0.0
        return Text(f"{task.completed:,.0f} of {task.total or 0:,.0f}, {rate:,.0f}/s")


@contextmanager
def _shown() -> Iterator[Tell]:
    """A bar for each check, on a terminal only."""
    stderr = new_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what.capitalize(), total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell


def draw_verification(found: Verification) -> None:
    """Print the counts, a sentence for each thing that does not fit, and each thing that is held."""
    page = console()
    drawn = table("n", "", right=("n",))
    drawn.show_header = False
    for name, n in found.counts.items():
        drawn.add_row(f"{n:,}", _LOOKED_AT.get(name, name))
    page.print(drawn)
    if found.holds:
        page.print(Text("Everything fits.", style="good"))
    else:
        page.print(Text(f"{counted(len(found.findings), 'thing')} that does not fit:", style="bad"))
    for one in found.findings:
        page.print(Text(f"  · {', '.join(filter(None, (one.check, one.where)))}: {one.sentence}"), soft_wrap=True)
    if found.held:
        page.print(
            Text(f"{counted(len(found.held), 'thing')} accepted, but held in quarantine and not decided:", style="bad")
        )
    for held in found.held:
        page.print(Text(f"  · {_what_is_held(held)}: {held.error}"), soft_wrap=True)
    if found.anchor is not None:
        page.print(Text(found.anchor, style="quiet"))


def _what_is_held(held: HeldRow) -> str:
    what = "all about it" if held.event_id is None else f"event {held.event_id} of {held.source}"
    return f"{held.unit}, {held.subject}, {what}, since {held.held_at:%Y-%m-%dT%H:%MZ}"
