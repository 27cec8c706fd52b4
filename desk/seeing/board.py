"""The board's page."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from desk.instants import local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import page_width, table
from desk.views.board import AGES, BoardView, Figures, LduLine, PremisesLine, read_board
from models.work_order import Priority

_LEVELS: Final = tuple(level.value for level in Priority)
_AGE_HEADS: Final = ("<1 d", "1-7 d", "7-28 d", ">28 d")
_LAST_HEADS: Final = ("overdue", "escalated", "disputed", "nights")
WIDE: Final = 116
"""From how many columns on the page has room for the ages."""
_HOME: Final = "approved-premises"
_STYLES: Final = ("p1", "p2", "", "")


def show_board(reading: Reading) -> int:
    """Print what is outstanding."""
    return look(reading, "board", lambda desk, connection: read_board(connection, desk.world, desk.now), draw_board)


def draw_board(board: BoardView, desk: Desk, *, brief: bool = False) -> Iterable[RenderableType]:
    """The board as a page: a line for each premises with something to say, the others counted.

    ``brief`` gives a line only to the approved premises.
    """
    shown = f"{_total(board.total)} outstanding {'order' if board.total.outstanding == 1 else 'orders'}"
    yield Text.assemble((shown, "head"), f" as at {local_in_full(desk.now, desk.zone)}")
    yield ""
    ages = _AGE_HEADS if page_width() >= WIDE else ()
    figures = ("all", *_LEVELS, *ages, *_LAST_HEADS)
    drawn = table("", *figures, right=figures)
    for column in drawn.columns:
        column.no_wrap = True
    for ldu in board.ldus:
        drawn.add_row(
            Text(f"{ldu.name}, {ldu.region}"), *_cells(ldu.figures, ages=bool(ages), plain=True), style="head"
        )
        for line in ldu.premises:
            if _says_something(line.figures) and (not brief or line.kind == _HOME):
                drawn.add_row(f"  {line.name}", *_cells(line.figures, ages=bool(ages)))
        for sentence in () if brief else _others(ldu):
            drawn.add_row(Text(f"  {sentence}", style="quiet"))
    drawn.add_section()
    drawn.add_row("All", *_cells(board.total, ages=bool(ages), plain=True), style="head")
    yield drawn
    yield from _doubts(board)


def _doubts(board: BoardView) -> Iterable[RenderableType]:
    if board.total.silent:
        names = ", ".join(board.total.silent)
        yield Text(f"+ and ?: not heard when it should be: {names}. Unknown is not zero.", style="doubt")
    incomplete = [line.name for ldu in board.ldus for line in ldu.premises if line.figures.incomplete]
    if incomplete:
        yield Text(f"Incomplete, something is in quarantine: {', '.join(incomplete)}.", style="bad")


def _says_something(figures: Figures) -> bool:
    return bool(figures.outstanding or figures.nights_escalated or figures.standing or figures.incomplete)


def _cells(figures: Figures, *, ages: bool, plain: bool = False) -> Sequence[RenderableType]:
    levels = [Text(_figure(figures.by_priority[level]), style="" if plain or not figures.by_priority[level] else style)
              for level, style in zip(_LEVELS, _STYLES, strict=True)]  # fmt: skip
    return (
        _total(figures),
        *levels,
        *(_figure(figures.by_age[age]) for age in (AGES if ages else ())),
        Text(_figure(figures.breached), style="bad" if figures.breached else ""),
        _figure(figures.standing),
        Text(_figure(figures.disputed), style="doubt" if figures.disputed else ""),
        Text(_figure(figures.nights_escalated), style="bad" if figures.nights_escalated else ""),
    )


def _total(figures: Figures) -> str:
    if figures.outstanding is None:
        return "?"
    return f"{figures.outstanding:,}{'+' if figures.at_least else ''}"


def _others(ldu: LduLine) -> Iterable[str]:
    quiet: list[PremisesLine] = [line for line in ldu.premises if not _says_something(line.figures)]
    zero = sum(line.figures.outstanding == 0 for line in quiet)
    unknown = len(quiet) - zero
    if zero:
        yield f"{zero} more: nothing outstanding"
    if unknown:
        yield f"{unknown} more: unknown"


def _figure(n: int) -> str:
    return f"{n:,}" if n else "·"
