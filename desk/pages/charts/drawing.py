"""What drawings of figures share: their frame with a title and a description, and fills that differ without colour."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

INK: Final = "#0b0c0c"
PALE: Final = "#ffffff"
DARK: Final = "#12393d"
GREY: Final = "#b1b4b6"
LETTERS: Final = 14
_STEPS: Final = (1, 2, 5)


def framed(id_: str, css: str, title: str, desc: str, height: int, body: Sequence[Markup]) -> Markup:
    """A drawing as wide as its place; every text is escaped, and ``id_`` sets it apart from others on the page."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" width="100%" height="{}" role="img" '
        'aria-labelledby="{}-title {}-desc" font-family="arial, sans-serif" font-size="{}" fill="{}">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>'
    ).format(css, height, id_, id_, LETTERS, INK, id_, title, id_, desc, Markup("").join(body))


def fills(id_: str) -> Markup:
    """The fills of a drawing of that id, from light to dark, told without colour: plain, dots, strokes, solid."""
    return Markup(
        '<defs><pattern id="{0}-dots" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<rect width="5" height="5" fill="{1}"/><circle cx="2.5" cy="2.5" r="1.1" fill="{2}"/></pattern>'
        '<pattern id="{0}-strokes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="{1}"/><rect width="3" height="6" fill="{2}"/></pattern></defs>'
    ).format(id_, PALE, DARK)


def fill_of(id_: str, level: int) -> str:
    """The fill of a level from 0 (light) to 3 (dark)."""
    return (PALE, f"url(#{id_}-dots)", f"url(#{id_}-strokes)", DARK)[level]


def sample(id_: str, level: int) -> Markup:
    """A small sample of a fill of the drawing of that id, to stand before the words for it; it says nothing itself."""
    return Markup(
        '<svg class="desk-sample" width="32" height="20" aria-hidden="true">'
        '<rect x="1" y="1" width="30" height="18" fill="{}" stroke="{}"/></svg>'
    ).format(fill_of(id_, level), INK)


def round_up(value: float) -> float:
    """The least of 1, 2, 5, 10, 20, 50 and so on that is not below the value; 1 for nothing."""
    size = 1.0
    while True:
        for step in _STEPS:
            if step * size >= value:
                return step * size
        size *= 10


def number(value: float) -> str:
    """A number of a drawing, as short as can be."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
