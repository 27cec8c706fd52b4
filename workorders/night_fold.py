"""The fold of one night: the cover that is known at an instant, and how many people are missing by it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

from models.decision import Ignored
from models.history import InputEvent
from models.shift_cover import (
    ContingencyArranged,
    CoverCheckedIn,
    CoverConfirmed,
    CoverLeftEarly,
    CoverMissingReported,
    CoverNotAttended,
    CoverRefused,
    CoverStoodDown,
    CoverWithdrawn,
    RequirementChanged,
    Supplier,
)
from workorders.history_order import Identity, identity
from workorders.night_plan import NightPlan

EndOfCover = CoverWithdrawn | CoverRefused | CoverNotAttended | CoverLeftEarly | CoverMissingReported | CoverStoodDown

STATUS_AFTER: Final[dict[type[EndOfCover], str]] = {
    CoverWithdrawn: "withdrawn",
    CoverRefused: "refused",
    CoverNotAttended: "not-attended",
    CoverLeftEarly: "left-early",
    CoverMissingReported: "missing",
    CoverStoodDown: "stood-down",
}
"""What a cover is called after the event that ended it."""

NOT_WATCHED: Final = "the night is not watched, so nobody is required"


class Report(NamedTuple):
    """So many people reported missing whom nobody named, and who was certainly there at the report."""

    missing: int
    said: int
    present: frozenset[str]


@dataclass(slots=True)
class Cover:
    """One person's place as it is known so far; its stretch is clipped to the window.

    ``counts_until`` is when it stops to count unless somebody has checked in. ``said`` is the place in the history of
    the latest event that confirmed, arranged or checked it in.
    """

    ref: str
    own: bool
    contingency: bool
    cost_pence: int
    starts: datetime
    until: datetime
    counts_until: datetime
    said: int
    checked_in_at: datetime | None
    ended_by: EndOfCover | None = None

    def spans(self, at: datetime) -> bool:
        """Whether the instant lies in its stretch."""
        return self.starts <= at < self.until

    def came_after(self, report: Report) -> bool:
        """Whether it was not there at the report, and was confirmed, arranged or checked in since."""
        return self.said > report.said and self.ref not in report.present


class Look(NamedTuple):
    """The rest of the window as it is expected at an instant.

    ``missing`` is the deficit at the instant (before the window: at its start), ``worst`` the greatest from then on.
    The first shortage is of ``first`` people from ``since`` on, against ``required`` people, ``own_staff`` of them own.
    ``counted`` is the cover that is counted on.
    """

    missing: int
    worst: int
    first: int
    since: datetime
    required: int
    own_staff: int
    counted: list[Cover]


class NightFold:
    """What is known of a night after the events taken so far; feed it in the order of history."""

    __slots__ = ("_idle", "_place", "_waiting", "covers", "ends", "own_staff", "plan", "reports", "required", "sudden")

    def __init__(self, plan: NightPlan) -> None:
        self.plan = plan
        self.required = plan.required
        self.own_staff = plan.own_staff
        self.covers: dict[str, Cover] = {}
        self.reports: list[Report] = []
        self.ends: list[EndOfCover] = []
        self.sudden = False
        self._waiting: dict[str, list[CoverCheckedIn]] = {}
        self._idle: dict[Identity, str] = {}
        self._place = 0

    def take(self, event: InputEvent) -> None:
        """Learn what the event says."""
        self._place += 1
        handle = self._HANDLERS.get(type(event))
        if handle is None:
            self._idle[identity(event)] = "it says nothing about a night"
        else:
            handle(self, event)

    def look(self, at: datetime) -> Look:
        """The rest of the window, as expected at the instant; all events taken bear times up to it."""
        plan = self.plan
        base = max(at, plan.starts)
        counted = [
            cover
            for cover in self.covers.values()
            if cover.ended_by is None and (cover.checked_in_at is not None or at < cover.counts_until)
        ]
        missing = worst = first = self.missing(counted, base)
        since = base
        # The deficit only grows where a cover ends, so it is greatest at one of these moments or at the first.
        if leaving := [cover.until for cover in counted if cover.until < plan.ends]:
            for moment in sorted(leaving):
                if moment > base and (later := self.missing(counted, moment)) > worst:
                    if worst == 0:
                        first, since = later, moment
                    worst = later
        return Look(missing, worst, first, since, self.required, self.own_staff, counted)

    def stands(self, ref: str | None) -> bool:
        """Whether the cover named is made and has not ended."""
        cover = self.covers.get(ref or "")
        return cover is not None and cover.ended_by is None

    def ignored(self) -> Iterator[Ignored]:
        """The events taken that change nothing, and why."""
        for who, why in self._idle.items():
            yield Ignored(*who, why)
        for check_ins in self._waiting.values():
            for event in check_ins:
                yield Ignored(*identity(event), f"no cover stands under the reference {event.data.cover_ref}")

    def missing(self, counted: list[Cover], at: datetime) -> int:
        """The deficit at a moment of the window if all the cover that is counted on stands."""
        standing = own = 0
        for cover in counted:
            if cover.starts <= at < cover.until:
                standing += 1
                own += cover.own
        missing = max(self.required - standing, self.own_staff - own, 0)
        for report in self.reports:
            came = [cover for cover in counted if cover.spans(at) and cover.came_after(report)]
            missing = max(missing, report.missing - len(came))
        return missing

    def _require(self, event: RequirementChanged) -> None:
        if self.plan.watched:
            self.required, self.own_staff = event.data.required, event.data.own_staff
        else:
            self._idle[identity(event)] = NOT_WATCHED

    def _confirm(self, event: CoverConfirmed) -> None:
        self._make(event, event.data.supplier, None)

    def _arrange(self, event: ContingencyArranged) -> None:
        self._make(event, event.data.replaces, event.data.cost_pence)

    def _make(self, event: CoverConfirmed | ContingencyArranged, kind: Supplier, cost_pence: int | None) -> None:
        data, plan = event.data, self.plan
        ref = data.cover_ref
        starts = min(max(data.starts, plan.starts), plan.ends)
        until = max(min(data.until, plan.ends), starts)
        if starts == until:
            self._idle[identity(event)] = "its stretch lies outside the window of the night"
        before = self.covers.get(ref)
        if before is not None and before.ended_by is None:
            checked_in_at = before.checked_in_at
        else:
            early = self._waiting.pop(ref, None)
            checked_in_at = early[0].time if early else None
        self.covers[ref] = Cover(
            ref,
            kind is Supplier.OWN,
            cost_pence is not None,
            cost_pence or 0,
            starts,
            until,
            min(starts + plan.check_in_grace, until),
            self._place,
            checked_in_at,
        )

    def _check_in(self, event: CoverCheckedIn) -> None:
        cover = self.covers.get(event.data.cover_ref)
        if cover is None or cover.ended_by is not None:
            self._waiting.setdefault(event.data.cover_ref, []).append(event)
        else:
            cover.said = self._place
            cover.checked_in_at = cover.checked_in_at or event.time

    def _withdraw(self, event: CoverWithdrawn | CoverLeftEarly) -> None:
        self.sudden = self.sudden or event.time >= self.plan.sudden_from
        self._end(event, event.data.cover_ref)

    def _fail(self, event: CoverRefused | CoverNotAttended) -> None:
        self.sudden = True
        self._end(event, event.data.cover_ref)

    def _miss(self, event: CoverMissingReported) -> None:
        self.sudden = True
        if event.data.cover_ref is not None:
            self._end(event, event.data.cover_ref)
            return
        self.ends.append(event)
        if not self.plan.watched:
            self._idle[identity(event)] = NOT_WATCHED
            return
        there = (cover for cover in self.look(event.time).counted if cover.spans(event.time))
        present = frozenset(cover.ref for cover in there if cover.checked_in_at is not None)
        self.reports.append(Report(event.data.missing, self._place, present))

    def _stand_down(self, event: CoverStoodDown) -> None:
        self._end(event, event.data.cover_ref)

    def _end(self, event: EndOfCover, ref: str) -> None:
        self.ends.append(event)
        for early in self._waiting.pop(ref, ()):
            self._idle[identity(early)] = "the cover ended after it"
        cover = self.covers.get(ref)
        if cover is None or cover.ended_by is not None:
            self._idle[identity(event)] = f"no cover stood under the reference {ref} then"
        else:
            cover.ended_by = event

    _HANDLERS: ClassVar[dict[type[InputEvent], Callable[["NightFold", Any], None]]] = {
        RequirementChanged: _require,
        CoverConfirmed: _confirm,
        ContingencyArranged: _arrange,
        CoverCheckedIn: _check_in,
        CoverWithdrawn: _withdraw,
        CoverLeftEarly: _withdraw,
        CoverRefused: _fail,
        CoverNotAttended: _fail,
        CoverMissingReported: _miss,
        CoverStoodDown: _stand_down,
    }
