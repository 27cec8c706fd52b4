"""The key to the drawing of clocks: a small sample of each form, to stand before the words for it."""

from typing import Final

from markupsafe import Markup

INK: Final = "#0b0c0c"
RUN: Final = "#12393d"
LATE: Final = "#942514"
PALE: Final = "#ffffff"
HOURS: Final = "#767a7c"

_SAMPLES: Final = {
    "allowed": '<rect x="2" y="3" width="28" height="14" fill="{pale}" stroke="{ink}" stroke-width="2"/>',
    "run": '<rect x="1" y="2" width="30" height="16" fill="{run}"/>',
    "late": '<rect x="1" y="2" width="30" height="16" fill="url(#{id}-late)"/>',
    "pause": '<rect x="1" y="2" width="30" height="16" fill="url(#{id}-pause)" stroke="{ink}"/>',
    "due": '<line x1="16" x2="16" y1="0" y2="20" stroke="{ink}" stroke-width="4"/>',
    "hours": '<rect x="1" y="7" width="30" height="6" fill="{hours}"/>',
    "met": '<circle cx="16" cy="10" r="9" fill="{pale}" stroke="{ink}" stroke-width="2"/>'
    '<text x="16" y="15" font-size="14" font-weight="bold" text-anchor="middle" fill="{ink}">\u2713</text>',
    "now": '<line x1="16" x2="16" y1="0" y2="20" stroke="{ink}" stroke-width="2" stroke-dasharray="5 3"/>',
}


def draw_key(id_: str, form: str) -> Markup:
    """A sample of one form of the drawing of that id, which must be on the same page; it says nothing by itself."""
    sample = Markup(_SAMPLES[form]).format(id=id_, ink=INK, run=RUN, late=LATE, pale=PALE, hours=HOURS)  # noqa: S704
    return Markup('<svg class="desk-clocks__key" width="32" height="20" aria-hidden="true">{}</svg>').format(sample)


def patterns(id_: str) -> Markup:
    """The strokes of a drawing of that id: wide ones for a pause, dense ones for what is over its time.

    Upright ones stand for hours of which there are too many to be drawn each by itself.
    """
    return Markup(
        '<defs><pattern id="{}-pause" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="9" height="9" fill="{}"/><rect width="3" height="9" fill="{}"/></pattern>'
        '<pattern id="{}-late" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
        '<rect width="4" height="4" fill="{}"/><rect width="2.4" height="4" fill="{}"/></pattern>'
        '<pattern id="{}-hours" width="5" height="6" patternUnits="userSpaceOnUse">'
        '<rect width="2.5" height="6" fill="{}"/></pattern></defs>'
    ).format(id_, PALE, INK, id_, PALE, LATE, id_, HOURS)
