"""Clocks as bars: what was allowed, what has run, what is over it, and when the clock stood still.

One function, :func:`draw_clocks`, from data to SVG; every text is given, in the page's language, and is escaped. What
is drawn is told by form and not by colour alone: an outline is what is allowed, solid what has run, dense strokes what
is over it, wide strokes a pause, a strip below the hours in which the clock runs. Widths are in percent and heights and
letters in pixels, so it is read at any width without the letters growing small. Beside it belongs a table of the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup

from desk.pages.charts.keys import HOURS, INK, PALE, RUN, patterns
from desk.pages.charts.scale import Scale

Span = tuple[datetime, datetime]

HOURS_AT_MOST: Final = 60
"""How many stretches of working hours are drawn each by itself; of more none could be told from the next."""
_TOP, _ROW, _BAR, _STRIP, _FOOT = 26, 96, 24, 6, 34
_LETTERS: Final = 16
_SMALL: Final = 14
_LETTER: Final = 2.3
"""How much of the width of a telephone a small letter takes, in percent, at the most."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One clock: its name, and in few words how it stands. ``until`` is when it was met, ended, or now while it runs.

    ``breached`` is when its time was first up, which is before ``due`` where that has moved since. ``hours`` are the
    stretches in which it runs, None if it always does; ``pauses`` those in which it stood still.
    """

    name: str
    state: str
    start: datetime
    due: datetime
    until: datetime
    met: datetime | None = None
    breached: datetime | None = None
    pauses: Sequence[Span] = ()
    hours: Sequence[Span] | None = None

    @property
    def ends(self) -> datetime:
        """The last instant that is drawn of it."""
        return max(self.due, self.until)


_NAME: Final = Markup(
    '<text x="0" y="{}" font-size="{}" font-weight="{}" stroke="#ffffff" stroke-width="4" '
    'paint-order="stroke">{}</text>'
)
"""A text with a rim, so that no line runs through it."""
At = tuple[datetime, str]
"""An instant with the short text that stands there."""


def scale_of(bars: Sequence[Bar], now: datetime | None) -> Scale:
    """The scale on which all bars lie, and now if it is drawn."""
    ends = [one.ends for one in bars] + ([now] if now is not None else [])
    return Scale(min(one.start for one in bars), max(ends))


def draw_clocks(id_: str, title: str, desc: str, bars: Sequence[Bar], marks: Sequence[At], now: At | None) -> Markup:
    """The drawing; ``marks`` are instants with their texts, ``now`` likewise, None where everything has ended.

    ``id_`` sets its parts apart from those of other drawings on the page.
    """
    scale = scale_of(bars, now[0] if now is not None else None)
    height = _TOP + _ROW * len(bars) + _FOOT
    rows = [Markup("").join(_row(id_, scale, one, _TOP + n * _ROW)) for n, one in enumerate(bars)]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="desk-clocks" width="100%" height="{}" role="img" '
        'aria-labelledby="{}-title {}-desc" font-family="arial, sans-serif" fill="{}">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}{}{}</svg>'
    ).format(
        height, id_, id_, INK, id_, title, id_, desc,
        patterns(id_), _grid(scale, marks, height), Markup("").join(rows), _now(scale, now, height),
    )  # fmt: skip


def _grid(scale: Scale, marks: Sequence[At], height: int) -> Markup:
    """A line for each mark, with its text where there is room for one."""
    foot, taken, found = height - _FOOT, 0.0, Markup("")
    for at, text in marks:
        found += Markup('<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="#b1b4b6" stroke-width="1"/>').format(
            _number(scale.place(at)), _TOP, foot + 6
        )
        _anchor, begins, ends = _span(scale, at, text)
        if begins >= taken:
            taken, found = ends, found + _text(scale, at, foot + 22, text)
    return found


def _now(scale: Scale, now: At | None, height: int) -> Markup:
    if now is None:
        return Markup("")
    return Markup(
        '<line x1="{0}%" x2="{0}%" y1="{1}" y2="{2}" stroke="{3}" stroke-width="2" stroke-dasharray="5 3"/>{4}'
    ).format(
        _number(scale.place(now[0])),
        _TOP - 8,
        height - _FOOT + 6,
        INK,
        _text(scale, now[0], 16, now[1], bold=True),
    )


def _row(id_: str, scale: Scale, bar: Bar, top: int) -> Iterator[Markup]:
    """One clock: its name, its bar, and the strip of its hours."""
    yield _NAME.format(top + 18, _LETTERS, "bold", bar.name)
    yield _NAME.format(top + 36, _SMALL, "normal", bar.state)
    y = top + 46
    yield _rect(scale, (bar.start, bar.due), y, _BAR, PALE)
    yield _rect(scale, (bar.start, min(bar.until, bar.due)), y, _BAR, RUN)
    if bar.until > bar.due:
        yield _rect(scale, (bar.due, bar.until), y, _BAR, f"url(#{id_}-late)")
    for pause in bar.pauses:
        if pause[0] < bar.ends and pause[1] > bar.start:
            yield _rect(scale, (max(pause[0], bar.start), min(pause[1], bar.ends)), y, _BAR, f"url(#{id_}-pause)")
    yield _frame(scale, bar, y)
    yield from _hours(id_, scale, bar, y + _BAR + 4)
    if bar.breached is not None and bar.breached != bar.due:
        yield _mark(scale, bar.breached, y, "\u2715")
    if bar.met is not None:
        yield _mark(scale, bar.met, y, "\u2713")


def _frame(scale: Scale, bar: Bar, y: int) -> Markup:
    """The outline of what is allowed, with a post where it is due."""
    left, right = scale.place(bar.start), scale.place(bar.due)
    return Markup(
        '<rect x="{0}%" y="{2}" width="{1}%" height="{3}" fill="none" stroke="{4}" stroke-width="2"/>'
        '<line x1="{5}%" x2="{5}%" y1="{6}" y2="{7}" stroke="{4}" stroke-width="4"/>'
    ).format(_number(left), _number(right - left), y, _BAR, INK, _number(right), y - 5, y + _BAR + 5)


def _hours(id_: str, scale: Scale, bar: Bar, y: int) -> Iterator[Markup]:
    """The strip of the hours in which the clock runs; where they are many, a strip that only tells that it pauses."""
    spans = [(bar.start, bar.ends)] if bar.hours is None else bar.hours
    if len(spans) > HOURS_AT_MOST:
        yield _rect(scale, (spans[0][0], spans[-1][1]), y, _STRIP, f"url(#{id_}-hours)")
        return
    for span in spans:
        yield _rect(scale, span, y, _STRIP, HOURS)


def _mark(scale: Scale, at: datetime, y: int, sign: str) -> Markup:
    """A round with a sign in it: a tick where it was met, a cross where it was missed by what was due then."""
    place, middle = _number(scale.place(at)), y + _BAR // 2
    return Markup(
        '<circle cx="{0}%" cy="{1}" r="11" fill="{2}" stroke="{3}" stroke-width="2"/>'
        '<text x="{0}%" y="{4}" font-size="{5}" font-weight="bold" text-anchor="middle">{6}</text>'
    ).format(place, middle, PALE, INK, middle + 6, _LETTERS, sign)


def _rect(scale: Scale, span: Span, y: int, height: int, fill: str) -> Markup:
    left, right = scale.place(span[0]), scale.place(span[1])
    return Markup('<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}"/>').format(
        _number(left), y, _number(max(right - left, 0.0)), height, fill
    )


def _span(scale: Scale, at: datetime, text: str) -> tuple[str, float, float]:
    """How a text is anchored at an instant, and from where to where it reaches; near an edge it stands inside."""
    place, width = scale.place(at), len(text) * _LETTER
    if place < width / 2:
        return "start", place, place + width
    if place > 100 - width / 2:
        return "end", place - width, place
    return "middle", place - width / 2, place + width / 2


def _text(scale: Scale, at: datetime, y: int, text: str, *, bold: bool = False) -> Markup:
    return Markup('<text x="{}%" y="{}" font-size="{}" text-anchor="{}"{}>{}</text>').format(
        _number(scale.place(at)), y, _SMALL, _span(scale, at, text)[0],
        Markup(' font-weight="bold"') if bold else "", text,
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
