"""The board: what is outstanding, where, how urgent and how old, with the totals; every number leads to its list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from desk.access.rights import Action, may
from desk.api import pages
from desk.pages.filters import AGE_WORDS, LEVELS, YES, Filters, filters, units
from desk.pages.kept_board import present_board
from desk.pages.navigation import BOARD, CHARTS, ESCALATIONS, NIGHTS, ORDERS
from desk.pages.rendering import page
from desk.pages.shared import shared
from desk.pages.visitors import Visit
from desk.views.board import AGES, BoardView, Figures, LduLine, PremisesLine
from desk.views.narrowed import narrowed
from desk.words import _, many

LINES_AT_ONCE: Final = 100
"""So many premises have a line at most: of more nobody reads, and the page would be slow and large."""
_PLAIN: Final = ("outstanding", "breached", "standing", "disputed", "nights_short")


@dataclass(frozen=True, slots=True)
class Number:
    """One figure and the list that it counts, if whoever looks may see that.

    ``n`` None is unknown, ``at_least`` that there may be more.
    """

    n: int | None
    href: str | None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the board: of the division, of a delivery unit, or of a premises; ``key`` names it for good."""

    key: str
    name: str
    level: int
    urgency: Sequence[Number]
    ages: Sequence[Number]
    incomplete: bool


async def show_board(visit: Visit) -> Response:
    """By delivery unit and premises; unknown is not zero."""
    return page(visit.request, "board.html", 200, **await content(visit))


async def content(visit: Visit) -> dict[str, Any]:
    """What the board is drawn from."""
    chosen = filters(visit)
    whole, as_at = await _read(visit)
    board = narrowed(whole, units(visit, chosen))
    rows = list(_rows(board, chosen))
    if not may(visit.caller.key.holder, Action.READ_NIGHTS):
        rows = [_without_nights(row) for row in rows]
    return {
        "rows": rows,
        "total": rows[0],
        "now": as_at,
        "silent": board.total.silent,
        "ages": [_(words) for words in AGE_WORDS.values()],
        "chosen": chosen,
        "ldus": [(one.ldu, one.name) for one in narrowed(whole, visit.caller.units).ldus],
        "sheet": chosen.address(f"{BOARD}.csv"),
        "charts": chosen.address(CHARTS),
    }


async def board_sheet(visit: Visit) -> Response:
    """The same as CSV, a line for each premises."""
    chosen = filters(visit)
    board = narrowed((await _read(visit))[0], units(visit, chosen))
    lines: list[dict[str, object]] = [
        {"ldu": ldu.name, "premises": line.name, **_said(line.figures), "at_least": line.figures.at_least}
        for ldu in board.ldus for line in ldu.premises
    ]  # fmt: skip
    names = ["ldu", "premises", *_PLAIN, *LEVELS, *AGES, "at_least"]
    return as_sheet(names, lines, "board")


def _said(figures: Figures) -> dict[str, int | None]:
    parts = {"breached": figures.breached, "disputed": figures.disputed, **figures.by_priority, **figures.by_age}
    return {
        **{name: getattr(figures, name) for name in _PLAIN},
        **{name: _part(figures, n) for name, n in parts.items()},
    }


def _part(figures: Figures, n: int) -> int | None:
    """A part of what is outstanding: where that is not known, neither is this; of a least, a zero is no figure."""
    return None if figures.outstanding is None or (figures.at_least and not n) else n


def as_sheet(names: Sequence[str], lines: Sequence[dict[str, object]], name: str) -> Response:
    """A sheet to be opened by a spreadsheet."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(pages.sheet(names, lines), 200, headers, f"{pages.CSV}; charset=utf-8")


async def _read(visit: Visit) -> tuple[BoardView, datetime]:
    caller = visit.caller
    # It is the same for all, and only narrowed to what somebody reaches.
    return await shared("board", lambda: present_board(caller.place, caller.desk))


def _rows(board: BoardView, chosen: Filters) -> Iterator[Row]:
    yield _row("all", _("All"), 0, board.total, Filters(ldu=chosen.ldu, premises=chosen.premises))
    lines = sum(_says_something(line.figures) for ldu in board.ldus for line in ldu.premises)
    for ldu in board.ldus:
        yield _row(ldu.ldu, ldu.name, 1, ldu.figures, Filters(ldu=ldu.ldu, premises=chosen.premises))
        if lines <= LINES_AT_ONCE or chosen.ldu is not None:
            yield from _premises(ldu)
        else:
            said = many("{n} premises: choose the delivery unit", "{n} premises: choose the delivery unit",
                        len(ldu.premises))  # fmt: skip
            yield Row(f"{ldu.ldu}-others", said, 3, (), (), incomplete=False)


def _without_nights(row: Row) -> Row:
    """The same, with no way to a list that whoever looks may not see: the last figure of the urgent ones."""
    return replace(row, urgency=[*row.urgency[:-1], *(replace(one, href=None) for one in row.urgency[-1:])])


def _premises(ldu: LduLine) -> Iterator[Row]:
    """Those of which there is something to say, or the gravest of very many, and how many there are beside."""
    busy = [line for line in ldu.premises if _says_something(line.figures)]
    shown = busy if len(busy) <= LINES_AT_ONCE else sorted(busy, key=_gravest)[:LINES_AT_ONCE]
    for line in shown:
        yield _row(line.premises, line.name, 2, line.figures, Filters(premises=line.premises))
    if len(busy) > len(shown):
        said = many("{n} more with fewer: the sheet below has all", "{n} more with fewer: the sheet below has all",
                    len(busy) - len(shown))  # fmt: skip
        yield Row(f"{ldu.ldu}-more", said, 3, (), (), incomplete=False)
    if quiet := [line.figures for line in ldu.premises if not _says_something(line.figures)]:
        yield Row(f"{ldu.ldu}-others", _others(quiet), 3, (), (), incomplete=False)


def _gravest(line: PremisesLine) -> tuple[object, ...]:
    figures = line.figures
    return (
        not figures.incomplete, -figures.by_priority.get(LEVELS[0], 0), -figures.nights_short, -figures.breached,
        -(figures.outstanding or 0), line.name,
    )  # fmt: skip


def _others(quiet: Sequence[Figures]) -> str:
    """The premises that have no line of their own, counted: what is unknown is not zero."""
    zero = sum(one.outstanding == 0 for one in quiet)
    unknown = len(quiet) - zero
    said = [many("{n} more: nothing outstanding", "{n} more: nothing outstanding", zero)] if zero else []
    return ", ".join(said + ([many("{n} more: unknown", "{n} more: unknown", unknown)] if unknown else []))


def _says_something(figures: Figures) -> bool:
    return bool(figures.outstanding or figures.nights_short or figures.standing or figures.incomplete)


def _row(key: str, name: str, level: int, figures: Figures, of: Filters) -> Row:
    def orders(n: int, **more: str) -> Number:
        return Number(_part(figures, n), of.address(ORDERS, **more), figures.at_least)

    urgency = [
        Number(figures.outstanding, of.address(ORDERS), figures.at_least),
        *(orders(figures.by_priority.get(one, 0), priority=one) for one in LEVELS),
        orders(figures.breached, overdue=YES),
        orders(figures.disputed, disputed=YES),
        Number(figures.standing, of.address(ESCALATIONS, show="all", sites=YES)),
        Number(figures.nights_short, of.address(NIGHTS, short=YES)),
    ]
    ages = [orders(figures.by_age.get(one, 0), age=one) for one in AGES]
    return Row(key, name, level, urgency, ages, figures.incomplete)
