"""A restored ledger takes over what it had said and forgotten, and numbers onward."""

import sqlite3
from pathlib import Path

import orjson
import pytest

from models.tables import WorkOrderRow
from streams.ledger import queries
from streams.ledger.errors import LedgerError
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import PAINT, PART, SIBLING, START, Feed, all_rows, event, execute, hour, raised
from workorders.policy import World

ADOPTED = ("escalations", "classifications", "disputes")


async def _published(ledger: Ledger) -> list[bytes]:
    return [one.value for one in await ledger.unsent(10_000) if one.topic in ADOPTED]


def _backup(ledger: Ledger, folder: Path) -> str:
    """A copy of a living ledger, as SQLite's own backup makes it; its URL."""
    with sqlite3.connect(str(ledger.database.url.database)) as living, sqlite3.connect(folder / "backup.db") as copy:
        living.backup(copy)
    return f"sqlite:///{folder}/backup.db"


async def _standing(ledger: Ledger) -> set[tuple[object, ...]]:
    async with ledger.reading() as connection:
        return {(one["id"], one["subject"]) for one in await queries.escalations(connection, limit=10_000)}


async def test_a_restored_ledger_says_nothing_under_a_number_that_was_used(
    sqlite_url: str, tmp_path: Path, world: World
) -> None:
    lived, feed = await Ledger.open(sqlite_url, time_kind="simulated", now=START), Feed()
    await lived.take(feed.read(raised("WO-1"), raised("WO-2", 0, PART), raised("WO-3", 0, PAINT)), hour(0), world)
    await lived.sweep(hour(3), 100, world)
    backup = _backup(lived, tmp_path)
    forgotten = feed.read(
        event("work-order.prioritised", "WO-1", 3, source="fm-north", priority="P4"),
        raised("WO-4", 3, SIBLING),
        event("work-order.completed", "WO-1", 4),
        event("work-order.completion-rejected", "WO-1", 5, source="ap-managers"),
    )
    await lived.take(forgotten[:2], hour(3.5), world)
    await lived.sweep(hour(4.5), 100, world)
    await lived.take(forgotten[2:], hour(5), world)
    await lived.sweep(hour(9), 100, world)

    restored = await Ledger.open(backup, time_kind="simulated", now=START)
    before = {one.message_id for one in await restored.unsent(10_000)}
    adopted = await restored.adopt(await _published(lived), hour(10))
    assert (adopted.new > 10, adopted.known > 5, adopted.other) == (True, True, 0)
    assert await restored.adopt(await _published(lived), hour(10)) == type(adopted)(0, adopted.new + adopted.known, 0)
    await restored.take(forgotten, hour(10), world)
    for ledger in (lived, restored):
        while (await ledger.sweep(hour(10), 100, world)).more:
            pass
    assert await _standing(restored) == await _standing(lived)
    said = {orjson.loads(value)["id"]: value for value in await _published(lived)}
    again = [one for one in await restored.unsent(10_000) if one.topic in ADOPTED and one.message_id not in before]
    assert [one for one in again if said.get(str(one.message_id), one.value) != one.value] == []
    assert (await restored.verify(world)).findings == []
    await lived.close()
    await restored.close()


async def test_an_order_that_is_known_by_its_class_only_is_no_state_yet(
    ledger: Ledger, small: Ledger, world: World, feed: Feed
) -> None:
    told = feed.read(raised("WO-1"))
    await small.take(told, hour(0), world)
    await ledger.adopt(await _published(small), hour(1))
    (row,) = await all_rows(ledger, WorkOrderRow)
    assert (row.status, row.is_open, row.said_classification_n) == ("void", False, 1)
    assert (await ledger.verify(world)).findings == []
    await ledger.take(told, hour(2), world)
    assert [one for one in await ledger.unsent(100) if one.topic == "classifications"] == []
    (row,) = await all_rows(ledger, WorkOrderRow)
    assert (row.status, row.said_classification_n) == ("open", 1)


async def test_a_statement_that_is_missing_is_not_passed_over(
    small: Ledger, ledger: Ledger, world: World, feed: Feed
) -> None:
    await small.take(feed.read(raised("WO-1")), hour(0), world)
    await small.sweep(hour(3), 100, world)
    await small.take(feed.read(event("work-order.completed", "WO-1", 4)), hour(4), world)
    values = [value for value in await _published(small) if orjson.loads(value)["data"]["n"] > 1]
    with pytest.raises(LedgerError, match=r"statement 1 of escalation .* is missing before 2"):
        await ledger.adopt(values, hour(5))
    assert await _standing(ledger) == set()


async def test_what_is_no_message_of_ours_is_refused_and_other_kinds_are_left(
    small: Ledger, ledger: Ledger, world: World, feed: Feed
) -> None:
    with pytest.raises(LedgerError, match="no message of ours"):
        await ledger.adopt([b"{}"], hour(0))
    await small.take([feed.raw("work-orders", b"k", b"?")], hour(0), world)
    (rejection,) = await small.unsent(10)
    assert (await ledger.adopt([rejection.value], hour(0))).other == 1


async def test_what_is_on_a_topic_with_another_content_than_here_is_named_and_not_counted_as_known(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    await ledger.sweep(hour(3), 100, world)
    said = await _published(ledger)
    changed = {**orjson.loads(said[0]), "time": hour(2).isoformat()}
    for _ in range(2):
        adopted = await ledger.adopt([orjson.dumps(changed), *said[1:]], hour(4))
        assert (adopted.new, adopted.known, adopted.different) == (0, len(said) - 1, {changed["id"]})
    assert await _published(ledger) == said, "what is here stays as it is"


async def test_two_contents_of_one_message_on_a_topic_are_seen_when_it_is_new_here(
    small: Ledger, ledger: Ledger, world: World, feed: Feed
) -> None:
    await small.take(feed.read(raised("WO-1")), hour(0), world)
    (said,) = await _published(small)
    other = orjson.dumps({**orjson.loads(said), "time": hour(2).isoformat()})
    adopted = await ledger.adopt([said, said, other], hour(4))
    assert (adopted.new, adopted.known, adopted.different) == (1, 1, {orjson.loads(said)["id"]})


async def test_of_a_message_whose_text_was_erased_nothing_is_compared(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    said = await _published(ledger)
    await execute(ledger, "UPDATE outbox SET value = '', erased_at = :now", now=hour(1).isoformat(" "))
    assert (await ledger.adopt(said, hour(4))).different == set()
