"""What one transaction does with a batch."""

import base64
import hashlib
from datetime import datetime, timedelta

import orjson

from models.tables import (
    AuditRow,
    EventNoteRow,
    EventRow,
    OffsetStateRow,
    OutboxRow,
    RejectedRow,
    UnitRow,
    WorkOrderRow,
)
from streams.ledger import queries
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import AP, LOCK, OTHER_AP, PART, SIBLING, Feed, all_rows, event, hour, plain, raised
from workorders.policy import World


async def test_an_event_is_recorded_with_its_origin_role_and_content(ledger: Ledger, world: World, feed: Feed) -> None:
    told = raised("WO-1", note="the back door", extensions={"traceparent": "00-abc"})
    outcome = await ledger.take(feed.read(told), hour(0), world)
    assert (outcome.recorded, outcome.duplicates, outcome.rejections) == (1, 0, [])
    (row,) = await all_rows(ledger, EventRow)
    assert (row.source, row.id, row.unit, row.subject) == ("estates-desk", told["id"], AP, "WO-1")
    assert (row.role, row.party, row.topic_offset, row.quarantined) == ("estates-desk", "client", 0, False)
    assert row.time == row.heard == row.recorded_at == hour(0)
    body = orjson.loads(row.body)
    assert body["traceparent"] == "00-abc"
    assert body["data"] == {"premises": AP, **LOCK}


