"""Section 3 of the rules by hand: one ladder climbed minute by minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from tests.simulation.oracle.instants import MINUTE
from tests.simulation.oracle.rulebook import Rulebook, Rung, strictness

NAMESPACE = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")


def escalation_id(subject: str, kind: str, clock: str, rung: str, spell: str, repeat: int) -> str:
    """The id by its documented recipe: version 5 of the seven parts, joined by unit separators."""
    parts = ["escalation", subject, kind, clock, rung, spell, str(repeat)]
    return str(uuid5(NAMESPACE, chr(31).join(parts)))


def called(unit: str, subject: str) -> str:
    """What ids call a subject: an order bears its premises, for two premises may have orders of one number."""
    return subject if "/" in subject or subject.startswith("source:") else f"{unit}/{subject}"


@dataclass(frozen=True)
class Answer:
    """What a role said to one ladder. ``rung`` is None where the answer named another ladder's rung."""

    at: int
    declines: bool
    commitment: int | None
    rung: str | None


@dataclass
class Condition:
    """What a ladder climbs about, from its onset until its end (None: it still holds)."""

    kind: str
    clock: str
    spell: str
    onset: int
    end: int | None
    priorities: list[tuple[int, str | None]]
    original_due: int | None = None

    def holds(self, t: int) -> bool:
        """Whether it holds at an instant."""
        return self.onset <= t and (self.end is None or t < self.end)

    def is_like(self, other: "Condition") -> bool:
        """Whether it is of the same kind, clock and spell."""
        return (self.kind, self.clock, self.spell) == (other.kind, other.clock, other.spell)


@dataclass(frozen=True)
class Step:
    """One rung that was reached; it stands while ``ended`` is None."""

    id: str
    subject: str
    kind: str
    clock: str
    spell: str
    rung: str
    repeat: int
    due_at: int
    role: str
    ended: int | None
    skipped: bool


@dataclass
class Said:
    """One rung that was said: when it was said last, and the number of that repeat."""

    rung: Rung
    at: int
    repeat: int = 0


