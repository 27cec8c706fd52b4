"""Section 2 of the rules by hand: one work order lived minute by minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.instants import MINUTE, duration, instant
from tests.simulation.oracle.ladder import Condition
from tests.simulation.oracle.rulebook import CLOCKS, Facets, Rulebook, Rulebooks, strictness

Joined = Callable[[int, str, Rulebook], bool]
"""Whether joined risk weighs on an order with an asset at an instant."""

_MEETS: Final = {
    "attended": ("attend",),
    "made-safe": ("attend", "make-safe"),
    "temporarily-fixed": ("attend", "make-safe"),
}


@dataclass
class Clock:
    """One clock of the order: in force now, and met or ended if it is."""

    due: int | None = None
    warn: int | None = None
    met: int | None = None
    ended_unmet: int | None = None


@dataclass
class Pause:
    """A stop of the fix clock, as planned so far."""

    reason: str
    start: int
    end: int


@dataclass
class OrderStory:
    """All that became of one order by now."""

    subject: str
    raised: int
    status: str = "open"
    outcome: str = ""
    spell: str = "first"
    base: str = ""
    effective: str = ""
    provider: str | None = None
    clocks: dict[str, Clock] = field(default_factory=lambda: {name: Clock() for name in CLOCKS})
    conditions: list[Condition] = field(default_factory=list)
    exposed: dict[int, tuple[str, ...]] = field(default_factory=dict)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    books: list[tuple[int, Rulebook]] = field(default_factory=list)
    lived_until: int = 0

    def book_at(self, t: int) -> Rulebook:
        """The policy version in force for the order at an instant."""
        return [book for since, book in self.books if since <= t][-1]

    def running(self, kind: str, clock: str, spell: str) -> Condition | None:
        """The condition if it holds now."""
        found = [c for c in self.conditions if (c.kind, c.clock, c.spell) == (kind, clock, spell) and c.end is None]
        return found[-1] if found else None

    def breached_at(self, clock: str) -> int | None:
        """The breach of a clock in the present spell."""
        found = [c.onset for c in self.conditions if (c.kind, c.clock, c.spell) == ("breach", clock, self.spell)]
        return found[0] if found else None


class OrderWalk:
    """Lives one order: each minute its events act, then its priority, dues and conditions are looked at."""

    def __init__(self, history: Sequence[Fact], kind: str, books: Rulebooks, joined: Joined) -> None:
        raised = next(fact for fact in history if fact.name == "raised")
        self.history = [fact for fact in history if not fact.is_answer]
        self.raised = raised
        self.start = raised.time
        self.books = books
        self.joined = joined
        self.story = OrderStory(raised.subject, self.start)
        self.kind = kind
        self.facts: dict[str, Any] = dict(raised.data)
        self.book = self.first_book()
        self.story.books.append((self.start, self.book))
        self.out_of_hours = not self.book.office.is_open(self.start)
        self.settled: str | None = None
        self.just_settled = False
        self.agreed: tuple[str | None, str] | None = None
        self.just_settled = False
        self.settled_between: tuple[str | None, str] | None = None
        self.rejectable = False
        self.met_by_completion: list[str] = []
        self.entries: list[tuple[int, str]] = []
        self.pauses: list[Pause] = []
        self.stale = True
        self.promise = self.latest_promise()

    def first_book(self) -> Rulebook:
        """The version at the raised time, or at its hearing if only that one knows the codes."""
        book = self.books.at(self.start)
        later = self.books.at(self.raised.heard)
        codes = self.facts["asset"], self.facts["fault"], frozenset(self.facts["impacts"])
        return later if later.knows(*codes) and not book.knows(*codes) else book

    def latest_promise(self) -> tuple[int, str] | None:
        """The last promise that anybody made, and its source."""
        found = [fact for fact in self.history if fact.name in {"raised", "amended"} and fact.data.get("promised_fix")]
        return (instant(found[-1].data["promised_fix"]), found[-1].event["source"]) if found else None

    def live(self, now: int) -> OrderStory:
        """The order's story up to now."""
        acts: dict[int, list[Fact]] = {}
        for fact in self.history:
            acts.setdefault(max(fact.time, self.start), []).append(fact)
        last_act, t = max(acts), self.start
        while t <= now:
            for fact in acts.get(t, []):
                self.act(fact, t)
            self.look(t)
            if self.story.status != "open" and t >= last_act:
                break
            marks = [at for clock in self.story.clocks.values() for at in (clock.due, clock.warn) if at and at > t]
            t = min([(t // MINUTE + 1) * MINUTE, *marks])
            if t > now > self.story.lived_until:
                t = now
        return self.story

    # ---------------------------------------------------------------------------------------- events

    def act(self, fact: Fact, t: int) -> None:
        """One event takes effect."""
        story = self.story
        if fact.name == "amended":
            self.amend(fact, t)
        elif fact.name == "reassessed":
            self.reassess(fact, t)
        elif fact.name == "prioritised":
            story.provider = fact.data["priority"]
        elif fact.name == "criticality-settled":
            self.settled, self.just_settled = fact.data["priority"], True
            self.just_settled = True
        elif fact.name == "completion-rejected":
            self.reject(fact, t)
        elif story.status == "open":
            self.act_while_open(fact, t)
        elif fact.name == "closed" and story.status == "completed":
            story.status, story.outcome = "closed", fact.data["outcome"]

    def act_while_open(self, fact: Fact, t: int) -> None:
        """What only an open order hears."""
        if fact.name in _MEETS:
            for name in _MEETS[fact.name]:
                self.meet(name, t)
        elif fact.name == "paused":
            self.pause(fact, t)
        elif fact.name == "resumed":
            self.cut_pause(t)
        elif fact.name == "completed" or (fact.name == "closed" and fact.data["outcome"] == "done"):
            self.complete(fact, t)
        elif fact.name in {"closed", "cancelled"}:
            self.end_order(fact, t)

    def amend(self, fact: Fact, t: int) -> None:
        """The facts change; codes that the version in force does not know move the order to the one that does."""
        self.facts.update({key: value for key, value in fact.data.items() if value is not None})
        self.stale = True
        if not self.book.knows(self.facts["asset"], self.facts["fault"], frozenset(self.facts["impacts"])):
            self.move(self.books.at(fact.heard), t)

    def move(self, book: Rulebook, t: int) -> None:
        """Another version of the policy judges the order from now on."""
        self.book, self.stale = book, True
        self.story.books.append((t, book))

    def reassess(self, fact: Fact, t: int) -> None:
        """The order moves to another version of the policy."""
        book = self.books.named(fact.data["policy_version"])
        if book is not None:
            self.move(book, t)

    def meet(self, name: str, t: int) -> bool:
        """A clock is met, unless it was before."""
        clock = self.story.clocks[name]
        if clock.met is not None:
            return False
        clock.met = t
        for kind in ("breach", "warning"):
            self.end(kind, name, t)
        return True

    def complete(self, fact: Fact, t: int) -> None:
        """The work is reported done: whatever was unmet is met."""
        self.met_by_completion = [name for name in CLOCKS if self.meet(name, t)]
        self.rejectable = True
        self.story.status = "completed" if fact.name == "completed" else "closed"
        self.story.outcome = "" if fact.name == "completed" else "done"
        self.end_all(t)

    def end_order(self, fact: Fact, t: int) -> None:
        """Closed or cancelled: what is unmet ends unmet."""
        self.story.status = fact.name
        self.story.outcome = fact.data["outcome"] if fact.name == "closed" else fact.data["reason"]
        self.rejectable = False
        for clock in self.story.clocks.values():
            if clock.met is None:
                clock.ended_unmet = t
        self.end_all(t)

    def reject(self, fact: Fact, t: int) -> None:
        """The work is not to standard: a new spell with the old dues."""
        if not self.rejectable:
            self.story.ignored.append(fact.key)
            return
        for name in self.met_by_completion:
            self.story.clocks[name].met = None
        self.rejectable, self.met_by_completion = False, []
        self.story.status, self.story.outcome = "open", ""
        self.story.spell = "|".join(fact.key)
        self.begin("rejected-work", "", t)

    def pause(self, fact: Fact, t: int) -> None:
        """The fix clock stops, if the role may stop it for that reason."""
        reason = fact.data["reason"]
        rule = next((row for row in self.story.books[0][1].data.get("pauses", []) if row["reason"] == reason), None)
        if rule is None or fact.role not in rule["roles"]:
            self.story.ignored.append(fact.key)
            return
        self.cut_pause(t)
        spent = sum(pause.end - pause.start for pause in self.pauses if pause.reason == reason)
        left = max(0, duration(rule["max_total"]) - spent)
        until = max(t, instant(fact.data["until"]))
        self.pauses.append(Pause(reason, t, min(until, t + duration(rule["max_once"]), t + left)))
        self.stale = True

    def cut_pause(self, t: int) -> None:
        """A pause in progress ends now."""
        for pause in self.pauses:
            if pause.end > t:
                pause.end = t
                self.stale = True

    # ------------------------------------------------------------------------------------- each minute

    def look(self, t: int) -> None:
        """What the minute shows once its events have acted."""
        story = self.story
        story.lived_until = t
        facets = Facets(
            self.kind,
            self.facts["asset"],
            self.facts["fault"],
            frozenset(self.facts["impacts"]),
            self.facts["alternative_available"],
            self.out_of_hours,
        )
        story.base = self.settled or self.book.table(facets, t)
        is_open_p2 = story.status == "open" and story.base == "P2"
        if is_open_p2:
            story.exposed[t] = self.book.groups(facets.asset)
        joined = is_open_p2 and self.joined(t, facets.asset, self.book)
        self.weigh("P1" if joined else story.base, t)
        if self.stale:
            self.reckon()
        if story.status == "open":
            for name in CLOCKS:
                self.look_at_clock(name, t)
        self.look_at_dispute(t)

    def weigh(self, effective: str, t: int) -> None:
        """Keep the list of starts and priorities from which the dues are reckoned."""
        story = self.story
        if effective == story.effective:
            return
        if not story.effective:
            self.entries = [(self.start, effective)]
        elif strictness(effective) < strictness(story.effective):
            self.entries.append((t, effective))
        else:
            self.entries = [(at, max(priority, effective, key=strictness)) for at, priority in self.entries]
        story.effective = effective
        self.stale = True
        for condition in story.conditions:
            if condition.end is None:
                condition.priorities.append((t, effective))

    def reckon(self) -> None:
        """The dues and warnings in force."""
        self.stale = False
        for name, clock in self.story.clocks.items():
            pairs = [pair for pair in (self.candidate(name, k) for k in range(len(self.entries))) if pair]
            clock.due = min((due for due, _ in pairs), default=None)
            clock.warn = min((warn for _, warn in pairs), default=None)

    def candidate(self, name: str, number: int) -> tuple[int, int] | None:
        """Due and warning that one entry gives for a clock."""
        start, priority = self.entries[number]
        target = self.book.target(priority, name, self.facts["asset"], self.facts["fault"])
        if target is None:
            return None
        hours = self.book.calendars[target["calendar"]]
        if "duration" in target:
            due = hours.add(start, duration(target["duration"]))
        else:
            due = hours.add_days(start, target["working_days"])
        if name == "fix" and number == 0 and self.promise:
            promised, source = self.promise
            due = {"ignored": due, "alone": promised, "earliest": min(promised, due)}[self.book.honours(source)]
        warn = hours.add(start, max(0, int(hours.between(start, due) * self.book.fraction)))
        if name == "fix":
            for pause in self.pauses:
                stopped = hours.between(max(start, pause.start), max(start, pause.end))
                due = hours.add(due, stopped) if pause.start < due else due
                warn = hours.add(warn, stopped) if pause.start < warn else warn
        return due, warn

    def look_at_clock(self, name: str, t: int) -> None:
        """Breach and warning of one clock of an open order."""
        clock = self.story.clocks[name]
        if clock.met is not None or self.breached(name):
            return
        if clock.due is not None and t >= clock.due:
            self.end("warning", name, t)
            self.begin("breach", name, t)
            return
        warned = self.story.running("warning", name, self.story.spell)
        is_time = clock.warn is not None and t >= clock.warn
        if is_time and not warned:
            self.forget("warning", name)
            self.begin("warning", name, t)
        elif warned and not is_time:
            self.end("warning", name, t)

    def breached(self, name: str) -> bool:
        """Whether the clock was breached in this spell; once is for good."""
        return self.story.breached_at(name) is not None

    def look_at_dispute(self, t: int) -> None:
        """The provider's view beside ours."""
        story = self.story
        between = (story.provider, story.base)
        if self.just_settled:
            self.just_settled, self.settled_between = False, between
        pair = story.provider, story.base
        if self.just_settled:
            self.just_settled, self.agreed = False, pair
        differs = story.status == "open" and story.provider is not None and story.provider != story.base
        differs = differs and pair != self.agreed
        differs = differs and between != self.settled_between
        standing = story.running("dispute", "", "first")
        if differs and not standing:
            self.begin("dispute", "", t, spell="first")
        elif standing and not differs:
            standing.end = t

    # -------------------------------------------------------------------------------------- conditions

    def begin(self, kind: str, clock: str, t: int, spell: str | None = None) -> None:
        """A condition holds from now."""
        due = self.story.clocks[clock].due if clock else None
        priorities: list[tuple[int, str | None]] = [(t, self.story.effective)]
        spell = self.story.spell if spell is None else spell
        self.story.conditions.append(Condition(kind, clock, spell, t, None, priorities, due))

    def end(self, kind: str, clock: str, t: int) -> None:
        """A condition of the present spell is over."""
        condition = self.story.running(kind, clock, self.story.spell)
        if condition:
            condition.end = t

    def forget(self, kind: str, clock: str) -> None:
        """Of several stretches in one spell only the last counts."""
        key = (kind, clock, self.story.spell)
        self.story.conditions = [c for c in self.story.conditions if (c.kind, c.clock, c.spell) != key]

    def end_all(self, t: int) -> None:
        """The order has ended, and with it whatever still held."""
        for condition in self.story.conditions:
            if condition.end is None:
                condition.end = t
