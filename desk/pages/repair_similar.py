"""Open orders that may be what somebody is about to report: of the same asset, or of a control that it is part of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Subquery, case, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.pages.navigation import subject_address
from models.tables import WorkOrderRow
from models.work_order import Priority
from streams.ledger import rows, states
from workorders.policy import Policy

AT_MOST: Final = 10
"""How many are shown: those of the asset itself first, and of these the latest."""
LOOKED_THROUGH: Final = 500
"""How many open orders of each priority are looked through, the latest first; older ones are found by searching."""
_ORDER: Final = rows.table_of(WorkOrderRow)


@dataclass(frozen=True, slots=True)
class Similar:
    """One open order: what is broken in the policy's words, and whether it is the asset itself."""

    reference: str
    href: str
    asset: str
    fault: str
    priority: str
    raised_at: datetime | None
    is_same: bool


async def similar_orders(connection: AsyncConnection, policy: Policy, premises: str, asset: str) -> Sequence[Similar]:
    """The open orders of the premises on this asset or on one that shares a control group with it."""
    groups = [one.assets for one in policy.spec.control_groups if asset in one.assets]
    others = sorted({other for assets in groups for other in assets} - {asset})
    latest = union_all(*(select(_latest(premises, level).subquery()) for level in Priority)).subquery()
    same = _is_about(latest, asset)
    query = (
        select(latest)
        .where(or_(same, *(_is_about(latest, other) for other in others)))
        .order_by(case((same, 0), else_=1), latest.c.raised_at.desc(), latest.c.subject)
        .limit(AT_MOST)
    )
    found = await connection.execute(query)
    return [_similar(row, policy, premises, asset) for row in found]


def _latest(premises: str, level: Priority) -> Select[Any]:
    """The latest open orders of one priority, as the index of what is open has them."""
    columns = _ORDER.c.subject, _ORDER.c.state, _ORDER.c.effective, _ORDER.c.raised_at
    mine = _ORDER.c.unit == premises, _ORDER.c.effective == level.value, text("is_open")
    return select(*columns).where(*mine).order_by(_ORDER.c.raised_at.desc()).limit(LOOKED_THROUGH)


def _is_about(orders: Subquery, asset: str) -> ColumnElement[bool]:
    """Whether an order was classified by this asset; its state says so in just these words."""
    return orders.c.state.contains(states.dump(["asset", asset]), autoescape=True)


def _similar(row: Any, policy: Policy, premises: str, asset: str) -> Similar:  # noqa: ANN401 - a row
    known = states.ORDER_STATE.validate_json(row.state).classification
    facts = dict(known.facts) if known is not None else {}
    codes = policy.spec.codes
    about, fault = facts.get("asset", ""), facts.get("fault", "")
    return Similar(
        row.subject, subject_address(premises, row.subject), codes.assets.get(about, about),
        codes.faults.get(fault, fault), row.effective or "", row.raised_at, about == asset,
    )  # fmt: skip
