"""F12, reorder: records that arrive in any order, with their times kept, lead to the same states and escalations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.faults.evidence import Trial as Shown
from tests.faults.evidence import fault, judged
from tests.faults.invented import Book, accounts_in, apart, book, standing_by_oracle, standing_in, states_in
from tests.simulation.invention import Heard
from tests.simulation.trial import Trial, beginning, ending

pytestmark = [pytest.mark.faults, pytest.mark.long_fault]

SETTLED: Final = timedelta(days=1)
"""How long after the last arrival both ledgers are looked at: at one instant, and swept."""
MOST_LATE_H: Final = 72
ORDERS_A_DAY: Final = 4
"""So many that neighbours make each other's risk."""

Arrival = tuple[datetime, Heard]


@fault(
    "F12",
    what="reorder: records arrive in any order, up to three days late, their times kept",
    promises=(6,),
    how="one invented estate of twelve days in two ledgers, in the order of hearing and shuffled: the states are the "
    "same, and the standing escalations are those of the second reckoning",
    full_n=1_000,
    small_n=60,
    unit="orders",
)
async def shuffled(seed: int, folder: Path) -> Shown:
    """One invented estate in two ledgers."""
    trial = Trial(seed)
    world = replace(trial.world, orders_per_day=ORDERS_A_DAY)
    heard = world.heard()
    start = beginning(world, heard)
    rng = Random(f"arrivals {seed}")
    late = sorted(
        ((one.heard + timedelta(minutes=rng.randrange(MOST_LATE_H * 60)), one) for one in heard), key=lambda one: one[0]
    )
    now = max(ending(world), late[-1][0]) + SETTLED
    should = standing_by_oracle(trial.scene, heard, start, now)
    found: list[str] = []
    states = []
    for name, arrivals in (("in order", [(one.heard, one) for one in heard]), ("shuffled", late)):
        file = folder / f"{name}.db"
        async with book(file, trial.scene, start) as ledger:
            await live(ledger, arrivals, rng)
            await ledger.sweep(now)
            report = await ledger.ledger.verify(trial.scene.world)
        found += [f"{name}: {line}" for line in apart(should, standing_in(file))]
        found += [f"{name}: {line}" for line in [*ledger.problems, *accounts_in(file), *map(str, report.findings)]]
        states.append({key: settled(state, now) for key, state in states_in(file).items()})
    different = [key for key in sorted(states[0].keys() | states[1].keys()) if states[0].get(key) != states[1].get(key)]
    found += [_difference(key, states[0].get(key), states[1].get(key)) for key in different]
    return judged(found, count=len({one.event["subject"] for one in heard if one.name == "raised"}))


def settled(state: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A state without what it said about a time that has passed: the end of a pause is no reason to decide again."""
    until = state.get("paused_until")
    is_over = until is not None and datetime.fromisoformat(until) <= now
    return {**state, "paused_until": None} if is_over else state


async def live(ledger: Book, arrivals: Sequence[Arrival], rng: Random) -> None:
    """Take the arrivals in batches, looking now and then at what is due meanwhile."""
    for batch in _batches(arrivals, rng):
        if rng.random() < 0.3:
            await ledger.sweep(batch[-1][0])
        own = [one for _, one in batch]
        rng.shuffle(own)
        await ledger.deliver(own, batch[-1][0])


def _batches(arrivals: Sequence[Arrival], rng: Random) -> Iterator[Sequence[Arrival]]:
    at = 0
    while at < len(arrivals):
        size = rng.randint(1, 40)
        yield arrivals[at : at + size]
        at += size


def _difference(key: tuple[str, str], one: dict[str, object] | None, other: dict[str, object] | None) -> str:
    if one is None or other is None:
        return f"state: {' '.join(key)} is known to one of the two ledgers only"
    fields = {name: (one.get(name), other.get(name)) for name in one.keys() | other.keys()}
    apart_ = {name: both for name, both in fields.items() if both[0] != both[1]}
    return f"state: {' '.join(key)} differs in {apart_}"


def test_any_order_of_arrival_leads_to_the_same_states_and_escalations(tmp_path: Path) -> None:
    assert shuffled.trial(7, tmp_path).findings == ()
