"""Section 1 of the rules by hand: what is removed, what is late, what is refused, and the order of the rest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.oracle.facts import Fact

Key = tuple[str, str]
LONG_AGO: Final = -(10**12)

_RANKS: Final = {
    "attended": 2,
    "made-safe": 3,
    "temporarily-fixed": 4,
    "completed": 5,
    "stood-down": 5,
    "resumed": 6,
    "closed": 7,
    "cancelled": 8,
    "paused": 9,
    "left-early": 10,
    "withdrawn": 11,
    "refused": 12,
    "not-attended": 13,
    "missing-reported": 14,
    "completion-rejected": 15,
    "declined": 2,
}
_ORDER_REPORTS: Final = frozenset(
    ["attended", "made-safe", "temporarily-fixed", "completed", "closed", "cancelled", "paused", "resumed", "amended"]
)
_NIGHT_REPORTS: Final = frozenset(
    ["confirmed", "withdrawn", "not-attended", "checked-in", "left-early", "stood-down", "contingency-arranged"]
)


_CORRECTIONS: Final = {"report-confirmed": 1, "report-refused": 2, "retracted": 3}


@dataclass(frozen=True)
class Arranged:
    """The events that count, in order; and the same without late, unconfirmed reports where there are any."""

    kept: list[Fact]
    without: list[Fact] | None
    first_late_heard: int | None


@dataclass
class Corrected:
    """What the corrections of a history do: whom they remove, and what the client side said of which late report."""

    removed: set[Key] = field(default_factory=set)
    settled: dict[Key, str] = field(default_factory=dict)

    @property
    def refused(self) -> set[Key]:
        """The late reports that are left out."""
        return {key for key, word in self.settled.items() if word == "refused"}


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """History order, the raised events first of all."""
    return sorted(facts, key=lambda fact: (fact.name != "raised", fact.time, _RANKS.get(fact.name, 1), *fact.tie))


class Desk:
    """Goes through the corrections of one subject, from the last to the first."""

    def __init__(self, facts: Sequence[Fact], late_after: Callable[[str], int | None]) -> None:
        self.facts = {fact.key: fact for fact in facts}
        corrections = [fact for fact in self.facts.values() if fact.name in _CORRECTIONS]
        self.corrections = sorted(corrections, key=lambda fact: (fact.time, _CORRECTIONS[fact.name], *fact.tie))
        self.late = {key for key, fact in self.facts.items() if self.is_late(fact, late_after)}

    def is_late(self, fact: Fact, late_after: Callable[[str], int | None]) -> bool:
        """Whether a report was heard too long after what it reports."""
        allowed = late_after(fact.role)
        if allowed is None:
            return False
        if fact.name == "retracted":
            named = self.facts.get(fact.named) if fact.named else None
            return named is not None and fact.heard - named.time > allowed
        reports = _NIGHT_REPORTS if "/" in fact.subject else _ORDER_REPORTS
        return not fact.is_answer and fact.name in reports and fact.heard - fact.time > allowed

    def may_retract(self, retraction: Fact) -> bool:
        """Whether a retraction is by the role that made the mistake, or by the division."""
        named = self.facts.get(retraction.named) if retraction.named else None
        return named is not None and (retraction.role == named.role or retraction.party == "division")

    def correct(self, at: int) -> Corrected:
        """What the corrections do, by the settlements that bear a time up to an instant."""
        found = Corrected()
        for fact in reversed(self.corrections):
            if fact.key in found.removed or fact.named is None:
                continue
            if fact.name == "retracted":
                if self.may_retract(fact) and found.settled.get(fact.key) != "refused":
                    found.removed.add(fact.named)
            elif fact.time <= at and fact.named in self.late and fact.party in {"client", "division"}:
                found.settled.setdefault(fact.named, fact.name.removeprefix("report-"))
        self.reject(found, at)
        return found

    def reject(self, found: Corrected, at: int) -> None:
        """A rejection of the work refuses the late completions before it of which nobody else has spoken."""
        completions: list[Key] = []
        for fact in in_order(fact for key, fact in self.facts.items() if key not in found.removed):
            is_done = fact.name == "completed" or (fact.name == "closed" and fact.data["outcome"] == "done")
            if is_done and fact.key in self.late:
                completions.append(fact.key)
            if fact.name == "completion-rejected" and fact.time <= at:
                for key in completions:
                    found.settled.setdefault(key, "refused")

    def arranged(self, at: int) -> Arranged:
        """The history by the settlements that bear a time up to an instant."""
        found = self.correct(at)
        kept = self.left(found.removed | found.refused)
        waiting = self.late - found.settled.keys()
        heard = [self.facts[key].heard for key in waiting - found.removed]
        if not heard:
            return Arranged(kept, None, None)
        out = waiting | found.refused
        return Arranged(kept, self.left(out | self.retracted_without(out)), min(heard))

    def retracted_without(self, out: set[Key]) -> set[Key]:
        """What would be retracted if some events had never come."""
        removed: set[Key] = set()
        for fact in reversed(self.corrections):
            is_there = fact.key not in removed and fact.key not in out
            if fact.name == "retracted" and fact.named and is_there and self.may_retract(fact):
                removed.add(fact.named)
        return removed

    def left(self, out: set[Key]) -> list[Fact]:
        """The events that are not out, in order."""
        return in_order(fact for key, fact in self.facts.items() if key not in out)

    def settlement_times(self) -> list[int]:
        """When anybody may have settled anything."""
        names = {"report-confirmed", "report-refused", "completion-rejected"}
        return sorted({fact.time for fact in self.facts.values() if fact.name in names})


@dataclass(frozen=True)
class Stage:
    """A history as it was settled from an instant until another (None: until now)."""

    since: int
    until: int | None
    arranged: Arranged


def stages(desk: Desk) -> list[Stage]:
    """The history as it was settled from each instant on; the last is the present one."""
    if not desk.late:
        return [Stage(LONG_AGO, None, desk.arranged(LONG_AGO))]
    times = [LONG_AGO, *desk.settlement_times()]
    ends = [*times[1:], None]
    return [Stage(since, until, desk.arranged(since)) for since, until in zip(times, ends, strict=True)]
