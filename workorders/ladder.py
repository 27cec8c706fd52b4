"""The ladder: which rungs are reached about a condition, when, and how answers hold or hasten it.

Source of the rules: docs/RULES.md, section 3. A ladder is reckoned from its condition, the rungs, the answers and now;
it remembers nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import Final, Protocol

from models.decision import Condition
from models.policy import Rung
from models.work_order import Priority

_WHEN: Final = attrgetter("at")


class AnswerKind(Enum):
    """What an answer does: hold the ladder, or send it up at once."""

    HOLD = "hold"
    DECLINE = "decline"


@dataclass(slots=True)
class Answer:
    """One answer to a ladder. ``rung`` is the rung that it names, None where it names another ladder's."""

    at: datetime
    kind: AnswerKind
    rung: str | None
    commitment: datetime | None


class LadderRules(Protocol):
    """What a ladder asks of the policy and the estate."""

    @property
    def default_hold(self) -> timedelta:
        """How long an acknowledgement holds where its rung does not say."""

    @property
    def commitment_max(self) -> timedelta:
        """The longest commitment that holds a ladder."""

    @property
    def commitment_renewals(self) -> int:
        """How many acknowledgements after the first hold again."""

    def rungs(self, priority: Priority | None) -> tuple[Rung, ...]:
        """The rungs of the kind for a priority, in order."""

    def ack_holds(self, rung: str) -> timedelta | None:
        """How long an acknowledgement of the rung holds, whether or not it stands; None if the rung does not say."""

    def has_route(self, role: str, at: datetime) -> bool:
        """Whether the role can be told at the instant."""


@dataclass(slots=True)
class Fired:
    """A rung that was reached: its k-th repeat at ``at``; ``ended`` and ``why`` if it stands no more."""

    rung: Rung
    at: datetime
    repeat: int
    priority: Priority | None
    skipped: bool
    acknowledged_until: datetime | None = None
    ended: datetime | None = None
    why: str = ""

    def end(self, at: datetime, why: str) -> None:
        """It stands no more, from the instant on."""
        self.ended, self.why = at, why


@dataclass(slots=True)
class Climb:
    """How far a ladder has climbed: every rung reached, and when time alone takes it further."""

    fired: tuple[Fired, ...]
    next_at: datetime | None


def climb(condition: Condition, rules: LadderRules, answers: Sequence[Answer], now: datetime) -> Climb:
    """Every rung that the condition's ladder has reached by ``now``; answers must be in order of time."""
    if condition.onset > now:
        return Climb((), condition.onset)
    climber = _Climber(condition, rules, answers)
    next_at = climber.run(now)
    return Climb(climber.result(), next_at)


