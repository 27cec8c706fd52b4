"""Whose place a typed reference would take: references alike but for case and spaces are one person's."""

from typing import Final

from desk.instants import utc
from desk.pages.night_words import STILL_MADE
from desk.views.nights_ahead import NightAhead
from models.decision import CoverState

_APART: Final = " "
"""No reference has a space."""


def stands_under(ref: str, night: NightAhead) -> CoverState | None:
    """Who stands under this reference or one that only looks otherwise; None if nobody does."""
    alike = [one for one in night.outlook.state.covers if one.status in STILL_MADE and _is_same(one.cover_ref, ref)]
    return min(alike, key=lambda one: (one.cover_ref != ref, one.cover_ref), default=None)


def tick_for(cover: CoverState) -> str:
    """What the box is called by which this place, as it was shown, is replaced: ticked for one it replaces no other."""
    supplier = f"contingency-{cover.supplier}" if cover.contingency else cover.supplier
    return _APART.join((cover.cover_ref, supplier, utc(cover.starts), utc(cover.until)))


def meant_ref(ref: str, ticked: str) -> str:
    """The reference that is meant: that of the place which is replaced, if one is, else as it was typed."""
    replaced = ticked.partition(_APART)[0]
    return replaced if _is_same(replaced, ref) else ref


def _is_same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(ref: str) -> str:
    return "".join(ref.split()).casefold()
