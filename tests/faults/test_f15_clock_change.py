"""F15, clock change: each change of Europe/London from 2020 to 2040, lived through by a real ledger."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.faults.evidence import Trial, fault, judged
from tests.faults.invented import Book, accounts_in, apart, book, standing_by_oracle, standing_in, states_in
from tests.simulation.driver import fact
from tests.simulation.invention import Heard, Pen
from tests.simulation.life_of_orders import Order, say
from tests.simulation.oracle.instants import instant
from tests.simulation.scene import Scene, scene, shipped
from tests.simulation.world import World

YEARS: Final = range(2020, 2041)
MONTHS: Final = (3, 10)
HOUR: Final = timedelta(hours=1)
BST: Final = timezone(HOUR)
DAYS: Final = 4
WALLS: Final = (-90, -60, -30, 0, 30, 59, 60, 90)
"""Minutes from the change at which orders are raised: in the hour that is missing or comes twice, and about it."""


@dataclass(frozen=True)
class Change:
    """One change: at 01:00 UTC of the last Sunday of March (forwards) or October (back)."""

    year: int
    month: int

    @property
    def day(self) -> date:
        last = date(self.year, self.month, 31)
        return last - timedelta(days=(last.weekday() + 1) % 7)

    @property
    def at(self) -> datetime:
        return datetime(self.year, self.month, self.day.day, 1, tzinfo=UTC)

    @property
    def hours(self) -> int:
        """How long the night lasts in which it happens, from 20:00 to 08:00 on the wall."""
        return 11 if self.month == 3 else 13

    def on_the_wall(self, at: datetime) -> str:
        """An instant as it is written on the wall, with its offset; reckoned from the change alone."""
        return at.astimezone(BST if (at < self.at) == (self.month == 10) else UTC).isoformat()


CHANGES: Final = [Change(year, month) for year in YEARS for month in MONTHS]


@fault(
    "F15",
    what="clock change: each change of Europe/London from 2020 to 2040",
    promises=(3, 4, 5),
    how="four invented days around it, orders raised in the gap and the fold, times written with either offset; "
    "nights last 11, 12 or 13 true hours; each quarter of an hour what stands is what the second reckoning finds",
    full_n=42,
    small_n=2,
    unit="changes",
)
async def changes(seed: int, folder: Path) -> Trial:
    """One change, told by the seed: every one of 42 seeds in a row is another."""
    change = CHANGES[(seed * 11) % len(CHANGES)]  # eleven and 42 have no common factor: any few seeds are of both sorts
    where = shipped() if change.year % 2 else scene()
    start = datetime.combine(change.day - timedelta(days=2), datetime.min.time(), UTC)
    heard = told(change, where, seed, start)
    file = folder / "ledger.db"
    async with book(file, where, start) as ledger:
        found = [line async for line in live(ledger, change, heard, start)]
        found += map(str, (await ledger.ledger.verify(where.world)).findings)
    found += [*ledger.problems, *accounts_in(file), *nights(change, file, where, heard, start)]
    return judged(found, notes=f"{change.day}")


def told(change: Change, where: Scene, seed: int, start: datetime) -> list[Heard]:
    """Four invented days, and orders raised about the change; every time is written as on the wall."""
    world = World(seed, where.setting, days=DAYS, orders_per_day=3, start=start)
    pen = Pen(Random(f"about the change {seed}"), where.setting, world.rates, prefix=f"c{seed}")
    for number, minutes in enumerate(WALLS):
        at = change.at + timedelta(minutes=minutes)
        order = Order(f"WO-change-{number}", pen.rng.choice(where.setting.premises), at)
        codes = where.setting.policy["codes"]
        facts = {name: pen.rng.choice(sorted(codes[f"{name}s"])) for name in ("asset", "fault")}
        say(pen, order, "raised", at, party="client", impacts=[], alternative_available=False, **facts)
        if pen.rng.random() < 0.5:
            say(pen, order, "attended", at + pen.minutes(0.5, 6))
    heard = sorted([*world.heard(), *pen.delivered()], key=lambda one: (one.heard, one.event["id"]))
    return [replace(one, event={**one.event, "time": change.on_the_wall(one.time)}) for one in heard]


async def live(ledger: Book, change: Change, heard: Sequence[Heard], start: datetime) -> AsyncIterator[str]:
    """Live through it all, looking at what stands each quarter of an hour about the change, else twice a day."""
    waiting = list(heard)
    for now in looks(change, start):
        batch = [one for one in waiting if one.heard <= now]
        waiting = waiting[len(batch) :]
        if batch:
            await ledger.deliver(batch, now)
        await ledger.sweep(now)
        should = standing_by_oracle(ledger.scene, heard, start, now)
        for line in apart(should, standing_in(ledger.file)):
            sort, _, words = line.partition(": ")
            yield f"{sort}: at {change.on_the_wall(now)}, {words}"


def looks(change: Change, start: datetime) -> Iterator[datetime]:
    """The instants to look at, in order."""
    near = {change.at + timedelta(minutes=15 * n) for n in range(-6, 7)}
    far = {start + 12 * HOUR * n for n in range(1, 2 * DAYS + 2)}
    ends = {change.at + timedelta(hours=hours) for hours in (6, 7, 8)}
    yield from sorted(near | far | ends)


def nights(change: Change, file: Path, where: Scene, heard: Sequence[Heard], start: datetime) -> Iterator[str]:
    """Every night is as long as it truly is, and no minute of it is lost or counted twice."""
    now = max(looks(change, start))
    minutes = {
        subject: night.minutes
        for unit in where.setting.watched
        for subject, night in where.oracle.premises(
            unit, [fact(one) for one in heard if one.key == unit and one.heard <= now], instant(now)
        ).nights.items()
    }
    before = change.day - timedelta(days=1)
    for (_, subject), state in states_in(file).items():
        if "/" not in subject or subject not in minutes or datetime.fromisoformat(state["ends"]) > now:
            continue
        hours = change.hours if subject.endswith(f"/{before}") else 12
        length = datetime.fromisoformat(state["ends"]) - datetime.fromisoformat(state["starts"])
        if length != hours * HOUR:
            yield f"night: {subject} lasts {length}, not {hours} hours"
        counted = {name: state[f"{name}_minutes"] for name in minutes[subject]}
        if counted != minutes[subject]:
            yield f"night: {subject} counts {counted}, the second reckoning {minutes[subject]}"


@pytest.mark.faults
@pytest.mark.long_fault
@pytest.mark.parametrize("seed", [0, 1])
def test_a_change_of_the_clocks_costs_no_minute_and_no_escalation(tmp_path: Path, seed: int) -> None:
    assert changes.trial(seed, tmp_path).findings == ()
