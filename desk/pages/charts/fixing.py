"""How long repairs took: those never escalated, and those that were, before and after they were.

From data to SVG; every text is given, in the page's language, and is escaped. Widths are in percent and heights and
letters in pixels, so it is read at any width without the letters growing small. Beside it belongs a table of the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from markupsafe import Markup

from desk.pages.charts.drawing import INK, fill_of, fills, framed, number

_TOP, _NAME, _BAR, _GAP = 4, 26, 24, 22
_MOST: Final = 98.0
NEVER, BEFORE, AFTER = 0, 2, 3
"""The fills of the three lengths."""


@dataclass(frozen=True, slots=True)
class Length:
    """One length of time: its fill, how long it is, and the words that stand in its line."""

    level: int
    took: timedelta
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one priority; of each line the lengths follow one another."""

    name: str
    lines: Sequence[Sequence[Length]]


def draw_fixing(id_: str, title: str, desc: str, groups: Sequence[Group]) -> Markup:
    """The drawing: below each name a bar for each line, and below the bar its words."""
    longest = max((sum((one.took for one in line), timedelta()) for group in groups for line in group.lines),
                  default=timedelta())  # fmt: skip
    body, y = [fills(id_)], _TOP
    for group in groups:
        body.append(Markup('<text x="0" y="{}" font-size="16" font-weight="bold">{}</text>').format(y + 18, group.name))
        y += _NAME
        for line in group.lines:
            body.extend(_line(id_, line, y, longest))
            y += _BAR + _GAP
        y += _GAP // 2
    return framed(id_, "desk-fixing", title, desc, y, body)


def _line(id_: str, line: Sequence[Length], y: int, longest: timedelta) -> Iterator[Markup]:
    left = 0.0
    for one in line:
        width = _MOST * (one.took / longest) if longest else 0.0
        yield Markup('<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}" stroke="{}"/>').format(
            number(left + 0.3), y, number(max(width, 0.4)), _BAR, fill_of(id_, one.level), INK
        )
        left += width
    words = ", ".join(one.words for one in line)
    yield Markup('<text x="0" y="{}">{}</text>').format(y + _BAR + 15, words)
