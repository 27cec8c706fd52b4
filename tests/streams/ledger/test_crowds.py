"""Many orders on one control of one premises: each is joined with the others, and decided anew only if that changes."""

from random import Random
from typing import Any

import pytest

from models.tables import WorkOrderRow
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import PART, SIBLING, Feed, all_rows, event, hour, raised
from workorders.policy import World


async def _effective(ledger: Ledger) -> dict[str, str | None]:
    return {row.subject: row.effective for row in await all_rows(ledger, WorkOrderRow) if row.is_open}


async def test_one_more_order_where_two_are_open_anyway_decides_none_of_them_again(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART), raised("WO-2", 0, PART)), hour(0), world)
    outcome = await ledger.take(feed.read(raised("WO-3", 1, PART)), hour(1), world)
    assert outcome.decided == 1
    assert await _effective(ledger) == {"WO-1": "P1", "WO-2": "P1", "WO-3": "P1"}
    assert (await ledger.verify(world)).findings == []


async def test_when_the_last_but_one_ends_the_one_that_is_left_is_decided_again(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(*(raised(f"WO-{n}", 0, PART) for n in range(4))), hour(0), world)
    decided = []
    for n in range(3):
        ended = event("work-order.cancelled", f"WO-{n}", 1 + n, reason="duplicate")
        decided.append((await ledger.take(feed.read(ended), hour(1 + n), world)).decided)
    assert decided == [1, 1, 2]
    assert await _effective(ledger) == {"WO-3": "P2"}
    assert (await ledger.verify(world)).findings == []


async def test_an_order_that_began_before_the_others_is_decided_again_for_the_time_it_was_alone(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(*(raised(f"WO-{n}", n, PART) for n in range(3))), hour(3), world)
    outcome = await ledger.take(feed.read(raised("WO-earlier", 0.5, PART), heard=4), hour(4), world)
    assert outcome.decided > 1
    assert (await ledger.verify(world)).findings == []


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_and_goes_in_whatever_batches_every_order_stands_as_if_decided_anew(
    small: Ledger, world: World, feed: Feed, seed: int
) -> None:
    rng = Random(seed)
    told: list[tuple[float, dict[str, Any]]] = []
    for n in range(7):
        name, at = f"WO-{n}", rng.uniform(0, 6)
        told.append((at, raised(name, at, rng.choice([PART, SIBLING]))))
        for kind in rng.choice([[], ["completed"], ["completed", "completion-rejected"], ["cancelled"]]):
            at += rng.uniform(0.1, 4)
            data: dict[str, Any] = {"reason": "duplicate"} if kind == "cancelled" else {}
            told.append((at, event(f"work-order.{kind}", name, at, **data)))
    late = [at + rng.choice([0, 0, 0, 5]) for at, _ in told]
    waiting = [one for _, one in sorted(zip(late, [one for _, one in told], strict=True), key=lambda pair: pair[0])]
    heard = sorted(late)
    while waiting:
        size = rng.randint(1, 5)
        batch, waiting, now, heard = waiting[:size], waiting[size:], heard[:size][-1], heard[size:]
        outcome = await small.take(feed.read(*batch, heard=now), hour(now), world)
        assert outcome.rejections == []
        assert (await small.verify(world)).findings == []