@dataclass
class Climb:
    """The state of one ladder while it is climbed."""

    unit: str
    subject: str
    condition: Condition
    book: Rulebook
    reached_role: Callable[[str, int], bool]
    origin: int = 0
    rungs: tuple[Rung, ...] = ()
    said: dict[str, Said] = field(default_factory=dict)
    last: Said | None = None
    answered: bool = False
    at_once: bool = False
    repeat_at_once: bool = False
    held_since: int | None = None
    held_until: int | None = None
    holds: int = 0
    priority: str | None = None
    steps: dict[str, Step] = field(default_factory=dict)

    def run(self, answers: Sequence[Answer], now: int) -> list[Step]:
        """Climb to now; every rung that was reached, ended ones too."""
        onset, end = self.condition.onset, self.condition.end
        self.origin = onset
        stop = now if end is None else min(now, end - 1)
        waiting = sorted(answers, key=lambda one: one.at)
        changes = dict(self.condition.priorities)
        self.priority = changes.pop(onset)
        self.rungs = self.book.ladder(self.condition.kind, self.priority)
        t, soonest = onset, onset
        while t <= stop:
            if t >= soonest or t in changes or (waiting and waiting[0].at <= t):
                self.minute(t, changes, waiting)
                soonest = min(self.pending(), default=stop + 1)
            next_minute = (t // MINUTE + 1) * MINUTE
            t = soonest if t < soonest < next_minute else next_minute
        if end is not None and end <= now:
            self.close_all(end)
        return list(self.steps.values())

    def minute(self, t: int, changes: dict[int, str | None], waiting: list[Answer]) -> None:
        """All that happens at one instant: answers (once there is a rung), a change of priority, then rungs."""
        while True:
            while waiting and waiting[0].at <= t and self.last is not None:
                self.take(waiting.pop(0), t)
            if t in changes:
                self.change_priority(changes.pop(t), t)
            if self.held_until is not None and self.held_until <= t:
                self.end_hold(t)
            if self.held_until is not None or not self.climb(t):
                return

    def pending(self) -> list[int]:
        """The instants that this ladder waits for; the loop must not step over one that lies within a minute."""
        if self.held_until is not None:
            return [self.held_until]
        return [due for due in (self.next_due(), self.next_repeat()) if due is not None]

    def following(self) -> Rung | None:
        """The next unsaid rung of the ladder in force."""
        return next((rung for rung in self.rungs if rung.name not in self.said), None)

    def next_due(self) -> int | None:
        """When the next unsaid rung is due; None if all are said."""
        rung = self.following()
        if rung is None:
            return None
        due = self.origin + rung.after
        if self.last and self.last.rung.ack_within is not None and not self.answered:
            due = min(due, self.last.at + self.last.rung.ack_within)
        return due

    def next_repeat(self) -> int | None:
        """When the last rung of the ladder in force is due again; None if it is not said yet or never repeated."""
        said = self.said.get(self.rungs[-1].name)
        every = self.rungs[-1].repeat
        return None if said is None or every is None else said.at + every

    def climb(self, t: int) -> bool:
        """Say one rung or repeat that is due by now; whether there was one."""
        rung, due = self.following(), self.next_due()
        if rung is not None and due is not None and (due <= t or self.at_once):
            self.say(rung, 0, t)
            return True
        self.at_once = False
        again = self.next_repeat()
        if again is not None and (again <= t or self.repeat_at_once):
            before = self.said[self.rungs[-1].name]
            self.close(before.rung.name, before.repeat, t)
            self.say(self.rungs[-1], before.repeat + 1, t)
            return True
        self.repeat_at_once = False
        return False

    def say(self, rung: Rung, repeat: int, t: int) -> None:
        """Reach a rung; without a route the next one is due at the same instant."""
        skipped = not self.reached_role(rung.role, t)
        self.last = self.said[rung.name] = Said(rung, t, repeat)
        self.answered, self.repeat_at_once = False, False
        self.at_once = skipped and repeat == 0
        self.step(rung, repeat, t, skipped=skipped)

    def change_priority(self, priority: str | None, t: int) -> None:
        """The ladder of another priority comes into force."""
        rises = priority is not None and self.priority is not None and strictness(priority) < strictness(self.priority)
        self.priority, self.rungs = priority, self.book.ladder(self.condition.kind, priority)
        if rises:
            self.held_since = self.held_until = None
            self.origin = t
            return
        names = {rung.name for rung in self.rungs}
        for name in [name for name in self.said if name not in names]:
            self.close(name, self.said.pop(name).repeat, t)
        if self.said:
            self.last = max(self.said.values(), key=lambda said: said.at)

    def take(self, answer: Answer, t: int) -> None:
        """Hear an answer: it holds the ladder, or makes it climb."""
        self.answered = True
        if answer.declines:
            if self.held_since is not None:
                self.origin += t - self.held_since
            self.held_since = self.held_until = None
            self.at_once = self.following() is not None
            return
        self.holds += 1
        until = self.hold_of(answer)
        if self.holds <= self.book.renewals + 1 and until > t:
            self.held_since = t if self.held_since is None else self.held_since
            self.held_until = until
            self.at_once = False

    def hold_of(self, answer: Answer) -> int:
        """Until when an acknowledgement holds."""
        if answer.commitment is not None:
            return min(answer.commitment, answer.at + self.book.commitment_max)
        if answer.rung is None:
            return answer.at + self.book.default_hold
        return answer.at + self.book.rung_holds(self.condition.kind, answer.rung)

    def end_hold(self, t: int) -> None:
        """A hold has run out: the next rung fires now, the later ones keep their spacing; likewise repeats."""
        self.held_since = self.held_until = None
        rung = self.following()
        if rung is not None:
            self.origin = t - rung.after
            self.at_once = True
        self.repeat_at_once = True

    def step(self, rung: Rung, repeat: int, due: int, *, skipped: bool) -> None:
        """Note a rung that was reached."""
        c = self.condition
        name = escalation_id(called(self.unit, self.subject), c.kind, c.clock, rung.name, c.spell, repeat)
        self.steps[name] = Step(
            name, self.subject, c.kind, c.clock, c.spell, rung.name, repeat, due, rung.role, None, skipped
        )

    def close(self, rung: str, repeat: int, t: int) -> None:
        """One rung's latest repeat no longer stands."""
        c = self.condition
        name = escalation_id(called(self.unit, self.subject), c.kind, c.clock, rung, c.spell, repeat)
        step = self.steps[name]
        self.steps[name] = Step(**{**vars(step), "ended": t})

    def close_all(self, t: int) -> None:
        """The condition is over."""
        for name, step in self.steps.items():
            if step.ended is None:
                self.steps[name] = Step(**{**vars(step), "ended": t})
