"""``verify`` finds nothing in a sound ledger, and says in a plain sentence what was planted in an unsound one."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from models.decision import Decision
from streams.ledger import queries
from streams.ledger.engine import Database
from streams.ledger.ledger import Ledger
from streams.ledger.verify import Anchor, Finding, verify
from streams.ledger.verify.anchor import ANCHOR
from tests.streams.ledger import planting
from tests.streams.ledger.eventful import live_through
from tests.streams.ledger.telling import AP, START, Feed, hour, raised
from workorders import decide
from workorders.policy import World


@pytest.fixture
async def told(spoilt: Path) -> AsyncIterator[Ledger]:
    """A copy of the ledger in which everything has happened."""
    ledger = await Ledger.open(f"sqlite:///{spoilt}", time_kind="simulated", now=START)
    yield ledger
    await ledger.close()


async def _found(path: Path, world: World | None, against: Anchor | None = None) -> list[Finding]:
    database = Database(f"sqlite:///{path}")
    try:
        return (await verify(database, world, START, against=against)).findings
    finally:
        await database.close()


async def test_a_sound_ledger_holds_and_says_what_is_held(ledger: Ledger, world: World) -> None:
    report = await ledger.verify(await live_through(ledger, world))
    assert report.findings == []
    assert report.holds
    assert [(one.subject, one.event_id, one.error) for one in report.held] == [
        ("WO-4", "poison", "ZeroDivisionError: a fault of ours"),
        ("WO-7", None, "ZeroDivisionError: a fault of ours"),
    ]
    counts = report.counts
    assert (counts["streams"], counts["versions"], counts["submissions"], counts["events"]) == (3, 3, 3, 18)
    assert counts["rejections"] == 5
    assert counts["subjects"] > 20
    assert counts["statements"] > 100
    assert counts["links"] > 50


async def test_a_sample_looks_at_fewer_subjects(told: Ledger, eventful: tuple[Path, World]) -> None:
    whole = (await told.verify(eventful[1])).counts["subjects"]
    assert (await told.verify(eventful[1], every=5)).counts["subjects"] == -(-whole // 5)


async def test_it_tells_how_far_it_is(spoilt: Path, eventful: tuple[Path, World]) -> None:
    seen: dict[str, tuple[int, int]] = {}
    database = Database(f"sqlite:///{spoilt}")
    await verify(database, eventful[1], START, tell=lambda what, done, total: seen.update({what: (done, total)}))
    await database.close()
    assert seen.keys() == {"links", "escalations", "orders, nights and sources"}
    assert all(0 < done <= total for done, total in seen.values())
    assert seen["links"][0] == seen["links"][1]


_MORE_NIGHTS = (
    "INSERT INTO night SELECT unit, 'ap-bryn-awel/2030-01-01', night, starts, ends, required, own_staff, confirmed, "
    "deficit, uncovered_minutes, own_minutes, agency_minutes, contingency_minutes, cost_pence, policy_version, "
    "next_due_at, decided_at, state FROM night WHERE subject = 'ap-bryn-awel/2026-01-13'"
)
_MORE_REJECTED = (
    "INSERT INTO rejected SELECT 99, '00000000000000000000000000000001', NULL, NULL, NULL, topic, source, code, "
    "field, sentence, length, sha256, key, value, headers, heard, rejected_at, NULL, NULL FROM rejected LIMIT 1"
)
PLANTED = [
    ("UPDATE event SET body = replace(body, 'will-not-secure', 'damaged') WHERE id = 'first'",
     "event, first of estates-desk: it was edited"),
    ("DELETE FROM event WHERE id = 'first'", "event, first of estates-desk: it was sealed and is gone"),
    ("DELETE FROM event WHERE id = 'first'", "1 offsets were consumed and became nothing, such as 0"),
    ("UPDATE event_note SET note = 'green' WHERE note = 'the blue one'", "its free text was edited or removed"),
    ("INSERT INTO event_note VALUES ('nobody', 'e', 'x', NULL)", "event_note, nobody e: it is the free text of no"),
    ("DELETE FROM audit WHERE chain = 'ledger:' AND kind = 'erased'", "its free text was edited or removed without"),
    ("UPDATE audit SET entry = replace(entry, 'WO-2', 'WO-7') WHERE chain = 'ap-bryn-awel' AND n = 1",
     "audit, ap-bryn-awel 1: it was edited: its hash is not that of its content"),
    ("DELETE FROM audit WHERE chain = 'ap-bryn-awel' AND n = 2", "links are missing before it: the one before is 1"),
    ("UPDATE audit SET previous = 'x' WHERE chain = 'ap-bryn-awel' AND n = 2", "does not go on from the link before"),
    ("DELETE FROM audit WHERE chain = 'source:fm-north'", "it says that it has a chain, and the chain is gone"),
    ("DELETE FROM unit WHERE id = 'ledger:'", "unit, ledger:: the chain's unit is gone"),
    ("UPDATE unit SET nights_until = NULL WHERE nights_until IS NOT NULL",
     "unit, ap-bryn-awel: it was edited: nights_until is not what the last link says"),
    ("UPDATE work_order SET next_due_at = NULL WHERE subject = 'WO-1'",
     "work_order, ap-bryn-awel WO-1: it was edited: next_due_at is not when it is due, which is 2026-"),
    ("UPDATE night SET next_due_at = '2026-01-20 00:00:00.000000' WHERE next_due_at IS NOT NULL",
     "it was edited: next_due_at is not when it is due"),
    ("UPDATE work_order SET is_open = 0 WHERE subject = 'WO-1'", "work_order, ap-bryn-awel WO-1: is_open: not what"),
    ("UPDATE work_order SET effective = 'P4' WHERE subject = 'WO-1'", "WO-1: effective: not what its events say"),
    ("UPDATE work_order SET is_open = 0, effective = 'P4' WHERE subject = 'WO-1'", "effective, is_open: not what"),
    ("UPDATE work_order SET state = replace(state, '\"open\"', '\"closed\"')", "its state is not what its events say"),
    ("DELETE FROM night WHERE subject = 'ap-bryn-awel/2026-01-13'",
     "night, ap-bryn-awel ap-bryn-awel/2026-01-13: it was decided and its row is gone"),
    (_MORE_NIGHTS, "ap-bryn-awel/2030-01-01: no link says that it was ever decided"),
    ("DELETE FROM exposure WHERE subject = 'WO-2'", "WO-2: exposure: its stretches are not its state's"),
    ("INSERT INTO exposure VALUES ('ap-bryn-awel', 'short', 'nobody', '2026-01-13', NULL)",
     "exposure, ap-bryn-awel nobody: it has no state"),
    ("UPDATE outbox SET value = '', erased_at = sent_at WHERE topic = 'classifications'", "topic, key or value is not"),
    ("UPDATE outbox SET topic = 'backlog' WHERE topic = 'classifications'", "topic, key or value is not what was"),
    ("UPDATE outbox SET key = 'x' WHERE erased_at IS NOT NULL", "topic or key is not that of its rejection"),
    ("UPDATE outbox SET headers = '{}' WHERE topic = 'classifications'", "its header names another link"),
    ("UPDATE outbox SET sent_at = '2020-01-01 00:00:00.000000' WHERE sent_at IS NOT NULL", "sent_at is before it was"),
    ("UPDATE outbox SET sent_at = NULL WHERE confirmed_at IS NOT NULL", "it was seen on its topic, yet not sent"),
    ("UPDATE outbox SET confirmations = 0 WHERE confirmed_at IS NOT NULL", "confirmations do not fit"),
    ("DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)", "it was sealed and is gone"),
    ("DELETE FROM statement WHERE n = 1", "statement 1 is missing before it"),
    ("DELETE FROM statement", "it was never said: it has no statement"),
    ("UPDATE statement SET reason = 'nothing' WHERE n = 1", "it was edited: it is not what was sealed"),
    ("UPDATE statement SET said_at = '2026-01-13 10:00:01.000000' WHERE n = 1", "it is not what was sealed"),
    ("UPDATE statement SET message_id = '00000000000000000000000000000001' WHERE rowid = 9",
     "its message id does not derive from it"),
    ("UPDATE escalation SET standing = NOT standing", "it was edited: standing is not what its last statement says"),
    ("UPDATE escalation SET role = 'nobody', due_at = '2026-01-13 10:00:00.000000'", "edited: due_at, role is not"),
    ("DELETE FROM escalation WHERE subject = 'WO-1'", "something was left unsaid, or said wrongly"),
    ("DELETE FROM escalation WHERE subject = 'WO-1'", "it is gone, and its statement 1 is there"),
    ("UPDATE escalation SET unit = 'ap-plas-helyg', subject = 'WO-0'", "it is about a subject that has no state"),
    ("UPDATE escalation SET last_statement = 'closed' WHERE standing", "rungs stand, but"),
    ("UPDATE offset_state SET next_offset = next_offset + 1, duplicates = duplicates + 1",
     "records were counted as duplicates, but"),
    ("UPDATE offset_state SET next_offset = next_offset + 1", "1 offsets were consumed and became nothing, such as"),
    ("UPDATE offset_state SET next_offset = next_offset - 1", "lies outside of what was consumed"),
    ("UPDATE offset_state SET incarnation = 'another'", "incarnation is not what it began with"),
    ("UPDATE event SET topic_offset = 1 WHERE id = 'first'", "an offset is there twice: 1"),
    ("UPDATE event SET stream = 77 WHERE stream IS NOT NULL", "row 77: the ledger knows no such stream"),
    ("INSERT INTO offset_state VALUES (77, 'c', 't', 'i', 0, 0, 0, 0, 0, 0, 0)", "no link says that it was ever read"),
    ("DELETE FROM offset_gap", "offset_gap, 1 18: it was accepted and is gone"),
    ("INSERT INTO offset_gap VALUES (2, 0, 9, 'x', '2026-01-13')", "no link says that anybody accepted it"),
    ("DELETE FROM rejected WHERE receipt IS NOT NULL", "it was sealed and is gone"),
    ("UPDATE rejected SET value = x'00' WHERE erased_at IS NULL", "its bytes are not those that were rejected"),
    ("UPDATE rejected SET value = x'00' WHERE erased_at IS NOT NULL", "its bytes were put back"),
    ("UPDATE rejected SET sentence = 'It is fine.'", "it was edited: it is not what was sealed"),
    ("UPDATE rejected SET resubmitted_as = NULL", "resubmitted_as is not what the audit says"),
    (_MORE_REJECTED, "no link says that it was ever recorded"),
    (_MORE_REJECTED.replace("'00000000000000000000000000000001'", "x'01'"), "rows are there that no link tells of"),
    ("DELETE FROM inbox WHERE receipt = 'r-3'", "inbox, r-3: it was submitted and is gone"),
    ("DELETE FROM inbox WHERE receipt = 'r-2'", "it was taken and is gone"),
    ("UPDATE inbox SET fate = 'rejected' WHERE receipt = 'r-1'", "fate or taken_at is not what the audit says"),
    ("UPDATE inbox SET fate = 'x', taken_at = received_at WHERE receipt = 'r-3'", "no link says that it was taken"),
    ("UPDATE inbox SET value = x'00' WHERE receipt = 'r-3'", "inbox, r-3: it was edited: value is not what was"),
    ("DELETE FROM quarantine WHERE released_at IS NULL", "it was held and its row is gone"),
    ("UPDATE quarantine SET released_at = held_at", "released_at is not what the links say"),
    ("UPDATE event SET quarantined = 0 WHERE id = 'poison'", "quarantined is not what quarantine says"),
    ("INSERT INTO quarantine VALUES (99, 'ap-bryn-awel', 'WO-1', NULL, NULL, 'x', '2026-01-13', NULL)",
     "no link says that it was held"),
    ("INSERT INTO quarantine VALUES (99, 'nowhere', 'WO-1', NULL, NULL, 'x', '2026-01-13', NULL)",
     "quarantine, nowhere: no link says that anything was held"),
    ("UPDATE policy_version SET document = document || ' '", "its document is not the one that its version names"),
    ("UPDATE estate_version SET activated_by = 'me'", "version, activated_at or activated_by is not as sealed"),
    ("DELETE FROM policy_version WHERE activated_by <> 'start'", "2026-01-15T10:00:00+00:00: it was activated and is"),
    ("INSERT INTO estate_version VALUES ('2027-01-01', 'v', '{}', '2026-01-13', 'me')", "its key is not one that we"),
    ("UPDATE estate_version SET effective_from = '2020-01-01 00:00:00.000000'", "no link says that anybody activated"),
    ("UPDATE meta SET time_kind = 'real'", "meta, 1: it was edited: time_kind is not what it began with"),
    ("DELETE FROM meta", "a ledger says once what it is, and this one says it 0 times"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "sentence"), PLANTED, ids=[f"{n}" for n in range(len(PLANTED))])
async def test_a_planted_error_is_said_plainly(
    spoilt: Path, eventful: tuple[Path, World], sql: str, sentence: str
) -> None:
    assert planting.execute(spoilt, sql) > 0
    found = [f"{one.check}, {one.where}: {one.sentence}" for one in await _found(spoilt, eventful[1])]
    assert any(sentence in one for one in found), found


async def test_a_subject_that_breaks_hides_no_other(
    spoilt: Path, eventful: tuple[Path, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = decide.decide

    def breaks(case: decide.Case, world: World, now: datetime) -> Decision:
        if case.subject == "WO-1":
            raise ZeroDivisionError("a fault of ours")
        return sound(case, world, now)

    monkeypatch.setattr(decide, "decide", breaks)
    assert [(one.where, one.sentence) for one in await _found(spoilt, eventful[1])] == [
        (f"{AP} WO-1", "it cannot be decided: ZeroDivisionError: a fault of ours")
    ]


async def test_without_readable_rules_everything_else_is_checked(spoilt: Path) -> None:
    planting.execute(spoilt, "UPDATE rejected SET code = 'x'")
    found = [one.sentence for one in await _found(spoilt, None)]
    assert "the rules cannot be read, so nothing is decided again" in found
    assert "it was edited: it is not what was sealed" in found


async def test_the_hash_in_a_messages_header_is_in_the_chain(told: Ledger) -> None:
    (message, *_) = await told.unsent(1)
    hashed = dict(message.headers)["audit"].decode()
    async with told.reading() as connection:
        assert await queries.find_hash(connection, message.key.decode(), hashed) is not None
        assert await queries.find_hash(connection, AP, "0" * 64) is None


async def test_a_ledger_that_was_put_back_is_sound_in_itself_and_the_anchor_shows_it(
    small: Ledger, world: World, feed: Feed, tmp_path: Path
) -> None:
    await small.world(world, hour(0))
    await small.take(feed.read(raised("WO-1")), hour(0), world)
    before = await small.verify(world)
    await small.take(feed.read(raised("WO-2")), hour(1), world)
    after = await small.verify(world)
    assert before.heads is not None
    assert after.heads is not None
    assert (await small.verify(world, against=before.heads)).findings == []
    again = ANCHOR.validate_json(orjson.dumps(after.heads))
    other = await Ledger.open(f"sqlite:///{tmp_path}/other.db", time_kind="simulated", now=hour(0))
    assert "the anchor is of" in (await other.verify(world, against=again)).findings[0].sentence
    await other.close()
    path = Path(str(small.database.url.database))
    planting.execute(path, "DELETE FROM audit WHERE chain = ? AND n = 2", [AP])
    found = [one.sentence for one in await _found(path, world, again)]
    assert "the anchor has seen it, and it is gone: the chain was cut" in found
    forged = Anchor(again.ledger_id, {**again.heads, AP: (1, hashlib.sha256().hexdigest())})
    assert "it is not the link that the anchor has seen" in {
        one.sentence for one in await _found(path, world, forged)
    }  # fmt: skip


async def test_an_empty_ledger_holds(small: Ledger, world: World) -> None:
    report = await small.verify(world)
    assert (report.holds, set(report.counts.values())) == (True, {0})
    assert small.identity.created_at == START
