"""F11, duplicates: up to half of all records come again, a second to a day later, in bulk through the ledger."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.faults.evidence import Trial, fault, judged
from tests.faults.invented import Book, accepted_in, accounts_in, apart, book, standing_at, standing_in
from tests.simulation.invention import DEFAULT_RATES, Heard
from tests.simulation.scene import shipped
from tests.simulation.world import SPRING, World

EVENTS = 4_000
BATCH = 250
DAY_S = 86_400
LOOKS_AFTER = timedelta(days=2)

Arrival = tuple[datetime, bool, Heard]
"""When a record arrives, whether it has come before, and what it holds."""


@fault(
    "F11",
    what="duplicates: 0 to 50 % of the records come again, one second to one day later",
    promises=(2,),
    how="invented weeks in bulk through one ledger: each event is recorded once, each repetition is counted, a batch "
    "of repetitions decides nothing, and what stands at one premises of each trial is what the second reckoning finds",
    full_n=1_000_000,
    small_n=2_000,
    unit="records",
)
async def duplicates(seed: int, folder: Path) -> Trial:
    """One invented stretch of life at every premises of the packaged estate."""
    rng = Random(f"duplicates {seed}")
    start = SPRING + timedelta(days=rng.randrange(600))
    heard = invented(seed, start)
    arrivals = repeated(heard, rng.uniform(0.0, 0.5), rng)
    file = folder / "ledger.db"
    now = arrivals[-1][0] + LOOKS_AFTER
    async with book(file, shipped(), start) as ledger:
        found = await live(ledger, arrivals)
        await ledger.sweep(now)
    again = sum(is_again for _, is_again, _ in arrivals)
    if ledger.duplicates != again:
        found.append(f"duplicates: {again} records came again, {ledger.duplicates} were counted")
    found += names(file, heard)
    unit = rng.choice(shipped().setting.premises)
    found += apart(standing_at(shipped(), heard, unit, now), standing_in(file, unit))
    return judged([*found, *ledger.problems, *accounts_in(file)], count=len(arrivals), notes=f"{again} came again")


def invented(seed: int, start: datetime) -> list[Heard]:
    """So many events of the packaged estate, each once."""
    rates = replace(DEFAULT_RATES, duplicated=0.0)
    world = World(seed, shipped().setting, days=7, orders_per_day=70, start=start, rates=rates)
    return world.heard()[:EVENTS]


def repeated(heard: Sequence[Heard], share: float, rng: Random) -> list[Arrival]:
    """The events as they are heard, and a share of them again later: mostly soon, at most a day."""
    arrivals = [(one.heard, False, one) for one in heard]
    for one in heard:
        while rng.random() < share:
            later = timedelta(seconds=round(math.exp(rng.uniform(0.0, math.log(DAY_S)))))
            arrivals.append((one.heard + later, True, one))
    return sorted(arrivals, key=lambda one: (one[0], one[1]))


async def live(ledger: Book, arrivals: Sequence[Arrival]) -> list[str]:
    """Take them in batches as they come, and the old ones of each once more by themselves: that must change nothing."""
    found: list[str] = []
    for at in range(0, len(arrivals), BATCH):
        batch = arrivals[at : at + BATCH]
        now = batch[-1][0]
        await ledger.deliver([one for _, _, one in batch], now)
        await ledger.sweep(now)
        old = [one for _, is_again, one in batch if is_again]
        outcome = await ledger.deliver(old, now)
        ledger.duplicates -= len(old)
        if outcome.recorded or outcome.decided or outcome.statements or outcome.messages:
            found.append(f"doubled: of {len(old)} records that had come before something was made anew: {outcome}")
    return found


def names(file: Path, heard: Sequence[Heard]) -> list[str]:
    """Each event is recorded, and nothing else is."""
    kept = accepted_in(file)
    told = {(one.event["source"], one.event["id"]) for one in heard}
    return [f"lost: {name}" for name in told - kept.keys()] + [f"made up: {name}" for name in kept.keys() - told]


@pytest.mark.faults
@pytest.mark.long_fault
def test_records_that_come_again_change_nothing(tmp_path: Path) -> None:
    assert duplicates.trial(1804, tmp_path).findings == ()
