"""Sending a file of events: each line is made durable, then taken; a refused line stops no other."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Final

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from desk.exits import BadInput, Exit
from desk.near import hint
from desk.opening import Desk, open_ledger
from desk.options import Reading
from desk.printing import console, counted, new_console, print_json
from desk.telling.fates import HELD, Fate, fates_of, refused_before
from desk.telling.inputs import as_input, claims, with_receipt
from models.refusal import Refusal
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger

BATCH: Final = 500
"""How many lines are made durable, and taken, in one transaction."""
SHOWN: Final = 20
"""How many refused lines a page names one by one; JSON has all."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line that was not taken, and why."""

    line: int
    code: str
    field: str
    sentence: str


@dataclass(slots=True)
class Sent:
    """What became of a file: every line is recorded, a duplicate, or refused. Empty lines are not counted.

    Those ``held`` are among the recorded: they could not be decided.
    """

    lines: int = 0
    recorded: int = 0
    held: int = 0
    duplicates: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def send_file(file: str, reading: Reading) -> int:
    """Send every line of a file, or of stdin for ``-``; exit 1 if lines were refused, else 6 if some are held."""
    with _lines_of(file) as (lines, size):
        sent, desk = asyncio.run(_send(lines, size, reading))
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "sent": sent})
    else:
        _draw(sent)
    if sent.refused:
        return Exit.NO
    return Exit.HELD if sent.held else Exit.OK


async def _send(lines: Iterable[tuple[int, bytes]], size: int | None, reading: Reading) -> tuple[Sent, Desk]:
    sent = Sent()
    async with open_ledger(reading.ledger) as (desk, ledger):
        with _progress() as progress:
            task = progress.add_task("Sending", total=size)
            waiting = iter(lines)
            while batch := list(islice(waiting, BATCH)):
                await _take(desk, ledger, batch, sent)
                progress.update(task, advance=sum(len(raw) for _, raw in batch), sent=sent.lines)
    return sent, desk


async def _take(desk: Desk, ledger: Ledger, batch: list[tuple[int, bytes]], sent: Sent) -> None:
    """Make a batch durable and take it; a worker that takes it at the same moment changes nothing of the count."""
    inputs = [(number, as_input(raw)) for number, raw in batch if raw.strip()]
    sent.lines += len(inputs)
    now = desk.clock.now()
    answers = await ledger.submit([incoming for _, incoming in inputs], now, desk.world)
    kept: list[tuple[int, Receipt]] = []
    fresh: list[Incoming] = []
    for (number, incoming), answer in zip(inputs, answers, strict=True):
        if isinstance(answer, Refusal):
            meant = hint(answer.code, answer.field, claims(incoming.value or b""), desk.world, now)
            sent.refused.append(RefusedLine(number, str(answer.code), answer.field, answer.sentence + meant))
            continue
        kept.append((number, answer))
        if not answer.again:
            fresh.append(with_receipt(incoming, answer))
    await ledger.take(fresh, now, desk.world)
    async with ledger.reading() as connection:
        fates = await fates_of(connection, [receipt.id for _, receipt in kept])
    for number, receipt in kept:
        _count(sent, number, fates[receipt.id], again=receipt.again)


def _count(sent: Sent, number: int, fate: Fate, *, again: bool) -> None:
    if fate.is_rejected:
        sentence = refused_before(fate.sentence) if again else fate.sentence
        sent.refused.append(RefusedLine(number, fate.code, fate.field, sentence))
    elif again or fate.fate == "duplicate":
        sent.duplicates += 1
    else:
        sent.recorded += 1
        sent.held += fate.held


@contextmanager
def _lines_of(file: str) -> Iterator[tuple[Iterator[tuple[int, bytes]], int | None]]:
    """The numbered lines, and how many bytes there are if that is known."""
    if file == "-":
        yield enumerate(sys.stdin.buffer, start=1), None
        return
    path = Path(file)
    if path.is_dir():
        raise BadInput(f"{file} is a folder; send a file of CloudEvents, one a line, or - for stdin.")
    with path.open("rb") as opened:
        yield _numbered(opened), path.stat().st_size


def _numbered(opened: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    return enumerate(opened, start=1)


class _Rate(ProgressColumn):
    """Events a second, over the whole time."""

    def render(self, task: Task) -> Text:
        """The number sent and the rate."""
        sent = task.fields.get("sent", 0)
        rate = sent / task.elapsed if task.elapsed else 0.0
        return Text(f"{sent:,} events, {rate:,.0f}/s")


def _progress() -> Progress:
    stderr = new_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
    return Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)


def _draw(sent: Sent) -> None:
    page = console()
    figures = f"{sent.recorded:,} recorded, {counted(sent.duplicates, 'duplicate')}, {len(sent.refused):,} refused"
    page.print(Text(f"{counted(sent.lines, 'event')} sent: {figures}.", style="head"))
    if sent.held:
        page.print(Text(f"Of the recorded {sent.held:,} could not be decided: {HELD}.", style="bad"), soft_wrap=True)
    for one in sent.refused[:SHOWN]:
        where = f", {one.field}" if one.field else ""
        page.print(Text.assemble((f"  line {one.line} ", "bad"), f"({one.code}{where}) {one.sentence}"), soft_wrap=True)
    if len(sent.refused) > SHOWN:
        reasons = Counter(one.code for one in sent.refused[SHOWN:])
        rest = ", ".join(f"{n} {code}" for code, n in reasons.most_common())
        page.print(Text(f"  and {len(sent.refused) - SHOWN:,} more: {rest}; --json names each.", style="quiet"))
