"""Is every state what the events say? Each subject is decided again from all of its events, at its own instant."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Context, Decision
from models.tables import EscalationRow, ExposureRow
from streams.ledger import columns, quarantine, rows, store
from streams.ledger.context import Contexts, exposure_of
from streams.ledger.deciding import in_words
from streams.ledger.queries.plain import as_dict
from streams.ledger.store import Key, Known, State
from streams.ledger.verify.finding import Checked, Finding, Tell
from streams.ledger.verify.known_then import KnownThen
from streams.ledger.verify.reading import AT_ONCE, by_key, count, differing, fetched, one_by_one
from streams.ledger.verify.sealed_states import STATES, model_of
from workorders import decide
from workorders.policy import World
from workorders.statements import GONE

_ESCALATION: Final = rows.table_of(EscalationRow)
_EXPOSURE: Final = rows.table_of(ExposureRow)
_SHOWN: Final = 20

Spans = set[tuple[str, datetime, datetime | None]]
"""The stretches of one subject, with their tags."""


@dataclass(slots=True)
class Subjects:
    """Decides the subjects again, some at a time; ``exposures`` are the stretches of the units in hand."""

    connection: AsyncConnection
    known_then: KnownThen
    since: datetime
    held: Collection[Key]
    exposures: dict[str, dict[str, Spans]] = field(default_factory=dict)

    async def check(self, keys: Sequence[Key]) -> list[Finding]:
        """What does not fit of these subjects."""
        found: list[Finding] = []
        await self._read_exposures({unit for unit, _ in keys})
        kept: dict[Key, Row[Any]] = {}
        for model in STATES:
            some = [key for key in keys if model_of(key[1]) is model]
            read, _ = await fetched(self.connection, by_key(model), some, rows.table_of(model).name)
            kept |= {(row.unit, row.subject): row for row in read}  # what cannot be read is named by the chains
        known, unread = await one_by_one(list(kept), lambda part: store.known(self.connection, part))
        for key, why in unread:
            found.append(_finding(key, f"one of its documents cannot be read, or an escalation's or event's: {why}"))
        for some_known in known:
            found += await self._part(some_known, kept)
        return found

    async def _part(self, known: Mapping[Key, Known], kept: Mapping[Key, Row[Any]]) -> list[Finding]:
        orders = {key: one.history for key, one in known.items() if store.is_order(key) and one.history}
        contexts: dict[int, Contexts] = {}
        found: list[Finding] = []
        for key, one in known.items():
            try:
                state = one.state(key)
            except ValueError as error:
                found.append(_finding(key, f"its state cannot be read: {in_words(error)}"))
                continue
            found += [_finding(key, sentence) for sentence in self._exposure_faults(key, state)]
            if key in self.held or (store.is_order(key) and not one.history):
                continue  # what could not be decided; or what was only adopted, and its events have not come yet
            sentences: list[str] = []
            for world in self.known_then.at(kept[key].decided_at):
                if id(world) not in contexts:
                    contexts[id(world)] = Contexts(world)
                    await contexts[id(world)].read(self.connection, orders)
                sentences = self._again(key, one, as_dict(kept[key]), contexts[id(world)], world)
                if not sentences:
                    break
            found += [_finding(key, sentence) for sentence in sentences]
        return found

    def _again(self, key: Key, known: Known, row: Mapping[str, Any], contexts: Contexts, world: World) -> list[str]:
        context = contexts.of(key, known.history) if store.is_order(key) else Context()
        case = decide.Case(*key, known.history, context, known.remembered, known.marks, self.since)
        try:
            decision = decide.decide(case, world, row["decided_at"])
            _, expected = columns.state_row(key, decision, known, row["decided_at"])
            return _differences(key, known, decision, row, expected)
        except Exception as error:  # noqa: BLE001 - one subject that breaks must not hide the others
            return [f"it cannot be decided: {in_words(error)}"]

    async def _read_exposures(self, units: Collection[str]) -> None:
        self.exposures = {unit: found for unit, found in self.exposures.items() if unit in units}
        missing = sorted(set(units) - self.exposures.keys())
        self.exposures |= {unit: {} for unit in missing}
        query = select(_EXPOSURE).where(_EXPOSURE.c.unit.in_(missing))
        for row in await self.connection.execute(query):
            self.exposures[row.unit].setdefault(row.subject, set()).add((row.tag, row.starts, row.until))

    def _exposure_faults(self, key: Key, state: State | None) -> list[str]:
        said = {(tag, *span) for tag, spans in exposure_of(state).items() for span in spans} if state else set()
        return (
            [] if self.exposures[key[0]].get(key[1], set()) == said else ["exposure: its stretches are not its state's"]
        )


async def states(
    connection: AsyncConnection, known_then: KnownThen, since: datetime, every: int, tell: Tell
) -> Checked:
    """Each subject decided again is as it is kept, with its columns, stretches and rungs, and nothing new is said."""
    held = {(row.unit, row.subject) for row in await quarantine.held(connection) if row.source is None}
    subjects = Subjects(connection, known_then, since, held)
    total = sum([await count(connection, model) for model in STATES])
    found: list[Finding] = []
    seen = looked_at = 0
    async for page in _pages(connection):
        chosen = [key for n, key in enumerate(page, start=seen) if n % every == 0]
        found += await subjects.check(chosen)
        seen, looked_at = seen + len(page), looked_at + len(chosen)
        tell("orders, nights and sources", seen, total)
    return looked_at, found + await _without_state(connection)


async def _pages(connection: AsyncConnection) -> AsyncIterator[Sequence[Key]]:
    after: Key = ("", "")
    tables = [rows.table_of(model) for model in STATES]
    while True:
        parts = [
            select(table.c.unit, table.c.subject)
            .where(tuple_(table.c.unit, table.c.subject) > after)
            .order_by(table.c.unit, table.c.subject)
            .limit(AT_ONCE)
            .subquery()
            .select()
            for table in tables
        ]
        page = (await connection.execute(union_all(*parts).order_by("unit", "subject").limit(AT_ONCE))).all()
        if not page:
            return
        yield [(row.unit, row.subject) for row in page]
        after = (page[-1].unit, page[-1].subject)


def _differences(
    key: Key, known: Known, decision: Decision, row: Mapping[str, Any], expected: Mapping[str, Any]
) -> list[str]:
    found = []
    state = known.state(key)
    if state != decision.state:
        found.append("its state is not what its events say")
    unlike = differing(row, {name: value for name, value in expected.items() if name not in {"state", "next_due_at"}})
    if unlike:
        found.append(f"{', '.join(unlike)}: not what its events say")
    if decision.statements:
        said = ", ".join(f"{one.statement} {one.reached.kind} {one.reached.rung}" for one in decision.statements[:3])
        found.append(f"something was left unsaid, or said wrongly: {said}")
    stand = {reached.id for reached in decision.reached if reached.ended_at is None}
    said_to_stand = {id_ for id_, said in known.remembered.said.items() if said.statement not in GONE}
    if stand != said_to_stand:
        found.append(f"{len(stand)} rungs stand, but {len(said_to_stand)} were said to")
    return found


def _finding(key: Key, sentence: str) -> Finding:
    return Finding(rows.table_of(model_of(key[1])).name, " ".join(key), sentence)


async def _without_state(connection: AsyncConnection) -> list[Finding]:
    """What is kept about subjects that have no state."""
    found = []
    for table, sentence in ((_ESCALATION, "it is about a subject that has no state"), (_EXPOSURE, "it has no state")):
        query = select(table.c.unit, table.c.subject).distinct()
        for model in STATES:
            state = rows.table_of(model)
            same = (state.c.unit == table.c.unit) & (state.c.subject == table.c.subject)
            query = query.where(~select(state.c.unit).where(same).exists())
        found += [
            Finding(table.name, f"{row.unit} {row.subject}", sentence)
            for row in await connection.execute(query.limit(_SHOWN))
        ]
    return found
