"""A ledger in which everything has happened that a ledger can keep: rows in every table, of every kind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from models.decision import Decision
from models.tables import RejectedRow
from streams.ledger import queries
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import (
    AP,
    LOCK,
    OTHER_AP,
    PAINT,
    PART,
    SIBLING,
    Feed,
    all_rows,
    event,
    hour,
    plain,
    raised,
)  # fmt: skip
from workorders import decide
from workorders.policy import Policy, World

BY = "division-facilities"
NIGHT = f"{AP}/2026-01-13"
COVER: dict[str, Any] = {
    "cover_ref": "c-1", "supplier": "agency", "from": hour(10).isoformat(), "until": hour(22).isoformat(),
}  # fmt: skip


async def live_through(ledger: Ledger, world: World) -> World:
    """Let everything happen; returns the world with the policy that was activated on the way."""
    feed = Feed()
    await ledger.world(world, hour(0))
    await _orders(ledger, world, feed)
    await _poison(ledger, world, feed)
    await _refusals(ledger, world, feed)
    await _nights(ledger, world, feed)
    await _upkeep(ledger, world, feed)
    return await ledger.world(world, hour(33))


async def _orders(ledger: Ledger, world: World, feed: Feed) -> None:
    first = raised("WO-1", 0, note="ring twice", id="first")
    told = [raised("WO-2", 0, PART), first, raised("WO-4", 0, PAINT, note="the blue one"), raised("WO-5", 0, LOCK)]
    await ledger.take(feed.read(first, *told), hour(0), world)
    other = [raised(f"WO-{n}", 0.1, PAINT, premises=OTHER_AP) for n in (6, 7)]
    await ledger.take(feed.read(*other, other[0]), hour(0.1), world)
    await ledger.sweep(hour(0.1), 100, world)
    accepted = event("work-order.acknowledged", "WO-1", 0.3, source="fm-north", contractor_reference="N-1")
    milder = event("work-order.prioritised", "WO-1", 0.4, source="fm-north", priority="P3")
    orphan = event("work-order.attended", "WO-404", 0.4, source="fm-north")
    await ledger.take(feed.read(accepted, milder, orphan), hour(0.4), world)
    await ledger.submit([plain(raised("WO-3", 1, SIBLING), receipt="r-1")], hour(1), world)
    eighth = raised("WO-8", 1, PAINT, note="in the loft", id="eighth")
    await ledger.submit([plain(eighth, receipt="r-2")], hour(1), world)
    for at in (1.1, 2, 3, 4.5, 6):
        await ledger.sweep(hour(at), 100, world)


async def _poison(ledger: Ledger, world: World, feed: Feed) -> None:
    """One event is held and stays so; one subject is held and comes out again."""
    poison = event("work-order.scheduled", "WO-4", 6.1, source="fm-north", id="poison", visit_at=hour(9).isoformat())
    with breaking(lambda case: any(taken.event.id == "poison" for taken in case.history)):
        await ledger.take(feed.read(poison), hour(6.1), world)
    with breaking(lambda case: case.subject == "WO-5"):
        await ledger.take(feed.read(event("work-order.attended", "WO-5", 6.1, source="fm-north")), hour(6.1), world)
    await ledger.sweep(hour(7), 100, world)


@contextmanager
def breaking(breaks: Callable[[decide.Case], bool]) -> Iterator[None]:
    """Deciding such cases breaks."""
    sound = decide.decide

    def decide_or_break(case: decide.Case, world: World, now: datetime) -> Decision:
        if breaks(case):
            raise ZeroDivisionError("a fault of ours")
        return sound(case, world, now)

    with patch.object(decide, "decide", decide_or_break):
        yield


async def _refusals(ledger: Ledger, world: World, feed: Feed) -> None:
    """Refusals that stay, that were erased, and that were submitted again; one from the inbox."""
    refused = [raised("WO-9", 7, premises="nowhere", id=f"nowhere-{n}") for n in range(3)]
    await ledger.take([feed.raw("work-orders", b"?", b"not an event"), *feed.read(*refused)], hour(7.1), world)
    await ledger.take([Incoming("work-orders", b"?", b"nor this", heard=hour(7.1), receipt="r-0")], hour(7.1), world)
    kept = await all_rows(ledger, RejectedRow)
    await ledger.erase_rejected(kept[0].message_id, hour(7.2), BY)
    await ledger.resubmitted(kept[1].message_id, "r-1", hour(7.3), BY)


async def _nights(ledger: Ledger, world: World, feed: Feed) -> None:
    for at in (8, 9):
        await ledger.sweep(hour(at), 100, world)
    async with ledger.reading() as connection:
        (breach, *_) = await queries.escalations(connection, subject="WO-1", kinds=["breach"])
    answer = event(
        "escalation-response.acknowledged", "WO-1", 9.1, source="division", escalation_id=str(breach["id"])
    )  # fmt: skip
    late = event("work-order.attended", "WO-1", 1.5, source="fm-north")
    confirmed = event("shift-cover.confirmed", NIGHT, 9, source="ap-managers", **COVER)
    await ledger.take(feed.read(answer, late, confirmed, heard=9.2), hour(9.2), world)
    for at in (10, 11, 14, 23, 30):
        await ledger.sweep(hour(at), 100, world)


async def _upkeep(ledger: Ledger, world: World, feed: Feed) -> None:
    """An accepted gap, an erasure, an activation, marks of relay and watch; at the end one subject is held."""
    feed.next_offset["work-orders"] += 3
    await ledger.accept_gap(feed.stream("work-orders"), feed.next_offset["work-orders"], "a test", hour(30))
    await ledger.take(feed.read(event("work-order.completed", "WO-2", 30), heard=31), hour(31), world)
    await ledger.erase_note("estates-desk", "first", hour(32), BY)
    policy = world.policies.at(hour(32))
    await ledger.activate(Policy(policy.spec.model_copy(update={"name": "Another"})), hour(48), hour(32), BY)
    waiting = await ledger.unsent(100)
    await ledger.mark_sent([one.seq for one in waiting[:80]], hour(32))
    await ledger.confirm([one.message_id for one in waiting[:70]], hour(32))
    await ledger.mark_relayed([one.seq for one in await ledger.unrelayed(1)], hour(32))
    with breaking(lambda case: case.subject == "WO-7"):
        attended = event("work-order.attended", "WO-7", 33, source="fm-north", premises=OTHER_AP)
        await ledger.take(feed.read(attended), hour(33), world)
    await ledger.submit([plain(raised("WO-10", 33, PAINT), receipt="r-3")], hour(33), world)
