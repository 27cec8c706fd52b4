"""What every table has in common: names of constraints, 64-bit numbers, and what is due first.

One definition serves SQLite and PostgreSQL. Instants are aware and in UTC on both. JSON documents are text, written
as a whole and never changed in place.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, text
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

# Before the first table: migrations find constraints by these names.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: Final = SQLModel.metadata

# SQLite counts by itself only in a column that is exactly INTEGER.
BIG: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")


def counted() -> Column[Any]:
    """A primary key that the database counts upwards by itself."""
    return Column(BIG, Identity(), primary_key=True)


def where(name: str, *columns: str, only: str) -> Index:
    """An index over the few rows for which the predicate holds; both databases keep it as a partial index."""
    return Index(name, *columns, sqlite_where=text(only), postgresql_where=text(only))
