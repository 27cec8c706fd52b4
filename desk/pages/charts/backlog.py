"""The backlog by age over time: one column a day, the oldest at the bottom.

From data to SVG; every text is given, in the page's language, and is escaped. Widths are in percent and heights and
letters in pixels, so it is read at any width without the letters growing small. Beside it belongs a table of the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from desk.pages.charts.drawing import GREY, INK, fill_of, fills, framed, number, round_up

_TOP, _HEIGHT, _FOOT = 22, 240, 28
_LEFT: Final = 13.0
"""So many percent on the left are for the figures of the axis."""
_GAP: Final = 0.18
_MARK_EVERY: Final = 7


@dataclass(frozen=True, slots=True)
class Column:
    """One day: its short name, and how many orders were outstanding of each age, the youngest first."""

    day: str
    counts: Sequence[int]


def draw_backlog(id_: str, title: str, desc: str, columns: Sequence[Column], figures: Sequence[str]) -> Markup:
    """The drawing; ``figures`` are 0, half of the axis and the whole of it (:func:`top_of`) as they are written."""
    top = top_of(columns)
    body = [fills(id_), *_axis(figures)]
    width = (100 - _LEFT) / max(len(columns), 1)
    for n, column in enumerate(columns):
        left = _LEFT + n * width
        body.extend(_column(id_, column, left + width * _GAP / 2, width * (1 - _GAP), top))
        if (len(columns) - 1 - n) % _MARK_EVERY == 0:
            body.append(_day(column.day, left + width / 2))
    return framed(id_, "desk-backlog", title, desc, _TOP + _HEIGHT + _FOOT, body)


def top_of(columns: Sequence[Column]) -> int:
    """The number at the top of the axis: an even one."""
    return max(2, int(round_up(max((sum(one.counts) for one in columns), default=0))))


def _axis(figures: Sequence[str]) -> Iterator[Markup]:
    for n, figure in enumerate(figures):
        y = _TOP + _HEIGHT * (1 - n / (len(figures) - 1))
        yield Markup('<line x1="{}%" x2="100%" y1="{}" y2="{}" stroke="{}"/>').format(_LEFT, y, y, GREY)
        yield Markup('<text x="{}%" y="{}" text-anchor="end">{}</text>').format(_LEFT - 1.5, number(y + 5), figure)


def _column(id_: str, column: Column, left: float, width: float, top: int) -> Iterator[Markup]:
    y = float(_TOP + _HEIGHT)
    for level in range(len(column.counts) - 1, -1, -1):
        height = _HEIGHT * column.counts[level] / top
        y -= height
        if height:
            yield Markup(
                '<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}" stroke="{}" stroke-width=".75"/>'
            ).format(number(left), number(y), number(width), number(height), fill_of(id_, level), INK)


def _day(text: str, place: float) -> Markup:
    anchor = "end" if place > 90 else "middle"
    at = 100.0 if anchor == "end" else place
    return Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        number(at), _TOP + _HEIGHT + 20, anchor, text
    )
