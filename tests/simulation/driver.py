"""Runs the code under test on an invented world, as a worker would, and holds it against the second reckoning.

Live: events arrive in batches, each touched subject is decided, what is due is swept, what was said is remembered.
What was said must at any instant amount to what stands by ``decide`` on the full history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson

from models.decision import Context, Decision, NightState, OrderState, Reached, Remembered, Said, Span, Statement
from models.escalation import Heartbeat, StatementKind
from models.history import Taken
from models.ids import night_id, statement_id
from models.parse import Refusal, parse
from models.premises import Party
from tests.simulation.invention import Heard
from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.instants import instant
from workorders import affected
from workorders import decide as code
from workorders.policy import World
from workorders.wall_clock import night_window

STANDS = frozenset({StatementKind.RAISED, StatementKind.AMENDED, StatementKind.ACKNOWLEDGED, StatementKind.REINSTATED})


class BrokenError(AssertionError):
    """A promise that did not hold; the sentence says which."""


def taken(one: Heard) -> Taken:
    """The event as the code under test takes it."""
    event = parse(orjson.dumps(one.event), one.key.encode(), [], one.topic)
    if isinstance(event, Refusal):
        raise BrokenError(f"the world wrote what cannot be parsed: {event} in {one.event}")
    return Taken(event, one.heard, one.role, Party(one.party))


def fact(one: Heard) -> Fact:
    """The event as the oracle takes it."""
    return Fact(one.event, instant(one.heard), one.role, one.party)


def joined_context(states: Iterable[OrderState | NightState]) -> Context:
    """What the subjects of one premises mean for each other's joined risk."""
    short: list[Span] = []
    siblings: dict[str, list[tuple[str, Span]]] = {}
    for state in states:
        if isinstance(state, NightState):
            short.extend(state.short)
            continue
        for span, _, groups in state.exposure:
            for group in groups:
                siblings.setdefault(group, []).append((state.subject, span))
    return Context(tuple(sorted(short)), {group: tuple(found) for group, found in siblings.items()})


def watched_nights(world: World, unit: str, since: datetime, now: datetime) -> list[tuple[str, datetime]]:
    """The nights of an AP that have begun to matter, each with the instant of its first checkpoint."""
    premises = world.estates.at(now).premises(unit)
    if premises is None or premises.watched_from is None:
        return []
    rules = world.policies.at(now).spec.nights
    found, day = [], (since - timedelta(days=2)).date()
    while day <= (now + timedelta(days=3)).date():
        starts, _ = night_window(day, rules.starts, rules.ends, rules.zone)
        if starts >= premises.watched_from and starts - rules.warn_before <= now:
            found.append((night_id(unit, str(day)), starts - rules.warn_before))
        day += timedelta(days=1)
    return found


def is_night(subject: str) -> bool:
    """Whether the subject is a night."""
    return "/" in subject


def decide_all(
    world: World, unit: str, history: Sequence[Taken], since: datetime, now: datetime
) -> dict[str, Decision]:
    """Every subject of one premises decided from nothing but the history."""
    by_subject: dict[str, list[Taken]] = {subject: [] for subject, _ in watched_nights(world, unit, since, now)}
    for one in history:
        by_subject.setdefault(one.event.subject, []).append(one)
    decisions = {}
    for subject, own in by_subject.items():
        decisions[subject] = code.decide(code.Case(unit, subject, own), world, now)
    context = joined_context(decision.state for decision in decisions.values())  # type: ignore[misc]
    for subject, own in by_subject.items():
        if not is_night(subject):
            decisions[subject] = code.decide(code.Case(unit, subject, own, context), world, now)
    return decisions


def decide_source(
    world: World, source: str, about: Sequence[Heard], heard: Sequence[datetime], since: datetime, now: datetime
) -> Decision:
    """The silence of a source; ``about`` are the answers to its escalations, ``heard`` when it was heard."""
    subject = f"source:{source}"
    answers = [one for one in (taken(each) for each in about) if not isinstance(one.event, Heartbeat)]
    return code.decide(code.Case(subject, subject, answers, heard=heard, since=since), world, now)


def standing(decisions: Iterable[Decision]) -> dict[str, Reached]:
    """What stands, by escalation id."""
    return {str(one.id): one for decision in decisions for one in decision.reached if one.ended_at is None}


