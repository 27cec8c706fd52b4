"""The board's page."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from desk.instants import local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import page_width
from desk.sheets import NOTHING, Sheet
from desk.views.board import AGES, SHORT_WITHIN, BoardView, Figures, LduLine, PremisesLine, read_board
from desk.words import _, many, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.work_order import Priority

_LEVELS: Final = tuple(level.value for level in Priority)
WIDE: Final = 116
"""From how many columns on every figure has a heading in one line."""
NARROW: Final = 78
"""Below so many columns the figures stand under the names, in words."""
_HEADS: Final = (
    N_("all"), *_LEVELS, N_("<1 d"), N_("1-7 d"), N_("7-28 d"), N_(">28 d"), N_("overdue"), N_("escalated"),
    N_("disputed"), N_("nights\nshort"),
)  # fmt: skip
_BROKEN_HEADS: Final = (
    N_("all"), *_LEVELS, N_("<1\nd"), N_("1-7\nd"), N_("7-28\nd"), N_(">28\nd"), N_("over\ndue"), N_("escal\nated"),
    N_("dis\nputed"), N_("nights\nshort"),
)  # fmt: skip
_HOME: Final = "approved-premises"
_STYLES: Final = ("p1", "p2", "", "")


def show_board(reading: Reading) -> int:
    """Print what is outstanding."""
    return look(reading, "board", lambda desk, connection: read_board(connection, desk.world, desk.now), draw_board)


def draw_board(board: BoardView, desk: Desk, *, brief: bool = False) -> Iterable[RenderableType]:
    """The board as a page: a line for each premises with something to say, the others counted.

    ``brief`` gives a line only to the approved premises.
    """
    n = board.total.outstanding
    counted = 2 if n is None else n
    shown = many("{total} outstanding order", "{total} outstanding orders", counted, total=_total(board.total))
    yield Text.assemble((shown, "head"), _(" as at {now}", now=local_in_full(desk.now, desk.zone)))
    yield ""
    yield from (_stacked if page_width() < NARROW else _table)(board, brief=brief)
    yield Text(_what_is_counted(), style="quiet")
    yield from _doubts(board)


def _table(board: BoardView, *, brief: bool) -> Iterable[RenderableType]:
    wide = page_width() >= WIDE
    drawn = Sheet(padding=2 if wide else 1)
    drawn.add_column("", overflow="fold")
    for head in _HEADS if wide else _BROKEN_HEADS:
        drawn.add_column(_(head), justify="right", no_wrap=True)
    for name, style, figures in _lines(board, brief=brief):
        cells = () if figures is None else _cells(figures, plain=style == "head")
        text = Text(name.strip(), style="quiet" if figures is None else "")
        drawn.add_row(Padding(text, (0, 0, 0, len(name) - len(name.lstrip()))), *cells, style=style)
    yield drawn


def _stacked(board: BoardView, *, brief: bool) -> Iterable[RenderableType]:
    """Each name with its figures below it, those that are not zero."""
    for name, style, figures in _lines(board, brief=brief):
        yield Text(name, style="quiet" if figures is None else style)
        if figures is None:
            continue
        said = zip((_(head) for head in _HEADS), _cells(figures, plain=style == "head"), strict=True)
        parts = [
            Text.assemble((f"{' '.join(head.split())} ", "quiet"), cell) for head, cell in said if cell.plain != NOTHING
        ]
        yield Padding(Text(" · ").join(parts), (0, 0, 0, 4))


def _lines(board: BoardView, *, brief: bool) -> Iterator[tuple[str, str, Figures | None]]:
    """Every line of the board: its name, its style, and its figures unless it only counts the others."""
    for ldu in board.ldus:
        yield f"{ldu.name}, {reason(ldu.region)}", "head", ldu.figures
        for line in ldu.premises:
            if _says_something(line.figures) and (not brief or line.kind == _HOME):
                yield f"  {line.name}", "", line.figures
        for sentence in () if brief else _others(ldu):
            yield f"  {sentence}", "", None
    yield _("All"), "head", board.total


def _what_is_counted() -> str:
    return many(
        "Ages are since the order was raised. "
        "Nights short: in the next {n} day, known to be short or not confirmed in time.",
        "Ages are since the order was raised. "
        "Nights short: in the next {n} days, known to be short or not confirmed in time.",
        SHORT_WITHIN.days,
    )


def _doubts(board: BoardView) -> Iterable[RenderableType]:
    if board.total.silent:
        names = ", ".join(board.total.silent)
        yield Text(_("+ and ?: not heard when it should be: {names}. Unknown is not zero.", names=names), style="doubt")
    incomplete = [line.name for ldu in board.ldus for line in ldu.premises if line.figures.incomplete]
    if incomplete:
        names = ", ".join(incomplete)
        yield Text(_("Incomplete, something is in quarantine: {names}.", names=names), style="bad")


def _says_something(figures: Figures) -> bool:
    return bool(figures.outstanding or figures.nights_short or figures.standing or figures.incomplete)


def _cells(figures: Figures, *, plain: bool = False) -> Sequence[Text]:
    levels = [Text(_figure(figures.by_priority[level]), style="" if plain or not figures.by_priority[level] else style)
              for level, style in zip(_LEVELS, _STYLES, strict=True)]  # fmt: skip
    return (
        Text(_total(figures)),
        *levels,
        *(Text(_figure(figures.by_age[age])) for age in AGES),
        Text(_figure(figures.breached), style="bad" if figures.breached else ""),
        Text(_figure(figures.standing)),
        Text(_figure(figures.disputed), style="doubt" if figures.disputed else ""),
        Text(_figure(figures.nights_short), style="bad" if figures.nights_short else ""),
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
        yield many("{n} more: nothing outstanding", "{n} more: nothing outstanding", zero)
    if unknown:
        yield many("{n} more: unknown", "{n} more: unknown", unknown)


def _figure(n: int) -> str:
    return f"{n:,}" if n else NOTHING
