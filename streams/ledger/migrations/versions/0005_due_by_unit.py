"""What is due at the same instant is found unit by unit, without sorting all that is due."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"

_DUE: Final = "ix_work_order_due"
_ONLY: Final = sa.text("next_due_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index(_DUE, "work_order")
    op.create_index(_DUE, "work_order", ["next_due_at", "unit"], sqlite_where=_ONLY, postgresql_where=_ONLY)


def downgrade() -> None:
    op.drop_index(_DUE, "work_order")
    op.create_index(_DUE, "work_order", ["next_due_at"], sqlite_where=_ONLY, postgresql_where=_ONLY)
