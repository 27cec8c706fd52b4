"""The pulses by which the workers' parts show that they are alive."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    op.create_table(
        "pulse",
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("part", "worker", name="pk_pulse"),
    )


def downgrade() -> None:
    op.drop_table("pulse")