async def test_free_text_is_kept_apart_from_the_event(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", note="ask for Mair"), raised("WO-2")), hour(0), world)
    (note,) = await all_rows(ledger, EventNoteRow)
    assert note.note == "ask for Mair"
    for model in (EventRow, WorkOrderRow, OutboxRow):
        assert not any("Mair" in str(value) for row in await all_rows(ledger, model) for value in row)


async def test_an_order_is_classified_and_its_message_waits_to_be_sent(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    (message,) = await ledger.unsent(10)
    assert (message.topic, message.key) == ("classifications", AP.encode())
    said = orjson.loads(message.value)
    assert (said["type"], said["subject"], said["data"]["base"]) == ("facilities.work-order.classified", "WO-1", "P1")
    assert said["id"] == str(message.message_id)


async def test_the_same_event_again_is_a_counted_duplicate_and_changes_nothing(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    told = raised("WO-1")
    await ledger.take(feed.read(told), hour(0), world)
    before = await all_rows(ledger, WorkOrderRow)
    again = {**told, "time": told["time"].replace("+00:00", "Z"), "traceparent": "another"}
    outcome = await ledger.take(feed.read(again), hour(1), world)
    assert (outcome.recorded, outcome.duplicates, outcome.decided) == (0, 1, 0)
    assert await all_rows(ledger, WorkOrderRow) == before
    assert len(await all_rows(ledger, EventRow)) == 1


async def test_a_duplicate_in_the_same_batch_is_counted(ledger: Ledger, world: World, feed: Feed) -> None:
    told = raised("WO-1")
    outcome = await ledger.take(feed.read(told, told, told), hour(0), world)
    assert (outcome.recorded, outcome.duplicates) == (1, 2)


async def test_a_reused_id_is_rejected_and_the_first_content_counts(ledger: Ledger, world: World, feed: Feed) -> None:
    first = raised("WO-1", id="same")
    await ledger.take(feed.read(first), hour(0), world)
    other = {**first, "data": {**first["data"], **PART}}
    outcome = await ledger.take(feed.read(other, first), hour(0), world)
    assert [rejection.code for rejection in outcome.rejections] == ["id-reused"]
    assert outcome.duplicates == 1
    (row,) = await all_rows(ledger, EventRow)
    assert orjson.loads(row.body)["data"]["fault"] == "will-not-secure"


async def test_of_two_contents_in_one_batch_the_first_counts(ledger: Ledger, world: World, feed: Feed) -> None:
    first = raised("WO-1", id="same")
    outcome = await ledger.take(feed.read(first, {**first, "subject": "WO-2"}), hour(0), world)
    assert (outcome.recorded, [rejection.code for rejection in outcome.rejections]) == (1, ["id-reused"])


async def test_what_cannot_be_taken_is_kept_with_all_its_bytes_and_announced(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    bad = b"\xff\x00 not JSON " + b"x" * 70_000
    batch = [feed.raw("work-orders", None, bad), feed.raw("work-orders", b"k", None), *feed.read(raised("WO-1"))]
    outcome = await ledger.take(batch, hour(0), world)
    assert (outcome.recorded, len(outcome.rejections)) == (1, 2)
    rows = {row.topic_offset: row for row in await all_rows(ledger, RejectedRow)}
    assert (rows[0].value, rows[0].length, rows[0].key) == (bad, len(bad), None)
    assert rows[0].sha256 == hashlib.sha256(bad).hexdigest()
    assert (rows[1].value, rows[1].length, rows[1].key, rows[1].code) == (None, 0, b"k", "empty-value")
    said = [orjson.loads(one.value)["data"] for one in await ledger.unsent(10) if one.topic == "rejected-events"]
    assert base64.b64decode(said[0]["bytes_base64"]) == bad[: 64 * 1024]
    assert [(one["topic"], one["partition"], one["offset"]) for one in said] == [
        ("work-orders", 0, 0),
        ("work-orders", 0, 1),
    ]


async def test_a_rejection_tells_its_source_where_it_can_be_read(ledger: Ledger, world: World, feed: Feed) -> None:
    unknown = {**raised("WO-1"), "surprise": {"nested": 1}}
    stranger = raised("WO-2", source="nobody-we-know")
    outcome = await ledger.take(feed.read(unknown, stranger), hour(0), world)
    assert {rejection.source for rejection in outcome.rejections} == {"estates-desk", "nobody-we-know"}
    async with ledger.reading() as connection:
        assert len(await queries.rejected(connection, source="nobody-we-know")) == 1


async def test_heard_is_the_brokers_append_time(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 1), heard=3), hour(5), world)
    (row,) = await all_rows(ledger, EventRow)
    assert (row.time, row.heard) == (hour(1), hour(3))


async def test_a_door_is_believed_when_it_heard_an_event(ledger: Ledger, world: World, feed: Feed) -> None:
    told = raised("WO-1", 1, extensions={"heard": hour(2).isoformat()}, source="division")
    await ledger.take(feed.read(told, heard=9), hour(9), world)
    (row,) = await all_rows(ledger, EventRow)
    assert row.heard == hour(2)


async def test_another_source_is_not_believed_when_it_heard_an_event(ledger: Ledger, world: World, feed: Feed) -> None:
    told = event("work-order.attended", "WO-1", 1, source="fm-north", extensions={"heard": hour(2).isoformat()})
    await ledger.take(feed.read(told, heard=9), hour(9), world)
    (row,) = await all_rows(ledger, EventRow)
    assert row.heard == hour(9)


async def test_a_doors_malformed_heard_is_rejected_not_guessed(ledger: Ledger, world: World, feed: Feed) -> None:
    nonsense = raised("WO-1", source="division", extensions={"heard": "yesterday"})
    no_such_day = raised("WO-1", source="division", extensions={"heard": "2026-02-30T10:00:00Z"})
    outcome = await ledger.take(feed.read(nonsense, no_such_day), hour(0), world)
    assert [(one.code, one.field) for one in outcome.rejections] == [("invalid-extension", "heard")] * 2


async def test_a_completion_that_overtakes_its_order_counts_when_the_order_comes(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(event("work-order.completed", "WO-1", 2)), hour(2), world)
    async with ledger.reading() as connection:
        assert [one["subject"] for one in await queries.orphans(connection)] == ["WO-1"]
    await ledger.take(feed.read(raised("WO-1", 1)), hour(3), world)
    (order,) = await all_rows(ledger, WorkOrderRow)
    assert (order.status, order.is_open, order.ended_at) == ("completed", False, hour(2))


async def test_two_premises_may_use_one_order_number(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("10001"), raised("10001", premises=OTHER_AP)), hour(0), world)
    assert {row.unit for row in await all_rows(ledger, WorkOrderRow)} == {AP, OTHER_AP}


async def test_a_second_order_on_one_control_makes_both_count_as_p1(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART)), hour(0), world)
    assert [row.effective for row in await all_rows(ledger, WorkOrderRow)] == ["P2"]
    outcome = await ledger.take(feed.read(raised("WO-2", 1, SIBLING)), hour(1), world)
    assert outcome.decided == 2
    assert [row.effective for row in await all_rows(ledger, WorkOrderRow)] == ["P1", "P1"]
    await ledger.take(feed.read(event("work-order.cancelled", "WO-2", 2, reason="duplicate")), hour(2), world)
    assert {row.subject: row.effective for row in await all_rows(ledger, WorkOrderRow)}["WO-1"] == "P2"


