"""Memory: what the ledger holds of the subjects that this process has written about, kept beside the database.

It is used only while it is certainly the same. A unit's chain grows with whatever is done to the unit, so a unit that
is locked and whose chain ends where our own last transaction left it has not been touched by anybody since; of any
other nothing is remembered. Nothing enters the memory before its transaction is durable.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from streams.ledger import store
from streams.ledger.store import Key, Known
from streams.ledger.units import Unit

MOST: Final = 20_000
"""How many events and statements are remembered at most, over all subjects; each takes between two and three kB."""


class Memory:
    """The subjects that were written last, by unit; the ones that nobody asks for are forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._known: OrderedDict[Key, Known] = OrderedDict()
        self._subjects: dict[str, set[str]] = {}
        self._heads: dict[str, str] = {}

    def recall(self, locked: Mapping[str, Unit]) -> "Recollection":
        """What is remembered of units that have just been locked."""
        heads = {name: unit.audit_head for name, unit in locked.items()}
        for name, head in heads.items():
            if self._heads.get(name) != head:
                self._forget(name)
        return Recollection(self, heads)

    def get(self, key: Key) -> Known | None:
        """A copy of what is known of a subject, to be added to; None if it is not remembered."""
        found = self._known.get(key)
        if found is None:
            return None
        self._known.move_to_end(key)
        return replace(found, history=[*found.history])

    def keep(self, heads: Mapping[str, str], units: Mapping[str, Unit], after: Mapping[Key, Known]) -> None:
        """Remember the subjects as a transaction has left them that found the units at ``heads``, and is durable."""
        for name, head in heads.items():
            if self._heads.get(name, "") != head:
                self._forget(name)  # somebody else of this process was there in between
            self._heads[name] = units[name].audit_head
        for key, known in after.items():
            if key[0] in heads:
                self._put(key, known)
        while self._size > self._most and self._known:
            self._drop(next(iter(self._known)))

    def drop(self, keys: Collection[Key]) -> None:
        """Forget some subjects."""
        for key in keys:
            if key in self._known:
                self._drop(key)

    def _put(self, key: Key, known: Known) -> None:
        if key in self._known:
            self._drop(key)
        self._known[key] = known
        self._size += known.size
        self._subjects.setdefault(key[0], set()).add(key[1])

    def _drop(self, key: Key) -> None:
        self._size -= self._known.pop(key).size
        self._subjects[key[0]].discard(key[1])

    def _forget(self, unit: str) -> None:
        self._heads.pop(unit, None)
        for subject in self._subjects.pop(unit, ()):
            self._size -= self._known.pop((unit, subject)).size


@dataclass(frozen=True, slots=True)
class Recollection:
    """What one transaction may use of the memory; ``heads`` are the ends of the chains of the units that it locked."""

    memory: Memory
    heads: Mapping[str, str]

    async def known(self, connection: AsyncConnection, keys: Collection[Key]) -> dict[Key, Known]:
        """Everything that a decision about each subject needs, from memory where that is certain."""
        found = {key: known for key in keys if (known := self.memory.get(key)) is not None}
        return found | await store.known(connection, [key for key in keys if key not in found])

    def keep(self, units: Mapping[str, Unit], touched: Collection[Key], after: Mapping[Key, Known]) -> None:
        """The transaction is durable: remember the subjects as it left them; forget what else it touched."""
        self.memory.drop([key for key in touched if key not in after])
        self.memory.keep(self.heads, units, after)
