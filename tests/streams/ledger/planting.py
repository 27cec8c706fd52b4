"""Planting errors in a ledger behind its back: each change is one that a hand with access to the file could make."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table

Values = dict[str, Any]
OTHER = {
    bool: "NOT {0}",
    int: "coalesce({0}, 0) + 1000",
    datetime: "'2026-01-13 10:59:58.500000'",
    date: "'2020-02-02'",
    UUID: "'00000000000000000000000000000001'",
    bytes: "x'00ff'",
    str: "coalesce({0}, '') || 'x'",
}
"""For each type of column, another value than any that a ledger of the tests holds."""


def execute(path: Path, sql: str, values: Iterable[Any] = ()) -> int:
    """Change the file; tells how many rows were changed."""
    with sqlite3.connect(path) as connection:
        changed = connection.execute(sql, tuple(values)).rowcount
    connection.close()
    return changed


def edit(path: Path, column: Column[Any], value: str | None = None) -> int:
    """Give one row another value in a column: the first that has any value there, if one has."""
    kind: Any = getattr(column.type, "impl_instance", column.type)
    other = value if value is not None else OTHER[kind.python_type].format(f'"{column.name}"')
    table = column.table.name
    sql = (
        f'UPDATE "{table}" SET "{column.name}" = {other} WHERE rowid = '  # noqa: S608
        f'(SELECT rowid FROM "{table}" ORDER BY "{column.name}" IS NULL, rowid LIMIT 1)'
    )
    return execute(path, sql)


def delete(path: Path, table: Table, rowid: int) -> int:
    """Take one row away."""
    return execute(path, f'DELETE FROM "{table.name}" WHERE rowid = ?', [rowid])  # noqa: S608


def rowids(path: Path, table: Table) -> list[int]:
    """Every row's own number in the file."""
    with sqlite3.connect(path) as connection:
        found = connection.execute(f'SELECT rowid FROM "{table.name}" ORDER BY rowid').fetchall()  # noqa: S608
    connection.close()
    return [rowid for (rowid,) in found]


def swap(path: Path, table: Table) -> bool:
    """Give two rows that say different things each other's content; tells whether there are two such."""
    keys = [column.name for column in table.primary_key.columns]
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f'SELECT * FROM "{table.name}" ORDER BY rowid')]  # noqa: S608
        chosen = _two_unlike(rows, keys)
        for row in chosen:
            _one(connection, "DELETE FROM", table, {name: row[name] for name in keys})
        for row, other in zip(chosen, reversed(chosen), strict=True):
            _one(connection, "INSERT INTO", table, {**other, **{name: row[name] for name in keys}})
    connection.close()
    return bool(chosen)


def _two_unlike(rows: Sequence[Values], keys: Sequence[str]) -> tuple[Values, ...]:
    def content(row: Values) -> Values:
        return {name: value for name, value in row.items() if name not in keys}

    other = next((row for row in rows if content(row) != content(rows[0])), None)
    return (rows[0], other) if other is not None else ()


def _one(connection: sqlite3.Connection, act: str, table: Table, row: Values) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    if act == "INSERT INTO":
        connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', tuple(row.values()))  # noqa: S608
    else:
        connection.execute(f'DELETE FROM "{table.name}" WHERE ({names}) = ({marks})', tuple(row.values()))  # noqa: S608


def content(path: Path) -> bytes:
    """The whole file."""
    return path.read_bytes()


def put_back(path: Path, whole: bytes) -> None:
    """Make the file what it was."""
    path.write_bytes(whole)
