"""Orders that are meant by a reference as somebody typed or heard it: whole, by its beginning, or the contractor's."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import WorkOrderRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dicts

SHORTEST: Final = 3
"""Of how many characters the beginning of a reference must be, to be looked for as one."""
MOST: Final = 20
"""How many orders are shown for one way of looking; what is more is told."""
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_OURS: Final = re.compile(r"(?:wo-?)?([0-9]{3,})|wo-?([0-9a-zol]+)")
"""An id as it may have been read out, or its digits alone; in one that we gave ourselves they are hexadecimal."""
_HEARD: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})
_LAST: Final = "\U0010ffff"
_TABLE: Final = rows.table_of(WorkOrderRow)
SHOWN: Final = ("unit", "subject", "status", "effective", "raised_at", "contractor_reference")


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """One order, outstanding or not, with what tells it from another."""

    premises: str
    subject: str
    status: str
    effective: str | None
    raised_at: datetime | None
    contractor_reference: str | None


def spellings(said: str) -> list[str]:
    """What may be meant by a reference that was typed or read out: its case, spaces and look-alikes are forgiven."""
    found = [said, said.upper(), said.lower(), *_without_spaces(said)]
    ours = _OURS.fullmatch(re.sub(r"\s", "", said.lower()))
    if ours is not None:
        found.append(f"WO-{(ours[1] or ours[2]).translate(_HEARD)}")
    return list(dict.fromkeys(found))


def _without_spaces(said: str) -> list[str]:
    bare, joined = re.sub(r"\s", "", said), re.sub(r"\s+", "-", said)
    return [one for each in (bare, joined) for one in (each, each.upper())]


async def named(connection: AsyncConnection, said: str, units: Collection[str]) -> list[FoundOrder]:
    """The orders of these premises that are called so, one more than are shown if there are more."""
    ids = [one for one in spellings(said) if _ORDER_ID.fullmatch(one)]
    return await _found(connection, units, _TABLE.c.subject.in_(ids)) if ids else []


async def beginning(connection: AsyncConnection, said: str, units: Collection[str]) -> list[FoundOrder]:
    """The orders of these premises whose references begin so, one more than are shown if there are more."""
    starts = [one for one in spellings(said) if _ORDER_ID.fullmatch(one) and len(one) >= SHORTEST]
    # A database that sorts as people do would not find all that begin so between two ends.
    name = _TABLE.c.subject if connection.dialect.name == "sqlite" else _TABLE.c.subject.collate("C")
    found: dict[tuple[str, str], FoundOrder] = {}
    for start in starts:
        for one in await _found(connection, units, name >= start, name < start + _LAST):
            found.setdefault((one.premises, one.subject), one)
        if len(found) > MOST:
            break
    return list(found.values())[: MOST + 1]


async def contractors(connection: AsyncConnection, said: str, units: Collection[str]) -> list[FoundOrder]:
    """The orders of these premises that a contractor calls so, one more than are shown if there are more."""
    return await _found(connection, units, _TABLE.c.contractor_reference.in_(spellings(said)))


async def _found(
    connection: AsyncConnection, units: Collection[str], *conditions: ColumnElement[bool]
) -> list[FoundOrder]:
    # With the units named, the primary key finds the subjects; alone they would be searched for in every row.
    query: Select[Any] = select(*(_TABLE.c[name] for name in SHOWN)).where(_TABLE.c.unit.in_(sorted(units)))
    query = query.where(*conditions).order_by(_TABLE.c.unit, _TABLE.c.subject).limit(MOST + 1)
    return [FoundOrder(*row.values()) for row in as_dicts(await connection.execute(query))]
