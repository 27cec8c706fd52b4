"""What was said: escalations, their statements, and the messages that wait to be sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.base import BIG, counted, where


class EscalationRow(SQLModel, table=True):
    """One rung reached about one subject, as it was last said; ``standing`` if that was not an end."""

    __tablename__ = "escalation"
    __table_args__: Any = (
        Index(None, "unit", "subject"),
        where("ix_escalation_standing", "unit", "kind", only="standing"),
    )

    id: UUID = Field(primary_key=True)
    unit: str = Field(foreign_key="unit.id")
    subject: str
    kind: str
    clock: str
    spell: str
    rung: str
    role: str
    repeat: int
    priority: str | None
    business_critical: bool
    due_at: datetime
    original_due_at: datetime | None
    acknowledged_until: datetime | None
    reason: str
    last_n: int
    last_statement: str
    standing: bool
    first_said_at: datetime
    last_said_at: datetime
    content: str


class StatementRow(SQLModel, table=True):
    """The n-th statement about an escalation; ``message_id`` is derived from the two. Never changed."""

    __tablename__ = "statement"
    __table_args__ = (Index(None, "unit", "subject"),)

    escalation_id: UUID = Field(primary_key=True, foreign_key="escalation.id")
    n: int = Field(primary_key=True)
    message_id: UUID = Field(unique=True)
    unit: str
    subject: str
    statement: str
    reason: str
    said_at: datetime
    content: str


class OutboxRow(SQLModel, table=True):
    """One message to a topic, written in the transaction that decided it and sent by the relay in order of ``seq``.

    ``confirmations`` counts how often the watch has seen it on the topic; more than once is a repeated send. After an
    erasure of what it says the value is empty and ``erased_at`` says when.
    """

    __tablename__ = "outbox"
    __table_args__: Any = (
        where("ix_outbox_unsent", "seq", only="sent_at IS NULL"),
        where("ix_outbox_unconfirmed", "sent_at", only="confirmed_at IS NULL AND sent_at IS NOT NULL"),
    )

    seq: int | None = Field(default=None, sa_column=counted())
    message_id: UUID = Field(unique=True)
    topic: str
    key: str
    value: str
    headers: str
    created_at: datetime
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmations: int = Field(default=0, sa_type=BIG)
    erased_at: datetime | None = None
