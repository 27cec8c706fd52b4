"""Rows by the set mean the same on both databases, whatever they hold."""

import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from models.tables import ExposureRow, InboxRow, OutboxRow, OutstandingRow, UnitRow
from streams.ledger import rows
from streams.ledger.ledger import Ledger
from streams.ledger.outstanding import COLUMNS
from tests.streams.ledger.telling import START, all_rows, hour

UNIT = rows.table_of(UnitRow)
BY_ID = rows.Query(
    UnitRow,
    ("id",),
    (UNIT.c.id, UNIT.c.version),
    "SELECT u.id, u.version FROM {wanted} JOIN unit u ON u.id = w.id ORDER BY u.id",
)


def _unit(id_: str, **more: object) -> dict[str, object]:
    return {"id": id_, "version": 0, "audit_n": 0, "audit_head": "", "backlog_n": 0, "backlog_due_at": None,
            "incomplete": False, **more}  # fmt: skip


def _message(n: int, value: str) -> dict[str, object]:
    return {"message_id": UUID(int=n), "topic": "t", "key": "k", "value": value, "headers": "{}", "created_at": START,
            "confirmations": 0}  # fmt: skip


async def test_what_is_written_is_read_back_to_the_microsecond_and_byte(ledger: Ledger) -> None:
    elsewhere = datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    value = bytes(range(256))
    row = {"receipt": "r", "source": "s'\"\\", "event_id": "é\u2028😀", "digest": b"\x00" * 32, "topic": "t",
           "key": "k", "value": value, "received_at": elsewhere}  # fmt: skip
    async with ledger.database.writing() as connection:
        await rows.insert(connection, InboxRow, [row])
    (found,) = await all_rows(ledger, InboxRow)
    assert (found.value, found.digest, found.source, found.event_id) == (value, b"\x00" * 32, "s'\"\\", "é\u2028😀")
    assert found.received_at == elsewhere
    assert found.received_at.tzinfo is UTC
    assert (found.relayed_at, found.fate) == (None, None)


async def test_both_ways_of_writing_leave_the_same_in_the_file(small: Ledger) -> None:
    table = rows.table_of(OutboxRow)
    async with small.database.writing() as connection:
        await rows.insert(connection, OutboxRow, [_message(1, "by the set")])
        await connection.execute(table.insert().values(**_message(2, "by SQLAlchemy")))
        await rows.insert(connection, UnitRow, [_unit("a", nights_until=date(2026, 1, 13))])
        await connection.execute(UNIT.insert().values(**_unit("b", nights_until=date(2026, 1, 13))))
    with sqlite3.connect(str(small.database.url.database)) as file:
        one, two = file.execute("SELECT length(message_id), created_at, sent_at, typeof(value) FROM outbox")
        assert one == two
        assert one[1] == "2026-01-13 10:00:00.000000"
        a, b = file.execute("SELECT nights_until, incomplete, version FROM unit ORDER BY id")
        assert a == b == ("2026-01-13", 0, 0)


async def test_rows_are_written_in_the_order_given(ledger: Ledger) -> None:
    async with ledger.database.writing() as connection:
        await rows.insert(connection, OutboxRow, [_message(n, str(n)) for n in (3, 1, 2)])
    assert [row.value for row in await all_rows(ledger, OutboxRow)] == ["3", "1", "2"]


async def test_a_clash_fails_keeps_or_replaces_as_asked(ledger: Ledger) -> None:
    async with ledger.database.writing() as connection:
        await rows.insert(connection, UnitRow, [_unit("a", version=1)])
        await rows.insert(connection, UnitRow, [_unit("a", version=2), _unit("b", version=2)], clash="keep")
        await rows.insert(connection, UnitRow, [_unit("b", version=3), _unit("c", version=3)], clash="replace")
    assert [(row.id, row.version) for row in await all_rows(ledger, UnitRow)] == [("a", 1), ("b", 3), ("c", 3)]
    with pytest.raises(IntegrityError):
        async with ledger.database.writing() as connection:
            await rows.insert(connection, UnitRow, [_unit("a")])


async def test_a_clash_adds_the_numbers_where_asked_and_leaves_the_rest(ledger: Ledger) -> None:
    def counts(n: int, as_at: datetime) -> dict[str, object]:
        return {"unit": "a", "as_at": as_at, **dict.fromkeys(COLUMNS.values(), 0), "p1_day": n, "p4_older": 2 * n}

    async with ledger.database.writing() as connection:
        await rows.insert(connection, UnitRow, [_unit("a")])
        for n in (5, -3):
            await rows.insert(connection, OutstandingRow, [counts(n, hour(n))], clash="add")
    (row,) = await all_rows(ledger, OutstandingRow)
    assert (row.p1_day, row.p4_older, row.p1_week, row.as_at) == (2, 4, 0, hour(5))


async def test_an_update_changes_only_what_it_names_and_counts_what_it_found(ledger: Ledger) -> None:
    async with ledger.database.writing() as connection:
        await rows.insert(connection, UnitRow, [_unit("a"), _unit("b")])
        found = await rows.update(
            connection, UnitRow, [{"id": "b", "backlog_due_at": hour(1)}, {"id": "z", "backlog_due_at": None}]
        )
        assert found == 1
        assert await rows.update(connection, UnitRow, []) == 0
    assert [row.backlog_due_at for row in await all_rows(ledger, UnitRow)] == [None, hour(1)]


async def test_a_question_about_no_keys_asks_nothing(ledger: Ledger) -> None:
    async with ledger.reading() as connection:
        assert await rows.fetch(connection, BY_ID, []) == ()


async def test_a_question_about_many_keys_is_one_statement(ledger: Ledger) -> None:
    async with ledger.database.writing() as connection:
        await rows.insert(connection, UnitRow, [_unit(f"u-{n:04}", version=n) for n in range(1500)])
        found = await rows.fetch(connection, BY_ID, [(f"u-{n:04}",) for n in range(0, 3000, 2)])
    assert [tuple(row) for row in found] == [(f"u-{n:04}", n) for n in range(0, 1500, 2)]


async def test_deleting_takes_every_row_of_the_keys_and_no_other(ledger: Ledger) -> None:
    def stretch(subject: str, tag: str) -> dict[str, object]:
        return {"unit": "a", "tag": tag, "subject": subject, "starts": START, "until": None}

    async with ledger.database.writing() as connection:
        await rows.insert(connection, UnitRow, [_unit("a")])
        await rows.insert(connection, ExposureRow, [stretch("x", "1"), stretch("x", "2"), stretch("y", "1")])
        await rows.delete(connection, ExposureRow, ("unit", "subject"), [("a", "x")])
        await rows.delete(connection, ExposureRow, ("unit", "subject"), [])
    assert [(row.subject, row.tag) for row in await all_rows(ledger, ExposureRow)] == [("y", "1")]


async def test_what_has_no_place_in_a_row_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Exception, match=r"not JSON serializable|not supported"):
        async with ledger.database.writing() as connection:
            await rows.insert(connection, UnitRow, [_unit("a", audit_head=object())])
