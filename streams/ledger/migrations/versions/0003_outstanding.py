"""The outstanding orders of each premises by priority and age, counted as at when its backlog was last said."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

INSTANT: Final = sa.DateTime(timezone=True)
LEVELS: Final = ("P1", "P2", "P3", "P4")
AGES: Final = (("day", 1), ("week", 7), ("month", 28), ("older", None))
MARKED: Final = (
    "is_open AND (breached_at IS NOT NULL OR contested OR dispute_since IS NOT NULL OR paused_until IS NOT NULL)"
)


def upgrade() -> None:
    cells = [f"{level.lower()}_{name}" for level in LEVELS for name, _ in AGES]
    op.create_table(
        "outstanding",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("as_at", INSTANT, nullable=False),
        *(sa.Column(cell, sa.Integer(), nullable=False) for cell in cells),
        sa.ForeignKeyConstraint(["unit"], ["unit.id"], name="fk_outstanding_unit_unit"),
        sa.PrimaryKeyConstraint("unit", name="pk_outstanding"),
    )
    where = sa.text(MARKED)
    op.create_index("ix_work_order_marked", "work_order", ["unit"], sqlite_where=where, postgresql_where=where)
    _count()


def downgrade() -> None:
    op.drop_index("ix_work_order_marked", "work_order")
    op.drop_table("outstanding")


def _count() -> None:
    """Count every premises that was ever counted, or is about to be: as at what was last said of it."""
    counts = ", ".join(
        f"coalesce(sum(CASE WHEN o.effective = '{level}' AND {_aged(younger, days)} THEN 1 ELSE 0 END), 0)"
        for level in LEVELS
        for (_, days), younger in zip(AGES, (None, *(days for _, days in AGES)), strict=False)
    )
    op.execute(
        f"INSERT INTO outstanding SELECT c.id, c.as_at, {counts} FROM "  # noqa: S608 - the numbers above
        "(SELECT u.id, coalesce(s.said, u.decided_at) AS as_at FROM unit u LEFT JOIN "
        "(SELECT key, max(created_at) AS said FROM outbox WHERE topic = 'backlog' GROUP BY key) s ON s.key = u.id "
        "WHERE u.backlog_n > 0 OR u.backlog_due_at IS NOT NULL) c "
        "LEFT JOIN work_order o ON o.unit = c.id AND o.is_open GROUP BY c.id, c.as_at"
    )


def _aged(younger: int | None, days: int | None) -> str:
    """Whether an order is past one age, and not past another; both in days."""
    past = "TRUE" if younger is None else f"o.raised_at <= {_before(younger)}"
    return past if days is None else f"{past} AND o.raised_at > {_before(days)}"


def _before(days: int) -> str:
    if op.get_bind().dialect.name == "sqlite":  # instants are text there, to the microsecond
        return f"datetime(substr(c.as_at, 1, 19), '-{days} days') || substr(c.as_at, 20)"
    return f"c.as_at - interval '{days} days'"
