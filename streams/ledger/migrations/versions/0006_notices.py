"""Notices: what waits to be told, who was told, how each attempt went, and rehearsals.

What was said before this is not told afterwards: only new statements begin to wait.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"

_NEXT: Final = sa.text("next_at IS NOT NULL")
_DIGEST: Final = sa.text("digest IS NOT NULL")
_OPEN: Final = sa.text("settled_at IS NULL")
_UNPLANNED: Final = sa.text("planned_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "notice_due",
        sa.Column("escalation_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("escalation_id", "n", name="pk_notice_due"),
    )
    op.create_index("ix_notice_due_not_before", "notice_due", ["not_before"])
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("escalation_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Uuid(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_escalation_id_n", "notice", ["escalation_id", "n"])
    op.create_index("ix_notice_address_planned_at", "notice", ["address", "planned_at"])
    op.create_index("ix_notice_next", "notice", ["kind", "next_at"], sqlite_where=_NEXT, postgresql_where=_NEXT)
    op.create_index("ix_notice_digest", "notice", ["digest"], sqlite_where=_DIGEST, postgresql_where=_DIGEST)
    op.create_table(
        "notice_attempt",
        sa.Column("notice", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("notice", "n", name="pk_notice_attempt"),
    )
    op.create_table(
        "notice_lost",
        sa.Column("escalation_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("escalation_id", "n", name="pk_notice_lost"),
    )
    op.create_index("ix_notice_lost_open", "notice_lost", ["at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "rehearsal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("drill", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rehearsal"),
    )
    op.create_index("ix_rehearsal_drill", "rehearsal", ["drill"])
    op.create_index(
        "ix_rehearsal_open", "rehearsal", ["begun_at"], sqlite_where=_UNPLANNED, postgresql_where=_UNPLANNED
    )


def downgrade() -> None:
    for table in ("rehearsal", "notice_lost", "notice_attempt", "notice", "notice_due"):
        op.drop_table(table)
