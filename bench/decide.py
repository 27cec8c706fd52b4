"""How many events a second one core decides, over the simulator's mix of events.

Each round takes the same events from memory in batches, as intake does: the history of every touched subject grows and
the subject is decided with what was said before.
Run ``python -m bench.decide``; it writes ``bench/results/decide.json``.
"""

import argparse
import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from bench.race.referee import publish
from models.decision import Context, NightState, OrderState, Remembered, Said, Span
from models.history import Taken
from models.parse import Refusal, parse, unit_of
from streams.clock import process_seconds
from tests.simulation.world import mix
from workorders.affected import NOTHING, affects
from workorders.decide import Case, decide
from workorders.policy import World, default_world

RESULTS: Final = Path(__file__).parent / "results" / "decide.json"
GOAL: Final = 50_000
Key = tuple[str, str]


@dataclass(slots=True)
class Memory:
    """What a ledger would hold, in dictionaries."""

    world: World
    histories: dict[Key, list[Taken]] = field(default_factory=dict)
    states: dict[str, dict[str, OrderState | NightState]] = field(default_factory=dict)
    remembered: dict[Key, Remembered] = field(default_factory=dict)
    due: dict[Key, datetime] = field(default_factory=dict)
    decisions: int = 0

    def take(self, batch: Sequence[Taken], now: datetime) -> None:
        """Decide every subject that the batch touches, and the orders that these touch through joined risk."""
        touched: dict[Key, None] = {}
        for taken in batch:
            key = (unit_of(taken.event), taken.event.subject)
            self.histories.setdefault(key, []).append(taken)
            touched[key] = None
        self.decide(touched, now)

    def decide(self, keys: Iterable[Key], now: datetime) -> None:
        """Decide subjects; those that a changed exposure touches are decided again."""
        again: set[Key] = set()
        for unit, subject in keys:
            states = self.states.setdefault(unit, {})
            before = states.get(subject)
            after = self.decide_one(unit, subject, now)
            if not isinstance(after, OrderState | NightState):
                continue
            change = affects(before, after)
            if change is not NOTHING:
                again.update(
                    (unit, other)
                    for other, state in states.items()
                    if other != subject
                    and isinstance(state, OrderState)
                    and change.touches((*state.exposure, *state.doubted))
                )
        for unit, subject in again:
            self.decide_one(unit, subject, now)

    def decide_one(self, unit: str, subject: str, now: datetime) -> object:
        """Decide one subject and remember what was said."""
        key = (unit, subject)
        states = self.states[unit]
        remembered = self.remembered.get(key) or Remembered()
        history = self.histories.get(key, [])
        found = decide(Case(unit, subject, history, _context(states, subject), remembered), self.world, now)
        self.decisions += 1
        if found.statements or found.classification or found.dispute:
            said = dict(remembered.said)
            said.update({one.reached.id: Said(one.n, one.statement, one.reached) for one in found.statements})
            self.remembered[key] = Remembered(
                said, found.classification or remembered.classification, found.dispute or remembered.dispute
            )
        if isinstance(found.state, OrderState | NightState):
            states[subject] = found.state
        self.due.pop(key, None)
        if found.next_due_at is not None:
            self.due[key] = found.next_due_at
        return found.state


def _context(states: dict[str, OrderState | NightState], subject: str) -> Context:
    own = states.get(subject)
    if not isinstance(own, OrderState) or not (own.groups or own.security):
        return _NOTHING
    short: list[Span] = []
    siblings: dict[str, list[tuple[str, Span]]] = {}
    for state in states.values():
        if isinstance(state, NightState):
            short.extend(state.short)
            continue
        for span, _, groups in state.exposure:
            for group in groups:
                siblings.setdefault(group, []).append((state.subject, span))
    return Context(tuple(short), {group: tuple(found) for group, found in siblings.items()})


_NOTHING: Final = Context()


def taken_of(records: Iterable[dict[str, object]], world: World) -> list[Taken]:
    """The simulator's records as the decisions take them; heartbeats, which decide no subject, are left out."""
    found = []
    for record in records:
        event = parse(orjson.dumps(record["event"]), str(record["key"]).encode(), [], str(record["topic"]))
        if isinstance(event, Refusal):
            raise SystemExit(f"the simulator wrote what cannot be parsed: {event}")
        if event.subject.startswith("source:"):
            continue
        heard = datetime.fromisoformat(str(record["heard"]))
        estate = world.estates.at(heard)
        source = estate.source(event.source, heard)
        if source is None:
            raise SystemExit(f"the simulator wrote an unknown source: {event.source}")
        found.append(Taken(event, heard, source.role, estate.party_of(source.role)))
    return found


def one_round(history: Sequence[Taken], world: World, batch: int) -> tuple[float, int, float]:
    """Events a second, decisions made, and simulated hours a second, of one pass in processor time."""
    memory = Memory(world)
    gc.collect()
    gc.freeze()
    began = process_seconds()
    for at in range(0, len(history), batch):
        some = history[at : at + batch]
        memory.take(some, some[-1].heard)
    spent = process_seconds() - began
    hours = (history[-1].heard - history[0].heard).total_seconds() / 3600
    return len(history) / spent, memory.decisions, hours / spent


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=20_000)
    options.add_argument("--batch", type=int, default=500)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    world = default_world()
    # Each round plays another world: the decisions remember what they have reckoned, and must not know it beforehand.
    histories = [taken_of(mix(seed, given.events), world) for seed in range(1, given.rounds + 2)]
    one_round(histories.pop(), world, given.batch)
    rounds = [one_round(history, world, given.batch) for history in histories]
    rates = [rate for rate, _, _ in rounds]
    result = {
        "id": "P7",
        "what": "decided events a second on one core, the simulator's mix, in batches from memory",
        "events": sum(map(len, histories)),
        "decisions": sum(decisions for _, decisions, _ in rounds),
        "batch": given.batch,
        "unit": "events/s of processor time",
        "goal": GOAL,
        "min": round(min(rates)),
        "median": round(median(rates)),
        "max": round(max(rates)),
        "rounds": given.rounds,
        "simulated_hours_per_second": round(median(hours for _, _, hours in rounds)),
    }
    publish(RESULTS, result)
    return int(median(rates) < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
