"""The page of what stands escalated."""

from collections.abc import Iterable
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, page_width, priority, table
from desk.seeing.words import answered, short_id, what, whom
from desk.views.escalations import EscalationLine, read_escalations

WIDE: Final = 110
"""From how many columns on each thing has a column of its own."""


def show_escalations(everything: bool, limit: int, reading: Reading) -> int:
    """Print what stands, or with ``everything`` also what is over."""

    def draw(lines: list[EscalationLine], desk: Desk) -> Iterable[RenderableType]:
        return draw_escalations(lines, desk, limit)

    return look(
        reading,
        "escalations",
        lambda _, connection: read_escalations(connection, everything=everything, limit=limit),
        draw,
    )


def draw_escalations(lines: list[EscalationLine], desk: Desk, limit: int) -> Iterable[RenderableType]:
    """A line for each escalation, the gravest first."""
    standing = sum(line.standing for line in lines)
    cut = len(lines) == limit
    head = f"The gravest {counted(standing, 'escalation')}" if cut else counted(standing, "escalation")
    yield Text.assemble((head, "head"), f" standing as at {local_in_full(desk.now, desk.zone)}")
    if cut:
        yield Text(f"Only {limit} are shown and there may be more; --limit shows more.", style="doubt")
    if not lines:
        return
    yield ""
    wide = page_width() >= WIDE
    heads = ("order or night", "what", "told", "since", "answer") if wide else ("", "for", "answer")
    drawn = table("id", "", *heads)
    for column in (0, 1, 5 if wide else 3):
        drawn.columns[column].no_wrap = True
    for line in lines:
        drawn.add_row(*(_wide_cells(line, desk) if wide else _narrow_cells(line, desk)))
    yield drawn


def _wide_cells(line: EscalationLine, desk: Desk) -> Iterable[RenderableType]:
    lasts = f" ({length(desk.now - line.due_at)})" if line.standing else ""
    return (
        short_id(line),
        priority(line.priority),
        _subject(line, desk),
        what(line),
        whom(line, desk),
        f"{local(line.due_at, desk.zone)}{lasts}",
        _answer(line, desk),
    )


def _narrow_cells(line: EscalationLine, desk: Desk) -> Iterable[RenderableType]:
    about = f"{_subject(line, desk)}: {what(line)}, told to {whom(line, desk)}"
    return short_id(line), priority(line.priority), about, length(desk.now - line.due_at), _answer(line, desk)


def _subject(line: EscalationLine, desk: Desk) -> str:
    """The order with its premises; a night or a source says its own."""
    premises = desk.world.estates.at(desk.now).premises(line.premises)
    return line.subject if "/" in line.subject or premises is None else f"{line.subject} {premises.name}"


def _answer(line: EscalationLine, desk: Desk) -> Text:
    return answered(line, desk) if line.standing else Text(line.last_statement, style="good")
