"""What was said must hang together: statements, escalations and the messages that carry them."""

from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.escalation import StatementKind
from models.ids import escalation_id, statement_id, subject_name
from models.tables import EscalationRow, OutboxRow, StatementRow
from streams.ledger import rows, states
from streams.ledger.verify.finding import Checked, Finding
from streams.topics import ESCALATIONS
from workorders.statements import GONE

_ESCALATION: Final = rows.table_of(EscalationRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_OUTBOX: Final = rows.table_of(OutboxRow)


async def statements(connection: AsyncConnection) -> Checked:
    """Each escalation has statements 1, 2, ... with derived ids and a message each, and shows the last of them."""
    query = (
        select(
            _ESCALATION, _STATEMENT.c.n, _STATEMENT.c.message_id, _STATEMENT.c.statement,
            _STATEMENT.c.content.label("said"), _OUTBOX.c.seq,
        )
        .join(_STATEMENT, _STATEMENT.c.escalation_id == _ESCALATION.c.id, isouter=True)
        .join(_OUTBOX, _OUTBOX.c.message_id == _STATEMENT.c.message_id, isouter=True)
        .order_by(_ESCALATION.c.id, _STATEMENT.c.n)
    )  # fmt: skip
    found: list[Finding] = []
    before: Row[Any] | None = None
    n = 0
    async for row in await connection.stream(query):
        n += 1
        if before is not None and before.id != row.id:
            found += _at_the_end(before)
        found += _in_turn(row, before)
        before = row
    if before is not None:
        found += _at_the_end(before)
    return n, found


async def messages(connection: AsyncConnection) -> Checked:
    """Each message about an escalation is a statement's."""
    query = (
        select(_OUTBOX.c.seq, _OUTBOX.c.message_id, _STATEMENT.c.n)
        .join(_STATEMENT, _STATEMENT.c.message_id == _OUTBOX.c.message_id, isouter=True)
        .where(_OUTBOX.c.topic == ESCALATIONS.name)
    )
    found, n = [], 0
    async for row in await connection.stream(query):
        n += 1
        if row.n is None:
            found.append(Finding("messages", str(row.message_id), "a message says what no statement says"))
    return n, found


def _in_turn(row: Row[Any], before: Row[Any] | None) -> list[Finding]:
    where = str(row.id)
    if row.n is None:
        return [Finding("statements", where, "the escalation was never said")]
    found = []
    expected = before.n + 1 if before is not None and before.id == row.id and before.n is not None else 1
    if row.n != expected:
        found.append(Finding("statements", where, f"statement {expected} is missing before {row.n}"))
    if row.message_id != statement_id(row.id, row.n):
        found.append(Finding("statements", where, f"the message id of statement {row.n} does not derive from it"))
    if row.seq is None:
        found.append(Finding("statements", where, f"statement {row.n} has no message"))
    return found


def _at_the_end(row: Row[Any]) -> list[Finding]:
    """The escalation as it stands against the last of its statements."""
    if row.n is None:
        return []
    where, found = str(row.id), []
    shown = (row.last_n, row.last_statement, row.standing, row.content)
    if shown != (row.n, row.statement, StatementKind(row.statement) not in GONE, row.said):
        found.append(Finding("statements", where, "the escalation does not show its last statement"))
    reached = states.REACHED.validate_json(row.said)
    name = subject_name(row.unit, reached.subject)
    derived = escalation_id(name, reached.kind, reached.clock, reached.rung, reached.spell, reached.repeat)
    if not reached.id == row.id == derived:
        found.append(Finding("statements", where, "the id does not derive from what the escalation is about"))
    return found
