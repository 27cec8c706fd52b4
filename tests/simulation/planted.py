"""Bugs that are planted on purpose: each must be caught, else the comparison is not to be trusted.

Most are planted at the door, in what ``decide`` is given or in what it gives back, so that they stay planted however
the code behind it is rearranged.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.decision import Context, Decision, Remembered
from models.escalation import StatementKind
from models.history import Taken
from models.work_order import CriticalitySettled, Prioritised, SettledData
from workorders import affected
from workorders import decide as code
from workorders.calendars import RoundTheClock
from workorders.policy import Estate, Policy, World

Plant = Callable[[pytest.MonkeyPatch], None]
History = Sequence[Taken]

REPORTS = (
    *("attended", "made-safe", "temporarily-fixed", "completed", "closed", "cancelled", "paused", "resumed", "amended"),
    *("confirmed", "withdrawn", "not-attended", "checked-in", "left-early", "stood-down", "contingency-arranged"),
    "retracted",
)


@dataclass(frozen=True)
class Planted:
    """A bug, and whether it shows in what stands, or only in what a worker says as it goes."""

    name: str
    plant: Plant
    shows_live: bool = False


def forget_caches() -> None:
    """What was worked out with a bug must not outlive it, nor the other way round."""
    for name, module in list(sys.modules.items()):
        if name == "workorders" or name.startswith("workorders."):
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


def given(change: Callable[[code.Case], code.Case]) -> Plant:
    """The code is given something else than what was said."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        honest = code.decide
        patch.setattr(code, "decide", lambda case, world, now: honest(change(case), world, now))

    return plant


def gives(change: Callable[[Decision, datetime], Decision]) -> Plant:
    """The code gives something else than what it found."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        honest = code.decide
        patch.setattr(code, "decide", lambda case, world, now: change(honest(case, world, now), now))

    return plant


def history(change: Callable[[History], History]) -> Plant:
    """The code reads another history."""
    return given(lambda case: replace(case, history=list(change(case.history))))


def each(change: Callable[[Taken], Taken]) -> Plant:
    """The code reads every event otherwise."""
    return history(lambda taken: [change(one) for one in taken])


def without(*types: str) -> Plant:
    """The code does not hear events of some types."""
    return history(lambda taken: [one for one in taken if not one.event.type.endswith(types)])


def _early_completion_forgotten(taken: History) -> History:
    raised = min((one.event.time for one in taken if one.event.type.endswith(".raised")), default=None)
    return [
        one
        for one in taken
        if raised is None or one.event.time >= raised or not one.event.type.endswith((".completed", ".closed"))
    ]


def _no_dedupe(taken: History) -> History:
    return [
        replace(one, event=one.event.model_copy(update={"id": f"{one.event.id} again {number}"}))
        if any(one is not other and one.event.id == other.event.id for other in taken[:number])
        else one
        for number, one in enumerate(taken)
    ]


def _on_time(one: Taken) -> Taken:
    if one.event.type.endswith(REPORTS) and one.heard > one.event.time:
        return replace(one, heard=one.event.time + timedelta(minutes=1))
    return one


def _by_arrival(one: Taken) -> Taken:
    return replace(one, event=one.event.model_copy(update={"time": one.heard}))


def _downgrade_believed(one: Taken) -> Taken:
    event = one.event
    if not isinstance(event, Prioritised):
        return one
    data = SettledData(premises=event.data.premises, priority=event.data.priority)
    said = event.model_dump(include={"id", "source", "subject", "time"})
    settled = CriticalitySettled(type="facilities.work-order.criticality-settled", data=data, **said)
    return replace(one, event=settled)


def _repeats_from_now(decision: Decision, now: datetime) -> Decision:
    reached = [replace(one, due_at=now) if one.repeat and one.ended_at is None else one for one in decision.reached]
    return replace(decision, reached=tuple(reached))


def _held_for_ever(decision: Decision, now: datetime) -> Decision:
    answered = {(one.kind, one.clock, one.spell) for one in decision.reached if one.acknowledged_until is not None}
    kept = [one for one in decision.reached if (one.kind, one.clock, one.spell) not in answered or not one.repeat]
    return replace(decision, reached=tuple(kept))


def _local_arithmetic(patch: pytest.MonkeyPatch) -> None:
    london = ZoneInfo("Europe/London")

    def add(self: RoundTheClock, start: datetime, amount: timedelta | int) -> datetime:
        length = amount if isinstance(amount, timedelta) else timedelta(seconds=amount)
        return (start.astimezone(london) + length).astimezone(UTC)

    patch.setattr(RoundTheClock, "add", add)


def _policy(*keys: str, change: Callable[[Any], Any]) -> Plant:
    """The code goes by another policy than the one it is given: some parts of it are changed."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        honest = code.decide
        changed: dict[str, Policy] = {}

        def by_another(case: code.Case, world: World, now: datetime) -> Decision:
            entries = []
            for since, policy in world.policies.entries:
                if policy.version not in changed:
                    spec = policy.spec.model_copy(update={key: change(getattr(policy.spec, key)) for key in keys})
                    changed[policy.version] = Policy(spec)
                entries.append((since, changed[policy.version]))
            return honest(case, replace(world, policies=type(world.policies)(entries)), now)

        patch.setattr(code, "decide", by_another)

    return plant


