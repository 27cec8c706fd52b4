"""What this import has seen: one line for each order, on disk, so that a file may have millions of rows."""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from desk.importing.events import Told
from desk.importing.orders import Ended, Facts, Order
from desk.importing.remarks import Remark, Why
from models.refusal import quote

# An empty name is a database that SQLite keeps on disk once it outgrows memory, and forgets when it is closed.
_ON_DISK: Final = ""
_TABLE: Final = """CREATE TABLE seen (
    reference TEXT PRIMARY KEY, line INTEGER NOT NULL UNIQUE, unit TEXT NOT NULL, promised TEXT, facts BLOB NOT NULL,
    ended BLOB
) WITHOUT ROWID"""
_ADD: Final = (
    "INSERT INTO seen (reference, line, unit, promised, facts, ended) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_FIND: Final = "SELECT line, facts, ended FROM seen WHERE reference = ?"


@dataclass(frozen=True, slots=True)
class Taken:
    """One order whose row was taken: where to find it in the ledger, and what was promised."""

    row: int
    reference: str
    unit: str
    promised: datetime | None


class Seen:
    """Tells new orders from rows that repeat one, and remembers what was taken, in the order of the file."""

    def __enter__(self) -> Self:
        self._known = sqlite3.connect(_ON_DISK, isolation_level=None)
        self._known.execute(_TABLE)
        self._known.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._known.close()

    def judge(self, told: Told) -> Told | Remark:
        """The order if it is new, or if the row says how an order ended that was open in an earlier row; else why not.

        The first row of an order counts. One that says the same again is a duplicate; one that says something else
        is refused, for which of the two is right would be a guess.
        """
        order = told.order
        facts, ended = _digest(order.facts), None if order.ended is None else _digest(order.ended)
        promised = None if order.facts.promised is None else order.facts.promised.isoformat()
        line = (order.reference, order.row, order.facts.premises, promised, facts, ended)
        if self._known.execute(_ADD, line).rowcount:
            return told
        before, known_facts, known_end = self._known.execute(_FIND, (order.reference,)).fetchone()
        if known_facts != facts or (known_end is not None and ended is not None and known_end != ended):
            return _repeats(
                order, Why.ID_REUSED, f"row {before} says something else of this order; the first one counts"
            )
        if ended is None or known_end is not None:
            return _repeats(order, Why.DUPLICATE_ROW, f"row {before} says the same of this order already")
        self._known.execute("UPDATE seen SET ended = ? WHERE reference = ?", (ended, order.reference))
        news = Remark(
            order.row, order.reference, "", Why.LATER_NEWS, f"The row ends the order that row {before} left open."
        )
        later = Order(order.row, order.reference, order.facts, order.ended, (*order.flags, news))
        return Told(later, told.events[1:])

    def forget(self, reference: str) -> None:
        """The ledger has refused the order after all: there is no verdict about it."""
        self._known.execute("DELETE FROM seen WHERE reference = ?", (reference,))

    def taken(self) -> Iterator[Taken]:
        """Every order that was taken, by its first row."""
        for row in self._known.execute("SELECT line, reference, unit, promised FROM seen ORDER BY line"):
            yield Taken(row[0], row[1], row[2], None if row[3] is None else datetime.fromisoformat(row[3]))


def _repeats(order: Order, code: Why, what: str) -> Remark:
    return Remark(order.row, order.reference, "", code, f"The id {quote(order.reference)} was used before: {what}.")


def _digest(said: Facts | Ended) -> bytes:
    return hashlib.blake2b(repr(said).encode(), digest_size=16).digest()
