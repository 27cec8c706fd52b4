"""From conditions to rungs: every ladder of a subject climbed, every answer given to its ladder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from models.decision import Condition, Ignored, Reached
from models.escalation import EscalationKind
from models.history import Taken
from models.ids import escalation_id, rung_name, subject_name
from models.policy import Rung
from models.work_order import Priority
from workorders.answers import LadderKey, Possible, PossibleRung, Sorted, sort_answers
from workorders.ladder import Fired, climb
from workorders.policy import Policy

HasRoute = Callable[[str, datetime], bool]
PolicyAt = Callable[[datetime], Policy]
NO_ANSWERS = Sorted({}, [], [])
_FEW: Final = ("never", "once", "twice")


@dataclass(slots=True)
class KindRules:
    """What the ladder of one kind asks of a policy and of the routes."""

    policy: Policy
    kind: EscalationKind
    has_route: HasRoute

    @property
    def default_hold(self) -> timedelta:
        """How long an acknowledgement holds where its rung does not say."""
        return self.policy.spec.answers.default_hold

    @property
    def commitment_max(self) -> timedelta:
        """The longest commitment that holds a ladder."""
        return self.policy.spec.answers.commitment_max

    @property
    def commitment_renewals(self) -> int:
        """How many acknowledgements after the first hold again."""
        return self.policy.spec.answers.commitment_renewals

    def rungs(self, priority: Priority | None) -> tuple[Rung, ...]:
        """The rungs of the kind for a priority."""
        return self.policy.ladder(self.kind, priority)

    def ack_holds(self, rung: str) -> timedelta | None:
        """How long an acknowledgement of the rung holds, whether or not it stands."""
        return self.policy.rung(self.kind, rung).ack_holds


@dataclass(slots=True)
class Ladders:
    """Whose ladders are climbed, by which policy and routes."""

    unit: str
    subject: str
    policy_at: PolicyAt
    has_route: HasRoute


def reach(
    ladders: Ladders, conditions: Sequence[Condition], answers: Sorted, now: datetime
) -> tuple[list[Reached], datetime | None]:
    """Every rung reached by now, and the next instant at which time alone takes a ladder further."""
    found: list[Reached] = []
    ahead: datetime | None = None
    name = subject_name(ladders.unit, ladders.subject)
    for condition in conditions:
        policy = ladders.policy_at(condition.onset)
        rules = KindRules(policy, condition.kind, ladders.has_route)
        key: LadderKey = (condition.kind, condition.clock, condition.spell)
        climbed = climb(condition, rules, answers.of(key) if answers is not NO_ANSWERS else (), now)
        found.extend([_reached(name, ladders.subject, condition, fired, policy.version) for fired in climbed.fired])
        if climbed.next_at is not None and (ahead is None or climbed.next_at < ahead):
            ahead = climbed.next_at
    return found, ahead


def _reached(name: str, subject: str, condition: Condition, fired: Fired, policy_version: str) -> Reached:
    """The rung as it is said; ``name`` is what the subject is called in ids."""
    rung = fired.rung
    labels = (*condition.labels, "skipped-no-route") if fired.skipped else condition.labels
    return Reached(
        escalation_id(name, condition.kind, condition.clock, rung.name, condition.spell, fired.repeat),
        subject,
        condition.kind,
        condition.clock,
        condition.spell,
        rung.name,
        rung.role,
        fired.repeat,
        fired.at,
        fired.ended,
        fired.why,
        condition.original_due_at,
        fired.priority,
        fired.priority is Priority.P1,
        labels,
        f"{condition.reason} {_said_before(fired.repeat)}" if fired.repeat else condition.reason,
        fired.acknowledged_until,
        condition.happened_at,
        condition.heard_at,
        policy_version,
    )


def _said_before(times: int) -> str:
    """How many went before a repeat; after an outage not all of them need have been said."""
    count = _FEW[times] if times < len(_FEW) else f"{times} times"
    return f"It was due to be said {count} before."


def answers_for(
    subject: str,
    answers: Sequence[Taken],
    ladders: tuple[LadderKey, ...],
    policies: tuple[Policy, ...],
    since: datetime,
) -> Sorted:
    """The answers of a subject, each with the ladder that it belongs to among those that the subject can have."""
    if not answers:
        return NO_ANSWERS
    return sort_answers(answers, _possible(subject, ladders, policies), since)


# A subject whose ladders are answered is decided at each answer, and its ladders seldom change: they are remembered.
@lru_cache(maxsize=4096)
def _possible(subject: str, ladders: tuple[LadderKey, ...], policies: tuple[Policy, ...]) -> Possible:
    holds = max(policy.spec.answers.commitment_renewals for policy in policies) + 1
    return Possible(subject, _rungs_of(ladders, policies), holds)


@lru_cache(maxsize=4096)
def _rungs_of(ladders: tuple[LadderKey, ...], policies: tuple[Policy, ...]) -> tuple[PossibleRung, ...]:
    """Every rung that one of the policies gives one of the ladders, the ladders in turn."""
    found = []
    for ladder in ladders:
        kind, clock, spell = ladder
        for name in dict.fromkeys(name for policy in policies for name in policy.rung_names(kind)):
            rates = [every for policy in policies if (every := policy.most_often(kind, name)) is not None]
            found.append(PossibleRung(ladder, name, min(rates, default=None), rung_name(kind, clock, name, spell)))
    return tuple(found)


def unmatched(answers: Sorted) -> list[Ignored]:
    """The answers whose escalation id derives from no ladder of the subject."""
    why = "the escalation id derives from no ladder of this subject"
    return [Ignored(taken.event.source, taken.event.id, why) for taken in answers.unmatched]
