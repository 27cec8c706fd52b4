"""What came in: events, free text beside them, offsets, what people submitted, and what could not be taken."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.tables.base import BIG, counted, where


class OffsetStateRow(SQLModel, table=True):
    """How far one partition of one incarnation of a topic was consumed, and what became of its records.

    ``next_offset - first_offset = recorded + duplicates + rejected + skipped`` always holds; what was skipped is
    named in ``offset_gap``.
    """

    __tablename__ = "offset_state"
    __table_args__ = (UniqueConstraint("cluster", "topic", "incarnation", "topic_partition"),)

    id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=True))
    cluster: str
    topic: str
    incarnation: str
    topic_partition: int
    first_offset: int = Field(sa_type=BIG)
    next_offset: int = Field(sa_type=BIG)
    recorded: int = Field(sa_type=BIG)
    duplicates: int = Field(sa_type=BIG)
    rejected: int = Field(sa_type=BIG)
    skipped: int = Field(sa_type=BIG)


class OffsetGapRow(SQLModel, table=True):
    """Offsets that were never seen and that somebody decided to go past, with the reason."""

    __tablename__ = "offset_gap"

    stream: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    from_offset: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    to_offset: int = Field(sa_type=BIG)
    reason: str
    accepted_at: datetime


class EventRow(SQLModel, table=True):
    """One accepted event. ``body`` is its JSON without free text, which is in ``event_note`` so that it can be erased.

    ``stream`` and ``topic_offset`` are empty for what was taken from the inbox. ``quarantined``: recorded, but left
    out of every decision because it could not be decided.
    """

    __tablename__ = "event"
    __table_args__ = (Index(None, "unit", "subject"), Index(None, "source", "heard"))

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    type: str
    unit: str
    subject: str
    time: datetime
    heard: datetime
    role: str
    party: str
    sequence: str | None
    digest: bytes
    body: str
    stream: int | None = Field(sa_type=BIG)
    topic_offset: int | None = Field(sa_type=BIG)
    recorded_at: datetime
    quarantined: bool


class EventNoteRow(SQLModel, table=True):
    """The free text of one event; after an erasure the text is empty and ``erased_at`` says when."""

    __tablename__ = "event_note"

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    note: str | None
    erased_at: datetime | None = None


class InboxRow(SQLModel, table=True):
    """What a person or a door submitted, durable before anything else happens to it.

    ``fate`` is ``recorded``, ``duplicate`` or ``rejected`` once it was taken.
    """

    __tablename__ = "inbox"
    __table_args__: Any = (
        UniqueConstraint("source", "event_id", "digest"),
        where("ix_inbox_untaken", "received_at", only="taken_at IS NULL"),
        where("ix_inbox_unrelayed", "seq", only="relayed_at IS NULL"),
    )

    seq: int | None = Field(default=None, sa_column=counted())
    receipt: str = Field(unique=True)
    source: str
    event_id: str
    digest: bytes
    topic: str
    key: str
    value: bytes
    received_at: datetime
    relayed_at: datetime | None = None
    taken_at: datetime | None = None
    fate: str | None = None


class RejectedRow(SQLModel, table=True):
    """One input that could not be taken: where it came from, why, and every one of its bytes.

    ``resubmitted_as`` is the receipt under which a corrected copy was submitted. After an erasure the bytes are gone
    and ``erased_at`` says when.
    """

    __tablename__ = "rejected"
    __table_args__ = (Index(None, "stream", "topic_offset"), Index(None, "rejected_at"))

    seq: int | None = Field(default=None, sa_column=counted())
    message_id: UUID = Field(unique=True)
    stream: int | None = Field(sa_type=BIG)
    topic_offset: int | None = Field(sa_type=BIG)
    receipt: str | None
    topic: str
    source: str | None
    code: str
    field: str
    sentence: str
    length: int
    sha256: str
    key: bytes | None
    value: bytes | None
    headers: str
    heard: datetime | None
    rejected_at: datetime
    resubmitted_as: str | None = None
    erased_at: datetime | None = None


class QuarantineRow(SQLModel, table=True):
    """An event, or a whole subject, that parses but could not be decided; its premises is shown as incomplete."""

    __tablename__ = "quarantine"
    __table_args__: Any = (where("ix_quarantine_held", "unit", only="released_at IS NULL"),)

    seq: int | None = Field(default=None, sa_column=counted())
    unit: str
    subject: str
    source: str | None
    event_id: str | None
    error: str
    held_at: datetime
    released_at: datetime | None = None
