"""The inbox, where what people submit is durable first, and the outbox, from which everything is sent."""

from uuid import uuid5

import orjson

from models.ids import NAMESPACE
from models.refusal import Refusal
from models.tables import EventRow, InboxRow, OffsetStateRow
from streams.ledger import queries
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import AP, OFFICE, Feed, all_rows, hour, plain, raised
from workorders.policy import World


async def _submit(ledger: Ledger, world: World, told: dict[str, object], at: float = 0) -> Receipt:
    (receipt,) = await ledger.submit([plain(told)], hour(at), world)
    assert isinstance(receipt, Receipt)
    return receipt


async def test_a_receipt_means_that_the_input_is_durable(ledger: Ledger, world: World) -> None:
    told = raised("WO-1")
    receipt = await _submit(ledger, world, told)
    assert (receipt.source, receipt.event_id, receipt.received_at, receipt.again) == (
        "estates-desk",
        told["id"],
        hour(0),
        False,
    )
    known = await ledger.receipt(receipt.id)
    assert known is not None
    assert (known["topic"], known["relayed_at"], known["fate"]) == ("work-orders", None, None)
    assert await ledger.receipt("no-such-receipt") is None


async def test_the_same_input_again_gets_the_same_receipt(ledger: Ledger, world: World) -> None:
    told = raised("WO-1")
    first = await _submit(ledger, world, told)
    again = await _submit(ledger, world, told, 1)
    assert (again.id, again.again, again.received_at) == (first.id, True, hour(0))
    assert len(await all_rows(ledger, InboxRow)) == 1


async def test_what_cannot_be_taken_gets_a_reason_and_no_receipt(ledger: Ledger, world: World) -> None:
    good, bad = raised("WO-1"), raised("WO-2", premises="no-such-place")
    found = await ledger.submit([plain(bad), plain(good), Incoming("work-orders", b"x", b"{")], hour(0), world)
    assert isinstance(found[0], Refusal)
    assert found[0].code == "unknown-premises"
    assert isinstance(found[1], Receipt)
    assert isinstance(found[2], Refusal)
    assert len(await all_rows(ledger, InboxRow)) == 1


async def test_submitting_nothing_writes_nothing(ledger: Ledger, world: World) -> None:
    assert await ledger.submit([], hour(0), world) == []


async def test_a_submitted_input_is_sent_once_with_the_time_of_its_receipt(ledger: Ledger, world: World) -> None:
    await _submit(ledger, world, raised("WO-1"))
    (waiting,) = await ledger.unrelayed(10)
    assert (waiting.topic, waiting.key) == ("work-orders", AP)
    assert orjson.loads(waiting.value)["heard"] == hour(0).isoformat()
    await ledger.mark_relayed([waiting.seq], hour(0))
    assert await ledger.unrelayed(10) == []


