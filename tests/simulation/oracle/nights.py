"""Section 4 of the rules by hand: one night at one AP, minute by minute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.instants import DAY, MINUTE, duration, first_at_wall, instant, wall
from tests.simulation.oracle.ladder import Condition
from tests.simulation.oracle.rulebook import Rulebook

_SUDDEN: Final = frozenset({"withdrawn", "refused", "not-attended", "left-early", "missing-reported"})
_SUDDEN_AT_ANY_TIME: Final = frozenset({"refused", "not-attended", "missing-reported"})


def _clock_time(value: str | time) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value


@cache
def _wall_instant(shown: datetime, zone: str) -> int:
    return first_at_wall(shown, ZoneInfo(zone))


def window(night: date, rules: dict[str, Any]) -> tuple[int, int]:
    """The first and the last instant of a night's window (the last is not part of it)."""
    zone = rules["zone"]
    starts, ends = _clock_time(rules["starts"]), _clock_time(rules["ends"])
    last = night if ends > starts else night + timedelta(days=1)
    return _wall_instant(datetime.combine(night, starts), zone), _wall_instant(datetime.combine(last, ends), zone)


def nights_between(first: int, last: int, rules: dict[str, Any]) -> Iterator[date]:
    """The dates of all nights that have begun to matter between two instants, and a few more."""
    zone = ZoneInfo(rules["zone"])
    day, stop = wall(first - 2 * DAY, zone).date(), wall(last + 4 * DAY, zone).date()
    while day <= stop:
        yield day
        day += timedelta(days=1)


@dataclass
class Cover:
    """One person's place: what was said of it last."""

    supplier: str = ""
    contingency: bool = False
    starts: int = 0
    until: int = 0
    ended: bool = True
    checked_in: bool = False
    said: int = 0


@dataclass
class Report:
    """Somebody is missing whom nobody can name: how many, and who was certainly there when it was said."""

    missing: int
    number: int
    sure: frozenset[str]


@dataclass
class NightStory:
    """All that became of one night by now."""

    subject: str
    starts: int
    ends: int
    conditions: list[Condition] = field(default_factory=list)
    short: set[int] = field(default_factory=set)
    forecast: int = 0
    deficit: int = 0
    expected: bool = False
    required: int = 0
    own_staff: int = 0
    minutes: dict[str, int] = field(default_factory=lambda: {"own": 0, "agency": 0, "contingency": 0, "uncovered": 0})

    def running(self, kind: str) -> Condition | None:
        """The condition if it holds now."""
        found = [c for c in self.conditions if c.kind == kind and c.end is None]
        return found[-1] if found else None


