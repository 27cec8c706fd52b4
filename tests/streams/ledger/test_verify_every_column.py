"""Every column of every table: an edit of it is found, or it is written down why nobody could find it."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, Table

from models.tables import METADATA
from streams.ledger import outstanding
from streams.ledger.engine import Database
from streams.ledger.verify import Finding, verify
from tests.streams.ledger import planting
from tests.streams.ledger.telling import START
from workorders.policy import World

CHAIN = "the hashes of the chain, and the end that the unit knows"
SEAL = "the seal in the link of the transaction that wrote the row"
LINK = "the instant of the link of the transaction that wrote it"
ACT = "an act in the chain"
COUNT = "the offsets themselves, each of which is in the chain"
DERIVED = "its last statement, which is sealed"
ORDER = "the order in which the chain names the rows"
STATE = "the state, which is sealed"
COUNTED = "a count of the orders"

COVERED: dict[str, dict[str, str]] = {
    "audit": dict.fromkeys(("chain", "n", "kind", "decided_at", "entry", "previous", "hash"), CHAIN),
    "escalation": dict.fromkeys(
        (
            "id", "unit", "subject", "kind", "clock", "spell", "rung", "role", "repeat", "priority",
            "business_critical", "due_at", "original_due_at", "acknowledged_until", "reason", "last_n",
            "last_statement", "standing", "first_said_at", "last_said_at", "content",
        ),
        DERIVED,
    ),
    "estate_version": dict.fromkeys(("effective_from", "version", "document", "activated_at", "activated_by"), ACT),
    "event": {
        **dict.fromkeys(
            (
                "source", "id", "type", "unit", "subject", "time", "heard", "role", "party", "sequence", "digest",
                "body", "stream", "topic_offset",
            ),
            SEAL,
        ),
        "recorded_at": LINK,
        "quarantined": "what is held by the acts of the chain",
    },
    "event_note": {**dict.fromkeys(("source", "id", "note"), "the digest of the event"), "erased_at": ACT},
    "exposure": dict.fromkeys(("unit", "tag", "subject", "starts", "until"), STATE),
    "inbox": {
        **dict.fromkeys(("receipt", "source", "event_id", "digest", "topic", "key", "value"), SEAL),
        "seq": ORDER,
        "received_at": LINK,
        "taken_at": LINK,
        "fate": "the chain of the unit that took it",
    },
    "meta": dict.fromkeys(("id", "ledger_id", "time_kind", "created_at"), ACT),
    "night": {
        **dict.fromkeys(
            (
                "unit", "subject", "night", "starts", "ends", "required", "own_staff", "confirmed", "deficit",
                "uncovered_minutes", "own_minutes", "agency_minutes", "contingency_minutes", "cost_pence",
                "policy_version", "state", "decided_at", "next_due_at",
            ),
            SEAL,
        ),
    },
    "offset_gap": dict.fromkeys(("stream", "from_offset", "to_offset", "reason", "accepted_at"), ACT),
    "offset_state": {
        **dict.fromkeys(("id", "cluster", "topic", "incarnation", "topic_partition", "first_offset"), ACT),
        **dict.fromkeys(("next_offset", "recorded", "duplicates", "rejected", "skipped"), COUNT),
    },
    "outbox": {
        **dict.fromkeys(("message_id", "topic", "key", "value"), SEAL),
        "headers": CHAIN,
        "seq": ORDER,
        "created_at": LINK,
        "erased_at": ACT,
    },
    "outstanding": {
        **dict.fromkeys(("unit", *outstanding.COLUMNS.values()), COUNTED),
        "as_at": "the link in which the backlog was last counted",
    },
    "policy_version": dict.fromkeys(("effective_from", "version", "document", "activated_at", "activated_by"), ACT),
    "quarantine": {
        **dict.fromkeys(("unit", "subject", "source", "event_id", "error"), ACT),
        **dict.fromkeys(("held_at", "released_at"), LINK),
        "seq": ORDER,
    },
    "rejected": {
        **dict.fromkeys(
            (
                "message_id", "stream", "topic_offset", "receipt", "topic", "source", "code", "field", "sentence",
                "length", "sha256", "key", "value", "headers", "heard",
            ),
            SEAL,
        ),
        "seq": ORDER,
        "rejected_at": LINK,
        **dict.fromkeys(("resubmitted_as", "erased_at"), ACT),
    },
    "source_state": dict.fromkeys(
        (
            "unit", "subject", "source", "last_heard", "silent_since", "marks", "next_due_at", "decided_at", "state",
        ),
        SEAL,
    ),
    "statement": dict.fromkeys(
        (
            "escalation_id", "n", "message_id", "unit", "subject", "statement", "reason", "said_at", "content",
        ),
        SEAL,
    ),
    "unit": {
        **dict.fromkeys(("id", "version", "audit_n", "audit_head", "decided_at"), CHAIN),
        **dict.fromkeys(("nights_until", "backlog_n", "backlog_due_at", "incomplete"), "the last link of the chain"),
    },
    "work_order": dict.fromkeys(
        (
            "unit", "subject", "status", "outcome", "is_open", "raised_at", "ended_at", "spell", "base", "effective",
            "provider_priority", "dispute_since", "paused_until", "breached_at", "contested", "exposed", "fix_due",
            "contractor_reference", "policy_version", "next_due_at", "decided_at", "state", "said_classification",
            "said_classification_n", "said_dispute", "said_dispute_n",
        ),
        SEAL,
    ),
}  # fmt: skip
"""By table and column, what an edit is held against."""

BROKER = "it says what the broker did, and only the topic knows that; what cannot be is found"
CHANNEL = (
    "it says whom we told and how that went, which only the channels know; what it leads to is an event of its own"
)
DOOR = "it says who may come in by HTTP and who came, not what was heard, decided or said; nothing is reckoned from it"
UNKNOWABLE: dict[str, dict[str, str]] = {
    "notice": dict.fromkeys(
        (
            "id", "escalation_id", "n", "what", "unit", "role", "kind", "address", "language", "priority", "urgent",
            "planned_at", "digest", "next_at", "tries", "outcome", "detail", "settled_at",
        ),
        CHANNEL,
    ),
    "notice_attempt": dict.fromkeys(("notice", "n", "at", "took_ms", "outcome", "detail", "worker"), CHANNEL),
    "notice_due": dict.fromkeys(("escalation_id", "n", "since", "not_before"), CHANNEL),
    "notice_lost": dict.fromkeys(("escalation_id", "n", "at", "said", "settled_at"), CHANNEL),
    "rehearsal": dict.fromkeys(
        ("id", "drill", "place", "unit", "role", "content", "begun_at", "planned_at", "answered_at"), CHANNEL
    ),
    "api_access": dict.fromkeys(("seq", "at", "key", "action", "about", "status", "code"), DOOR),
    "api_key": dict.fromkeys(
        (
            "id", "hash", "source", "holder", "reach", "of", "created_at", "expires_at", "revoked_at", "last_used_at",
        ),
        DOOR,
    ),
    "api_request": dict.fromkeys(
        ("key", "name", "asked", "topic", "unit", "event", "receipt", "at", "answer"), DOOR
    ),
    "desk_session": dict.fromkeys(
        (
            "id", "hash", "api_key", "role", "source", "holder", "reach", "of", "began_at", "seen_at", "ends_at",
            "ended_at", "issuer", "subject", "sid", "hint",
        ),
        DOOR,
    ),
    "desk_sign_in": dict.fromkeys(("hash", "began_at", "sealed"), DOOR),
    "inbox": {"relayed_at": BROKER},
    "outbox": {"sent_at": BROKER, "confirmed_at": BROKER, "confirmations": BROKER},
    "pulse": dict.fromkeys(("part", "worker", "n", "at"), "a sign of life of a part of ours; nothing is decided by it"),
}  # fmt: skip
"""By table and column, why nobody can tell an edit of it from what was written."""

DOCUMENTS = (
    "audit.entry", "policy_version.document", "estate_version.document", "work_order.state", "night.state",
    "work_order.said_classification", "work_order.said_dispute", "source_state.state", "source_state.marks",
    "escalation.content", "statement.content", "event.body", "outbox.value", "outbox.headers", "rejected.headers",
)  # fmt: skip
_ELSEWHERE = "UPDATE outbox SET created_at = '2026-01-13 10:00:00.500000' WHERE seq = 3"
EVERY_ROW = os.environ.get("WORKORDERS_TEST_EDGES") == "all"
TABLES = [table for table in METADATA.sorted_tables if table.name in COVERED]
COLUMNS = [column for table in TABLES for column in table.columns if column.name in COVERED[table.name]]


async def _findings(path: Path, then: World, every: int = 1) -> list[Finding]:
    database = Database(f"sqlite:///{path}")
    try:
        return (await verify(database, then, START, every=every)).findings
    finally:
        await database.close()


def _names(found: list[Finding], table: str) -> bool:
    """Whether a finding names the table."""
    names = {"audit", "unit"} if table == "audit" else {table}
    return any(names & {*one.check.split(", "), one.sentence.partition(":")[0]} for one in found)


def test_of_each_column_it_is_written_down_what_covers_it_or_why_nothing_can() -> None:
    known = {(table.name, column.name) for table in METADATA.sorted_tables for column in table.columns}
    covered = {(table, name) for table, names in COVERED.items() for name in names}
    unknowable = {(table, name) for table, names in UNKNOWABLE.items() for name in names}
    assert covered | unknowable == known
    assert covered & unknowable == set()


async def test_nothing_is_found_where_nothing_was_planted_and_every_table_has_rows(
    spoilt: Path, eventful: tuple[Path, World]
) -> None:
    assert await _findings(spoilt, eventful[1]) == []
    assert [table.name for table in TABLES if not planting.rowids(spoilt, table)] == []


@pytest.mark.parametrize("column", COLUMNS, ids=str)
async def test_an_edit_of_a_column_is_found(spoilt: Path, eventful: tuple[Path, World], column: Column[str]) -> None:
    assert planting.edit(spoilt, column, "seq + 100000" if column.name == "seq" else None) == 1
    again = 1 if COVERED[column.table.name][column.name] == STATE else 1000  # the others are found without deciding
    found = await _findings(spoilt, eventful[1], again)
    assert _names(found, column.table.name), found


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_a_row_that_was_taken_away_is_found(spoilt: Path, eventful: tuple[Path, World], table: Table) -> None:
    rows = planting.rowids(spoilt, table)
    whole = planting.content(spoilt)
    for rowid in rows if EVERY_ROW else sorted({rows[0], rows[len(rows) // 2], rows[-1]}):
        planting.put_back(spoilt, whole)
        assert planting.delete(spoilt, table, rowid) == 1
        found = await _findings(spoilt, eventful[1])
        assert _names(found, table.name), (rowid, found)


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_a_table_that_was_emptied_is_found(spoilt: Path, eventful: tuple[Path, World], table: Table) -> None:
    assert planting.execute(spoilt, f'DELETE FROM "{table.name}"') > 0  # noqa: S608
    found = await _findings(spoilt, eventful[1])
    assert _names(found, table.name), found


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_two_rows_that_changed_places_are_found(spoilt: Path, eventful: tuple[Path, World], table: Table) -> None:
    if not planting.swap(spoilt, table):
        assert len(planting.rowids(spoilt, table)) == 1
        return
    found = await _findings(spoilt, eventful[1])
    assert _names(found, table.name), found


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_that_is_no_json_is_found_and_hides_nothing(
    spoilt: Path, eventful: tuple[Path, World], name: str
) -> None:
    table, _, column = name.partition(".")
    planting.edit(spoilt, METADATA.tables[table].columns[column], "'{'")
    planting.execute(spoilt, _ELSEWHERE)
    found = await _findings(spoilt, eventful[1])
    assert _names(found, table), found
    assert any("created_at is not when it was said" in one.sentence for one in found), found


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_an_instant_that_is_none_is_found_and_breaks_nothing(
    spoilt: Path, eventful: tuple[Path, World], table: Table
) -> None:
    for column in [column for column in table.columns if column.name.endswith("_at")][:1]:
        planting.edit(spoilt, column, "'yesterday'")
        planting.execute(spoilt, _ELSEWHERE)
        found = await _findings(spoilt, eventful[1], 1000)
        assert _names(found, table.name), found
        assert any("created_at is not when it was said" in one.sentence for one in found), found


@pytest.mark.parametrize("name", ["inbox.relayed_at", "outbox.sent_at", "outbox.confirmed_at"])
async def test_what_nobody_can_know_is_not_found(spoilt: Path, eventful: tuple[Path, World], name: str) -> None:
    table, _, column = name.partition(".")
    planting.edit(spoilt, METADATA.tables[table].columns[column], "'2026-01-14 18:00:01.000000'")
    assert await _findings(spoilt, eventful[1]) == []