@dataclass
class Live:
    """One premises as a worker keeps it: histories, states, what was said, and when to look again."""

    world: World
    unit: str
    since: datetime
    histories: dict[str, list[Taken]] = field(default_factory=dict)
    states: dict[str, OrderState | NightState] = field(default_factory=dict)
    remembered: dict[str, Remembered] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    told: list[Statement] = field(default_factory=list)
    numbers: dict[UUID, int] = field(default_factory=dict)
    stands: dict[UUID, Reached] = field(default_factory=dict)
    messages: set[UUID] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    decided_at: datetime | None = None

    def take(self, batch: Sequence[Taken], now: datetime) -> None:
        """Take a batch as one transaction; duplicates are counted, not taken."""
        touched = []
        for one in batch:
            key = (one.event.source, one.event.id)
            if key not in self.seen:
                self.seen.add(key)
                self.histories.setdefault(one.event.subject, []).append(one)
                touched.append(one.event.subject)
        self.decide(dict.fromkeys(touched), now)

    def sweep_to(self, now: datetime) -> None:
        """Decide, instant by instant, whatever time alone makes due until now."""
        while True:
            self.expect_nights(now)
            at = min((at for at in self.due.values() if at <= now), default=None)
            if at is None:
                return
            at = max(at, self.decided_at or at)
            self.decide(dict.fromkeys(subject for subject, due in self.due.items() if due <= at), at)

    def expect_nights(self, now: datetime) -> None:
        """A night needs no event to be due."""
        for subject, at in watched_nights(self.world, self.unit, self.since, now):
            if subject not in self.states:
                self.due.setdefault(subject, at)

    def decide(self, subjects: Iterable[str], now: datetime) -> None:
        """Decide the subjects, and then the orders that they touch through joined risk."""
        self.decided_at = now
        first = sorted(subjects, key=lambda subject: not is_night(subject))
        again: set[str] = set()
        for subject in first:
            before = self.states.get(subject)
            after = self.decide_one(subject, now)
            again |= self.touched_by(subject, affected.affects(before, after))
        for subject in sorted(again):
            self.decide_one(subject, now)

    def touched_by(self, subject: str, change: affected.Affected) -> set[str]:
        """The orders, ended ones too, that must be decided again."""
        return {
            other
            for other, state in self.states.items()
            if other != subject and isinstance(state, OrderState) and change.touches((*state.exposure, *state.doubted))
        }

    def decide_one(self, subject: str, now: datetime) -> OrderState | NightState:
        """Decide one subject, and say what must be said."""
        context = Context() if is_night(subject) else joined_context(self.states.values())
        before = self.remembered.setdefault(subject, Remembered())
        case = code.Case(self.unit, subject, self.histories.get(subject, []), context, before)
        decision = code.decide(case, self.world, now)
        for statement in decision.statements:
            self.say(subject, statement, now)
        self.remembered[subject] = Remembered(
            self.remembered[subject].said,
            decision.classification or before.classification,
            decision.dispute or before.dispute,
        )
        state = decision.state
        assert isinstance(state, OrderState | NightState)
        self.states[subject] = state
        self.due.pop(subject, None)
        if decision.next_due_at is not None:
            if decision.next_due_at <= now:
                raise BrokenError(f"{subject} asks at {now} to be looked at again at {decision.next_due_at}")
            self.due[subject] = decision.next_due_at
        return state

    def say(self, subject: str, statement: Statement, now: datetime) -> None:
        """Keep a statement, and refuse one that is not well formed."""
        one, number = statement.reached, self.numbers.get(statement.reached.id, 0) + 1
        if statement.n != number:
            raise BrokenError(f"statement {statement.n} follows {number - 1} about {one.kind} {one.clock} {one.rung}")
        if (statement.statement is StatementKind.RAISED) != (number == 1):
            raise BrokenError(f"{statement.statement} is statement {number} about {one.kind} {one.clock} {one.rung}")
        stood = one.id in self.stands
        if stood == (statement.statement is StatementKind.REINSTATED) and number > 1:
            raise BrokenError(f"{statement.statement} is said of what {'stands' if stood else 'does not stand'}")
        message = statement_id(one.id, statement.n)
        if message in self.messages:
            raise BrokenError(f"message {message} is sent twice")
        if one.due_at > now:
            raise BrokenError(f"{one.kind} {one.clock} {one.rung} is said at {now}, before it is due at {one.due_at}")
        self.messages.add(message)
        self.numbers[one.id] = number
        self.told.append(statement)
        self.remembered[subject].said[one.id] = Said(statement.n, statement.statement, one)
        if statement.statement in STANDS:
            self.stands[one.id] = one
        else:
            self.stands.pop(one.id, None)


def utc(at: int) -> datetime:
    """Seconds since 1970 as the code under test knows instants."""
    return datetime.fromtimestamp(at, UTC)


def night_date(subject: str) -> date:
    """The date of a night."""
    return date.fromisoformat(subject.split("/")[1])