async def test_what_comes_back_through_the_broker_was_heard_at_its_receipt(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1")
    receipt = await _submit(ledger, world, told, 1)
    await ledger.take(feed.read(told, heard=3), hour(3), world)
    (row,) = await all_rows(ledger, EventRow)
    assert row.heard == hour(1)
    known = await ledger.receipt(receipt.id)
    assert known is not None
    assert (known["taken_at"], known["fate"]) == (hour(3), "recorded")


async def test_a_down_broker_stops_no_decision_and_the_later_copy_is_a_counted_duplicate(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1")
    receipt = await _submit(ledger, world, told)
    assert (await ledger.sweep(hour(0.001), 100, world)).recorded == 0
    outcome = await ledger.sweep(hour(0.01), 100, world)
    assert outcome.recorded == 1
    (row,) = await all_rows(ledger, EventRow)
    assert (row.heard, row.topic_offset) == (hour(0), None)
    known = await ledger.receipt(receipt.id)
    assert known is not None
    assert known["fate"] == "recorded"
    later = await ledger.take(feed.read(told, heard=2), hour(2), world)
    assert (later.recorded, later.duplicates, later.decided) == (0, 1, 0)
    (state,) = await all_rows(ledger, OffsetStateRow)
    assert (state.recorded, state.duplicates) == (0, 1)
    async with ledger.reading() as connection:
        assert (await queries.received(connection))["submitted"] == {"recorded": 1}


async def test_a_submitted_input_that_the_broker_brought_first_is_a_duplicate(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1")
    await ledger.take(feed.read(told), hour(0), world)
    receipt = await _submit(ledger, world, told, 1)
    await ledger.sweep(hour(2), 100, world)
    known = await ledger.receipt(receipt.id)
    assert known is not None
    assert known["fate"] == "duplicate"


async def test_a_submitted_input_whose_id_was_used_meanwhile_is_rejected_under_its_receipt(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1", id="same")
    await ledger.take(feed.read(raised("WO-9", id="same")), hour(0), world)
    receipt = await _submit(ledger, world, told, 1)
    outcome = await ledger.sweep(hour(2), 100, world)
    assert [one.code for one in outcome.rejections] == ["id-reused"]
    async with ledger.reading() as connection:
        (row,) = await queries.rejected(connection)
    assert (row["receipt"], row["stream"]) == (receipt.id, None)


async def test_sent_messages_wait_no_more_and_are_sent_in_order(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(*(raised(f"WO-{n}") for n in range(5))), hour(0), world)
    first = await ledger.unsent(2)
    await ledger.mark_sent([one.seq for one in first], hour(0))
    rest = await ledger.unsent(10)
    assert len(rest) == 3
    assert max(one.seq for one in first) < min(one.seq for one in rest)
    assert dict(rest[0].headers).keys() == {"audit"}


async def test_what_is_held_back_leaves_its_place_to_what_waits_behind_it(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = [raised("WO-1"), raised("WO-2"), raised("WO-3", premises=OFFICE)]
    await ledger.take(feed.read(*told), hour(0), world)
    every = await ledger.unsent(10)
    held = {(every[0].topic, every[0].key)}
    others = [one for one in every if (one.topic, one.key) not in held]
    assert others
    assert len(others) < len(every)
    assert await ledger.unsent(10, held) == others
    assert await ledger.unsent(1, held) == others[:1]
    assert await ledger.unsent_of([every[0].seq, every[-1].seq]) == [every[0], every[-1]]
    await ledger.mark_sent([every[0].seq], hour(0))
    assert await ledger.unsent_of([every[0].seq]) == []


async def test_a_submitted_input_that_is_held_back_leaves_its_place_too(ledger: Ledger, world: World) -> None:
    for told in (raised("WO-1"), raised("WO-2"), raised("WO-3", premises=OFFICE)):
        await _submit(ledger, world, told)
    first, _, other = await ledger.unrelayed(10)
    assert await ledger.unrelayed(1, {("work-orders", AP.encode())}) == [other]
    assert await ledger.unrelayed_of([first.seq, other.seq]) == [first, other]
    await ledger.mark_relayed([first.seq], hour(0))
    assert await ledger.unrelayed_of([first.seq]) == []


async def test_the_watch_confirms_counts_and_names_strangers(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1"), raised("WO-2")), hour(0), world)
    one, two = await ledger.unsent(10)
    await ledger.mark_sent([one.seq, two.seq], hour(0))
    stranger = uuid5(NAMESPACE, "nobody said this")
    found = await ledger.confirm([one.message_id, one.message_id, stranger], hour(1))
    assert (found.first, found.again, found.unknown) == (1, 1, (stranger,))
    assert (await ledger.confirm([one.message_id], hour(2))).again == 1
    async with ledger.reading() as connection:
        waiting = (await queries.received(connection))["outbox"]
    assert (waiting["unsent"], waiting["unconfirmed"], waiting["unconfirmed_since"]) == (0, 1, hour(0))


async def test_a_message_that_was_seen_counts_as_sent(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    (message,) = await ledger.unsent(10)
    await ledger.confirm([message.message_id], hour(1))
    assert await ledger.unsent(10) == []
    assert (await ledger.confirm([], hour(1))).first == 0
