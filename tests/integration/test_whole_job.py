"""The whole job, the same on the embedded broker with SQLite and on Kafka with PostgreSQL."""

from collections import Counter
from datetime import timedelta

import orjson
import pytest

from models.tables import EventRow, OutboxRow
from streams.clock import AcceleratedClock, SystemClock
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from tests.integration.place import Place, findings, said_on
from tests.streams.ledger.telling import AP, all_rows, plain, raised
from tests.streams.running_system import eventually, produce, submit

BEGUN = SystemClock().now()

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def lock_fault(n: int, *, ago: timedelta = timedelta(hours=3)) -> Incoming:
    """A lock that will not secure, raised so long ago: one classification, a breach and a warning."""
    return plain({**raised(f"WO-{n}", id=f"raised-{n}"), "time": (BEGUN - ago).isoformat()})


async def nothing_waits(parts: Parts) -> bool:
    """Whether every message is on its topic, and confirmed by the watch."""
    return all(one.sent_at and one.confirmed_at for one in await all_rows(parts.ledger, OutboxRow))


async def at_rest(parts: Parts, recorded: int) -> None:
    """So many events are recorded in all, and all that follows was sent and seen."""

    async def is_so() -> bool:
        events = await all_rows(parts.ledger, EventRow)
        return len(events) == recorded and await nothing_waits(parts)

    await eventually(is_so, f"{recorded} events are recorded and all that follows is sent and confirmed")


async def test_events_become_statements_each_once_on_its_topic_and_seen_by_the_watch(place: Place) -> None:
    async with place.worker() as parts:
        receipts = await submit(parts, *(lock_fault(n) for n in range(10)))
        assert all(isinstance(receipt, Receipt) for receipt in receipts)
        await produce(parts, *(lock_fault(n) for n in range(10, 20)))
        await at_rest(parts, 20)
        statements = await said_on(parts, "escalations")
        classified = await said_on(parts, "classifications")
        messages = await all_rows(parts.ledger, OutboxRow)
    breached = {one["subject"] for one in statements if one["data"]["kind"] == "breach"}
    assert breached == {f"WO-{n}" for n in range(20)}
    assert Counter(one["subject"] for one in classified) == Counter({f"WO-{n}": 1 for n in range(20)})
    kept = Counter(str(one.message_id) for one in messages if one.topic in {"escalations", "classifications"})
    assert Counter(one["id"] for one in [*statements, *classified]) == kept
    assert set(kept.values()) == {1}
    assert await findings(parts) == []


async def test_what_cannot_be_taken_is_told_on_rejected_events_and_harms_no_neighbour(place: Place) -> None:
    nonsense = Incoming("work-orders", AP.encode(), b'{"specversion": "1.0", ')
    unknown = plain({**raised("WO-8", premises="ap-nowhere"), "time": BEGUN.isoformat()})
    async with place.worker() as parts:
        await produce(parts, nonsense, lock_fault(1), unknown, lock_fault(2))
        await at_rest(parts, 2)
        rejected = [one["data"] for one in await said_on(parts, "rejected-events")]
    assert sorted(one["code"] for one in rejected) == ["not-json", "unknown-premises"]
    assert {one["topic"] for one in rejected} == {"work-orders"}
    assert await findings(parts) == []


async def test_an_event_that_is_told_again_and_again_counts_once(place: Place) -> None:
    async with place.worker() as parts:
        await submit(parts, lock_fault(1))
        await produce(parts, lock_fault(1), lock_fault(1), lock_fault(2), lock_fault(2))
        await at_rest(parts, 2)
        await eventually(lambda: parts.progress.duplicates >= 3, "the copies are counted as duplicates")
        statements = await said_on(parts, "escalations")
    assert len({one["id"] for one in statements}) == len(statements)
    assert await findings(parts) == []


async def test_a_worker_that_starts_again_reads_on_where_the_ledger_stopped(place: Place) -> None:
    async with place.worker() as first:
        await produce(first, *(lock_fault(n) for n in range(8)))
        await at_rest(first, 8)
        said_before = await said_on(first, "escalations")
    async with place.worker() as again:
        await eventually(lambda: again.progress.assigned > 0, "the worker has its partitions again")
        await produce(again, *(lock_fault(n) for n in range(8, 12)))
        await at_rest(again, 12)
        assert again.progress.recorded == 4
        assert again.progress.duplicates == 0, "nothing that was read before is read again"
        statements = await said_on(again, "escalations")
    old = {one["id"] for one in said_before if one["subject"].startswith("WO-")}
    earlier = {f"WO-{n}" for n in range(8)}
    assert {one["id"] for one in statements if one["subject"] in earlier} == old
    assert await findings(again) == []


async def test_what_time_makes_due_while_the_broker_is_away_is_decided_then_and_sent_afterwards(
    breakable: Place,
) -> None:
    start = SystemClock().now()
    async with breakable.worker(AcceleratedClock(start, 2_000), sweep_every_s=300) as parts:
        await produce(parts, lock_fault(1, ago=timedelta(0)))
        await at_rest(parts, 1)
        await breakable.take_away()
        before = await rungs(parts)
        await submit(parts, lock_fault(2, ago=timedelta(minutes=5)))

        async def decided() -> bool:
            return before < await rungs(parts) and ("WO-2", "breach") in {one[:2] for one in await rungs(parts)}

        await eventually(decided, "what became due was decided without a broker")
        assert not await nothing_waits(parts)
        told = await rungs(parts)
        await breakable.bring_back()
        await eventually(lambda: nothing_waits(parts), "what waited is sent and confirmed")
        statements = await said_on(parts, "escalations")
    assert {(one["subject"], one["data"]["kind"], one["data"]["rung"]) for one in statements} >= told
    assert Counter(one["id"] for one in statements).most_common(1)[0][1] == 1
    assert await findings(parts) == []


async def rungs(parts: Parts) -> set[tuple[str, str, str]]:
    """Subject, kind and rung of every statement that is to be sent."""
    messages = await all_rows(parts.ledger, OutboxRow)
    read = [orjson.loads(one.value) for one in messages if one.topic == "escalations"]
    return {(one["subject"], one["data"]["kind"], one["data"]["rung"]) for one in read}
