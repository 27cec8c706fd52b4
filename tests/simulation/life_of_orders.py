"""How one work order is invented: raised, argued about, paused, done, refused, done again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulation.invention import MINUTE, Heard, Pen

_PRIORITIES = ("P1", "P2", "P3", "P4")
_REASONS = ("parts", "no-access", "approval", "agreed-date")


@dataclass
class Order:
    """What the inventor remembers of an order."""

    subject: str
    premises: str
    raised: datetime
    completions: list[datetime] = field(default_factory=list)
    rejections: list[Heard] = field(default_factory=list)


def _facts(pen: Pen, at: datetime) -> dict[str, Any]:
    codes, _ = pen.setting.codes(at)
    impacts = pen.rng.sample(sorted(codes["impacts"]), pen.rng.choice((0, 0, 1, 2)))
    return {
        "asset": pen.rng.choice(sorted(codes["assets"])),
        "fault": pen.rng.choice(sorted(codes["faults"])),
        "impacts": impacts,
        "alternative_available": pen.rng.random() < 0.4,
    }


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def order_of(pen: Pen, day: datetime) -> Order:
    """Invent one order that is raised on a day."""
    premises = pen.rng.choice(pen.setting.premises)
    order = Order(f"WO-{pen.prefix}-{next(pen.numbers)}", premises, day + MINUTE * pen.rng.randrange(24 * 60))
    facts = _facts(pen, order.raised)
    if pen.happens("promised"):
        facts["promised_fix"] = _text(order.raised + pen.minutes(-2, 120))
    say(pen, order, "raised", order.raised, party="client", **facts)
    if pen.rng.random() < 0.02:
        again = order.raised + pen.minutes(0, 5)
        say(pen, order, "raised", again, **_facts(pen, again))
    _talk(pen, order)
    _visit(pen, order)
    _end(pen, order)
    return order


def say(pen: Pen, order: Order, name: str, at: datetime, *, party: str = "provider", **data: object) -> Heard | None:
    """One event about the order."""
    return pen.write(f"work-order.{name}", order.subject, order.premises, at, party=party, **data)


def _talk(pen: Pen, order: Order) -> None:
    """What is said about the order before anything is done."""
    say(pen, order, "acknowledged", order.raised + pen.minutes(0, 3), contractor_reference=f"REF {order.subject}")
    if pen.rng.random() < 0.3:
        say(
            pen,
            order,
            "scheduled",
            order.raised + pen.minutes(0, 20),
            visit_at=_text(order.raised + pen.minutes(20, 90)),
        )
    if pen.happens("disputed"):
        at = order.raised + pen.minutes(0, 30)
        say(pen, order, "prioritised", at, priority=pen.rng.choice(_PRIORITIES))
        if pen.rng.random() < 0.4:
            say(pen, order, "prioritised", at + pen.minutes(0, 20), priority=pen.rng.choice(_PRIORITIES))
        if pen.rng.random() < 0.4:
            priority = pen.rng.choice(_PRIORITIES)
            say(pen, order, "criticality-settled", at + pen.minutes(0, 20), party="client", priority=priority)
    while pen.happens("amended"):
        keys = pen.rng.sample(("asset", "fault", "impacts", "alternative_available"), pen.rng.randint(0, 2))
        at = order.raised + pen.minutes(-0.5, 60)
        changed = {key: value for key, value in _facts(pen, at).items() if key in keys}
        if pen.happens("promised"):
            changed["promised_fix"] = _text(order.raised + pen.minutes(0, 120))
        say(pen, order, "amended", at, **changed)
    if pen.setting.versions and pen.happens("reassessed"):
        at = order.raised + pen.minutes(0, 72)
        version = pen.rng.choice(pen.setting.begun(at))
        say(pen, order, "reassessed", at, party="client", policy_version=version)


def _visit(pen: Pen, order: Order) -> None:
    """Somebody comes, or the work is stopped."""
    if pen.rng.random() < 0.75:
        say(pen, order, "attended", order.raised + pen.minutes(0.2, pen.rng.choice((3, 8, 30))))
    if pen.rng.random() < 0.4:
        name = pen.rng.choice(("made-safe", "temporarily-fixed"))
        say(pen, order, name, order.raised + pen.minutes(1, pen.rng.choice((6, 30))))
    at = order.raised
    while pen.happens("paused"):
        at += pen.minutes(0.5, 40)
        party = pen.rng.choice(("provider", "provider", "client"))
        until = at + pen.minutes(-1 if pen.rng.random() < 0.05 else 1, 100)
        say(pen, order, "paused", at, party=party, reason=pen.rng.choice(_REASONS), until=_text(until))
        if pen.happens("resumed"):
            say(pen, order, "resumed", at + pen.minutes(0.2, 60))


def _end(pen: Pen, order: Order) -> None:
    """How it ends: done, refused and done again, closed, cancelled, or not at all."""
    chance = pen.rng.random()
    if chance < 0.08:
        return
    done = order.raised + pen.minutes(1, pen.rng.choice((5, 30, 200)))
    if pen.happens("before_raised"):
        done = order.raised - pen.minutes(0, 2)
    if chance < 0.16:
        reason = pen.rng.choice(("duplicate", "invalid", "withdrawn"))
        say(pen, order, "cancelled", done, party=pen.rng.choice(("client", "provider")), reason=reason)
        return
    if chance < 0.24:
        say(pen, order, "closed", done, outcome=pen.rng.choice(("administrative", "no-access", "done")))
    _complete(pen, order, done)


def _complete(pen: Pen, order: Order, done: datetime) -> None:
    while True:
        say(pen, order, "completed", done)
        order.completions.append(done)
        if pen.rng.random() < 0.3:
            outcome = pen.rng.choice(("done", "done", "administrative"))
            say(pen, order, "closed", done + pen.minutes(0, 48), outcome=outcome)
        if not pen.happens("rejected"):
            return
        rejected = done + pen.minutes(0, pen.rng.choice((2, 48)))
        rejection = say(pen, order, "completion-rejected", rejected, party="client", defect="not to standard")
        if rejection:
            order.rejections.append(rejection)
        if pen.rng.random() < 0.2:
            return
        done = rejected + pen.minutes(0, pen.rng.choice((3, 60)))
