"""The page of what stands escalated."""

from collections.abc import Iterable
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import page_width, priority, table
from desk.seeing.words import answered, left_out, short_id, what, whom
from desk.views.escalations import EscalationLine, read_escalations
from desk.views.listed import Listed
from desk.words import _, many, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

WIDE: Final = 110
"""From how many columns on each thing has a column of its own."""
_WIDE_HEADS: Final = (N_("order or night"), N_("what"), N_("told"), N_("since"), N_("answer"))
_NARROW_HEADS: Final = ("", N_("for"), N_("answer"))


def show_escalations(everything: bool, limit: int, reading: Reading) -> int:
    """Print what stands, or with ``everything`` also what is over."""

    def draw(found: Listed[EscalationLine], desk: Desk) -> Iterable[RenderableType]:
        return draw_escalations(found, desk, everything=everything)

    return look(
        reading,
        "escalations",
        lambda _, connection: read_escalations(connection, everything=everything, limit=limit),
        draw,
    )


def draw_escalations(found: Listed[EscalationLine], desk: Desk, *, everything: bool) -> Iterable[RenderableType]:
    """A line for each escalation: of those that stand the gravest first, of all the latest."""
    now = local_in_full(desk.now, desk.zone)
    state = (
        _(", standing or over, the latest first, as at {now}", now=now)
        if everything
        else _(" standing, the gravest first, as at {now}", now=now)
    )
    yield Text.assemble((many("{n} escalation", "{n} escalations", found.total), "head"), state)
    yield from left_out(found)
    if not found.lines:
        return
    yield ""
    wide = page_width() >= WIDE
    names = _WIDE_HEADS if wide else _NARROW_HEADS
    heads = [_(name) for name in names]
    drawn = table(_("id"), "", *heads, whole=(0, 1, 5) if wide else (0, 1, 3, 4), lead=3 if wide else 2)
    for line in found.lines:
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
    since = local(line.due_at, desk.zone)
    parts = {"subject": _subject(line, desk), "what": what(line), "role": whom(line, desk), "since": since}
    about = _("{subject}: {what}, told to {role}, since {since}", **parts)
    return short_id(line), priority(line.priority), about, length(desk.now - line.due_at), _answer(line, desk)


def _subject(line: EscalationLine, desk: Desk) -> str:
    """The order with its premises; a night or a source says its own."""
    premises = desk.world.estates.at(desk.now).premises(line.premises)
    return line.subject if "/" in line.subject or premises is None else f"{line.subject} {premises.name}"


def _answer(line: EscalationLine, desk: Desk) -> Text:
    return answered(line, desk) if line.standing else Text(reason(line.last_statement), style="good")
