"""What is known: units and the present state of their orders, nights and sources.

Every row here can be made again from the events; the columns are what people ask for, ``state`` is the whole.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.base import BIG, where

MARKED: Final = (
    "is_open AND (breached_at IS NOT NULL OR contested OR dispute_since IS NOT NULL OR paused_until IS NOT NULL)"
)
"""The outstanding orders of which the board has more to say than that there are so many."""


class UnitRow(SQLModel, table=True):
    """What has one writer and one lock: a premises, ``source:<id>``, or the ledger's own chain.

    ``version`` counts the transactions that changed it. ``audit_n`` and ``audit_head`` are the end of its audit chain.
    ``nights_until`` is the last night whose row exists. ``backlog_due_at`` is when its backlog must be counted again.
    ``decided_at`` is the instant of the latest decision about it; none is ever taken as at an earlier one.
    """

    __tablename__ = "unit"
    __table_args__: Any = (where("ix_unit_backlog_due", "backlog_due_at", only="backlog_due_at IS NOT NULL"),)

    id: str = Field(primary_key=True)
    version: int = Field(sa_type=BIG)
    audit_n: int = Field(sa_type=BIG)
    audit_head: str
    nights_until: date | None = None
    backlog_n: int
    backlog_due_at: datetime | None = None
    incomplete: bool
    decided_at: datetime | None = None


class OutstandingRow(SQLModel, table=True):
    """How many orders of one premises are outstanding, by priority and age; it changes with whatever changes that.

    The ages are as at ``as_at``, when the premises' backlog was last counted: under a day, under a week, under 28 days,
    older. What was raised since is counted by its age then, so the row is a full count as at that instant.
    """

    __tablename__ = "outstanding"

    unit: str = Field(primary_key=True, foreign_key="unit.id")
    as_at: datetime
    p1_day: int
    p1_week: int
    p1_month: int
    p1_older: int
    p2_day: int
    p2_week: int
    p2_month: int
    p2_older: int
    p3_day: int
    p3_week: int
    p3_month: int
    p3_older: int
    p4_day: int
    p4_week: int
    p4_month: int
    p4_older: int


class WorkOrderRow(SQLModel, table=True):
    """One work order as it was last decided.

    ``exposed``: it has stretches in ``exposure``. The ``said`` columns are what was last said about its class and
    dispute, and how often.
    """

    __tablename__ = "work_order"
    __table_args__: Any = (
        where("ix_work_order_due", "next_due_at", "unit", only="next_due_at IS NOT NULL"),
        where("ix_work_order_open", "unit", "effective", "raised_at", only="is_open"),
        where("ix_work_order_orphan", "unit", only="status = 'orphan'"),
        where("ix_work_order_disputed", "unit", only="dispute_since IS NOT NULL"),
        where("ix_work_order_marked", "unit", only=MARKED),
        where("ix_work_order_contractor", "contractor_reference", only="contractor_reference IS NOT NULL"),
    )

    unit: str = Field(primary_key=True, foreign_key="unit.id")
    subject: str = Field(primary_key=True)
    status: str
    outcome: str
    is_open: bool
    raised_at: datetime | None
    ended_at: datetime | None
    spell: str
    base: str | None
    effective: str | None
    provider_priority: str | None
    dispute_since: datetime | None
    paused_until: datetime | None
    breached_at: datetime | None
    contested: bool
    exposed: bool
    fix_due: datetime | None
    contractor_reference: str | None
    policy_version: str | None
    next_due_at: datetime | None
    decided_at: datetime
    state: str
    said_classification: str | None
    said_classification_n: int
    said_dispute: str | None
    said_dispute_n: int


class NightRow(SQLModel, table=True):
    """One night as it was last decided; it exists before anybody has said anything about it."""

    __tablename__ = "night"
    __table_args__: Any = (
        where("ix_night_due", "next_due_at", only="next_due_at IS NOT NULL"),
        Index(None, "night", "unit"),
    )

    unit: str = Field(primary_key=True, foreign_key="unit.id")
    subject: str = Field(primary_key=True)
    night: date
    starts: datetime
    ends: datetime
    required: int
    own_staff: int
    confirmed: bool
    deficit: int
    uncovered_minutes: int
    own_minutes: int
    agency_minutes: int
    contingency_minutes: int
    cost_pence: int = Field(sa_type=BIG)
    policy_version: str
    next_due_at: datetime | None
    decided_at: datetime
    state: str


class SourceStateRow(SQLModel, table=True):
    """One registered source that is expected to be heard.

    ``marks`` are the instants (JSON list) between which it was silent, with the latest at which it was heard; all that
    its silence is reckoned from.
    """

    __tablename__ = "source_state"
    __table_args__: Any = (where("ix_source_state_due", "next_due_at", only="next_due_at IS NOT NULL"),)

    unit: str = Field(primary_key=True, foreign_key="unit.id")
    subject: str = Field(primary_key=True)
    source: str
    last_heard: datetime | None
    silent_since: datetime | None
    marks: str
    next_due_at: datetime | None
    decided_at: datetime
    state: str


class ExposureRow(SQLModel, table=True):
    """A stretch in which a subject counts for the joined risk of others at its premises.

    ``tag`` is ``group:<control group>`` or ``security`` for an order of base priority P2, ``short`` for a short-staffed
    night.
    """

    __tablename__ = "exposure"

    unit: str = Field(primary_key=True, foreign_key="unit.id")
    tag: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    starts: datetime = Field(primary_key=True)
    until: datetime | None