class NightWalk:
    """Lives one night, from the first word about it (or its first checkpoint) to its end."""

    def __init__(self, subject: str, history: Sequence[Fact], book: Rulebook) -> None:
        rules = book.nights
        starts, ends = window(date.fromisoformat(subject.split("/")[1]), rules)
        self.story = NightStory(subject, starts, ends, required=rules["required"], own_staff=rules["own_staff"])
        self.history = [fact for fact in history if not fact.is_answer]
        self.warn_from = starts - duration(rules["warn_before"])
        self.escalate_from = starts - duration(rules["escalate_before"])
        self.sudden_from = starts - duration(rules["sudden_within"])
        self.grace = duration(rules["check_in_grace"])
        self.covers: dict[str, Cover] = {}
        self.reports: list[Report] = []
        self.sudden = False
        self.number = 0
        self.seen: object = None
        self.expected: list[int] = []
        self.worst_ahead: list[int] = []

    def live(self, now: int) -> NightStory:
        """The night's story up to now."""
        acts: dict[int, list[Fact]] = {}
        for fact in self.history:
            acts.setdefault(fact.time, []).append(fact)
        t = min([self.warn_from, *acts])
        while t <= now and t < self.story.ends:
            for fact in acts.get(t, []):
                self.act(fact, t)
            self.look(t)
            t = (t // MINUTE + 1) * MINUTE
        if now >= self.story.ends:
            for condition in self.story.conditions:
                condition.end = self.story.ends if condition.end is None else condition.end
        return self.story

    def act(self, fact: Fact, t: int) -> None:
        """One event takes effect."""
        self.number += 1
        if fact.name in _SUDDEN and (t >= self.sudden_from or fact.name in _SUDDEN_AT_ANY_TIME):
            self.sudden = True
        if fact.name == "requirement-changed":
            self.story.required, self.story.own_staff = fact.data["required"], fact.data["own_staff"]
        elif fact.name == "missing-reported" and not fact.data.get("cover_ref"):
            self.reports.append(Report(fact.data.get("missing", 1), self.number, self.surely_there(t)))
        elif "cover_ref" in fact.data:
            self.act_on_cover(fact)

    def act_on_cover(self, fact: Fact) -> None:
        """What is said of one person's place."""
        cover = self.covers.setdefault(fact.data["cover_ref"], Cover())
        if fact.name in {"confirmed", "contingency-arranged"}:
            cover.contingency = fact.name == "contingency-arranged"
            cover.supplier = fact.data["replaces"] if cover.contingency else fact.data["supplier"]
            cover.starts = max(instant(fact.data["from"]), self.story.starts)
            cover.until = min(instant(fact.data["until"]), self.story.ends)
            cover.ended, cover.said = False, self.number
        elif fact.name == "checked-in":
            cover.checked_in, cover.said = True, self.number
        else:
            cover.ended, cover.checked_in = True, False

    def surely_there(self, t: int) -> frozenset[str]:
        """Who stands and is checked in at a moment."""
        return frozenset(
            ref
            for ref, cover in self.covers.items()
            if self.counts(cover, t) and cover.starts <= t < cover.until and cover.checked_in
        )

    def counts(self, cover: Cover, t: int) -> bool:
        """Whether, by what is known at t, the person is there or will come."""
        return not cover.ended and (t < cover.starts + self.grace or cover.checked_in)

    def helps(self, ref: str, cover: Cover) -> tuple[bool, ...]:
        """For each report of missing people, whether this is a person who was found or sent since."""
        return tuple(cover.said > report.number and ref not in report.sure for report in self.reports)

    def look(self, t: int) -> None:
        """What the minute shows once its events have acted."""
        self.foresee(t)
        story = self.story
        first = max(0, (t - story.starts) // MINUTE)
        story.forecast = self.worst_ahead[first]
        in_window = t >= story.starts
        story.deficit, story.expected = self.expected[first], True
        if in_window and story.deficit > 0:
            story.short.add(t)
        uncovered = story.forecast > 0 and (t >= self.escalate_from or self.sudden)
        self.follow("uncovered-night", t, holds=uncovered)
        self.follow("unconfirmed-night", t, holds=story.forecast > 0 and t >= self.warn_from and not uncovered)
        if in_window:
            self.count_minute(t)

    def foresee(self, t: int) -> None:
        """How many people each minute of the window will lack, by what is known at t."""
        places = [
            (cover.starts, cover.until, cover.supplier == "own", self.helps(ref, cover))
            for ref, cover in self.covers.items()
            if self.counts(cover, t)
        ]
        story = self.story
        seen = (places, story.required, story.own_staff, len(self.reports))
        if seen == self.seen:
            return
        self.seen, self.expected = seen, []
        for minute in range(story.starts, story.ends, MINUTE):
            there = [(own, helps) for starts, until, own, helps in places if starts <= minute < until]
            lacking = [0, story.required - len(there), story.own_staff - sum(own for own, _ in there)]
            for number, report in enumerate(self.reports):
                lacking.append(report.missing - sum(helps[number] for _, helps in there))
            self.expected.append(max(lacking))
        worst = 0
        self.worst_ahead = []
        for lacking_then in reversed(self.expected):
            worst = max(worst, lacking_then)
            self.worst_ahead.insert(0, worst)

    def count_minute(self, t: int) -> None:
        """Person-minutes so far: the minute that begins now belongs to those who stand in it."""
        minutes = self.story.minutes
        for cover in self.covers.values():
            if self.counts(cover, t) and cover.starts <= t < cover.until:
                minutes["contingency" if cover.contingency else cover.supplier] += 1
        minutes["uncovered"] += self.story.deficit > 0

    def follow(self, kind: str, t: int, *, holds: bool) -> None:
        """Begin or end a condition."""
        running = self.story.running(kind)
        if holds and not running:
            self.story.conditions.append(Condition(kind, "", "first", t, None, [(t, None)]))
        elif running and not holds:
            running.end = t
