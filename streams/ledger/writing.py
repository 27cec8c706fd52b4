"""Writing: the rows of one transaction, gathered first and then written one statement a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.decision import Decision, OrderState, Statement
from models.tables import (
    EscalationRow,
    EventNoteRow,
    EventRow,
    ExposureRow,
    RejectedRow,
    StatementRow,
)
from streams.ledger import audit, notices, outbox, outstanding, rows, states, units
from streams.ledger.audit import Entry
from streams.ledger.columns import Row, counted, escalation_row, known_after, state_row, statement_row
from streams.ledger.context import counts_alike, exposure_of
from streams.ledger.deciding import Decided
from streams.ledger.outstanding import Counted
from streams.ledger.store import Key, Known
from streams.ledger.units import Unit
from streams.messages import Message, classified_message, dispute_message, statement_message

BACKLOG_EVERY: Final = timedelta(seconds=10)
"""How soon after a change a premises' backlog is counted, and so how often at most."""


@dataclass(slots=True)
class Writing:
    """Everything that one transaction will write; :meth:`flush` writes it and seals it in the audit."""

    units: Mapping[str, Unit]
    now: datetime
    world: Mapping[str, str]
    events: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    states: dict[type[SQLModel], list[Row]] = field(default_factory=dict)
    exposed: dict[Key, list[Row]] = field(default_factory=dict)
    recounted: dict[str, list[tuple[Counted, int]]] = field(default_factory=dict)
    escalations: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    messages: list[tuple[str, Message]] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    after: dict[Key, Known] = field(default_factory=dict)

    def entry(self, unit: str) -> Entry:
        """What this transaction does to a unit, as the audit will keep it."""
        return self.entries.setdefault(unit, Entry())

    def take(self, row: Row, note: str | None) -> None:
        """Record one event."""
        self.events.append(row)
        self.entry(row["unit"]).events.append((row["source"], row["id"], audit.row_seal(EventRow, row)))
        if note is not None:
            self.notes.append({"source": row["source"], "id": row["id"], "note": note})

    def settle(self, key: Key, decided: Decided) -> None:
        """Write one subject's decision: its state, its stretches, and what must be said."""
        unit, subject = key
        decision, known = decided.decision, decided.known
        model, row = state_row(key, decision, known, self.now)
        for statement in decision.statements:
            self._say(unit, statement, known)
        if isinstance(decision.state, OrderState):
            self._order_messages(key, decision, known, row)
            if known.counted != (now_counted := counted(decision.state)):
                self.units[unit].count_backlog_by(self.now + BACKLOG_EVERY)
                self.recounted.setdefault(unit, []).extend([(known.counted, -1), (now_counted, 1)])
        self.states.setdefault(model, []).append(row)
        self.entry(unit).subjects.append((subject, audit.row_seal(model, row), row["next_due_at"]))
        self._expose(key, decision, known)
        self.after[key] = known_after(key, decision, known, row, self.now)

    def send(self, unit: str, message: Message, *statement: str) -> None:
        """Put a message in the outbox and seal it with the unit's link, beside the seal of the statement it carries."""
        seal = audit.message_seal(message.topic, message.key, message.value)
        self.entry(unit).said.append((str(message.id), seal, *statement))
        self.messages.append((unit, message))

    async def flush(self, connection: AsyncConnection) -> None:
        """Write everything, each table by one statement."""
        links = [
            self.units[unit].chain("decided", self.now, entry, self.world)
            for unit, entry in sorted(self.entries.items())
            if not entry.is_empty
        ]
        await rows.insert(connection, EventRow, sorted(self.events, key=lambda row: (row["source"], row["id"])))
        await rows.insert(connection, EventNoteRow, self.notes)
        for model, found in self.states.items():
            await rows.insert(connection, model, found, clash="replace")
        await rows.delete(connection, ExposureRow, ("unit", "subject"), self.exposed)
        await rows.insert(connection, ExposureRow, [row for found in self.exposed.values() for row in found])
        await outstanding.change(connection, self.recounted, self.now)
        await rows.insert(connection, EscalationRow, self.escalations, clash="replace")
        await rows.insert(connection, StatementRow, self.statements)
        await notices.wait_to_be_told(connection, self.statements)
        await outbox.add(
            connection,
            [outbox.new_row(message, self.units[unit].audit_head, self.now) for unit, message in self.messages],
        )
        await rows.insert(connection, RejectedRow, self.rejected)
        await units.save(connection, [unit for _, unit in sorted(self.units.items())], links)

    def _say(self, unit: str, statement: Statement, known: Known) -> None:
        reached = statement.reached
        content = states.dump(reached)
        self.escalations.append(escalation_row(unit, statement, content, known.first_said.get(reached.id, self.now)))
        row = statement_row(unit, statement, content)
        self.statements.append(row)
        self.send(unit, statement_message(unit, statement), audit.row_seal(StatementRow, row))

    def _order_messages(self, key: Key, decision: Decision, known: Known, row: Row) -> None:
        unit, subject = key
        if decision.classification is not None:
            row["said_classification"] = states.dump(decision.classification)
            row["said_classification_n"] = n = known.said_class[1] + 1
            self.send(unit, classified_message(unit, subject, n, decision.classification, self.now))
        if decision.dispute is not None:
            row["said_dispute"] = states.dump(decision.dispute)
            row["said_dispute_n"] = n = known.said_dispute[1] + 1
            self.send(unit, dispute_message(unit, subject, n, decision.dispute, self.now))

    def _expose(self, key: Key, decision: Decision, known: Known) -> None:
        if counts_alike(known, decision.state):
            return
        unit, subject = key
        self.exposed[key] = [
            {"unit": unit, "tag": tag, "subject": subject, "starts": since, "until": until}
            for tag, spans in exposure_of(decision.state).items()
            for since, until in spans
        ]
