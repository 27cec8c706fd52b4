"""An order is found by its contractor's reference without reading every order."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0008"
down_revision: Final = "0007"

_BY_CONTRACTOR: Final = "ix_work_order_contractor"
_ONLY: Final = sa.text("contractor_reference IS NOT NULL")


def upgrade() -> None:
    op.create_index(_BY_CONTRACTOR, "work_order", ["contractor_reference"], sqlite_where=_ONLY, postgresql_where=_ONLY)


def downgrade() -> None:
    op.drop_index(_BY_CONTRACTOR, "work_order")
