"""Rows by the set: one statement a table, generated from the table itself.

PostgreSQL reads one JSON document a table, SQLite takes the rows one after another inside the driver: each is the
fastest way that was measured on it. Nobody else in the ledger needs to know which of the two is beneath.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, Literal, cast
from uuid import UUID

import orjson
from sqlalchemy import Column, Row, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TextualSelect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

Values = Mapping[str, Any]
Clash = Literal["fail", "keep", "replace", "add"]
"""What happens to a row whose key exists: an error, the old row stays, the new one takes its place, or its numbers are
added to the old one's."""

_POSTGRESQL: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]


async def insert(
    connection: AsyncConnection,
    model: type[SQLModel],
    rows: Sequence[Values],
    *,
    clash: Clash = "fail",
    by: tuple[str, ...] | None = None,
) -> None:
    """Write the rows in the order given; all must have the same columns.

    Rows clash if they agree in the primary key, or in the unique columns ``by``.
    """
    if rows:
        columns = tuple(rows[0])
        sql = _insert_sql(connection.dialect.name, model, columns, clash, by or _keys(model))
        await _run(connection, model, columns, rows, sql)


async def update(connection: AsyncConnection, model: type[SQLModel], rows: Sequence[Values]) -> int:
    """Change the rows with these keys in the other columns given; tells how many were found."""
    if not rows:
        return 0
    columns = tuple(rows[0])
    return await _run(connection, model, columns, rows, _update_sql(connection.dialect.name, model, columns))


async def delete(
    connection: AsyncConnection, model: type[SQLModel], names: tuple[str, ...], keys: Collection[tuple[Any, ...]]
) -> None:
    """Remove the rows whose named columns have these values."""
    if keys:
        dialect = connection.dialect.name
        sql = (
            f"DELETE FROM {_quoted(table_of(model).name)} WHERE ({', '.join(map(_quoted, names))}) IN "  # noqa: S608
            f"(SELECT {', '.join(f'w.{name}' for name in names)} FROM {wanted(dialect, model, names)})"
        )
        await connection.execute(text(sql), {"wanted": document(dialect, keys)})


async def fetch(
    connection: AsyncConnection, statement: "Query", keys: Collection[tuple[Any, ...]], **given: object
) -> Sequence[Row[Any]]:
    """The rows that belong to the keys, by one statement however many keys there are."""
    if not keys:
        return ()
    dialect = connection.dialect.name
    found = await connection.execute(statement.on(dialect), {"wanted": document(dialect, keys), **given})
    return found.all()


class Query:
    """A question about many keys at once: ``{wanted}`` in its SQL stands for the keys, as a table ``w``.

    ``names`` are columns of ``model`` and give the keys their names and types; ``columns`` give the answer its types.
    """

    def __init__(self, model: type[SQLModel], names: tuple[str, ...], columns: tuple[Any, ...], sql: str) -> None:
        self._model, self._names, self._columns, self._sql = model, names, columns, sql
        self._made: dict[str, TextualSelect] = {}

    def on(self, dialect: str) -> TextualSelect:
        """The statement in a database's own words."""
        if dialect not in self._made:
            sql = self._sql.replace("{wanted}", wanted(dialect, self._model, self._names))
            self._made[dialect] = text(sql).columns(*self._columns)
        return self._made[dialect]


