"""Whatever the order of arrival, a ledger ends with the same states and says that the same stands."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.decision import Decision
from models.tables import EscalationRow, NightRow, WorkOrderRow
from streams.ledger import states
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.ledger.store import Key, is_order
from tests.simulation.driver import decide_all, taken
from tests.simulation.invention import MINUTE, Heard
from tests.simulation.scene import Scene, scene
from tests.simulation.world import World
from tests.streams.ledger.conftest import sqlite_copy
from tests.streams.ledger.telling import PART, Feed, all_rows, event, hour, raised
from workorders.policy import World as Rules

START = datetime.fromisoformat("2024-10-14T00:00:00+00:00")  # winter begins on the 20th
DAYS = 7
SEEDS = (4, 6)
"""In these the joined risk of ended orders changes; 1 to 11 were tried by hand."""
LATEST = 10
"""By how many days an event arrives at most after it was heard."""
MATERIAL = ("due_at", "role", "priority", "labels", "original_due_at")
Facts = dict[str, Any]


def invented(seed: int) -> list[Heard]:
    """Some days at few premises, with many orders at each, so that much of it is joined risk."""
    heard = World(seed, scene().setting, days=DAYS, orders_per_day=14, start=START).heard()
    units = sorted({one.key for one in heard if not one.key.startswith("source:")})[:2]
    return [one for one in heard if one.key in units]


def ending(heard: Sequence[Heard]) -> datetime:
    """When everything has arrived."""
    return max(one.heard for one in heard) + timedelta(days=LATEST + 1)


def arrivals(heard: Sequence[Heard], rng: Random, lag: int) -> Iterator[tuple[list[Incoming], datetime]]:
    """The events up to so many days after they were heard, in batches, each with the instant of its arrival."""
    late = sorted((one.heard + MINUTE * rng.randrange(lag * 24 * 60 + 1), number) for number, one in enumerate(heard))
    while late:
        size = rng.randint(1, 60)
        batch, late = late[:size], late[size:]
        told = [heard[number] for _, number in batch]
        yield [_incoming(one) for one in told], batch[-1][0]


def _incoming(one: Heard) -> Incoming:
    return Incoming(one.topic, one.key.encode(), orjson.dumps(one.event), heard=one.heard)


async def lived_through(
    url: str, where: Scene, heard: Sequence[Heard], rng: Random, lag: int
) -> tuple[dict[Key, Facts], dict[UUID, Facts]]:
    """What a ledger holds in the end, ended orders and nights too, and what it has said to stand."""
    ledger = await Ledger.open(url, time_kind="simulated", now=START - timedelta(hours=12))
    try:
        for batch, now in arrivals(heard, rng, lag):
            if rng.random() < 0.4:
                await _swept(ledger, where, now)
            outcome = await ledger.take(batch, now, where.world)
            assert (outcome.held, outcome.rejections) == ([], [])
        for hours in (6, 3, 0):
            await _swept(ledger, where, ending(heard) - timedelta(hours=hours))
        found = {
            (row.unit, row.subject): orjson.loads(row.state)
            for model in (WorkOrderRow, NightRow)
            for row in await all_rows(ledger, model)
        }
        said = await all_rows(ledger, EscalationRow)
        stand = {
            row.id: material(orjson.loads(row.content)) for row in said if row.standing and row.kind != "silent-source"
        }
    finally:
        await ledger.close()
    return found, stand


async def _swept(ledger: Ledger, where: Scene, now: datetime) -> None:
    while (await ledger.sweep(now, 500, where.world)).more:
        pass


def material(content: Facts) -> Facts:
    """What a statement is amended for when it changes."""
    return {name: content[name] for name in ("subject", "kind", "clock", "spell", "rung", "repeat", *MATERIAL)}


def by_the_whole(where: Scene, heard: Sequence[Heard]) -> dict[Key, Decision]:
    """Every subject decided from nothing but all that was ever heard."""
    found = {}
    for unit in sorted({one.key for one in heard}):
        own = [taken(one) for one in heard if one.key == unit]
        decisions = decide_all(where.world, unit, own, START, ending(heard))
        found.update({(unit, subject): decision for subject, decision in decisions.items()})
    return found


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_arrival_order_gives_the_same_states_and_the_same_standing_escalations(
    seed: int, tmp_path: Path, upgraded_sqlite: Path
) -> None:
    where, heard = scene(), invented(seed)
    whole = by_the_whole(where, heard)
    expected = {key: orjson.loads(states.dump(one.state)) for key, one in whole.items()}
    stand = {
        one.id: material(orjson.loads(states.dump(one)))
        for decision in whole.values()
        for one in decision.reached
        if one.ended_at is None
    }
    for lag in (0, LATEST):
        url = sqlite_copy(upgraded_sqlite, tmp_path)
        found, said = await lived_through(url, where, heard, Random(f"{seed} {lag}"), lag)
        assert {key for key in expected if is_order(key)} == {key for key in found if is_order(key)}
        assert [key for key in found.keys() & expected.keys() if found[key] != expected[key]] == []
        assert said == stand


async def test_a_night_found_short_after_a_late_completion_still_reaches_what_is_contested(
    ledger: Ledger, world: Rules, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART)), hour(0), world)
    completed = event("work-order.completed", "WO-1", 1, source="fm-north")
    await ledger.take(feed.read(completed, heard=90), hour(96), world)
    await ledger.sweep(hour(96), 100, world)  # only now the nights of four days are looked at, and they were short
    assert any(night.deficit for night in await all_rows(ledger, NightRow))
    assert (await ledger.verify(world)).findings == []
