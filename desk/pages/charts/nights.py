"""A night in lanes, and many nights of many premises as a map: who was there, who is expected, how many are missing.

Functions from data to SVG; every text is given, in the page's language, and is escaped. What is drawn is told by form
and by figures and not by colour alone. Widths are in percent and heights and letters in pixels, so it is read at any
width without the letters growing small. Beside each belongs a table of the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from markupsafe import Markup

from desk.pages.charts.scale import Scale

_INK, _THERE, _EXPECTED, _PALE, _LATE, _EDGES = "#0b0c0c", "#12393d", "#d3e3e4", "#ffffff", "#942514", "#767a7c"
_TOP, _LANE, _GAP, _FOOT = 26, 34, 6, 30
_LETTERS: Final = 16
_SMALL: Final = 14
_WORD: Final = 3.0
"""So many percent of the width one letter of a word in a lane takes on a telephone at the most."""
_SIDE: Final = 14.0
"""Nearer to an edge than so many percent a text stands on one side of its place."""

At = tuple[datetime, str]
"""An instant with the short text that stands there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a night: how many places are filled, how many lack somebody, and whether it is to come."""

    starts: datetime
    until: datetime
    filled: int
    missing: int
    ahead: bool

    @property
    def places(self) -> int:
        """How many lanes it needs."""
        return self.filled + self.missing


@dataclass(frozen=True, slots=True)
class LaneWords:
    """What stands in the lanes."""

    there: str
    expected: str
    missing: str


class Mood(StrEnum):
    """How a cell of the map looks: each is told from the others without colour."""

    COVERED = "covered"
    AHEAD = "ahead"
    SHORT = "short"
    UNKNOWN = "unknown"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Cell:
    """One night on the map: a figure of at most three characters, and how it looks."""

    figure: str
    mood: Mood


@dataclass(frozen=True, slots=True)
class Row:
    """The nights of one premises, in the order of the dates."""

    name: str
    cells: Sequence[Cell]


def scale_of(pieces: Sequence[Piece]) -> Scale:
    """The scale of the whole window."""
    return Scale(pieces[0].starts, pieces[-1].until)


def draw_night(
    id_: str, title: str, desc: str, pieces: Sequence[Piece], marks: Sequence[At], now: At | None, said: LaneWords
) -> Markup:
    """A lane for each place that must be filled: solid who was there, pale who is expected, strokes where one lacks."""
    scale = scale_of(pieces)
    lanes = max((one.places for one in pieces), default=0)
    height = _TOP + lanes * (_LANE + _GAP) + _FOOT
    body = [_mark(scale, at, text, height) for at, text in marks]
    for lane in range(lanes):
        y = _TOP + (lanes - 1 - lane) * (_LANE + _GAP)
        body.extend(_box(id_, scale, one, y, said) for one in _alike(pieces, lane))
    body.append(_now(scale, now, height))
    return _svg(id_, title, desc, height, Markup("").join(body))


def _alike(pieces: Sequence[Piece], lane: int) -> Iterator[tuple[Piece, bool]]:
    """The stretches of one lane with whether somebody lacks in it; neighbours that look alike are one."""
    found: list[tuple[Piece, bool]] = []
    for one in pieces:
        if lane >= one.places:
            continue
        lacks = lane >= one.filled
        last = found[-1] if found else None
        if last is not None and last[0].until == one.starts and (last[1], last[0].ahead) == (lacks, one.ahead):
            found[-1] = Piece(last[0].starts, one.until, one.filled, one.missing, one.ahead), lacks
        else:
            found.append((one, lacks))
    yield from found


def _box(id_: str, scale: Scale, shown: tuple[Piece, bool], y: int, said: LaneWords) -> Markup:
    one, lacks = shown
    left, right = scale.place(one.starts), scale.place(one.until)
    word = said.missing if lacks else said.expected if one.ahead else said.there
    fill = f"url(#{id_}-lacks)" if lacks else _EXPECTED if one.ahead else _THERE
    ink = _PALE if fill == _THERE else _INK
    box = Markup('<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}" stroke="{}" stroke-width="1.5"/>').format(
        _number(left), y, _number(right - left), _LANE, fill, _LATE if lacks else _INK
    )
    if right - left < _WORD * len(word):
        return box
    middle = _number((left + right) / 2)
    # Behind a word on strokes its own outline is drawn thick in white, so that it stays legible.
    halo = Markup(' paint-order="stroke" stroke="{}" stroke-width="6"').format(_PALE) if lacks else ""
    return box + Markup(
        '<text x="{}%" y="{}" font-size="{}" font-weight="bold" text-anchor="middle" fill="{}"{}>{}</text>'
    ).format(middle, y + _LANE // 2 + 6, _LETTERS, ink, halo, word)


def _mark(scale: Scale, at: datetime, text: str, height: int) -> Markup:
    return Markup('<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="#b1b4b6"/>').format(
        _number(scale.place(at)), _TOP - 4, height - _FOOT + 4
    ) + _text(scale, at, height - 8, text)


def _now(scale: Scale, now: At | None, height: int) -> Markup:
    if now is None:
        return Markup("")
    return Markup(
        '<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="{3}" stroke-width="2" stroke-dasharray="5 3"/>'
    ).format(_number(scale.place(now[0])), _TOP - 6, height - _FOOT + 4, _INK) + _text(
        scale, now[0], 15, now[1], bold=True
    )


def _text(scale: Scale, at: datetime, y: int, text: str, *, bold: bool = False) -> Markup:
    """A text at an instant; near an edge it stands on the inner side."""
    place = scale.place(at)
    anchor = "start" if place < _SIDE else "end" if place > 100 - _SIDE else "middle"
    return Markup('<text x="{}%" y="{}" font-size="{}" text-anchor="{}"{}>{}</text>').format(
        _number(place), y, _SMALL, anchor, Markup(' font-weight="bold"') if bold else "", text
    )


_HEAD, _NAME, _CELL, _BETWEEN = 24, 24, 36, 10
_RIM: Final = 0.4
"""So many percent are left for the outline of the last cell."""


def draw_map(id_: str, title: str, desc: str, days: Sequence[str], rows: Sequence[Row]) -> Markup:
    """A row of cells for each premises, below its name; ``days`` stand above, one for each cell."""
    width = (100 - _RIM) / max(len(days), 1)
    height = _HEAD + len(rows) * (_NAME + _CELL + _BETWEEN)
    body = [
        Markup('<text x="{}%" y="{}" font-size="{}" text-anchor="middle">{}</text>').format(
            _number((n + 0.5) * width), _HEAD - 8, _SMALL, day
        )
        for n, day in enumerate(days)
    ]
    for n, row in enumerate(rows):
        y = _HEAD + n * (_NAME + _CELL + _BETWEEN)
        name = Markup('<text x="0" y="{}" font-size="{}" font-weight="bold">{}</text>')
        body.append(name.format(y + 17, _LETTERS, row.name))
        body.extend(_cell(id_, cell, place * width, y + _NAME, width) for place, cell in enumerate(row.cells))
    return _svg(id_, title, desc, height, Markup("").join(body))


def _cell(id_: str, cell: Cell, left: float, y: int, width: float) -> Markup:
    fill = {Mood.SHORT: _INK, Mood.UNKNOWN: f"url(#{id_}-lacks)"}.get(cell.mood, _PALE)
    ink = _PALE if cell.mood is Mood.SHORT else _INK
    dashes = Markup(' stroke-dasharray="4 3"') if cell.mood is Mood.AHEAD else ""
    halo = Markup(' paint-order="stroke" stroke="{}" stroke-width="5"').format(_PALE)
    return Markup(
        '<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}" stroke="{}" stroke-width="1.5"{}/>'
        '<text x="{}%" y="{}" font-size="{}" text-anchor="middle" fill="{}"{}{}>{}</text>'
    ).format(
        _number(left + 0.4), y, _number(width - 0.8), _CELL, fill, _EDGES, dashes,
        _number(left + width / 2), y + _CELL // 2 + 6, _LETTERS, ink,
        Markup(' font-weight="bold"') if cell.mood in {Mood.SHORT, Mood.UNKNOWN} else "",
        halo if cell.mood is Mood.UNKNOWN else "", cell.figure,
    )  # fmt: skip


def _svg(id_: str, title: str, desc: str, height: int, body: Markup) -> Markup:
    strokes = Markup(
        '<defs><pattern id="{}-lacks" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="8" height="8" fill="{}"/><rect width="2.5" height="8" fill="{}"/></pattern></defs>'
    ).format(id_, _PALE, _LATE)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="desk-night-chart" width="100%" height="{}" role="img" '
        'aria-labelledby="{}-title {}-desc" font-family="arial, sans-serif" fill="{}">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}</svg>'
    ).format(height, id_, id_, _INK, id_, title, id_, desc, strokes, body)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
