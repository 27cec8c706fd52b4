"""The rules of a night (section 4) told once more, slowly: every moment is asked anew of all the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.history import Taken
from tests.workorders.night_telling import Night
from workorders.history_order import in_order

ENDS = {"withdrawn", "refused", "not-attended", "left-early", "stood-down", "missing-reported"}
MAKES = {"confirmed", "contingency-arranged"}


def kind_of(item: Taken) -> str:
    return item.event.type.rpartition(".")[2]


@dataclass
class ByHand:
    """One night's own events, all of which count."""

    night: Night

    def __post_init__(self) -> None:
        rules = self.night.policy.spec.nights
        self.starts, self.ends = self.night.reckon("12:00").state.starts, self.night.reckon("12:00").state.ends
        self.rules = rules
        self.events = in_order(self.night.events)

    def known(self, at: datetime) -> list[Taken]:
        return [item for item in self.events if item.event.time <= at]

    def made_by(self, ref: str, known: Sequence[Taken]) -> tuple[Taken | None, bool]:
        """The event that made the cover, None while it is not made, and whether its person has checked in."""
        made, checked_in = None, False
        for item in known:
            if getattr(item.event.data, "cover_ref", None) == ref:
                kind = kind_of(item)
                if kind in MAKES:
                    made = item
                elif kind in ENDS:
                    made, checked_in = None, False
                else:
                    checked_in = True
        return made, checked_in

    def counts(self, ref: str, known: Sequence[Taken], at: datetime, moment: datetime) -> bool:
        """Whether the cover counts at a moment, as known at an instant."""
        made, checked_in = self.made_by(ref, known)
        if made is None:
            return False
        data = made.event.data
        starts, until = max(data.starts, self.starts), min(data.until, self.ends)  # type: ignore[union-attr]
        return starts <= moment < until and (checked_in or at < starts + self.rules.check_in_grace)

    def is_own(self, ref: str, known: Sequence[Taken]) -> bool:
        made, _ = self.made_by(ref, known)
        assert made is not None
        return (getattr(made.event.data, "supplier", None) or getattr(made.event.data, "replaces", None)) == "own"

    def deficit(self, at: datetime, moment: datetime) -> int:
        """How many people are missing at a moment of the window, as known at an instant."""
        known = self.known(at)
        refs = {str(getattr(item.event.data, "cover_ref", "")) for item in known if kind_of(item) in MAKES}
        there = [ref for ref in refs if self.counts(ref, known, at, moment)]
        required, own_staff = self.rules.required, self.rules.own_staff
        for item in known:
            if kind_of(item) == "requirement-changed":
                required, own_staff = item.event.data.required, item.event.data.own_staff  # type: ignore[union-attr]
        missing = max(required - len(there), own_staff - len([ref for ref in there if self.is_own(ref, known)]), 0)
        for place, item in enumerate(known):
            if kind_of(item) == "missing-reported" and item.event.data.cover_ref is None:  # type: ignore[union-attr]
                came = [ref for ref in there if self.came(ref, known, place)]
                missing = max(missing, item.event.data.missing - len(came))  # type: ignore[union-attr]
        return missing

    def came(self, ref: str, known: Sequence[Taken], report: int) -> bool:
        """Whether the person was not there at the report, and something was heard of them since."""
        before, when = known[:report], known[report].event.time
        if self.counts(ref, before, when, when) and self.made_by(ref, before)[1]:
            return False
        since = [item for item in known[report + 1 :] if getattr(item.event.data, "cover_ref", None) == ref]
        return any(kind_of(item) in MAKES | {"checked-in"} for item in since)

    def forecast(self, at: datetime, step: timedelta) -> int:
        """The greatest deficit of the rest of the window, as known at an instant."""
        moment, worst = max(at, self.starts), 0
        while moment < self.ends:
            worst = max(worst, self.deficit(at, moment))
            moment += step
        return worst

    def sudden(self, at: datetime) -> bool:
        """Whether something was said by the instant that is escalated at once."""
        at_any_time = {"refused", "not-attended", "missing-reported"}
        since = self.starts - self.rules.sudden_within
        return any(
            kind_of(item) in at_any_time or (kind_of(item) in {"withdrawn", "left-early"} and item.event.time >= since)
            for item in self.known(at)
        )

    def holds(self, at: datetime, step: timedelta) -> str:
        """Which of the two conditions holds at an instant, if one does."""
        if at >= self.ends or self.forecast(at, step) == 0:
            return ""
        if self.sudden(at) or at >= self.starts - self.rules.escalate_before:
            return "uncovered-night"
        return "unconfirmed-night" if at >= self.starts - self.rules.warn_before else ""
