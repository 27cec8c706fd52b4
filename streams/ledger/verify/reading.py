"""Reading what may have been edited: a row that cannot be read is named, and hides no other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.tables import AuditRow
from streams.ledger import rows
from streams.ledger.deciding import in_words
from streams.ledger.states import canonical
from streams.ledger.verify.finding import Finding

T = TypeVar("T")
K = TypeVar("K")

AT_ONCE: Final = 500
"""How many rows are asked for by one statement."""
_LINKS: Final = 100
_AUDIT: Final = rows.table_of(AuditRow)


async def fetched(
    connection: AsyncConnection, query: rows.Query, keys: Collection[tuple[Any, ...]], table: str
) -> tuple[Sequence[Row[Any]], list[Finding]]:
    """The rows that belong to the keys, and a finding for each that cannot be read."""

    async def read(part: Sequence[tuple[Any, ...]]) -> Sequence[Row[Any]]:
        found: list[Row[Any]] = []
        for some in parts(part):
            found += await rows.fetch(connection, query, some)
        return found

    found, unread = await one_by_one(list(keys), read)
    return [row for some in found for row in some], [
        Finding(table, " ".join(map(str, key)), f"its row cannot be read: {why}") for key, why in unread
    ]


@lru_cache(maxsize=32)
def by_key(model: type[SQLModel]) -> rows.Query:
    """A question for whole rows by their primary keys."""
    table = rows.table_of(model)
    names = tuple(column.name for column in table.primary_key.columns)
    columns = ", ".join(f't."{column.name}"' for column in table.columns)
    same_key = " AND ".join(f't."{name}" = w."{name}"' for name in names)
    sql = f'SELECT {columns} FROM {{wanted}} CROSS JOIN "{table.name}" t WHERE {same_key}'  # noqa: S608
    return rows.Query(model, names, tuple(table.columns), sql)


async def everything(connection: AsyncConnection, model: type[SQLModel]) -> tuple[Sequence[Row[Any]], list[Finding]]:
    """The rows of a table that is never large, in order of their keys, and a finding for each that cannot be read."""
    table = rows.table_of(model)
    keys = list(table.primary_key.columns)
    listed = [tuple(row) for row in await connection.execute(select(*keys).order_by(*keys))]
    found, unread = await fetched(connection, by_key(model), listed, table.name)
    if len(found) + len(unread) < len(listed):  # a key that was written by hand need not be written as we do
        read = {tuple(getattr(row, key.name) for key in keys) for row in found}
        lost = (" ".join(map(str, key)) for key in listed if key not in read)
        known = {one.where for one in unread}
        unread += [
            Finding(table.name, where, "its key is not one that we wrote") for where in lost if where not in known
        ]
    return found, unread


async def links(
    connection: AsyncConnection, chain: str | None = None
) -> AsyncIterator[tuple[Sequence[Row[Any]], list[Finding]]]:
    """The links of every chain, or of one, some at a time in their order; a finding for each that cannot be read."""
    key, after = tuple_(_AUDIT.c.chain, _AUDIT.c.n), (chain or "", -1)
    query = select(_AUDIT.c.chain, _AUDIT.c.n).order_by(_AUDIT.c.chain, _AUDIT.c.n).limit(_LINKS)
    if chain is not None:
        query = query.where(_AUDIT.c.chain == chain)
    while listed := (await connection.execute(query.where(key > after))).all():
        turn = {(row.chain, row.n): n for n, row in enumerate(listed)}  # the database's order of names is its own
        found, unread = await fetched(connection, by_key(AuditRow), list(turn), "audit")
        yield sorted(found, key=lambda link: turn[link.chain, link.n]), unread
        after = (listed[-1].chain, listed[-1].n)


async def one_by_one(
    keys: Sequence[K], read: Callable[[Sequence[K]], Awaitable[T]]
) -> tuple[list[T], list[tuple[K, str]]]:
    """What was read of the keys, all at once where that goes; and each key that cannot be read, with the reason."""
    if not keys:
        return [], []
    try:
        return [await read(keys)], []
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever an edit has made of a row must not hide the others
        if len(keys) == 1:
            return [], [(keys[0], in_words(error))]
    half = len(keys) // 2
    first, unread = await one_by_one(keys[:half], read)
    second, more = await one_by_one(keys[half:], read)
    return [*first, *second], [*unread, *more]


def parts(keys: Iterable[K]) -> Iterable[list[K]]:
    """The keys, as many at once as one statement asks for."""
    everything = iter(keys)
    while part := list(islice(everything, AT_ONCE)):
        yield part


async def count(connection: AsyncConnection, model: type[SQLModel]) -> int:
    """How many rows a table has."""
    n: int = (await connection.execute(select(func.count()).select_from(rows.table_of(model)))).scalar_one()
    return n


def same(left: object, right: object) -> bool:
    """Whether two values are the same once they are written as JSON."""
    return left == right or canonical(left) == canonical(right)


def differing(row: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The columns in which a row is not what it should be."""
    return sorted(name for name, value in expected.items() if not same(row[name], value))
