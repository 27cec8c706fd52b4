"""The whole of one premises (or one source) at an instant: every subject's story, and every escalation reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tests.simulation.oracle.answers import About, answers_to
from tests.simulation.oracle.contested import Reading, contested_now
from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.history import Desk, Stage, stages
from tests.simulation.oracle.instants import MINUTE, duration, optional_instant
from tests.simulation.oracle.ladder import Climb, Condition, Step
from tests.simulation.oracle.nights import NightStory, NightWalk, nights_between, window
from tests.simulation.oracle.orders import OrderStory, OrderWalk
from tests.simulation.oracle.register import Registers
from tests.simulation.oracle.rulebook import Rulebook, Rulebooks
from tests.simulation.oracle.silence import silences

_NOT_OF_AN_ORPHAN: Final = frozenset({"retracted", "report-confirmed", "report-refused"})

Night = tuple[NightStory, list[Step]]


@dataclass
class UnitStory:
    """All that became of one premises by an instant."""

    orders: dict[str, OrderStory] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    nights: dict[str, NightStory] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def standing(self) -> dict[str, Step]:
        """What stands, by escalation id."""
        return {step.id: step for step in self.steps if step.ended is None}


def night_book(books: Rulebooks, night: date) -> Rulebook:
    """The version in force when a night's first checkpoint comes."""
    rough = books.at(window(night, books.entries[0][1].nights)[0])
    starts = window(night, rough.nights)[0]
    return books.at(starts - duration(rough.nights["warn_before"]))


