"""Columns: what is written of a decision beside its whole, so that people and the sweep can ask for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import SQLModel

from models.decision import Decision, NightState, OrderState, Remembered, Said, SourceState, Statement
from models.escalation import ClockName
from models.ids import statement_id
from models.tables import NightRow, SourceStateRow, WorkOrderRow
from streams.ledger import states
from streams.ledger.context import exposure_of
from streams.ledger.store import Key, Known, is_night
from workorders.statements import GONE

Row = dict[str, Any]


def escalation_row(unit: str, statement: Statement, content: str, first: datetime) -> Row:
    """An escalation as it was last said; ``content`` is the rung as JSON, ``first`` when it was first said."""
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


def statement_row(unit: str, statement: Statement, content: str) -> Row:
    """One statement; ``content`` is the rung as JSON."""
    reached = statement.reached
    return {
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


def state_row(key: Key, decision: Decision, known: Known, now: datetime) -> tuple[type[SQLModel], Row]:
    """The table that a subject's state belongs to, and its row."""
    common = {
        "unit": key[0],
        "subject": key[1],
        "next_due_at": decision.next_due_at,
        "decided_at": now,
        "state": states.dump(decision.state),
    }
    match decision.state:
        case OrderState() as order:
            return WorkOrderRow, {**common, **_order_columns(order, known)}
        case NightState() as night:
            return NightRow, {**common, **_night_columns(night)}
        case SourceState() as source:
            marks = states.dump(list(known.marks))
            heard = {"source": source.source, "last_heard": source.last_heard, "silent_since": source.silent_since}
            return SourceStateRow, {**common, **heard, "marks": marks}


def _order_columns(order: OrderState, known: Known) -> Row:
    known_class = order.classification
    breaches = [clock.breached_at for clock in order.clocks if clock.breached_at is not None]
    return {
        "status": order.status,
        "outcome": order.outcome,
        "is_open": order.is_open,
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


def known_after(key: Key, decision: Decision, known: Known, row: Row, now: datetime) -> Known:
    """What is known of a subject once its row and its statements are written: as it would be read again."""
    before, said, first = known.remembered, known.remembered.said, known.first_said
    if decision.statements:
        new = {one.reached.id: Said(one.n, one.statement, one.reached) for one in decision.statements}
        said, first = {**said, **new}, {**dict.fromkeys(new, now), **first}
    order = decision.state if isinstance(decision.state, OrderState) else None
    return Known(
        known.history,
        row["state"],
        bool(row["exposed"]) if order is not None else is_night(key),
        counted(order) if order is not None else None,
        Remembered(said, decision.classification or before.classification, decision.dispute or before.dispute),
        first,
        (row["said_classification"], row["said_classification_n"]) if order is not None else (None, 0),
        (row["said_dispute"], row["said_dispute_n"]) if order is not None else (None, 0),
        known.marks,
        decision.state,
    )


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


def counted(order: OrderState) -> tuple[str | None, datetime | None] | None:
    """What the backlog counts of an order: nothing once it has ended."""
    if not order.is_open:
        return None
    return order.classification.effective if order.classification else None, order.raised_at
