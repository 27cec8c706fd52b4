"""The plain sentences that are said about orders; the words of the codes come from the policy."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from models.escalation import ClockName
from models.work_order import Priority
from workorders.clocks import REMEMBERED
from workorders.order_fold import Spell
from workorders.order_steps import BaseStep

_DONE: Final = {ClockName.ATTEND: "attendance", ClockName.MAKE_SAFE: "making safe", ClockName.FIX: "repair"}


@lru_cache(maxsize=REMEMBERED)
def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant as people of the zone write it, such as ``Tue 13 Jan 2026 04:10 GMT``."""
    return at.astimezone(zone).strftime("%a %d %b %Y %H:%M %Z")


def _thing(step: BaseStep) -> str:
    codes = step.policy.spec.codes
    asset = codes.assets.get(step.facts.asset, step.facts.asset)
    fault = codes.faults.get(step.facts.fault, step.facts.fault)
    return f"{asset} ({fault})"


def breach_reason(step: BaseStep, clock: ClockName, due: datetime) -> str:
    """Why a breach is escalated."""
    return f"{_thing(step)}: {_DONE[clock]} was due {local(due, step.policy.zone)} and has not been reported."


def warning_reason(step: BaseStep, clock: ClockName, due: datetime) -> str:
    """Why a warning is given."""
    return f"{_thing(step)}: {_DONE[clock]} is due {local(due, step.policy.zone)} and has not been reported."


def contested_reason(step: BaseStep, clock: ClockName, due: datetime) -> str:
    """Why a contested breach is escalated."""
    return (
        f"{_thing(step)}: {_DONE[clock]} was due {local(due, step.policy.zone)}; only a report that was heard late "
        "and that the client side has not confirmed says that it was done."
    )


def ended_reason(spell: Spell, met: datetime | None) -> str:
    """Why a breach or a warning is over."""
    if met is not None:
        return "the target was met"
    return "the order was ended without it being done" if spell.unmet else ""


def dispute_reason(step: BaseStep, ours: Priority, providers: Priority) -> str:
    """Why a dispute is escalated."""
    return (
        f"{_thing(step)}: the provider says {providers}, the public-protection view is {ours}; "
        "that view stands until settled."
    )


def rejected_reason(step: BaseStep) -> str:
    """Why rejected work is escalated."""
    return f"{_thing(step)}: the work was reported done and rejected as not to standard; the first clocks stand."


ORPHAN_REASON: Final = "Events name this order, and nobody has raised it: the reference may be mistyped."