class _Climber:
    """The walk up one ladder, event by event in time."""

    __slots__ = (
        "acks",
        "answered",
        "answers",
        "condition",
        "cursor",
        "done",
        "fired",
        "forced",
        "held_from",
        "held_until",
        "last",
        "origin",
        "rules",
        "rungs",
        "steps",
    )

    def __init__(self, condition: Condition, rules: LadderRules, answers: Sequence[Answer]) -> None:
        self.condition = condition
        self.rules = rules
        self.rungs = rules.rungs(condition.priorities[0][1])
        self.steps = list(condition.priorities[1:])
        self.answers = list(answers)
        self.origin = self.cursor = condition.onset
        self.fired: dict[str, Fired] = {}
        self.done: list[Fired] = []
        self.last: Fired | None = None
        self.answered = False
        self.forced: datetime | None = None
        self.held_from: datetime | None = None
        self.held_until: datetime | None = None
        self.acks = 0

    def run(self, now: datetime) -> datetime | None:
        """Walk up to now; tell when the next rung or repeat is due if nothing else happens."""
        end = self.condition.end
        while True:
            at = due = self._due()
            act = self._fire
            # Of what happens at one instant an answer comes first, then a change of priority.
            if self.steps and (at is None or self.steps[0][0] <= at):
                at, act = self.steps[0][0], self._change_priority
            if self.answers and self.last is not None:
                answered = max(self.answers[0].at, self.cursor)
                if at is None or answered <= at:
                    at, act = answered, self._answer
            if at is None or (end is not None and at >= end):
                return None
            if at > now:
                return due
            self.cursor = at
            act(at, now)

    def _pending(self) -> Rung | None:
        for rung in self.rungs:
            if rung.name not in self.fired:
                return rung
        return None

    def _due(self) -> datetime | None:
        rung = self._pending()
        if rung is None:
            return self._repeat_due()
        if self.held_until is not None:
            return self.held_until
        if self.forced is not None:
            return max(self.forced, self.cursor)
        due = self.origin + rung.after
        if self.last is not None and not self.answered and self.last.rung.ack_within is not None:
            due = min(due, self.last.at + self.last.rung.ack_within)
        return max(due, self.cursor)

    def _repeat_due(self) -> datetime | None:
        if not self.rungs or self.rungs[-1].repeat is None:
            return None
        if self.held_until is not None:
            return self.held_until
        return max(self.fired[self.rungs[-1].name].at + self.rungs[-1].repeat, self.cursor)

    def _fire(self, at: datetime, now: datetime, /) -> None:
        rung = self._pending()
        if rung is None:
            self._repeat(at, now)
            return
        if self.held_until is not None:
            self.origin = at - rung.after
        self._release()
        skipped = not self.rules.has_route(rung.role, at)
        self._set(Fired(rung, at, 0, self._priority(at), skipped))
        self.forced = at if skipped else None

    def _repeat(self, at: datetime, now: datetime) -> None:
        self._release()
        rung = self.rungs[-1]
        before = self.fired[rung.name]
        more = self._whole_repeats(at, now, rung.repeat or timedelta())
        at = at + more * (rung.repeat or timedelta())
        if before.repeat == 0:
            before.end(at, "said again since")
            self.done.append(before)
        skipped = not self.rules.has_route(rung.role, at)
        self._set(Fired(rung, at, before.repeat + 1 + more, self._priority(at), skipped))
        self.cursor = at

    def _whole_repeats(self, at: datetime, now: datetime, every: timedelta) -> int:
        # Jump over repeats that nothing can disturb: an order left open for years costs no more than a fresh one.
        bounds = [self.condition.end, self.steps[0][0] if self.steps else None]
        bounds.append(self.answers[0].at if self.answers else None)
        last = min([now] + [bound - timedelta.resolution for bound in bounds if bound is not None])
        return max(0, (last - at) // every)

    def _set(self, fired: Fired) -> None:
        self.fired[fired.rung.name] = self.last = fired
        self.answered = False

    def _release(self) -> None:
        self.held_from = self.held_until = None

    def _priority(self, at: datetime) -> Priority | None:
        found = self.condition.priorities[0][1]
        for since, priority in self.condition.priorities[1:]:
            if since > at:
                break
            found = priority
        return found

    def _answer(self, at: datetime, _: datetime, /) -> None:
        answer = self.answers.pop(0)
        if answer.kind is AnswerKind.DECLINE:
            if self.held_from is not None:
                self.origin += at - self.held_from
            self._release()
            self.forced = at
            return
        self.answered = True
        self.acks += 1
        if self.acks > 1 + self.rules.commitment_renewals:
            return
        until = self._hold(answer)
        if until <= at:
            return
        self.forced = None
        self.held_from = self.held_from or at
        self.held_until = until
        self._mark(answer, until)

    def _hold(self, answer: Answer) -> datetime:
        if answer.commitment is not None:
            return min(answer.commitment, answer.at + self.rules.commitment_max)
        holds = self.rules.ack_holds(answer.rung) if answer.rung is not None else None
        return answer.at + (self.rules.default_hold if holds is None else holds)

    def _mark(self, answer: Answer, until: datetime) -> None:
        named = self.fired.get(answer.rung) if answer.rung is not None else None
        fired = named or max(self.fired.values(), key=_WHEN, default=None)
        if fired is not None:
            fired.acknowledged_until = until

    def _change_priority(self, at: datetime, _: datetime, /) -> None:
        before = self._priority(at - timedelta.resolution)
        priority = self.steps.pop(0)[1]
        self.rungs = self.rules.rungs(priority)
        if priority is None or before is None or priority < before:
            self._release()
            self.forced = None
            self.origin = at
            return
        names = {rung.name for rung in self.rungs}
        for name in [name for name in self.fired if name not in names]:
            stopped = self.fired.pop(name)
            stopped.end(at, "the priority fell and the lower ladder has no such rung")
            self.done.append(stopped)
        self.last = max(self.fired.values(), key=_WHEN, default=self.last)

    def result(self) -> tuple[Fired, ...]:
        """Every rung reached; those of a condition that has ended end with it."""
        end, why = self.condition.end, self.condition.end_reason
        if end is not None:
            for fired in self.fired.values():
                fired.end(end, why)
        if not self.done:
            return tuple(sorted(self.fired.values(), key=_WHEN))
        # A rung that was stopped and reached again is one escalation: what it is now counts.
        latest = {(fired.rung.name, fired.repeat): fired for fired in (*self.done, *self.fired.values())}
        return tuple(sorted(latest.values(), key=_WHEN))
