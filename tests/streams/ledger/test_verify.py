"""``verify`` finds nothing in a sound ledger, and finds what was planted in an unsound one."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models.decision import Decision
from streams.ledger import queries
from streams.ledger.ledger import Ledger
from tests.streams.ledger.conftest import sqlite_copy
from tests.streams.ledger.telling import AP, PAINT, PART, SIBLING, START, Feed, event, hour, plain, raised
from workorders import decide
from workorders.policy import World, default_world


async def _story(ledger: Ledger, world: World) -> None:
    """Orders, siblings, nights, silence, answers, late news, duplicates, rejections, a gap and an inbox."""
    feed = Feed()
    night = f"{AP}/2026-01-13"
    cover: dict[str, Any] = {
        "cover_ref": "c-1",
        "supplier": "agency",
        "from": hour(10).isoformat(),
        "until": hour(22).isoformat(),
    }
    await ledger.world(world, hour(0))
    first = raised("WO-1", 0, note="ring twice", id="first")
    await ledger.take(feed.read(first, raised("WO-2", 0, PART), first, raised("WO-4", 0, PAINT)), hour(0), world)
    await ledger.sweep(hour(0), 100, world)
    await ledger.take([feed.raw("work-orders", b"?", b"not an event")], hour(1), world)
    await ledger.submit([plain(raised("WO-3", 1, SIBLING), receipt="r-1")], hour(1), world)
    for at in (1.1, 2, 3, 4.5, 6, 9):
        await ledger.sweep(hour(at), 100, world)
    async with ledger.reading() as connection:
        breach = (await queries.escalations(connection, subject="WO-1", kinds=["breach"]))[0]
    answer = event(
        "escalation-response.acknowledged", "WO-1", 9.1, source="division", escalation_id=str(breach["id"])
    )  # fmt: skip
    late = event("work-order.attended", "WO-1", 1.5, source="fm-north")
    confirmed = event("shift-cover.confirmed", night, 9, source="ap-managers", **cover)
    await ledger.take(feed.read(answer, late, confirmed, heard=9.2), hour(9.2), world)
    for at in (10, 11, 14, 23, 30):
        await ledger.sweep(hour(at), 100, world)
    feed.next_offset["work-orders"] += 3
    stream, upto = feed.stream("work-orders"), feed.next_offset["work-orders"]
    await ledger.accept_gap(stream, upto, "a test", hour(30))
    await ledger.take(feed.read(event("work-order.completed", "WO-2", 30), heard=31), hour(31), world)
    await ledger.erase_note("estates-desk", "first", hour(32), "division-facilities")
    await ledger.sweep(hour(32), 100, world)


@pytest.fixture(scope="module")
def story(upgraded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file in which much has happened."""
    url = sqlite_copy(upgraded_sqlite, tmp_path_factory.mktemp("story"))

    async def tell() -> None:
        ledger = await Ledger.open(url, time_kind="simulated", now=START)
        await _story(ledger, default_world())
        await ledger.close()

    asyncio.run(tell())
    path = Path(url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
async def told_small(story: Path, tmp_path: Path) -> AsyncIterator[Ledger]:
    """A copy of the ledger in which much has happened."""
    ledger = await Ledger.open(sqlite_copy(story, tmp_path), time_kind="simulated", now=START)
    yield ledger
    await ledger.close()


async def _found(ledger: Ledger, world: World) -> set[str]:
    return {finding.sentence for finding in (await ledger.verify(world)).findings}


async def test_a_sound_ledger_holds(ledger: Ledger, world: World) -> None:
    await _story(ledger, world)
    report = await ledger.verify(world)
    assert report.findings == []
    assert report.holds
    assert report.counts["streams"] == 3
    assert report.counts["rejections"] == 1
    assert report.counts["events"] == 8
    assert report.counts["subjects"] > 10
    assert report.counts["statements"] > 30
    assert report.counts["links"] > 20


async def test_a_sample_looks_at_fewer_subjects(told_small: Ledger, world: World) -> None:
    whole = (await told_small.verify(world)).counts["subjects"]
    assert (await told_small.verify(world, every=5)).counts["subjects"] == -(-whole // 5)


PLANTED = [
    ("UPDATE event SET body = replace(body, 'will-not-secure', 'damaged') WHERE id = 'first'", "it was edited"),
    ("UPDATE event SET heard = '2026-01-13 09:00:00.000000' WHERE id = 'first'", "it was edited"),
    ("UPDATE event SET role = 'division-facilities' WHERE id = 'first'", "it was edited"),
    ("DELETE FROM event WHERE id = 'first'", "it was sealed and is gone"),
    ("DELETE FROM event WHERE id = 'first'", "5 records were counted as recorded, but 4 are there"),
    ("DELETE FROM audit WHERE chain = 'ledger:' AND kind = 'erased'", "free text was edited or removed without"),
    ("UPDATE outbox SET value = '', erased_at = sent_at WHERE topic = 'classifications'", "it was edited"),
    ("UPDATE outbox SET headers = '{}' WHERE topic = 'classifications'", "its header names another link"),
    ("UPDATE event_note SET erased_at = NULL WHERE id = 'first'", "free text was edited or removed without"),
    ("UPDATE audit SET decided_at = '2026-01-13 10:00:01.000000' WHERE chain = 'ap-bryn-awel' AND n = 2", "hash"),
    ("UPDATE audit SET entry = replace(entry, 'WO-2', 'WO-7') WHERE chain = 'ap-bryn-awel' AND n = 1", "hash"),
    ("DELETE FROM audit WHERE chain = 'ap-bryn-awel' AND n = 2", "links are missing before it: the one before is 1"),
    ("DELETE FROM audit WHERE chain = 'ap-bryn-awel' AND n = (SELECT max(n) FROM audit WHERE chain = 'ap-bryn-awel')",
     "the chain does not end where its unit says"),
    ("DELETE FROM audit WHERE chain = 'source:fm-north'", "the chain does not end where its unit says"),
    ("UPDATE outbox SET value = replace(value, 'P1', 'P2') WHERE topic = 'classifications'", "it was edited"),
    ("DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)", "it was sealed and"),
    ("DELETE FROM outbox WHERE topic = 'escalations'", "statement 1 has no message"),
    ("DELETE FROM statement WHERE n = 1", "statement 1 is missing before 2"),
    ("DELETE FROM statement", "the escalation was never said"),
    ("DELETE FROM statement", "a message says what no statement says"),
    ("UPDATE statement SET message_id = '00000000000000000000000000000001' WHERE rowid = 9",
     "does not derive from it"),
    ("UPDATE escalation SET standing = NOT standing", "the escalation does not show its last statement"),
    ("UPDATE offset_state SET next_offset = next_offset + 1", "records were consumed, but"),
    ("UPDATE offset_state SET duplicates = duplicates + 1", "are accounted for"),
    ("DELETE FROM offset_gap", "3 offsets were skipped, but the gaps that were accepted are 0 long"),
    ("DELETE FROM rejected", "1 records were counted as rejected, but 0 are there"),
    ("UPDATE rejected SET value = x'00'", "its bytes are not as many as were counted"),
    ("UPDATE rejected SET message_id = '00000000000000000000000000000002'", "does not derive from its origin"),
    ("UPDATE event SET topic_offset = 0 WHERE topic_offset IS NOT NULL", "an offset was recorded twice"),
    ("UPDATE event SET topic_offset = 999 WHERE topic_offset = 0", "lies outside of what was consumed"),
    ("UPDATE event SET stream = 77 WHERE stream IS NOT NULL", "a stream that the ledger does not know"),
    ("UPDATE work_order SET state = replace(state, '\"open\"', '\"closed\"')", "its state is not what its events say"),
    ("DELETE FROM escalation WHERE subject = 'WO-1'", "something was left unsaid, or said wrongly"),
    ("UPDATE escalation SET last_statement = 'closed' WHERE standing", "rungs stand, but"),
    ("DELETE FROM night", "escalations were said about a subject that has no state"),
    ("DELETE FROM unit WHERE id = 'ledger:'", "the chain's unit is gone"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "sentence"), PLANTED, ids=[f"{n}" for n in range(len(PLANTED))])
async def test_a_planted_error_is_found(told_small: Ledger, world: World, sql: str, sentence: str) -> None:
    with sqlite3.connect(str(told_small.database.url.database)) as connection:
        assert connection.execute(sql).rowcount > 0
    found = await _found(told_small, world)
    assert any(sentence in one for one in found), found


async def test_a_subject_that_breaks_hides_no_other(
    told_small: Ledger, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = decide.decide

    def breaks(case: decide.Case, world: World, now: datetime) -> Decision:
        if case.subject == "WO-1":
            raise ZeroDivisionError("a fault of ours")
        return sound(case, world, now)

    monkeypatch.setattr(decide, "decide", breaks)
    report = await told_small.verify(world)
    assert [(one.where, one.sentence) for one in report.findings] == [
        (f"{AP}/WO-1", "it cannot be decided: ZeroDivisionError: a fault of ours")
    ]


async def test_the_hash_in_a_messages_header_is_in_the_chain(told_small: Ledger) -> None:
    (message, *_) = await told_small.unsent(1)
    hashed = dict(message.headers)["audit"].decode()
    async with told_small.reading() as connection:
        assert await queries.find_hash(connection, AP, hashed) == 1
        assert await queries.find_hash(connection, AP, "0" * 64) is None


async def test_an_empty_ledger_holds(small: Ledger, world: World) -> None:
    report = await small.verify(world)
    assert (report.holds, set(report.counts.values())) == (True, {0})
    assert small.identity.created_at == START
