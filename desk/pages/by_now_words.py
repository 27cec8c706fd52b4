"""How it stands by now with what an escalation is about, where that differs from what its role was told."""

from desk.opening import Desk
from desk.pages.order_words import state_said
from desk.words import _
from models.decision import OrderState


def by_now_said(priority: str | None, order: OrderState | None) -> str:
    """In one sentence; empty for what is as it was told."""
    if order is None:
        return ""
    if not order.is_open:
        return state_said(order)
    now = order.classification.effective.value if order.classification is not None else None
    return _("The repair is {priority} by now.", priority=now) if now is not None and now != priority else ""


def broken_said(order: OrderState | None, desk: Desk) -> str:
    """What is broken, as the rules call it; empty where it is about no repair."""
    facts = dict(order.classification.facts) if order is not None and order.classification is not None else {}
    asset = facts.get("asset", "")
    return desk.world.policies.at(desk.now).spec.codes.assets.get(asset, asset)
