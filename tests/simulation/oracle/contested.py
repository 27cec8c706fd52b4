"""What only late, unconfirmed reports undo, looked at minute by minute, each minute by what was settled then."""

from dataclasses import dataclass

from tests.simulation.oracle.history import Stage
from tests.simulation.oracle.instants import MINUTE
from tests.simulation.oracle.ladder import Condition


@dataclass(frozen=True)
class Reading:
    """The conditions of a subject by one stage of the settlement, with the late reports and without them."""

    stage: Stage
    followed: list[Condition]
    without: list[Condition]

    def contested(self, like: Condition, t: int) -> bool:
        """Whether a condition holds at an instant without the late reports, one of them heard by then, and not with."""
        heard = self.stage.arranged.first_late_heard
        if heard is None or heard > t:
            return False
        return _any_holds(self.without, like, t) and not _any_holds(self.followed, like, t)


def _any_holds(conditions: list[Condition], like: Condition, t: int) -> bool:
    return any(one.is_like(like) and one.holds(t) for one in conditions)


def contested_now(readings: list[Reading], kind: str, now: int) -> list[Condition]:
    """The conditions of a kind that are contested now, each from when it has been so without a break."""
    found: list[Condition] = []
    for condition in readings[-1].without:
        if condition.kind != kind or not condition.holds(now):
            continue
        begun = _begun(readings, condition, now)
        if begun is not None:
            earlier = [priority for at, priority in condition.priorities if at <= begun]
            later = [(at, priority) for at, priority in condition.priorities if at > begun]
            priorities = [(begun, earlier[-1]), *later]
            due = condition.original_due
            found.append(Condition("contested-breach", condition.clock, condition.spell, begun, None, priorities, due))
    return found


def _begun(readings: list[Reading], condition: Condition, now: int) -> int | None:
    begun: int | None = None
    t = now
    while _at(readings, t).contested(condition, t):
        begun = t
        t = t - MINUTE if t % MINUTE == 0 else t // MINUTE * MINUTE
    return begun


def _at(readings: list[Reading], t: int) -> Reading:
    return next(one for one in reversed(readings) if one.stage.since <= t)
