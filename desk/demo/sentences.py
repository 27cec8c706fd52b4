"""Plain sentences for what was heard: one for each event type, with the words that the policy and the estate have."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from desk.instants import length
from workorders.policy import Policy

_QUARTER: Final = timedelta(minutes=15)
_Say = Callable[[str, dict[str, Any], Policy], str]


def _thing(data: dict[str, Any], policy: Policy) -> str:
    codes = policy.spec.codes
    asset, fault = data.get("asset", ""), data.get("fault", "")
    return f"{codes.assets.get(asset, asset).lower()} {codes.faults.get(fault, fault)}"


_SENTENCES: Final[dict[str, _Say]] = {
    "work-order.raised": lambda s, d, p: f"raises {s}: {_thing(d, p)}",
    "work-order.amended": lambda s, _, __: f"corrects the facts of {s}",
    "work-order.prioritised": lambda s, d, _: f"gives {s} a priority of their own: {d['priority']}",
    "work-order.acknowledged": lambda s, d, _: (
        f"has taken in {s}" + (f" as {d['contractor_reference']}" if "contractor_reference" in d else "")
    ),
    "work-order.scheduled": lambda s, d, _: f"will come about {s} on {d['visit_at']}",
    "work-order.paused": lambda s, d, _: f"pauses {s} ({d['reason']})",
    "work-order.resumed": lambda s, _, __: f"resumes {s}",
    "work-order.attended": lambda s, _, __: f"has attended {s}",
    "work-order.made-safe": lambda s, _, __: f"has made {s} safe",
    "work-order.temporarily-fixed": lambda s, _, __: f"has fixed {s} for now",
    "work-order.completed": lambda s, _, __: f"reports {s} completed",
    "work-order.completion-rejected": lambda s, d, _: f"rejects the work on {s}: {d.get('defect', 'not to standard')}",
    "work-order.closed": lambda s, d, _: f"closes {s} ({d['outcome']})",
    "work-order.cancelled": lambda s, d, _: f"cancels {s} ({d['reason']})",
    "work-order.criticality-settled": lambda s, d, _: f"settles {s} as {d['priority']}",
    "shift-cover.confirmed": lambda s, d, _: f"confirms {d['cover_ref']} for {s}",
    "shift-cover.withdrawn": lambda s, d, _: f"withdraws {d['cover_ref']} from {s}",
    "shift-cover.refused": lambda s, d, _: f"refuses {d['cover_ref']} for {s} ({d['reason']})",
    "shift-cover.not-attended": lambda s, d, _: f"says that {d['cover_ref']} did not come to {s}",
    "shift-cover.checked-in": lambda s, d, _: f"sees {d['cover_ref']} check in for {s}",
    "shift-cover.left-early": lambda s, d, _: f"says that {d['cover_ref']} left {s} early",
    "shift-cover.missing-reported": lambda s, d, _: f"reports {d['missing']} missing from {s}",
    "shift-cover.contingency-arranged": lambda s, d, _: (
        f"puts {d['cover_ref']} in for {s} at £{d['cost_pence'] / 100:,.2f}"
    ),
    "shift-cover.stood-down": lambda s, d, _: f"stands {d['cover_ref']} down from {s}",
    "escalation-response.acknowledged": lambda s, d, _: (
        f"takes on the escalation about {s}" + (f", by {d['commitment'][11:16]}" if "commitment" in d else "")
    ),
    "escalation-response.resolved": lambda s, _, __: f"says that the escalation about {s} is resolved",
    "escalation-response.declined": lambda s, d, _: f"declines the escalation about {s}: {d['reason']}",
}


def heard(kind: str, subject: str, who: str, says: dict[str, Any], policy: Policy) -> str:
    """One event in a sentence: who says what about which order or night."""
    say = _SENTENCES.get(kind)
    return f"{who} {say(subject, says, policy)}" if say is not None else f"{who} sends {kind} about {subject}"


def lateness(gap: timedelta) -> str:
    """How long after it happened something was heard, where that is worth a word."""
    return f" (it happened {length(gap)} earlier)" if gap >= _QUARTER else ""
