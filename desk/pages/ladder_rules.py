"""By which rule a rung of a ladder is reached, in plain words."""

from collections.abc import Mapping

from desk.opening import Desk
from desk.views.explaining import LadderLine
from desk.words import _, spoken
from models.escalation import EscalationKind
from models.policy import Rung
from models.work_order import Priority


def rules_of(line: LadderLine, desk: Desk) -> Mapping[str, Rung]:
    """The rungs of a ladder as the policy has them, by their names."""
    policy = desk.world.policies.by_version(line.policy_version) or desk.world.policies.at(desk.now)
    level = Priority(line.priority) if line.priority else None
    return {one.name: one for one in policy.ladder(EscalationKind(line.kind), level)}


def rule_of(rung: Rung) -> str:
    """When a rung is reached, how soon it must be answered, and how often it is said again."""
    found = [_("after {length}", length=spoken().span(rung.after)) if rung.after else _("at once")]
    if rung.ack_within is not None:
        found.append(_("the next sooner if nobody answers for {length}", length=spoken().span(rung.ack_within)))
    if rung.repeat is not None:
        found.append(_("again every {length}", length=spoken().span(rung.repeat)))
    return "; ".join(found)
