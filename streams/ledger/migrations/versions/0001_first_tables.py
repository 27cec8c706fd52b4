"""The first tables."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

INSTANT: Final = sa.DateTime(timezone=True)
BIG: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    _kept()
    _known()
    _said()
    _received()


def _kept() -> None:
    op.create_table(
        "audit",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("n", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "n", name="pk_audit"),
    )
    op.create_table(
        "estate_version",
        sa.Column("effective_from", INSTANT, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("activated_at", INSTANT, nullable=False),
        sa.Column("activated_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("effective_from", name="pk_estate_version"),
    )
    op.create_index("ix_estate_version_version", "estate_version", ["version"])
    op.create_table(
        "meta",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ledger_id", sa.String(), nullable=False),
        sa.Column("time_kind", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meta"),
    )
    op.create_table(
        "policy_version",
        sa.Column("effective_from", INSTANT, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("activated_at", INSTANT, nullable=False),
        sa.Column("activated_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("effective_from", name="pk_policy_version"),
    )
    op.create_index("ix_policy_version_version", "policy_version", ["version"])


def _known() -> None:
    op.create_table(
        "unit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("audit_n", BIG, nullable=False),
        sa.Column("audit_head", sa.String(), nullable=False),
        sa.Column("nights_until", sa.Date(), nullable=True),
        sa.Column("backlog_n", sa.Integer(), nullable=False),
        sa.Column("backlog_due_at", INSTANT, nullable=True),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_unit"),
    )
    _partial("ix_unit_backlog_due", "unit", ["backlog_due_at"], "backlog_due_at IS NOT NULL")
    op.create_table(
        "exposure",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("starts", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_exposure_unit_unit"),
        sa.PrimaryKeyConstraint("unit", "tag", "subject", "starts", name="pk_exposure"),
    )
    op.create_table(
        "night",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("starts", INSTANT, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.Column("own_staff", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("deficit", sa.Integer(), nullable=False),
        sa.Column("uncovered_minutes", sa.Integer(), nullable=False),
        sa.Column("own_minutes", sa.Integer(), nullable=False),
        sa.Column("agency_minutes", sa.Integer(), nullable=False),
        sa.Column("contingency_minutes", sa.Integer(), nullable=False),
        sa.Column("cost_pence", BIG, nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_night_unit_unit"),
        sa.PrimaryKeyConstraint("unit", "subject", name="pk_night"),
    )
    _partial("ix_night_due", "night", ["next_due_at"], "next_due_at IS NOT NULL")
    op.create_index("ix_night_night_unit", "night", ["night", "unit"])
    op.create_table(
        "source_state",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("last_heard", INSTANT, nullable=True),
        sa.Column("silent_since", INSTANT, nullable=True),
        sa.Column("marks", sa.String(), nullable=False),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_source_state_unit_unit"),
        sa.PrimaryKeyConstraint("unit", "subject", name="pk_source_state"),
    )
    _partial("ix_source_state_due", "source_state", ["next_due_at"], "next_due_at IS NOT NULL")
    op.create_table(
        "work_order",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("spell", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=True),
        sa.Column("effective", sa.String(), nullable=True),
        sa.Column("provider_priority", sa.String(), nullable=True),
        sa.Column("dispute_since", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("breached_at", INSTANT, nullable=True),
        sa.Column("contested", sa.Boolean(), nullable=False),
        sa.Column("exposed", sa.Boolean(), nullable=False),
        sa.Column("fix_due", INSTANT, nullable=True),
        sa.Column("contractor_reference", sa.String(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=True),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("said_classification", sa.String(), nullable=True),
        sa.Column("said_classification_n", sa.Integer(), nullable=False),
        sa.Column("said_dispute", sa.String(), nullable=True),
        sa.Column("said_dispute_n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_work_order_unit_unit"),
        sa.PrimaryKeyConstraint("unit", "subject", name="pk_work_order"),
    )
    _partial("ix_work_order_disputed", "work_order", ["unit"], "dispute_since IS NOT NULL")
    _partial("ix_work_order_due", "work_order", ["next_due_at"], "next_due_at IS NOT NULL")
    _partial("ix_work_order_open", "work_order", ["unit", "effective", "raised_at"], "is_open")
    _partial("ix_work_order_orphan", "work_order", ["unit"], "status = 'orphan'")


def _said() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("spell", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("business_critical", sa.Boolean(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("original_due_at", INSTANT, nullable=True),
        sa.Column("acknowledged_until", INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("last_n", sa.Integer(), nullable=False),
        sa.Column("last_statement", sa.String(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("first_said_at", INSTANT, nullable=False),
        sa.Column("last_said_at", INSTANT, nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_escalation_unit_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
    )
    _partial("ix_escalation_standing", "escalation", ["unit", "kind"], "standing")
    op.create_index("ix_escalation_unit_subject", "escalation", ["unit", "subject"])
    op.create_table(
        "outbox",
        sa.Column("seq", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("headers", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("confirmations", BIG, nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    _partial("ix_outbox_unconfirmed", "outbox", ["sent_at"], "confirmed_at IS NULL AND sent_at IS NOT NULL")
    _partial("ix_outbox_unsent", "outbox", ["seq"], "sent_at IS NULL")
    op.create_table(
        "statement",
        sa.Column("escalation_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalation.id"], name="fk_statement_escalation_id_escalation"),
        sa.PrimaryKeyConstraint("escalation_id", "n", name="pk_statement"),
        sa.UniqueConstraint("message_id", name="uq_statement_message_id"),
    )
    op.create_index("ix_statement_unit_subject", "statement", ["unit", "subject"])


def _received() -> None:
    op.create_table(
        "event",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("time", INSTANT, nullable=False),
        sa.Column("heard", INSTANT, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("sequence", sa.String(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("stream", BIG, nullable=True),
        sa.Column("topic_offset", BIG, nullable=True),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name="pk_event"),
    )
    op.create_index("ix_event_source_heard", "event", ["source", "heard"])
    op.create_index("ix_event_unit_subject", "event", ["unit", "subject"])
    op.create_table(
        "event_note",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name="pk_event_note"),
    )
    op.create_table(
        "inbox",
        sa.Column("seq", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("relayed_at", INSTANT, nullable=True),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.Column("fate", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("receipt", name="uq_inbox_receipt"),
        sa.UniqueConstraint("source", "event_id", "digest", name="uq_inbox_source_event_id_digest"),
    )
    _partial("ix_inbox_unrelayed", "inbox", ["seq"], "relayed_at IS NULL")
    _partial("ix_inbox_untaken", "inbox", ["received_at"], "taken_at IS NULL")
    op.create_table(
        "offset_gap",
        sa.Column("stream", BIG, autoincrement=False, nullable=False),
        sa.Column("from_offset", BIG, autoincrement=False, nullable=False),
        sa.Column("to_offset", BIG, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("stream", "from_offset", name="pk_offset_gap"),
    )
    op.create_table(
        "offset_state",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("cluster", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("incarnation", sa.String(), nullable=False),
        sa.Column("topic_partition", sa.Integer(), nullable=False),
        sa.Column("first_offset", BIG, nullable=False),
        sa.Column("next_offset", BIG, nullable=False),
        sa.Column("recorded", BIG, nullable=False),
        sa.Column("duplicates", BIG, nullable=False),
        sa.Column("rejected", BIG, nullable=False),
        sa.Column("skipped", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_offset_state"),
        sa.UniqueConstraint(
            "cluster",
            "topic",
            "incarnation",
            "topic_partition",
            name="uq_offset_state_cluster_topic_incarnation_topic_partition",
        ),
    )
    op.create_table(
        "quarantine",
        sa.Column("seq", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_quarantine"),
    )
    _partial("ix_quarantine_held", "quarantine", ["unit"], "released_at IS NULL")
    op.create_table(
        "rejected",
        sa.Column("seq", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("stream", BIG, nullable=True),
        sa.Column("topic_offset", BIG, nullable=True),
        sa.Column("receipt", sa.String(), nullable=True),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.String(), nullable=False),
        sa.Column("heard", INSTANT, nullable=True),
        sa.Column("rejected_at", INSTANT, nullable=False),
        sa.Column("resubmitted_as", sa.String(), nullable=True),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_rejected"),
        sa.UniqueConstraint("message_id", name="uq_rejected_message_id"),
    )
    op.create_index("ix_rejected_rejected_at", "rejected", ["rejected_at"])
    op.create_index("ix_rejected_stream_topic_offset", "rejected", ["stream", "topic_offset"])


def downgrade() -> None:
    op.drop_table("statement")
    op.drop_table("work_order")
    op.drop_table("source_state")
    op.drop_table("night")
    op.drop_table("exposure")
    op.drop_table("escalation")
    op.drop_table("unit")
    op.drop_table("rejected")
    op.drop_table("quarantine")
    op.drop_table("policy_version")
    op.drop_table("outbox")
    op.drop_table("offset_state")
    op.drop_table("offset_gap")
    op.drop_table("meta")
    op.drop_table("inbox")
    op.drop_table("event_note")
    op.drop_table("event")
    op.drop_table("estate_version")
    op.drop_table("audit")
