"""Is every state what the events say? Each subject is decided again from all of its events, at its own instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Context, Decision, NightState, OrderState, SourceState
from models.tables import EscalationRow, NightRow, SourceStateRow, WorkOrderRow
from streams.ledger import quarantine, rows, store
from streams.ledger.context import Contexts
from streams.ledger.store import Key, Known
from streams.ledger.verify.finding import Checked, Finding
from workorders import decide
from workorders.policy import World
from workorders.statements import GONE

_TABLES: Final = tuple(rows.table_of(model) for model in (WorkOrderRow, NightRow, SourceStateRow))
_ESCALATION: Final = rows.table_of(EscalationRow)
_AT_ONCE: Final = 500


async def states(connection: AsyncConnection, world: World, since: datetime, every: int) -> Checked:
    """State, standing rungs and silence about what was said: each decision made again says nothing new."""
    held = {(row.unit, row.subject) for row in await quarantine.held(connection) if row.source is None}
    query = union_all(*(select(table.c.unit, table.c.subject, table.c.decided_at) for table in _TABLES))
    listed = (await connection.execute(query.order_by("unit", "subject"))).all()[::every]
    found: list[Finding] = []
    for start in range(0, len(listed), _AT_ONCE):
        part = {(row.unit, row.subject): row.decided_at for row in listed[start : start + _AT_ONCE]}
        found += await _part(connection, world, since, {key: at for key, at in part.items() if key not in held})
    if every == 1:
        found += await _without_subject(connection, {(row.unit, row.subject) for row in listed})
    return len(listed), found


async def _part(
    connection: AsyncConnection, world: World, since: datetime, decided_at: dict[Key, datetime]
) -> list[Finding]:
    known = await store.known(connection, decided_at)
    contexts = Contexts(world)
    await contexts.read(
        connection, {key: one.history for key, one in known.items() if store.is_order(key) and one.history}
    )
    found: list[Finding] = []
    for key, one in known.items():
        if store.is_order(key) and not one.history:
            continue  # known by what was adopted about it; its events have not come yet
        context = contexts.of(key, one.history) if store.is_order(key) else Context()
        case = decide.Case(*key, one.history, context, one.remembered, one.marks, since)
        try:
            decision = decide.decide(case, world, decided_at[key])
        except Exception as error:  # noqa: BLE001 - one subject that breaks must not hide the others
            found.append(Finding("states", "/".join(key), f"it cannot be decided: {type(error).__name__}: {error}"))
            continue
        found += [Finding("states", " ".join(key), sentence) for sentence in _differences(key, one, decision)]
    return found


def _differences(key: Key, known: Known, decision: Decision) -> list[str]:
    found = []
    if _comparable(known.state(key)) != _comparable(decision.state):
        found.append("its state is not what its events say")
    if decision.statements:
        said = ", ".join(f"{one.statement} {one.reached.kind} {one.reached.rung}" for one in decision.statements[:3])
        found.append(f"something was left unsaid, or said wrongly: {said}")
    stand = {reached.id for reached in decision.reached if reached.ended_at is None}
    said_to_stand = {id_ for id_, said in known.remembered.said.items() if said.statement not in GONE}
    if stand != said_to_stand:
        found.append(f"{len(stand)} rungs stand, but {len(said_to_stand)} were said to")
    return found


def _comparable(state: OrderState | NightState | SourceState | None) -> Any:  # noqa: ANN401 - any state
    """As much of a state as cannot change without a new decision: later news leaves an ended order's dues alone."""
    if isinstance(state, OrderState) and not state.is_open:
        return (
            state.subject,
            state.status,
            state.outcome,
            state.raised_at,
            state.ended_at,
            state.spell,
            state.exposure,
        )
    return state


async def _without_subject(connection: AsyncConnection, subjects: set[Key]) -> Sequence[Finding]:
    query = select(_ESCALATION.c.unit, _ESCALATION.c.subject).distinct()
    return [
        Finding("states", f"{row.unit} {row.subject}", "escalations were said about a subject that has no state")
        for row in await connection.execute(query)
        if (row.unit, row.subject) not in subjects
    ]
