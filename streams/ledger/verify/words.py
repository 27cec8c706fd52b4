"""What was said must hang together: each escalation is what its statements say."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Statement
from models.escalation import StatementKind
from models.ids import escalation_id, statement_id, subject_name
from models.tables import EscalationRow, StatementRow
from streams.ledger import columns, rows, states
from streams.ledger.deciding import in_words
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.finding import Checked, Finding, Tell
from streams.ledger.verify.reading import AT_ONCE, by_key, count, differing, fetched

_ESCALATION: Final = rows.table_of(EscalationRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_STATEMENTS: Final = rows.Query(
    StatementRow,
    ("escalation_id",),
    tuple(_STATEMENT.c),
    f"SELECT {', '.join(f's.{column.name}' for column in _STATEMENT.c)} FROM {{wanted}} CROSS JOIN statement s "  # noqa: S608
    "WHERE s.escalation_id = w.escalation_id",
)
_SHOWN: Final = 20


async def escalations(connection: AsyncConnection, tell: Tell) -> Checked:
    """Each escalation has statements 1, 2, ... with derived ids, and is what the last of them says of it."""
    found: list[Finding] = []
    total, n = await count(connection, EscalationRow), 0
    query = select(_ESCALATION.c.id).order_by(_ESCALATION.c.id).limit(AT_ONCE)
    page = (await connection.execute(query)).scalars().all()
    while page:
        found += await _check(connection, [(id_,) for id_ in page])
        n += len(page)
        tell("escalations", n, total)
        page = (await connection.execute(query.where(_ESCALATION.c.id > page[-1]))).scalars().all()
    return n, found + await _without(connection)


async def _check(connection: AsyncConnection, keys: Sequence[tuple[UUID]]) -> list[Finding]:
    kept, found = await fetched(connection, by_key(EscalationRow), keys, "escalation")
    statements, unread = await fetched(connection, _STATEMENTS, keys, "statement")
    said: dict[UUID, list[Row[Any]]] = {}
    for row in sorted(statements, key=lambda row: row.n):
        said.setdefault(row.escalation_id, []).append(row)
    broken = {one.where for one in unread}
    for escalation in kept:
        if str(escalation.id) not in broken:
            found += _faults(escalation, said.get(escalation.id, ()))
    return [*found, *unread]


def _faults(escalation: Row[Any], said: Sequence[Row[Any]]) -> list[Finding]:
    where = str(escalation.id)
    if not said:
        return [Finding("escalation", where, "it was never said: it has no statement")]
    found = [
        Finding("statement", f"{row.n} of escalation {where}", sentence)
        for n, row in enumerate(said, start=1)
        for sentence in _number_faults(row, n)
    ]
    try:
        wrong = differing(as_dict(escalation), _as_said(said))
    except Exception as error:  # noqa: BLE001 - an edited document may break in any way
        sentence = f"it cannot be read: {in_words(error)}"
        return [*found, Finding("statement", f"{said[-1].n} of escalation {where}", sentence)]
    if wrong:
        sentence = f"it was edited: {', '.join(wrong)} is not what its last statement says"
        found.append(Finding("escalation", where, sentence))
    return found


def _number_faults(row: Row[Any], n: int) -> list[str]:
    found = [] if row.n == n else [f"statement {n} is missing before it"]
    if row.message_id != statement_id(row.escalation_id, row.n):
        found.append("its message id does not derive from it")
    return found


def _as_said(said: Sequence[Row[Any]]) -> dict[str, Any]:
    """The escalation as its last statement makes it, under the id that derives from what it is about."""
    first, last = said[0], said[-1]
    reached = states.REACHED.validate_json(last.content)
    statement = Statement(last.n, StatementKind(last.statement), reached, last.reason, last.said_at)
    name = subject_name(last.unit, reached.subject)
    derived = escalation_id(name, reached.kind, reached.clock, reached.rung, reached.spell, reached.repeat)
    return {**columns.escalation_row(last.unit, statement, last.content, first.said_at), "id": derived}


async def _without(connection: AsyncConnection) -> list[Finding]:
    query = (
        select(_STATEMENT.c.escalation_id, _STATEMENT.c.n)
        .join(_ESCALATION, _ESCALATION.c.id == _STATEMENT.c.escalation_id, isouter=True)
        .where(_ESCALATION.c.id.is_(None))
        .order_by(_STATEMENT.c.escalation_id, _STATEMENT.c.n)
    )
    return [
        Finding("escalation", str(row.escalation_id), f"it is gone, and its statement {row.n} is there")
        for row in await connection.execute(query.limit(_SHOWN))
    ]
