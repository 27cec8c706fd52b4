"""One chain as it is walked: whether each link is what was sealed, and what its links together say of the unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row

from models.tables import QuarantineRow
from streams.ledger import units
from streams.ledger.verify import acts
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.reading import differing

State = tuple[str, datetime | None, datetime]
"""A state's seal, its due time, and when it was decided."""


@dataclass(slots=True)
class Chain:
    """What the links seen so far say: the end, how the unit was left, its subjects' last states, and what is held.

    ``seq`` are the highest numbers seen of the rows of a table, for they are numbered in the order of the chain.
    """

    name: str
    n: int = 0
    head: str = ""
    decided_at: datetime | None = None
    left: Mapping[str, Any] = field(default_factory=dict)
    subjects: dict[str, State] = field(default_factory=dict)
    tried: dict[str, datetime] = field(default_factory=dict)
    held: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    seq: dict[str, int] = field(default_factory=dict)

    def go_on(self, link: Row[Any]) -> tuple[Mapping[str, Any], list[Finding]]:
        """What the next link says (nothing if it is not what was sealed), and what does not fit."""
        where, found = f"{link.chain} {link.n}", []
        if link.n != self.n + 1:
            found.append(Finding("audit", where, f"links are missing before it: the one before is {self.n}"))
        elif link.previous != self.head:
            found.append(Finding("audit", where, "it does not go on from the link before"))
        self.n, self.head, self.decided_at = link.n, link.hash, link.decided_at
        if not acts.is_sealed(link):
            return {}, [*found, Finding("audit", where, "it was edited: its hash is not that of its content")]
        entry: Mapping[str, Any] = orjson.loads(link.entry)
        self._note(entry, link.decided_at)
        return entry, found

    def _note(self, entry: Mapping[str, Any], at: datetime) -> None:
        self.left = entry.get("unit", {})
        for subject, seal, due in entry.get("subjects", ()):
            self.subjects[subject] = (seal, None if due is None else datetime.fromisoformat(due), at)
            self.tried.pop(subject, None)
        for act in entry.get("acts", ()):
            if "held" in act:
                self._hold(act, at)
            elif "released" in act:
                for one in self._waiting(*act["released"]):
                    one["released_at"] = at

    def _hold(self, act: Mapping[str, Any], at: datetime) -> None:
        subject, source, event_id = act["held"]
        if source is None:
            self.tried[subject] = at
        if not self._waiting(subject, source, event_id):
            one = {"unit": self.name, "subject": subject, "source": source, "event_id": event_id}
            self.held.append({**one, "error": act["error"], "held_at": at, "released_at": None})

    def _waiting(self, subject: str, source: str | None, event_id: str | None) -> list[dict[str, Any]]:
        name = (subject, source, event_id)
        return [
            one
            for one in self.held
            if one["released_at"] is None and (one["subject"], one["source"], one["event_id"]) == name
        ]


def unit_faults(chain: Chain, unit: Row[Any] | None) -> list[Finding]:
    """Whether the unit's row is what the last link of its chain says."""
    if unit is None:
        return [Finding("unit", chain.name, "the chain's unit is gone")]
    said = {name: chain.left.get(name) for name in units.KEPT}
    left = {name: getattr(unit, name) or None for name in units.KEPT}
    end = {"audit_n": chain.n, "audit_head": chain.head, "version": chain.n, "decided_at": chain.decided_at}
    found = []
    if (unit.audit_n, unit.audit_head) != (chain.n, chain.head):
        found.append(Finding("unit", chain.name, f"the chain ends with link {chain.n}, not where its unit says"))
    wrong = [name for name in differing(dict(unit._mapping), end) if not name.startswith("audit")]  # noqa: SLF001 - public
    wrong += differing(left, said)
    if wrong:
        found.append(Finding("unit", chain.name, f"it was edited: {', '.join(wrong)} is not what the last link says"))
    return found


def held_faults(chain: Chain, kept: Sequence[Row[Any]]) -> list[Finding]:
    """Whether what was held and released is what the links say, in the order of the rows."""
    found = []
    for n, said in enumerate(chain.held):
        where = f"{chain.name} {said['subject']} {said['event_id'] or ''}".strip()
        if n >= len(kept):
            found.append(Finding(QuarantineRow.__tablename__, where, "it was held and its row is gone"))
        elif wrong := differing(dict(kept[n]._mapping), said):  # noqa: SLF001 - public
            sentence = f"it was edited: {', '.join(wrong)} is not what the links say"
            found.append(Finding("quarantine", f"{where} (row {kept[n].seq})", sentence))
    more = [f"{chain.name} {row.subject} (row {row.seq})" for row in kept[len(chain.held) :]]
    return found + [Finding("quarantine", where, "no link says that it was held") for where in more]
