"""The history of one subject, in order: what is retracted is out, what is late is known, answers stand apart.

Most histories hold no correction and nothing late; those take one pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.decision import Ignored
from models.history import Taken
from workorders.history_order import ANSWERS_FROM, CORRECTIONS_FROM, RANKS, REPORTS, by_time, in_order, one_raised
from workorders.history_stages import LateReport, Stage, corrected

__all__ = ["Arranged", "LateReport", "Stage", "arrange"]

_NEVER_LATE: Final = timedelta.max


@dataclass(slots=True)
class Arranged:
    """A subject's history in the order in which it is folded; nothing in it may be changed.

    ``kept`` are the subject's own events (the one ``raised`` that counts first), ``answers`` the answers to its
    escalations: both without what was retracted or refused, and without the corrections themselves. ``ignored``
    names what changes nothing, and why. ``late`` are the late reports that were not retracted, settled or not.
    ``stages`` gives the history as it was settled from each instant on, the present one last; it is empty where nothing
    had to be corrected.
    """

    kept: list[Taken]
    answers: list[Taken]
    ignored: tuple[Ignored, ...] = ()
    late: tuple[LateReport, ...] = ()
    stages: tuple[Stage, ...] = ()

    @property
    def without(self) -> list[Taken] | None:
        """The kept events as they are without the late reports that nobody has settled; None if there are none."""
        return self.stages[-1].without if self.stages else None

    @property
    def without_late(self) -> list[Taken] | None:
        """The kept events as they are without any late report, settled or not; None if none was ever late."""
        return self.stages[0].without if self.stages else None

    @property
    def earliest_late_heard(self) -> datetime | None:
        """When the first of the late reports that nobody has settled was heard."""
        return self.stages[-1].heard if self.stages else None

    @property
    def settled_at(self) -> datetime | None:
        """The time of the latest confirmation or refusal that settled a late report."""
        return max((report.settled_at for report in self.late if report.settled_at is not None), default=None)


def arrange(taken: Sequence[Taken], late_after: Callable[[str], timedelta | None]) -> Arranged:
    """The history in order, whatever the order in which its events came, and however often.

    ``late_after`` gives for a role how long after its time a report of it may be heard; None: never late.
    """
    limits: dict[str, timedelta] = {}
    raised: list[Taken] = []
    own: list[Taken] = []
    answers: list[Taken] = []
    for item in taken:
        event = item.event
        kind = type(event)
        rank = RANKS[kind]
        if rank >= CORRECTIONS_FROM:
            return _corrected(taken, late_after)
        if kind in REPORTS:
            role = item.role
            if role not in limits:
                limits[role] = _limit(late_after(role))
            if item.heard - event.time > limits[role]:
                return _corrected(taken, late_after)
        (raised if not rank else own if rank < ANSWERS_FROM else answers).append(item)
    kept, ignored = one_raised([*by_time(raised), *by_time(own)])
    return Arranged(kept, by_time(answers), ignored)


def _corrected(taken: Sequence[Taken], late_after: Callable[[str], timedelta | None]) -> Arranged:
    found = corrected(in_order(taken), lambda role: _limit(late_after(role)))
    return Arranged(found.stages[-1].kept, found.answers, found.ignored, found.late, found.stages)


def _limit(late_after: timedelta | None) -> timedelta:
    return _NEVER_LATE if late_after is None else late_after