def table_of(model: type[SQLModel]) -> Table:
    """The table that a model describes."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def wanted(dialect: str, model: type[SQLModel], names: tuple[str, ...]) -> str:
    """SQL of a table ``w`` with the named columns, read from the JSON parameter ``:wanted``."""
    if dialect == "sqlite":
        parts = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(names))
        return f"(SELECT {parts} FROM json_each(:wanted)) AS w"  # noqa: S608
    types = _types(model)
    parts = ", ".join(f"CAST(value ->> {n} AS {types[name]}) AS {name}" for n, name in enumerate(names))
    return f"(SELECT {parts} FROM jsonb_array_elements(CAST(:wanted AS jsonb))) AS w"  # noqa: S608


def document(dialect: str, keys: Collection[tuple[Any, ...]]) -> str:
    """The keys as the JSON parameter that :func:`wanted` reads."""
    if dialect == "sqlite" and not all(type(part) in _AS_THEY_ARE for part in next(iter(keys), ())):
        return orjson.dumps([[_stored(part) for part in key] for key in keys]).decode()
    return orjson.dumps(list(keys), default=_in_json).decode()


async def _run(
    connection: AsyncConnection, model: type[SQLModel], columns: tuple[str, ...], rows: Sequence[Values], sql: str
) -> int:
    if connection.dialect.name == "sqlite":
        stored = list(zip(*(_column(model, name, rows) for name in columns), strict=True))
        return (await connection.exec_driver_sql(sql, stored)).rowcount
    parameter = orjson.dumps(rows, default=_in_json).decode()
    return (await connection.exec_driver_sql(sql, (parameter,))).rowcount


def _column(model: type[SQLModel], name: str, rows: Sequence[Values]) -> list[object]:
    """One column of many rows, as it is stored."""
    way = _way(_python_type(model, name))
    if way is _same:
        return [row[name] for row in rows]
    return [None if (value := row[name]) is None else way(value) for row in rows]


@lru_cache(maxsize=256)
def _insert_sql(
    dialect: str, model: type[SQLModel], columns: tuple[str, ...], clash: Clash, keys: tuple[str, ...]
) -> str:
    table = _quoted(table_of(model).name)
    names = ", ".join(map(_quoted, columns))
    if dialect == "sqlite":
        source = f"VALUES ({', '.join('?' * len(columns))})"
    else:
        source = f"SELECT {names} FROM {_recordset(model, columns)}"  # noqa: S608
    if clash == "add":
        numbers = [name for name in columns if name not in keys and _python_type(model, name) is int]
        sums = ", ".join(f"{_quoted(name)} = {table}.{_quoted(name)} + excluded.{_quoted(name)}" for name in numbers)
        return (
            f"INSERT INTO {table} ({names}) {source} ON CONFLICT ({', '.join(map(_quoted, keys))}) DO UPDATE SET {sums}"
        )
    return f"INSERT INTO {table} ({names}) {source}{_on_conflict(columns, clash, keys)}"


def _on_conflict(columns: tuple[str, ...], clash: Clash, keys: tuple[str, ...]) -> str:
    if clash == "fail":
        return ""
    changes = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in columns if name not in keys)
    act = f"UPDATE SET {changes}" if clash == "replace" and changes else "NOTHING"
    return f" ON CONFLICT ({', '.join(map(_quoted, keys))}) DO {act}"


@lru_cache(maxsize=256)
def _update_sql(dialect: str, model: type[SQLModel], columns: tuple[str, ...]) -> str:
    table, keys = _quoted(table_of(model).name), _keys(model)
    changed = [name for name in columns if name not in keys]
    if dialect == "sqlite":
        number = {name: f"?{n}" for n, name in enumerate(columns, start=1)}
        sets = ", ".join(f"{_quoted(name)} = {number[name]}" for name in changed)
        return f"UPDATE {table} SET {sets} WHERE {' AND '.join(f'{_quoted(k)} = {number[k]}' for k in keys)}"  # noqa: S608
    sets = ", ".join(f"{_quoted(name)} = x.{_quoted(name)}" for name in changed)
    same = " AND ".join(f"{table}.{_quoted(key)} = x.{_quoted(key)}" for key in keys)
    return f"UPDATE {table} SET {sets} FROM {_recordset(model, columns)} WHERE {same}"  # noqa: S608


def _recordset(model: type[SQLModel], columns: tuple[str, ...]) -> str:
    types = _types(model)
    shape = ", ".join(f"{_quoted(name)} {types[name]}" for name in columns)
    return f"jsonb_to_recordset(CAST(%s AS jsonb)) AS x({shape})"


@lru_cache(maxsize=64)
def _types(model: type[SQLModel]) -> dict[str, str]:
    columns: list[Column[Any]] = list(table_of(model).columns)
    return {column.name: column.type.compile(_POSTGRESQL) for column in columns}


@lru_cache(maxsize=64)
def _keys(model: type[SQLModel]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(model).primary_key.columns)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _in_json(value: object) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"a {type(value).__name__} has no place in a row")


def _same(value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    return value


def _instant(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def _hex(value: UUID) -> str:
    return value.hex


# As SQLAlchemy stores these types in SQLite, so that its own reads find them.
_WAYS: Final[dict[type, Callable[[Any], object]]] = {
    datetime: _instant,
    date: date.isoformat,
    UUID: _hex,
}


_AS_THEY_ARE: Final = frozenset({str, int})
"""What a column that holds it holds in every row, and what is stored as it is."""


def _stored(value: Any) -> object:  # noqa: ANN401 - whatever a column holds
    return _way(type(value))(value)


def _way(python_type: type) -> Callable[[Any], object]:
    found = _WAYS.get(python_type)
    return _same if found is None else found


@lru_cache(maxsize=1024)
def _python_type(model: type[SQLModel], column: str) -> type:
    found = table_of(model).columns[column].type
    return found.impl_instance.python_type if isinstance(found, TypeDecorator) else found.python_type
