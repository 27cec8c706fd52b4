"""The page of what stands escalated."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, priority, table
from desk.seeing.words import answered, short_id, what, whom
from desk.views.escalations import EscalationLine, read_escalations


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
    yield Text.assemble(
        (counted(standing, "escalation"), "head"), f" standing as at {local_in_full(desk.now, desk.zone)}"
    )
    if len(lines) == limit:
        yield Text(f"Only {limit} are shown; --limit shows more.", style="doubt")
    if not lines:
        return
    yield ""
    drawn = table("id", "", "order or night", "premises", "what", "told", "since", "answer")
    for line in lines:
        late = length(desk.now - line.due_at)
        drawn.add_row(
            short_id(line),
            priority(line.priority),
            line.subject,
            line.premises,
            what(line),
            whom(line, desk),
            f"{local(line.due_at, desk.zone)} ({late})" if line.standing else Text(line.last_statement, style="good"),
            answered(line, desk),
        )
    yield drawn
