"""Offsets are in the ledger: nothing is read twice into it, and nothing is skipped unseen."""

import pytest

from models.tables import EventRow, OffsetGapRow, OffsetStateRow
from streams.ledger import queries
from streams.ledger.errors import LedgerConflict, LedgerError, OffsetGap
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import Feed, all_rows, event, hour, raised
from workorders.policy import World


async def test_a_stream_never_read_has_no_position(ledger: Ledger, feed: Feed) -> None:
    assert await ledger.positions([feed.stream("work-orders")]) == {}
    assert await ledger.known_streams() == {}


async def test_a_position_is_the_offset_after_the_last_that_was_taken(ledger: Ledger, world: World, feed: Feed) -> None:
    feed.next_offset["work-orders"] = 40
    await ledger.take(feed.read(raised("WO-1"), raised("WO-2")), hour(0), world)
    stream = feed.stream("work-orders")
    assert await ledger.positions([stream, feed.stream("shift-cover")]) == {stream: 42}
    assert await ledger.known_streams() == {stream: 42}


async def test_one_batch_may_come_from_several_streams(ledger: Ledger, world: World, feed: Feed) -> None:
    other = Feed(partition=3)
    batch = [*feed.read(raised("WO-1")), *other.read(raised("WO-2")), *feed.read(raised("WO-3"))]
    await ledger.take(batch, hour(0), world)
    assert await ledger.known_streams() == {feed.stream("work-orders"): 2, other.stream("work-orders"): 1}


async def test_a_late_writer_is_refused_and_leaves_nothing(ledger: Ledger, world: World, feed: Feed) -> None:
    batch = feed.read(raised("WO-1"), raised("WO-2"))
    await ledger.take(batch, hour(0), world)
    before = await all_rows(ledger, OffsetStateRow)
    zombie = [batch[1], *feed.read(raised("WO-3"))]
    with pytest.raises(LedgerConflict, match=r"offset 1 .* stands at 2"):
        await ledger.take(zombie, hour(1), world)
    assert await all_rows(ledger, OffsetStateRow) == before
    assert len(await all_rows(ledger, EventRow)) == 2


async def test_missing_records_stop_the_stream_until_the_gap_is_accepted(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    feed.next_offset["work-orders"] = 5
    batch = feed.read(raised("WO-2"))
    with pytest.raises(OffsetGap, match="4 records are missing") as stopped:
        await ledger.take(batch, hour(1), world)
    assert (stopped.value.expected, stopped.value.found) == (1, 5)
    await ledger.accept_gap(feed.stream("work-orders"), 5, "retention removed them in the outage", hour(1))
    assert (await ledger.take(batch, hour(1), world)).recorded == 1
    (gap,) = await all_rows(ledger, OffsetGapRow)
    assert (gap.from_offset, gap.to_offset, gap.reason) == (1, 5, "retention removed them in the outage")
    async with ledger.reading() as connection:
        (account,) = await queries.proof(connection)
        assert [link["kind"] for link in await queries.audit(connection, "ledger:")] == ["decided", "gap"]
    assert (account.consumed, account.skipped, account.adds_up) == (2, 4, True)


async def test_a_gap_inside_a_batch_is_seen_too(ledger: Ledger, world: World, feed: Feed) -> None:
    first = feed.read(raised("WO-1"))
    feed.next_offset["work-orders"] = 2
    with pytest.raises(OffsetGap, match="goes on at offset 2"):
        await ledger.take([*first, *feed.read(raised("WO-2"))], hour(0), world)
    assert await all_rows(ledger, EventRow) == []


async def test_a_gap_that_is_none_is_not_accepted(ledger: Ledger, world: World, feed: Feed) -> None:
    with pytest.raises(LedgerError, match="there is no gap"):
        await ledger.accept_gap(feed.stream("work-orders"), 5, "a guess", hour(0))
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    with pytest.raises(LedgerError, match="there is no gap"):
        await ledger.accept_gap(feed.stream("work-orders"), 1, "a guess", hour(0))


async def test_a_topic_that_was_made_again_starts_anew_beside_the_old_one(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1")
    await ledger.take(feed.read(told, raised("WO-2")), hour(0), world)
    reborn = Feed(incarnation="second-life")
    outcome = await ledger.take(reborn.read(told, event("work-order.attended", "WO-1", 1)), hour(1), world)
    assert (outcome.recorded, outcome.duplicates) == (1, 1)
    assert await ledger.known_streams() == {feed.stream("work-orders"): 2, reborn.stream("work-orders"): 2}
