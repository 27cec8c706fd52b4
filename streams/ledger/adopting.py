"""Adopting: a restored ledger learns from the output topics what it had said and forgotten, before it sends anything.

Numbers go on where the topics end, so that no message id is ever used for two messages. What is adopted counts as sent
and seen; the next decision about its subject closes, withdraws or amends it as the events demand.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Classification, Decision, DisputeChange, OrderState, Reached, Statement
from models.escalation import StatementData, StatementKind
from models.outputs import Classified, ClassifiedData, DisputeData, DisputeOpened, DisputeSettled
from models.parse import parse_output
from models.refusal import Refusal
from models.said import STATEMENTS
from models.schemas import OutputEvent
from models.tables import EscalationRow, OutboxRow, StatementRow, WorkOrderRow
from streams.ledger import audit, columns, outbox, rows, states, store, units
from streams.ledger.audit import Entry
from streams.ledger.errors import LedgerError
from streams.ledger.store import Key, Known
from streams.ledger.units import Unit
from streams.messages import Message
from streams.topics import CLASSIFICATIONS, DISPUTES, ESCALATIONS
from workorders.statements import GONE

_KINDS: Final[dict[type[Any], StatementKind]] = {event_class: kind for kind, event_class in STATEMENTS.items()}
_ESCALATION: Final = rows.table_of(EscalationRow)
_LAST: Final = rows.Query(
    EscalationRow,
    ("id",),
    (_ESCALATION.c.id, _ESCALATION.c.last_n, _ESCALATION.c.first_said_at),
    "SELECT e.id, e.last_n, e.first_said_at FROM {wanted} CROSS JOIN escalation e WHERE e.id = w.id",
)


_OUTBOX: Final = rows.table_of(OutboxRow)
_TEXTS: Final = rows.Query(
    OutboxRow,
    ("message_id",),
    (_OUTBOX.c.message_id, _OUTBOX.c.value, _OUTBOX.c.erased_at),
    """SELECT o.message_id, o.value, o.erased_at FROM {wanted} CROSS JOIN outbox o
    WHERE o.message_id = w.message_id""",
)


@dataclass(slots=True)
class Adopted:
    """How many messages were new to the ledger, how many it knew, and how many are of no kind that is adopted.

    ``different`` are the ids of those that it knows with another content than is on the topic; they are not counted
    as known.
    """

    new: int = 0
    known: int = 0
    other: int = 0
    different: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Message:
    """One message that was found on a topic."""

    event: OutputEvent
    text: str
    topic: str
    unit: str
    n: int


async def adopt(connection: AsyncConnection, values: Sequence[bytes], now: datetime) -> Adopted:
    """Take over statements, classifications and disputes, given as the records' values in the order of their topic.

    Where the ledger knows a message with another content it stays as it is. Raises ``LedgerError`` for a value that is
    no message of ours, and where a statement is missing between two.
    """
    adopted = Adopted()
    found = [one for value in values if (one := _read(value, adopted)) is not None]
    locked = await units.lock(connection, {one.unit for one in found})
    entries: dict[str, Entry] = {}
    new = [
        *await _statements(connection, found, adopted, entries),
        *await _outputs(connection, found, adopted, entries, now),
    ]
    await _keep(connection, new, locked, entries, now)
    adopted.new = len(new)
    different = await _different(connection, found)
    adopted.known -= len(different)
    adopted.different |= {one.event.id for one in different}
    return adopted


async def texts(connection: AsyncConnection, message_ids: Collection[UUID]) -> dict[UUID, str | None]:
    """The texts of those messages that are in the outbox, sent or not; None where one was erased."""
    found = await rows.fetch(connection, _TEXTS, [(id_,) for id_ in sorted(message_ids)])
    return {row.message_id: row.value if row.erased_at is None else None for row in found}


async def _different(connection: AsyncConnection, found: Sequence[_Message]) -> list[_Message]:
    """Those that the ledger, which has them all by now, holds with another content, or under another id."""
    held = await texts(connection, {UUID(one.event.id) for one in found})
    return [one for one in found if held.get(UUID(one.event.id), "") not in {None, one.text}]


def _read(value: bytes, adopted: Adopted) -> _Message | None:
    event = parse_output(value)
    if isinstance(event, Refusal):
        raise LedgerError(f"a record of an output topic is no message of ours: {event.sentence}")
    text = value.decode()
    if isinstance(event.data, StatementData):
        return _Message(event, text, ESCALATIONS.name, event.data.premises, event.data.n)
    if isinstance(event.data, ClassifiedData):
        return _Message(event, text, CLASSIFICATIONS.name, event.data.premises, event.data.n)
    if isinstance(event.data, DisputeData):
        return _Message(event, text, DISPUTES.name, event.data.premises, event.data.n)
    adopted.other += 1
    return None


async def _statements(
    connection: AsyncConnection, found: Sequence[_Message], adopted: Adopted, entries: dict[str, Entry]
) -> list[_Message]:
    """Write the statements that are new, and each escalation as it was last said."""
    said = [(one, one.event.data) for one in found if isinstance(one.event.data, StatementData)]
    last = {
        row.id: (row.last_n, row.first_said_at)
        for row in await rows.fetch(connection, _LAST, sorted({(data.escalation_id,) for _, data in said}))
    }
    new: list[_Message] = []
    statements: list[dict[str, Any]] = []
    escalations: dict[UUID, dict[str, Any]] = {}
    for one, data in said:
        n, first = last.get(data.escalation_id, (0, one.event.time))
        if data.n <= n:
            adopted.known += 1
            continue
        if data.n != n + 1:
            raise LedgerError(f"statement {n + 1} of escalation {data.escalation_id} is missing before {data.n}")
        last[data.escalation_id] = (data.n, first)
        statement = Statement(data.n, _KINDS[type(one.event)], _reached(one), data.reason, one.event.time)
        content = states.dump(statement.reached)
        escalations[data.escalation_id] = columns.escalation_row(one.unit, statement, content, first)
        statements.append(columns.statement_row(one.unit, statement, content))
        _seal(entries, one, audit.row_seal(StatementRow, statements[-1]))
        new.append(one)
    await rows.insert(connection, EscalationRow, list(escalations.values()), clash="replace")
    await rows.insert(connection, StatementRow, statements)
    return new


def _reached(one: _Message) -> Reached:
    """The rung that a statement is about, as far as the statement tells."""
    data, event = one.event.data, one.event
    if not isinstance(data, StatementData):
        raise TypeError("only a statement is about a rung")
    ended = _KINDS[type(event)] in GONE
    return Reached(
        id=data.escalation_id,
        subject=event.subject,
        ended_at=event.time if ended else None,
        end_reason=data.reason if ended else "",
        **{name: getattr(data, name) for name in _SHARED},
    )


_SHARED: Final = (
    "kind", "clock", "spell", "rung", "role", "repeat", "due_at", "original_due_at", "priority", "business_critical",
    "labels", "reason", "acknowledged_until", "happened_at", "heard_at", "policy_version",
)  # fmt: skip


async def _outputs(
    connection: AsyncConnection,
    found: Sequence[_Message],
    adopted: Adopted,
    entries: dict[str, Entry],
    now: datetime,
) -> list[_Message]:
    """Note the newest class and dispute of each order; one that is not known yet gets a state that says nothing."""
    about = [one for one in found if not isinstance(one.event.data, StatementData)]
    known = await store.known(connection, {(one.unit, one.event.subject) for one in about})
    new: list[_Message] = []
    changed: set[Key] = set()
    for one in about:
        key = (one.unit, one.event.subject)
        if _note(known[key], one):
            _seal(entries, one)
            new.append(one)
            changed.add(key)
        else:
            adopted.known += 1
    orders = [_order_row(key, known[key], now) for key in sorted(changed)]
    for row in orders:
        sealed = (row["subject"], audit.row_seal(WorkOrderRow, row), row["next_due_at"])
        entries.setdefault(row["unit"], Entry()).subjects.append(sealed)
    await rows.insert(connection, WorkOrderRow, orders, clash="replace")
    return new


def _note(known: Known, one: _Message) -> bool:
    """Remember what a message said if it is newer; tells whether it was."""
    event = one.event
    if isinstance(event, Classified):
        data = event.data
        said = Classification(data.base, data.effective, data.rules, tuple(data.facts.items()), data.policy_version)
        if data.n > known.said_class[1]:
            known.said_class = (states.dump(said), data.n)
            return True
    if isinstance(event, DisputeOpened | DisputeSettled):
        dispute = event.data
        change = DisputeChange(isinstance(event, DisputeOpened), dispute.ours, dispute.providers, dispute.since)
        if dispute.n > known.said_dispute[1]:
            known.said_dispute = (states.dump(change), dispute.n)
            return True
    return False


def _order_row(key: Key, known: Known, now: datetime) -> dict[str, Any]:
    state = known.state(key)
    order = state if isinstance(state, OrderState) else OrderState(key[1], key[0], "void")
    decision = Decision(order, (), (), None, None, order.next_due_at)
    return columns.state_row(key, decision, known, now)[1]


def _seal(entries: dict[str, Entry], one: _Message, *statement: str) -> None:
    seal = audit.message_seal(one.topic, one.unit, one.text)
    entries.setdefault(one.unit, Entry()).said.append((one.event.id, seal, *statement))


async def _keep(
    connection: AsyncConnection,
    new: Sequence[_Message],
    locked: dict[str, Unit],
    entries: dict[str, Entry],
    now: datetime,
) -> None:
    """Put the messages in the outbox as sent and seen, and seal everything."""
    links = [locked[unit].chain("adopted", now, entry, {}) for unit, entry in sorted(entries.items())]
    seen = [
        outbox.seen_row(
            Message(UUID(one.event.id), one.topic, one.unit, one.text), locked[one.unit].audit_head, one.event.time, now
        )
        for one in new
    ]
    await outbox.add(connection, seen)
    await units.save(connection, [unit for _, unit in sorted(locked.items())], links)