def _no_holidays(calendars: dict[str, Any]) -> dict[str, Any]:
    return {
        name: spec.model_copy(update={"holidays": None, "extra_holidays": (), "not_holidays": ()})
        for name, spec in calendars.items()
    }


def _in_utc(value: Any) -> Any:  # noqa: ANN401 - the zone itself, or the rules of the nights
    return "UTC" if isinstance(value, str) else value.model_copy(update={"zone": "UTC"})


def _nobody_left_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(affected, "affects", lambda before, after: affected.NOTHING)


def _every_role_reached(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Estate, "has_route", lambda self, role, unit, at: True)


def _said(change: Callable[[Any], bool]) -> Plant:
    return gives(lambda decision, now: replace(decision, statements=tuple(filter(change, decision.statements))))


BUGS = (
    Planted("local time instead of UTC arithmetic", _local_arithmetic),
    Planted("a completion before its order is forgotten", history(_early_completion_forgotten)),
    Planted("acknowledgements are ignored", without(".acknowledged", ".resolved")),
    Planted("declining is ignored", without(".declined")),
    Planted("duplicates are taken as new events", history(_no_dedupe)),
    Planted("retractions are ignored", without(".retracted")),
    Planted("late reports are treated as on time", each(_on_time)),
    Planted("nobody hears the client side on late reports", without(".report-confirmed", ".report-refused")),
    Planted("pauses are ignored", without(".paused")),
    Planted("the end of a pause is ignored", without(".resumed")),
    Planted("repeats are counted from now", gives(_repeats_from_now)),
    Planted("an acknowledged ladder never repeats", gives(_held_for_ever)),
    Planted("events act when they are heard", each(_by_arrival)),
    Planted("the provider's downgrade is believed", each(_downgrade_believed)),
    Planted("rejected work stays completed", without(".completion-rejected")),
    Planted("joined risk is ignored", given(lambda case: replace(case, context=Context()))),
    Planted("amendments are ignored", without(".amended")),
    Planted("bank holidays are worked", _policy("calendars", change=_no_holidays)),
    Planted("nights are reckoned in UTC", _policy("zone", "nights", change=_in_utc)),
    Planted(
        "nobody has to check in",
        _policy("nights", change=lambda rules: rules.model_copy(update={"check_in_grace": timedelta(hours=11)})),
    ),
    Planted("contingency is not counted", without(".contingency-arranged")),
    Planted("a role without a route is told all the same", _every_role_reached),
    Planted("an orphan is forgotten", _policy("orphan_after", change=lambda after: timedelta(days=300))),
    Planted("a change of context is not passed on", _nobody_left_alone, shows_live=True),
    Planted("nobody looks again", gives(lambda decision, now: replace(decision, next_due_at=None)), shows_live=True),
    Planted("what was said is forgotten", given(lambda case: replace(case, remembered=Remembered())), shows_live=True),
    Planted(
        "what was wrongly said is not withdrawn", _said(lambda one: one.statement is not StatementKind.WITHDRAWN), True
    ),
    Planted("what is over is not closed", _said(lambda one: one.statement is not StatementKind.CLOSED), True),
    Planted("what has moved is not amended", _said(lambda one: one.statement is not StatementKind.AMENDED), True),
)
