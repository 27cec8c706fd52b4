"""Where two reckonings of the same premises differ, in words that can be read beside a history."""

from collections.abc import Sequence
from datetime import datetime

from models.decision import Decision, NightState, OrderState, Reached, Span
from tests.simulation.driver import decide_all, fact, taken, utc
from tests.simulation.invention import Heard
from tests.simulation.oracle.instants import MINUTE, instant, text_of
from tests.simulation.oracle.ladder import Step
from tests.simulation.oracle.nights import NightStory
from tests.simulation.oracle.orders import OrderStory
from tests.simulation.oracle.unit import Oracle, UnitStory
from workorders.policy import World

ENDS_COMPARED = frozenset({"breach", "rejected-work", "orphan"})


def by_oracle(step: Step) -> str:
    """One escalation in one line."""
    end = " ended" if step.ended is not None else ""
    return _line(step.subject, (step.kind, step.clock, step.spell, step.rung), step.repeat, step.due_at) + end


def by_code(one: Reached) -> str:
    """The same of the code under test."""
    end = " ended" if one.ended_at is not None else ""
    return _line(one.subject, (one.kind, one.clock, one.spell, one.rung), one.repeat, instant(one.due_at)) + end


def _line(subject: str, words: tuple[str, ...], repeat: int, due: int) -> str:
    return f"{subject}: {' '.join(word for word in words if word)} #{repeat} due {text_of(due)}"


def differences(oracle: Oracle, world: World, unit: str, heard: Sequence[Heard], now: datetime) -> list[str]:
    """Every difference between the oracle and the code under test at one instant; empty if they agree."""
    return apart(by_the_oracle(oracle, unit, heard, now), by_the_code(world, unit, heard, now), now)


def by_the_oracle(oracle: Oracle, unit: str, heard: Sequence[Heard], now: datetime) -> UnitStory:
    """What the oracle makes of what was heard by an instant."""
    return oracle.premises(unit, [fact(one) for one in distinct(heard) if one.heard <= now], instant(now))


def by_the_code(world: World, unit: str, heard: Sequence[Heard], now: datetime) -> dict[str, Decision]:
    """What the code under test makes of it, deliveries twice and all."""
    since = min((min(one.heard, one.time) for one in heard), default=now)
    return decide_all(world, unit, [taken(one) for one in heard if one.heard <= now], since, now)


def apart(story: UnitStory, decisions: dict[str, Decision], now: datetime) -> list[str]:
    """Where the two answers differ."""
    found = _steps(story, decisions)
    for subject, order in story.orders.items():
        found += _order(subject, order, decisions[subject].state)
    for subject, status in story.status.items():
        state = decisions[subject].state
        if isinstance(state, OrderState) and state.status != status:
            found.append(f"{subject}: status is {status} by the oracle, {state.status} by the code")
    for subject, night in story.nights.items():
        if subject in decisions:
            found += _night(subject, night, decisions[subject].state, instant(now))
    return found


def distinct(heard: Sequence[Heard]) -> list[Heard]:
    """Each event once."""
    return list({(one.event["source"], one.event["id"]): one for one in heard}.values())


def _steps(story: UnitStory, decisions: dict[str, Decision]) -> list[str]:
    every = [one for decision in decisions.values() for one in decision.reached]
    ours = {
        step.id: by_oracle(step) for step in story.steps if step.ended is None or _is_compared(step.kind, step.repeat)
    }
    theirs = {str(one.id): by_code(one) for one in every if one.ended_at is None or _is_compared(one.kind, one.repeat)}
    found = [f"only the oracle reaches {ours[name]}" for name in ours.keys() - theirs.keys()]
    found += [f"only the code reaches {theirs[name]}" for name in theirs.keys() - ours.keys()]
    both = ours.keys() & theirs.keys()
    found += [f"the oracle: {ours[name]}; the code: {theirs[name]}" for name in both if ours[name] != theirs[name]]
    skipped = {step.id for step in story.steps if step.skipped}
    labelled = {str(one.id) for one in every if "skipped-no-route" in one.labels}
    found += [f"skipped by one alone: {ours[name]}" for name in (skipped ^ labelled) & both]
    return sorted(found)


def _is_compared(kind: str, repeat: int) -> bool:
    """Whether what has ended is compared: where the last stretch is the only one, and for the rung itself."""
    return kind in ENDS_COMPARED and repeat == 0


def _order(subject: str, order: OrderStory, state: object) -> list[str]:
    if not isinstance(state, OrderState) or state.classification is None:
        return [f"{subject}: the code knows no such order"]
    known = state.classification
    provider = None if state.provider_priority is None else str(state.provider_priority)
    ours: dict[str, object] = {"spell": order.spell, "provider": order.provider}
    theirs: dict[str, object] = {"spell": state.spell, "provider": provider}
    if order.status == "open":
        ours.update({"base": order.base, "effective": order.effective})
        theirs.update({"base": str(known.base), "effective": str(known.effective)})
        for clock in state.clocks:
            mine = order.clocks[clock.name]
            ours[f"{clock.name} met"], theirs[f"{clock.name} met"] = _utc(mine.met), clock.met
            if mine.met is None:
                ours[f"{clock.name} due"], theirs[f"{clock.name} due"] = _utc(mine.due), clock.due
                ours[f"{clock.name} warn"], theirs[f"{clock.name} warn"] = _utc(mine.warn), clock.warn
    apart = [key for key in ours if ours[key] != theirs[key]]
    return [f"{subject}: {key} is {ours[key]} by the oracle, {theirs[key]} by the code" for key in apart]


def _utc(at: int | None) -> datetime | None:
    return None if at is None else utc(at)


def _minutes(spans: Sequence[Span], now: int) -> set[int]:
    found: set[int] = set()
    for begin, end in spans:
        stop = now + 1 if end is None else instant(end)
        found.update(range(instant(begin), stop, MINUTE))
    return found


def _night(subject: str, night: NightStory, state: object, now: int) -> list[str]:
    if not isinstance(state, NightState):
        return [f"{subject}: the code knows no such night"]
    found = []
    if night.short != _minutes(state.short, now):
        apart = sorted(night.short ^ _minutes(state.short, now))
        found.append(f"{subject}: short-staffed differs from {text_of(apart[0])} to {text_of(apart[-1])}")
    if now < night.ends and night.deficit != state.deficit and night.expected:
        found.append(f"{subject}: deficit is {night.deficit} by the oracle, {state.deficit} by the code")
    if now >= night.ends:
        ours = night.minutes
        theirs = {
            "own": state.own_minutes,
            "agency": state.agency_minutes,
            "contingency": state.contingency_minutes,
            "uncovered": state.uncovered_minutes,
        }
        if ours != theirs:
            found.append(f"{subject}: minutes are {ours} by the oracle, {theirs} by the code")
    return found
