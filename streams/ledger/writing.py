"""Writing: the rows of one transaction, gathered first and then written one statement a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.decision import Decision, NightState, OrderState, SourceState, Statement
from models.escalation import ClockName
from models.ids import statement_id
from models.tables import (
    EscalationRow,
    EventNoteRow,
    EventRow,
    ExposureRow,
    NightRow,
    OutboxRow,
    RejectedRow,
    SourceStateRow,
    StatementRow,
    WorkOrderRow,
)
from streams.ledger import audit, rows, states, units
from streams.ledger.audit import Entry
from streams.ledger.context import exposure_of
from streams.ledger.deciding import Decided
from streams.ledger.store import Key, Known
from streams.ledger.units import Unit
from streams.messages import Message, classified_message, dispute_message, statement_message
from workorders.statements import GONE

BACKLOG_EVERY: Final = timedelta(seconds=10)
"""How soon after a change a premises' backlog is counted, and so how often at most."""

Row = dict[str, Any]


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
    escalations: list[Row] = field(default_factory=list)
    statements: list[Row] = field(default_factory=list)
    messages: list[tuple[str, Message]] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)

    def entry(self, unit: str) -> Entry:
        """What this transaction does to a unit, as the audit will keep it."""
        return self.entries.setdefault(unit, Entry())

    def take(self, row: Row, note: str | None) -> None:
        """Record one event."""
        self.events.append(row)
        self.entry(row["unit"]).events.append((row["source"], row["id"], audit.event_seal(row)))
        if note is not None:
            self.notes.append({"source": row["source"], "id": row["id"], "note": note})

    def settle(self, key: Key, decided: Decided) -> None:
        """Write one subject's decision: its state, its stretches, and what must be said."""
        unit, subject = key
        decision, known = decided.decision, decided.known
        self.entry(unit).subjects.append(subject)
        model, row = _state_row(key, decision, known, self.now)
        for statement in decision.statements:
            self._say(unit, statement, known)
        if isinstance(decision.state, OrderState):
            self._order_messages(key, decision, known, row)
            if known.counted != _counted(decision.state):
                self.units[unit].count_backlog_by(self.now + BACKLOG_EVERY)
        self.states.setdefault(model, []).append(row)
        self._expose(key, decision, known)

    def send(self, unit: str, message: Message) -> None:
        """Put a message in the outbox and seal it with the unit's link."""
        self.entry(unit).said.append((str(message.id), audit.text_seal(message.value)))
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
        await rows.insert(connection, EscalationRow, self.escalations, clash="replace")
        await rows.insert(connection, StatementRow, self.statements)
        await rows.insert(connection, OutboxRow, [self._outbox_row(unit, message) for unit, message in self.messages])
        await rows.insert(connection, RejectedRow, self.rejected)
        await units.save(connection, [unit for _, unit in sorted(self.units.items())], links)

    def _say(self, unit: str, statement: Statement, known: Known) -> None:
        reached = statement.reached
        content = states.dump(reached)
        self.escalations.append(_escalation_row(unit, statement, content, known.first_said.get(reached.id, self.now)))
        self.statements.append(
            {
                "escalation_id": reached.id,
                "n": statement.n,
                "message_id": statement_id(reached.id, statement.n),
                "unit": unit,
                "subject": reached.subject,
                "statement": statement.statement.value,
                "reason": statement.reason,
                "said_at": statement.at,
                "content": content,
            }
        )
        self.send(unit, statement_message(unit, statement))

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
        after = exposure_of(decision.state)
        before = known.state(key) if known.exposed else None
        if after != (exposure_of(before) if before is not None else {}):
            unit, subject = key
            self.exposed[key] = [
                {"unit": unit, "tag": tag, "subject": subject, "starts": since, "until": until}
                for tag, spans in after.items()
                for since, until in spans
            ]

    def _outbox_row(self, unit: str, message: Message) -> Row:
        return {
            "message_id": message.id,
            "topic": message.topic,
            "key": message.key,
            "value": message.value,
            "headers": orjson.dumps({audit.HEADER: self.units[unit].audit_head}).decode(),
            "created_at": self.now,
            "confirmations": 0,
        }


def _escalation_row(unit: str, statement: Statement, content: str, first: datetime) -> Row:
    reached = statement.reached
    return {
        "id": reached.id,
        "unit": unit,
        "subject": reached.subject,
        "kind": reached.kind.value,
        "clock": reached.clock,
        "spell": reached.spell,
        "rung": reached.rung,
        "role": reached.role,
        "repeat": reached.repeat,
        "priority": reached.priority,
        "business_critical": reached.business_critical,
        "due_at": reached.due_at,
        "original_due_at": reached.original_due_at,
        "acknowledged_until": reached.acknowledged_until,
        "reason": statement.reason,
        "last_n": statement.n,
        "last_statement": statement.statement.value,
        "standing": statement.statement not in GONE,
        "first_said_at": first,
        "last_said_at": statement.at,
        "content": content,
    }


def _state_row(key: Key, decision: Decision, known: Known, now: datetime) -> tuple[type[SQLModel], Row]:
    common = {
        "unit": key[0],
        "subject": key[1],
        "next_due_at": decision.next_due_at,
        "decided_at": now,
        "state": states.dump(decision.state),
    }
    match decision.state:
        case OrderState() as order:
            return WorkOrderRow, {**common, **_order_columns(order, decision, known)}
        case NightState() as night:
            return NightRow, {**common, **_night_columns(night)}
        case SourceState() as source:
            marks = states.dump(list(known.marks))
            heard = {"source": source.source, "last_heard": source.last_heard, "silent_since": source.silent_since}
            return SourceStateRow, {**common, **heard, "marks": marks}


def _order_columns(order: OrderState, decision: Decision, known: Known) -> Row:
    known_class = order.classification
    standing = any(reached.ended_at is None for reached in decision.reached)
    breaches = [clock.breached_at for clock in order.clocks if clock.breached_at is not None]
    return {
        "status": order.status,
        "outcome": order.outcome,
        "is_open": order.is_open,
        "live": order.is_open or standing or decision.next_due_at is not None,
        "raised_at": order.raised_at,
        "ended_at": order.ended_at,
        "spell": order.spell,
        "base": known_class.base if known_class else None,
        "effective": known_class.effective if known_class else None,
        "policy_version": known_class.policy_version if known_class else None,
        "provider_priority": order.provider_priority,
        "dispute_since": order.dispute_since,
        "paused_until": order.paused_until,
        "breached_at": min(breaches, default=None),
        "contested": any(clock.contested for clock in order.clocks),
        "fix_due": next((clock.due for clock in order.clocks if clock.name is ClockName.FIX), None),
        "contractor_reference": order.contractor_reference,
        "exposed": bool(exposure_of(order)),
        "said_classification": known.said_class[0],
        "said_classification_n": known.said_class[1],
        "said_dispute": known.said_dispute[0],
        "said_dispute_n": known.said_dispute[1],
    }


_NIGHT_COLUMNS: Final[Sequence[str]] = (
    "night",
    "starts",
    "ends",
    "required",
    "own_staff",
    "confirmed",
    "deficit",
    "uncovered_minutes",
    "own_minutes",
    "agency_minutes",
    "contingency_minutes",
    "cost_pence",
    "policy_version",
)


def _night_columns(night: NightState) -> Row:
    return {name: getattr(night, name) for name in _NIGHT_COLUMNS}


def _counted(order: OrderState) -> tuple[str | None, datetime | None] | None:
    """What the backlog counts of an order: nothing once it has ended."""
    if not order.is_open:
        return None
    return order.classification.effective if order.classification else None, order.raised_at
