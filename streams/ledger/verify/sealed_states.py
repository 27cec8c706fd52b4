"""The row of each order, night and source is the one that its last decision wrote."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.tables import NightRow, SourceStateRow, WorkOrderRow
from streams.ledger import audit, rows, store
from streams.ledger.quarantine import RETRY_AFTER
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.acts import Acts
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.links import Chain
from streams.ledger.verify.reading import by_key, fetched

STATES: Final[tuple[type[SQLModel], ...]] = (WorkOrderRow, NightRow, SourceStateRow)
_SHOWN: Final = 20


def model_of(subject: str) -> type[SQLModel]:
    """The table of a subject."""
    key = ("", subject)
    return SourceStateRow if store.is_source(key) else NightRow if store.is_night(key) else WorkOrderRow


Numbers = Mapping[tuple[type[SQLModel], str], int]
"""How many rows each unit has in each table of states."""


async def numbers(connection: AsyncConnection) -> Numbers:
    """How many rows each unit has in each table of states."""
    found: dict[tuple[type[SQLModel], str], int] = {}
    for model in STATES:
        unit = rows.table_of(model).c.unit
        for name, n in await connection.execute(select(unit, func.count()).group_by(unit)):
            found[model, name] = n
    return found


async def check(connection: AsyncConnection, chain: Chain, acts: Acts, there: Numbers) -> list[Finding]:
    """Each subject that the chain names has its row as it was written, and no other subject of the unit has one."""
    found: list[Finding] = []
    for model in STATES:
        table = rows.table_of(model).name
        keys = [(chain.name, subject) for subject in chain.subjects if model_of(subject) is model]
        kept, unread = await fetched(connection, by_key(model), keys, table)
        found += unread
        read = {row.subject for row in kept} | {one.where.partition(" ")[2] for one in unread}
        gone = [subject for _, subject in keys if subject not in read]
        found += [Finding(table, f"{chain.name} {name}", "it was decided and its row is gone") for name in gone]
        for row in kept:
            found += _faults(chain, model, as_dict(row), acts)
        if there.get((model, chain.name), 0) != len(keys) - len(gone):
            found += await _unnamed(connection, chain, model)
    return found


def _faults(chain: Chain, model: type[SQLModel], row: Mapping[str, Any], acts: Acts) -> list[Finding]:
    seal, _, at = chain.subjects[row["subject"]]
    table, where = rows.table_of(model).name, f"{row['unit']} {row['subject']}"
    found = []
    if audit.row_seal(model, row) != seal:
        found.append(Finding(table, where, "it was edited: it is not what was sealed when it was decided"))
    if row["decided_at"] != at:
        found.append(Finding(table, where, "it was edited: decided_at is not when it was decided last"))
    due = _due(chain, row["subject"], acts)
    if row["next_due_at"] != due:
        should = "never" if due is None else due.isoformat()
        found.append(Finding(table, where, f"it was edited: next_due_at is not when it is due, which is {should}"))
    return found


def _due(chain: Chain, subject: str, acts: Acts) -> datetime | None:
    """The due time that was sealed, unless it was put off since, or an activation has brought it forward."""
    _, due, at = chain.subjects[subject]
    if subject in chain.tried:
        at = chain.tried[subject]
        due = at + RETRY_AFTER
    if due is None or model_of(subject) is WorkOrderRow:
        return due
    later = (one.effective_from for one in acts.activated if one.at >= at and one.effective_from > one.at)
    return min([due, *later])


async def _unnamed(connection: AsyncConnection, chain: Chain, model: type[SQLModel]) -> list[Finding]:
    """The rows of a unit that no link names."""
    table = rows.table_of(model)
    listed = await connection.execute(select(table.c.subject).where(table.c.unit == chain.name))
    unnamed = [row.subject for row in listed if row.subject not in chain.subjects]
    return [
        Finding(table.name, f"{chain.name} {subject}", "no link says that it was ever decided")
        for subject in unnamed[:_SHOWN]
    ]