class Oracle:
    """The second reckoning of one estate under one policy timeline."""

    def __init__(self, books: Rulebooks, registers: Registers) -> None:
        self.books = books
        self.registers = registers
        self._done: dict[tuple[str, frozenset[tuple[str, str]]], Night] = {}

    # ------------------------------------------------------------------------------------- whole units

    def premises(self, unit: str, facts: Sequence[Fact], now: int) -> UnitStory:
        """Every order and night of one premises, from the facts heard so far."""
        story = UnitStory()
        subjects: dict[str, list[Fact]] = {}
        for fact in facts:
            subjects.setdefault(fact.subject, []).append(fact)
        short = self.live_nights(unit, subjects, now, story)
        orders = {subject: own for subject, own in subjects.items() if "/" not in subject}
        self.live_orders(unit, orders, short, now, story)
        return story

    def source(self, source: str, facts: Sequence[Fact], heard: Sequence[int], since: int, now: int) -> list[Step]:
        """The silence of one source; ``facts`` are the answers about it."""
        row = next(row for row in self.registers.at(now).data["sources"] if row["id"] == source)
        if not row.get("expect_every"):
            return []
        begins = max(since, optional_instant(row.get("valid_from")) or since)
        subject = f"source:{source}"
        kept = Desk(facts, self.books.at(begins).late_after).arranged(now).kept
        steps: list[Step] = []
        for condition in silences([at for at in heard if at <= now], begins, duration(row["expect_every"]), now):
            book = self.books.at(condition.onset)
            steps = merged(steps, self.climb(About(subject, subject, kept, facts), condition, book, now))
        return steps

    # ------------------------------------------------------------------------------------------ nights

    def live_nights(self, unit: str, subjects: dict[str, list[Fact]], now: int, story: UnitStory) -> set[int]:
        """Live every watched night that has begun to matter; gives the short-staffed minutes of all of them."""
        watched = self.registers.at(now).watched_from(unit)
        short: set[int] = set()
        if watched is None:
            return short
        firsts = [min(fact.time for fact in own) for own in subjects.values()]
        begin = max(watched, min([now - 2 * 86_400, *firsts]))
        for night in nights_between(begin, now, self.books.at(begin).nights):
            book, subject = night_book(self.books, night), f"{unit}/{night}"
            own = subjects.get(subject, [])
            starts, _ = window(night, book.nights)
            if starts >= watched and (own or starts - duration(book.nights["warn_before"]) <= now):
                self.live_night(unit, subject, own, book, now, story)
                short |= story.nights[subject].short
        return short

    def live_night(self, unit: str, subject: str, own: list[Fact], book: Rulebook, now: int, story: UnitStory) -> None:
        """One night, as it is and as it would be without late reports."""
        name = (subject, frozenset(fact.key for fact in own))
        known = self._done.get(name)
        if known is None or now < known[0].ends:
            known = self.night(unit, subject, own, book, now)
            if now >= known[0].ends:
                self._done[name] = known
        story.nights[subject], steps = known
        story.steps.extend(steps)

    def night(self, unit: str, subject: str, own: list[Fact], book: Rulebook, now: int) -> Night:
        """One night's story, and what its ladders have reached."""
        known = stages(Desk(own, book.late_after))
        about = About(unit, subject, known[-1].arranged.kept, own)
        night = NightWalk(subject, about.kept, book).live(now)
        readings = [self.reading(subject, stage, book, now) for stage in known]
        steps: list[Step] = []
        for condition in [*night.conditions, *contested_now(readings, "uncovered-night", now)]:
            steps = merged(steps, self.climb(about, condition, book, now))
        return night, steps

    def reading(self, subject: str, stage: Stage, book: Rulebook, now: int) -> Reading:
        """The conditions of a night by one stage of the settlement, with and without the late reports."""
        arranged = stage.arranged
        if arranged.without is None:
            return Reading(stage, [], [])
        followed = NightWalk(subject, arranged.kept, book).live(now).conditions
        return Reading(stage, followed, NightWalk(subject, arranged.without, book).live(now).conditions)

    # ------------------------------------------------------------------------------------------ orders

    def live_orders(
        self, unit: str, orders: dict[str, list[Fact]], short: set[int], now: int, story: UnitStory
    ) -> None:
        """Live every order twice: first for its base priority alone, then with what the others mean for it."""
        known = {subject: stages(Desk(own, self.late_after(own))) for subject, own in orders.items()}
        exposed: dict[str, dict[int, tuple[str, ...]]] = {}
        for subject, settled in known.items():
            alone = self.walk(unit, settled[-1].arranged.kept, now, {}, set(), subject)
            exposed[subject] = alone.exposed if alone else {}
        for subject, settled in known.items():
            about = About(unit, subject, settled[-1].arranged.kept, orders[subject])
            found = self.walk(unit, about.kept, now, exposed, short, subject)
            if found:
                story.orders[subject] = found
            story.status[subject] = found.status if found else self.statusless(about.kept)
            steps = self.climb_order(about, found, now)
            for condition, book in self.contested(about, settled, now, exposed, short):
                steps = merged(steps, self.climb(about, condition, book, now))
            story.steps.extend(steps)

    def late_after(self, own: list[Fact]) -> Callable[[str], int | None]:
        """How late each role may be, by the policy of the order."""
        raised = [fact.time for fact in own if fact.name == "raised"]
        return self.books.at(min(raised or [fact.heard for fact in own])).late_after

    def walk(
        self,
        unit: str,
        kept: Sequence[Fact],
        now: int,
        exposed: dict[str, dict[int, tuple[str, ...]]],
        short: set[int],
        subject: str,
    ) -> OrderStory | None:
        """One order's story; None if nobody raised it (yet)."""
        if not any(fact.name == "raised" and fact.time <= now for fact in kept):
            return None
        others = [minutes for name, minutes in exposed.items() if name != subject]

        def joined(t: int, asset: str, book: Rulebook) -> bool:
            minute = t // MINUTE * MINUTE
            if book.is_security(asset) and minute in short:
                return True
            groups = set(book.groups(asset))
            return any(groups.intersection(minutes.get(t, minutes.get(minute, ()))) for minutes in others)

        return OrderWalk(kept, self.registers.at(now).kind(unit), self.books, joined).live(now)

    def statusless(self, kept: Sequence[Fact]) -> str:
        """What an order without a raised event is called."""
        return "orphan" if any(self.waits(fact) for fact in kept) else "void"

    def waits(self, fact: Fact) -> bool:
        """Whether an event makes an orphan of an order that nobody raised."""
        return not fact.is_answer and fact.name not in _NOT_OF_AN_ORPHAN and fact.name != "raised"

    def climb_order(self, about: About, found: OrderStory | None, now: int) -> list[Step]:
        """Every ladder of one order, but for what is contested."""
        steps: list[Step] = []
        for condition in found.conditions if found else []:
            book = found.book_at(condition.onset) if found else self.books.at(now)
            steps = merged(steps, self.climb(about, condition, book, now))
        orphan = self.orphan(about.kept, now)
        if orphan:
            first = min(fact.heard for fact in about.kept if self.waits(fact))
            steps = merged(steps, self.climb(about, orphan, self.books.at(first), now))
        return steps

    def contested(
        self,
        about: About,
        settled: list[Stage],
        now: int,
        exposed: dict[str, dict[int, tuple[str, ...]]],
        short: set[int],
    ) -> list[tuple[Condition, Rulebook]]:
        """The breaches that only late, unconfirmed reports undo, each with the policy of its ladder."""
        readings: list[Reading] = []
        other: OrderStory | None = None
        for stage in settled:
            if stage.arranged.without is None:
                readings.append(Reading(stage, [], []))
                continue
            followed = self.walk(about.unit, stage.arranged.kept, now, exposed, short, about.subject)
            other = self.walk(about.unit, stage.arranged.without, now, exposed, short, about.subject)
            readings.append(Reading(stage, followed.conditions if followed else [], other.conditions if other else []))
        found = contested_now(readings, "breach", now)
        return [(condition, other.book_at(condition.onset)) for condition in found if other]

    def orphan(self, kept: Sequence[Fact], now: int) -> Condition | None:
        """An order of which something is known, but not that it was raised."""
        heard = [fact.heard for fact in kept if self.waits(fact)]
        raised = [fact.heard for fact in kept if fact.name == "raised"][:1]
        if not heard:
            return None
        onset = min(heard) + self.books.at(min(heard)).orphan_after
        end = raised[0] if raised else None
        if onset > now or (end is not None and end <= onset):
            return None
        return Condition("orphan", "", "first", onset, end, [(onset, None)])

    # ----------------------------------------------------------------------------------------- ladders

    def climb(self, about: About, condition: Condition, book: Rulebook, now: int) -> list[Step]:
        """Climb the ladder of one condition with the answers that act on it."""
        if condition.end is not None and condition.end <= condition.onset:
            return []

        def reaches(role: str, t: int) -> bool:
            return self.registers.at(t).has_route(role, about.unit, t)

        answers = answers_to(self.books, about, condition)
        return Climb(about.unit, about.subject, condition, book, reaches).run(answers, now)


def merged(before: list[Step], after: list[Step]) -> list[Step]:
    """Of the same escalation the later word counts."""
    return list({step.id: step for step in [*before, *after]}.values())
