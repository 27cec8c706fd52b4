"""Who proved who somebody is that signed in, and the sign-ins that are not finished."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"

_OF_SESSION: Final = (
    ("issuer", sa.String()),
    ("subject", sa.String()),
    ("sid", sa.String()),
    ("hint", sa.LargeBinary()),
)


def upgrade() -> None:
    for name, kind in _OF_SESSION:
        op.add_column("desk_session", sa.Column(name, kind, nullable=True))
    op.create_table(
        "desk_sign_in",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_desk_sign_in"),
    )
    op.create_index("ix_desk_sign_in_began_at", "desk_sign_in", ["began_at"])


def downgrade() -> None:
    op.drop_table("desk_sign_in")
    for name, _ in reversed(_OF_SESSION):
        op.drop_column("desk_session", name)
