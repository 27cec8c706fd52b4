"""What is remembered is exactly what would be read, and nothing is remembered that somebody else may have changed."""

from random import Random

import pytest

from models.parse import parse_output, to_json
from models.refusal import Refusal
from models.tables import OutboxRow
from streams.ledger import store
from streams.ledger.ledger import Ledger
from streams.ledger.memory import Memory
from streams.ledger.store import Key, Known
from streams.ledger.units import Unit
from tests.simulation.scene import scene
from tests.streams.ledger.telling import AP, PART, SIBLING, START, Feed, all_rows, event, execute, hour, raised
from tests.streams.ledger.test_any_arrival import arrivals, invented
from workorders.policy import World


def plainly(known: Known, key: Key) -> dict[str, object]:
    """All that is known, whatever the order in which the events were read."""
    events = sorted(known.history, key=lambda taken: (taken.event.source, taken.event.id))
    names = ("written", "exposed", "counted", "remembered", "first_said", "said_class", "said_dispute")
    return {name: getattr(known, name) for name in names} | {"events": events, "state": known.state(key)}


async def checked(ledger: Ledger) -> int:
    """Hold all that is remembered against the database; how many subjects that were."""
    memory = ledger._transactions.memory
    keys = [key for key in memory._known if not store.is_source(key)]
    async with ledger.reading() as connection:
        read = await store.known(connection, keys)
    for key in keys:
        remembered = memory.get(key)
        assert remembered is not None
        assert plainly(remembered, key) == plainly(read[key], key)
    return len(keys)


async def test_what_is_remembered_is_what_would_be_read_and_each_message_what_its_class_would_write(
    small: Ledger,
) -> None:
    rng, where, n = Random(5), scene(), 0
    for batch, now in arrivals(invented(5), rng, 1):
        if rng.random() < 0.3:
            await small.sweep(now, 500, where.world)
        await small.take(batch, now, where.world)
        if rng.random() < 0.2:
            n += await checked(small)
    assert n > 100
    for message in await all_rows(small, OutboxRow):
        event = parse_output(message.value.encode())
        assert not isinstance(event, Refusal)
        assert to_json(event).decode() == message.value


async def test_what_is_remembered_is_decided_upon_as_what_is_read(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART, note="ask for Mair")), hour(0), world)
    remembered = ledger._transactions.memory.get((AP, "WO-1"))
    assert remembered is not None
    assert "Mair" not in str(remembered.history)
    async with ledger.database.writing() as connection:
        assert (await ledger._transactions.memory.recall({}).known(connection, [(AP, "WO-1")])).keys() == {(AP, "WO-1")}
    outcome = await ledger.take(feed.read(raised("WO-2", 1, SIBLING)), hour(1), world)
    assert outcome.decided == 2  # the first one too, for it is joined with the second


async def test_nothing_is_remembered_of_a_unit_that_somebody_else_has_changed(
    url: str, ledger: Ledger, world: World, feed: Feed
) -> None:
    other = await Ledger.open(url, time_kind="simulated", now=START)
    try:
        await ledger.take(feed.read(raised("WO-1")), hour(0), world)
        await other.take(feed.read(event("work-order.attended", "WO-1", 1)), hour(1), world)
        outcome = await ledger.take(feed.read(event("work-order.completed", "WO-1", 3)), hour(3), world)
    finally:
        await other.close()
    assert (outcome.recorded, await checked(ledger)) == (1, 1)
    assert (await ledger.verify(world)).findings == []


async def test_what_a_failed_transaction_knew_is_not_remembered(small: Ledger, world: World, feed: Feed) -> None:
    await small.take(feed.read(raised("WO-1")), hour(0), world)
    await execute(small, "CREATE TRIGGER no_more BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no more'); END")
    batch = feed.read(event("work-order.amended", "WO-1", 1, asset="decoration", fault="damaged"))
    with pytest.raises(Exception, match="no more"):
        await small.take(batch, hour(1), world)
    assert await checked(small) == 1
    await execute(small, "DROP TRIGGER no_more")
    assert (await small.take(batch, hour(1), world)).recorded == 1
    assert await checked(small) == 1


def test_the_least_asked_for_is_forgotten_first_and_a_unit_as_a_whole() -> None:
    memory, units = Memory(most=3), {"a": Unit("a", audit_head="1"), "b": Unit("b", audit_head="1")}
    heads = memory.recall(units).heads
    memory.keep(heads, units, {("a", "1"): Known(), ("a", "2"): Known(), ("b", "1"): Known()})
    assert memory.get(("a", "1")) is not None
    memory.keep(heads, units, {("b", "2"): Known()})
    assert [key for key in (("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")) if memory.get(key)] == [
        ("a", "1"),
        ("b", "1"),
        ("b", "2"),
    ]
    units["b"].audit_head = "2"
    memory.recall(units)
    assert memory.get(("b", "1")) is None
    assert memory.get(("a", "1")) is not None
    memory.drop([("a", "1"), ("a", "7")])
    assert memory.get(("a", "1")) is None


def test_what_was_read_before_another_of_this_process_wrote_is_not_kept_beside_it() -> None:
    memory, unit = Memory(), Unit("a", audit_head="1")
    slow = memory.recall({"a": unit})
    unit.audit_head = "2"
    memory.recall({"a": unit}).keep({"a": Unit("a", audit_head="3")}, [], {("a", "new"): Known()})
    slow.keep({"a": Unit("a", audit_head="2")}, [], {("a", "old"): Known()})
    assert memory.get(("a", "new")) is None
    memory.recall({"a": Unit("a", audit_head="3")})
    assert memory.get(("a", "old")) is None
