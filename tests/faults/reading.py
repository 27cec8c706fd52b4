"""A ledger read from outside with plain SQL: the SQLite file itself, or PostgreSQL; nothing of the code under test.

What the two databases keep differently comes out the same: instants are aware, ids are UUIDs.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

Row = Mapping[str, Any]
Place = Path | str
"""A SQLite file, or the URL of a PostgreSQL database."""


class Reading:
    """One unchanging view of a ledger."""

    def __init__(self, connection: "sqlite3.Connection | psycopg.Connection[dict[str, Any]]") -> None:
        self._connection = connection

    def rows(self, query: LiteralString, *values: object) -> Iterator[Row]:
        """The rows; ``?`` stands for a value."""
        if isinstance(self._connection, sqlite3.Connection):
            yield from map(_uniform, self._connection.execute(query, [_for_sqlite(value) for value in values]))
        else:
            yield from self._connection.execute(query.replace("%", "%%").replace("?", "%s"), values)

    def one(self, query: LiteralString, *values: object) -> int:
        """The only number of the only row."""
        (row,) = self.rows(query, *values)
        return int(next(iter(row.values())))


@contextmanager
def reading(place: Place) -> Iterator[Reading]:
    """A view of the ledger for as long as the block lasts."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as file:
            file.row_factory = sqlite3.Row
            file.execute("BEGIN")
            yield Reading(file)
        return
    with psycopg.connect(place.replace("+psycopg", ""), row_factory=dict_row, options="-c timezone=UTC") as server:
        server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        server.read_only = True
        yield Reading(server)


def _for_sqlite(value: object) -> object:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _uniform(row: sqlite3.Row) -> Row:
    return {name: _as_kept(name, row[name]) for name in row.keys()}  # noqa: SIM118 - a row iterates over its values


def _as_kept(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    if value is None:
        return None
    if name in {"heard", "time"} or name.endswith("_at"):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if name in {"message_id", "escalation_id"}:
        return UUID(value)
    return value
