"""Rows as plain values."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, literal, tuple_


def as_dict(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """One row by the names of its columns."""
    return dict(row._mapping)  # noqa: SLF001 - public under this name since SQLAlchemy 1.4


def as_dicts(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    return [as_dict(row) for row in rows]


def beyond(columns: Sequence[ColumnElement[Any]], key: Sequence[object]) -> ColumnElement[bool]:
    """Whether a row comes after the key in the order of these columns."""
    return tuple_(*columns) > tuple_(*(literal(part, column.type) for part, column in zip(key, columns, strict=True)))


def opened(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same with the named JSON texts as values."""
    return {**found, **{name: orjson.loads(found[name]) for name in names if found.get(name) is not None}}