async def test_siblings_in_one_batch_see_each_other(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART), raised("WO-2", 0, SIBLING)), hour(0), world)
    assert [row.effective for row in await all_rows(ledger, WorkOrderRow)] == ["P1", "P1"]


async def test_a_sibling_at_another_premises_does_not_count(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART), raised("WO-2", 0, SIBLING, premises=OTHER_AP)), hour(0), world)
    assert [row.effective for row in await all_rows(ledger, WorkOrderRow)] == ["P2", "P2"]


async def test_every_transaction_of_a_unit_counts_its_version(ledger: Ledger, world: World, feed: Feed) -> None:
    for n in range(3):
        await ledger.take(feed.read(raised(f"WO-{n}")), hour(n), world)
    unit, _ = await all_rows(ledger, UnitRow)
    assert (unit.version, unit.audit_n) == (3, 3)


async def test_what_was_consumed_is_recorded_duplicate_or_rejected(ledger: Ledger, world: World, feed: Feed) -> None:
    told = raised("WO-1")
    await ledger.take([*feed.read(told, told), feed.raw("work-orders", b"", b"{}")], hour(0), world)
    (state,) = await all_rows(ledger, OffsetStateRow)
    assert (state.first_offset, state.next_offset) == (0, 3)
    assert (state.recorded, state.duplicates, state.rejected) == (1, 1, 1)
    async with ledger.reading() as connection:
        (account,) = await queries.proof(connection)
    assert account.adds_up
    assert account.consumed == 3


async def test_an_empty_batch_does_nothing(ledger: Ledger, world: World) -> None:
    outcome = await ledger.take([], hour(0), world)
    assert (outcome.recorded, outcome.decided, await ledger.unsent(1)) == (0, 0, [])


async def test_what_comes_from_no_topic_moves_no_offset(ledger: Ledger, world: World) -> None:
    outcome = await ledger.take([plain(raised("WO-1"), heard=0)], hour(0), world)
    assert outcome.recorded == 1
    assert await all_rows(ledger, OffsetStateRow) == []


async def test_messages_of_one_premises_wait_in_the_order_in_which_they_were_decided(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    await ledger.sweep(hour(3), 100, world)
    await ledger.take(feed.read(event("work-order.completed", "WO-1", 3.5)), hour(4), world)
    said = [
        (datetime.fromisoformat(orjson.loads(one.value)["time"]), one.seq)
        for one in await ledger.unsent(1000)
        if one.key == AP.encode()
    ]
    assert said == sorted(said)
    assert len(said) > 3


async def test_a_transaction_that_waited_for_its_unit_decides_no_earlier_than_the_one_before(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    late, waited = hour(2), hour(2) - timedelta(seconds=30)
    await ledger.take(feed.read(raised("WO-1")), late, world)
    await ledger.take(feed.read(raised("WO-2")), waited, world)
    assert [row.decided_at for row in await all_rows(ledger, AuditRow) if row.chain == AP] == [late, late]


async def test_a_decision_of_a_clock_that_was_far_ahead_does_not_hold_the_unit_there(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(26), world)
    await ledger.take(feed.read(raised("WO-2")), hour(2), world)
    assert [row.decided_at for row in await all_rows(ledger, AuditRow) if row.chain == AP] == [hour(26), hour(2)]
