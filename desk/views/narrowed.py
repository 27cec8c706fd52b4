"""The board of a part of the estate: only the premises that somebody may know of, and sums of these alone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from desk.views.board import BoardView, Figures, LduLine

_SUMMED: Final = ("breached", "contested", "disputed", "paused", "standing", "nights_escalated", "nights_short")


def narrowed(board: BoardView, units: Collection[str] | None) -> BoardView:
    """The board with these premises and no other, all for None; a delivery unit without any is left out."""
    if units is None:
        return board
    ldus = [_ldu(one, units) for one in board.ldus]
    kept = tuple(one for one in ldus if one.premises)
    if len(kept) == 1:
        return BoardView(kept[0].figures, kept)
    return BoardView(_sum(line.figures for ldu in kept for line in ldu.premises), kept)


def _ldu(ldu: LduLine, units: Collection[str]) -> LduLine:
    kept = tuple(line for line in ldu.premises if line.premises in units)
    return replace(ldu, premises=kept, figures=_sum(line.figures for line in kept))


def _sum(figures: Iterable[Figures]) -> Figures:
    """The figures of several premises together; where one of them is a least, so is the sum, and a zero is none."""
    found = list(figures)
    known = [one.outstanding for one in found if one.outstanding is not None]
    at_least = any(one.at_least for one in found)
    return Figures(
        outstanding=sum(known) if any(known) or (known and not at_least) else None,
        at_least=at_least,
        by_priority=_together(one.by_priority for one in found),
        by_age=_together(one.by_age for one in found),
        silent=tuple(sorted({source for one in found for source in one.silent})),
        incomplete=any(one.incomplete for one in found),
        **{name: sum(getattr(one, name) for one in found) for name in _SUMMED},
    )


def _together(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:  # a Counter would take several times as long over thousands of premises
        for name, n in one.items():
            total[name] = total.get(name, 0) + n
    return total
