"""Units: the lock of a premises and the end of its audit chain; locked in sorted order by whoever writes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import AuditRow, UnitRow
from streams.ledger import rows
from streams.ledger.audit import Entry, link_hash

LONGEST_WAIT: Final = timedelta(minutes=5)
KEPT: Final = ("nights_until", "backlog_n", "backlog_due_at", "incomplete")
"""The columns of a unit that each link of its chain tells, where they are not empty."""

_TABLE: Final = rows.table_of(UnitRow)
_SQL: Final = "SELECT u.* FROM {wanted} JOIN unit u ON u.id = w.id ORDER BY u.id"
_FOUND: Final = rows.Query(UnitRow, ("id",), tuple(_TABLE.c), _SQL)
_LOCKED: Final = rows.Query(UnitRow, ("id",), tuple(_TABLE.c), _SQL + " FOR UPDATE OF u")
_UNLOCKED_ONLY: Final = rows.Query(UnitRow, ("id",), tuple(_TABLE.c), _SQL + " FOR UPDATE OF u SKIP LOCKED")


@dataclass(slots=True)
class Unit:
    """One locked unit; what is changed here is written by :func:`save`."""

    id: str
    version: int = 0
    audit_n: int = 0
    audit_head: str = ""
    nights_until: date | None = None
    backlog_n: int = 0
    backlog_due_at: datetime | None = None
    incomplete: bool = False
    decided_at: datetime | None = None

    def as_row(self) -> dict[str, Any]:
        """Every column."""
        return {name: getattr(self, name) for name in _NAMES}

    def count_backlog_by(self, due: datetime) -> None:
        """The backlog must be counted again at an instant, or earlier if that was so already."""
        if self.backlog_due_at is None or due < self.backlog_due_at:
            self.backlog_due_at = due

    def chain(self, kind: str, at: datetime, entry: Entry, world: Mapping[str, str]) -> dict[str, Any]:
        """The next link of the unit's chain, as a row; the unit's end moves to it. Nothing else of it changes after."""
        left = {name: value for name in KEPT if (value := getattr(self, name))}
        text = entry.as_text({**world, "unit": left} if left else world)
        n, previous = self.audit_n + 1, self.audit_head
        self.audit_n, self.audit_head = n, link_hash(self.id, n, kind, at, text, previous)
        self.decided_at = at
        return {
            "chain": self.id,
            "n": n,
            "kind": kind,
            "decided_at": at,
            "entry": text,
            "previous": previous,
            "hash": self.audit_head,
        }


_NAMES: Final = tuple(field.name for field in fields(Unit))


def not_before(units: Collection[Unit], now: datetime) -> datetime:
    """The instant to decide at: now, or the latest decision about a locked unit if we waited for its lock so long.

    So what was said at one instant is not judged from an earlier one. Nobody waits longer than ``LONGEST_WAIT``: a
    decision further ahead was taken by a clock that was wrong, and is no reason to be wrong too.
    """
    ahead = (unit.decided_at for unit in units if unit.decided_at is not None)
    return max([now, *(at for at in ahead if at - now <= LONGEST_WAIT)])


async def lock(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Unit]:
    """The units, locked in sorted order until the transaction ends; those that are new are made."""
    found = await _read(connection, _LOCKED, ids)
    if len(found) < len(set(ids)):
        await make(connection, ids)
        found = await _read(connection, _LOCKED, ids)
    return found


async def make(connection: AsyncConnection, ids: Collection[str]) -> None:
    """See that the units exist; nobody else's are touched."""
    found = await rows.fetch(connection, _FOUND, [(id_,) for id_ in sorted(ids)])
    missing = sorted(set(ids) - {row.id for row in found})
    await rows.insert(connection, UnitRow, [Unit(id_).as_row() for id_ in missing], clash="keep")


async def lock_free(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Unit]:
    """Those of the units that nobody else is writing now, locked."""
    return await _read(connection, _UNLOCKED_ONLY, ids)


async def save(connection: AsyncConnection, units: Collection[Unit], links: Collection[Mapping[str, Any]]) -> None:
    """Write the new links, and those of the locked units whose chains they continue; the others have not changed."""
    await rows.insert(connection, AuditRow, list(links))
    names = {link["chain"] for link in links}
    changed = [unit for unit in units if unit.id in names]
    for unit in changed:
        unit.version = unit.audit_n
    await rows.update(connection, UnitRow, [unit.as_row() for unit in changed])


async def _read(connection: AsyncConnection, query: rows.Query, ids: Collection[str]) -> dict[str, Unit]:
    asked = _FOUND if connection.dialect.name == "sqlite" else query
    return {row.id: Unit(*row) for row in await rows.fetch(connection, asked, [(id_,) for id_ in sorted(ids)])}
