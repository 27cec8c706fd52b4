"""Who was told: statements that wait to be told, notices to addresses, each attempt at sending one, and rehearsals.

Nothing is decided from these rows. What they are about is in the statements, which they name.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.base import where


class NoticeDueRow(SQLModel, table=True):
    """One statement of which nobody has been told yet; written with the statement, gone once its notices are planned.

    ``not_before``: when it is looked at next, later than ``since`` where no route of its role is open now.
    """

    __tablename__ = "notice_due"
    __table_args__ = (Index(None, "not_before"),)

    escalation_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    since: datetime
    not_before: datetime


class NoticeRow(SQLModel, table=True):
    """One notice to one address over one kind of channel; its id is the key under which it is sent and sent again.

    ``what`` is the statement that it tells of, ``digest`` for one that tells of many, or ``rehearsal``. While it is
    still to be tried ``next_at`` says when; one that is in hand falls due again then, should its worker die.
    ``outcome`` is what is known of it: ``waiting``, ``in-digest`` (told by the digest that ``digest`` names),
    ``accepted``, ``failed``, ``unknown``, or ``overtaken`` (over before anybody was told). ``settled_at``: nothing more
    will be tried.
    """

    __tablename__ = "notice"
    __table_args__: Any = (
        Index(None, "escalation_id", "n"),
        Index(None, "address", "planned_at"),
        where("ix_notice_next", "kind", "next_at", only="next_at IS NOT NULL"),
        where("ix_notice_digest", "digest", only="digest IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    escalation_id: UUID
    n: int
    what: str
    unit: str
    role: str
    kind: str
    address: str
    language: str
    priority: str | None
    urgent: bool
    planned_at: datetime
    digest: UUID | None = None
    next_at: datetime | None = None
    tries: int
    outcome: str
    detail: str
    settled_at: datetime | None = None


class NoticeAttemptRow(SQLModel, table=True):
    """One attempt at sending a notice, written before it and completed after; ``took_ms`` is empty in between.

    An attempt whose worker died stays ``unknown`` for ever, for so it is.
    """

    __tablename__ = "notice_attempt"

    notice: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: datetime
    took_ms: int | None = None
    outcome: str
    detail: str
    worker: str


class NoticeLostRow(SQLModel, table=True):
    """A statement of which no channel could tell its role.

    ``said`` is what was done about it, once ``settled_at``.
    """

    __tablename__ = "notice_lost"
    __table_args__: Any = (where("ix_notice_lost_open", "at", only="settled_at IS NULL"),)

    escalation_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: datetime
    said: str | None = None
    settled_at: datetime | None = None


class RehearsalRow(SQLModel, table=True):
    """One rung of a rehearsed ladder; its id stands where an escalation's id would, and is never one.

    ``content`` is the rung as JSON. ``planned_at`` is when its notices were planned.
    ``answered_at`` is when somebody followed the link of one of them and confirmed.
    """

    __tablename__ = "rehearsal"
    __table_args__: Any = (Index(None, "drill"), where("ix_rehearsal_open", "begun_at", only="planned_at IS NULL"))

    id: UUID = Field(primary_key=True)
    drill: UUID
    place: int
    unit: str
    role: str
    content: str
    begun_at: datetime
    planned_at: datetime | None = None
    answered_at: datetime | None = None
