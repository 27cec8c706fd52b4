"""One night as people look at it: its state, its window in stretches, and each ladder with what comes next.

It decides nothing of its own: the same parts as in a decision, with what the decision does not keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.decision import Condition, NightState, Reached
from models.escalation import EscalationKind
from models.history import Taken
from models.policy import Rung
from models.premises import Premises
from workorders.answers import Sorted
from workorders.cover import reckon_night
from workorders.decide import NIGHT_LADDERS, night_policy
from workorders.history import arrange
from workorders.night_hours import Stretch, hours
from workorders.night_plan import NightPlan, plan_night
from workorders.policy import World
from workorders.reach import Ladders, answers_for, reach


@dataclass(frozen=True, slots=True)
class LadderAhead:
    """One ladder of a night: what it climbs about, its rungs, those reached, and when time takes it further."""

    condition: Condition
    rungs: tuple[Rung, ...]
    reached: tuple[Reached, ...]
    next_at: datetime | None

    @property
    def following(self) -> str:
        """The rung that time takes it to: the first that was not reached, else the last once more."""
        said = {one.rung for one in self.reached}
        return next((rung.name for rung in self.rungs if rung.name not in said), self.rungs[-1].name)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A night at an instant; ``ladders`` are those that have begun, the latest stretch of each."""

    state: NightState
    plan: NightPlan
    stretches: tuple[Stretch, ...]
    ladders: tuple[LadderAhead, ...]


def outlook(premises: Premises, night: date, history: Sequence[Taken], world: World, now: datetime) -> Outlook:
    """The night by its whole history, under the policy version that it is decided by."""
    policy = night_policy(world, night)
    arranged = arrange(history, policy.late_after)
    found = reckon_night(premises, night, arranged, policy, now)
    plan = plan_night(premises, night, policy)

    def has_route(role: str, at: datetime) -> bool:
        return world.estates.at(at).has_route(role, premises.id, at)

    ladders = Ladders(premises.id, found.state.subject, lambda _: policy, has_route)
    since = min([min(plan.warn_at, plan.sudden_from), *(taken.event.time for taken in history)])
    answers = answers_for(found.state.subject, arranged.answers, NIGHT_LADDERS, (policy,), since)
    climbed = [_climbed(one, ladders, answers, plan, now) for one in found.conditions]
    return Outlook(found.state, plan, tuple(hours(arranged.kept, plan, now)), tuple(climbed))


def _climbed(condition: Condition, ladders: Ladders, answers: Sorted, plan: NightPlan, now: datetime) -> LadderAhead:
    reached, next_at = reach(ladders, [condition], answers, now)
    rungs = ladders.policy_at(condition.onset).ladder(condition.kind, None)
    # Time ends it all the same: the night is over, or what nobody has confirmed becomes uncovered.
    ends = min(plan.escalate_at, plan.ends) if condition.kind is EscalationKind.UNCONFIRMED_NIGHT else plan.ends
    comes = next_at is not None and next_at < ends and condition.end is None
    return LadderAhead(condition, rungs, tuple(reached), next_at if comes else None)
