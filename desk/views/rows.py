"""A row of any columns, for those who read it by the names of its columns."""

from typing import Any

from sqlalchemy import Row

AnyRow = Row[*tuple[Any, ...]]
