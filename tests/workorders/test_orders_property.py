"""Whatever the order of arrival, however often, and whenever it is looked at: one history, one result.

``WORKORDERS_TEST_EXAMPLES`` says how many histories each property is tried on (150).
"""

import os
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.decision import Decision, Remembered
from models.escalation import StatementKind
from models.history import Taken
from tests.workorders.telling import LOCK, START, Telling, ap, event, hour, raised
from workorders.decide import Case, decide
from workorders.policy import default_world

GONE = {StatementKind.WITHDRAWN, StatementKind.CLOSED}
HOURS = st.integers(-4, 80)
SOME = settings(
    max_examples=int(os.environ.get("WORKORDERS_TEST_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def _event(draw: st.DrawFn, number: int) -> Taken:
    at = draw(HOURS)
    late = draw(st.sampled_from([0, 0, 0, 1, 3, 6, 30]))
    data: dict[str, Any] = {}
    kind = draw(
        st.sampled_from(
            (
                *("attended", "made-safe", "temporarily-fixed", "completed", "completed", "completion-rejected"),
                *("paused", "resumed", "closed", "cancelled", "prioritised", "criticality-settled", "amended"),
                *("retracted", "report-confirmed", "report-refused"),
            )
        )
    )
    role = "provider-helpdesk"
    if kind == "paused":
        data = {"reason": draw(st.sampled_from(["parts", "no-access"])), "until": hour(at + draw(HOURS)).isoformat()}
    elif kind == "closed":
        data = {"outcome": draw(st.sampled_from(["done", "administrative", "no-access"]))}
    elif kind == "cancelled":
        data = {"reason": "duplicate"}
    elif kind in {"prioritised", "criticality-settled"}:
        data = {"priority": draw(st.sampled_from(["P1", "P2", "P3", "P4"]))}
    elif kind == "amended":
        data = {"asset": draw(st.sampled_from(["entry-lock", "decoration", "hot-water"])), "fault": "total-loss"}
    elif kind in {"retracted", "report-confirmed", "report-refused"}:
        data = {"of_source": "/provider-helpdesk", "of_id": f"n{draw(st.integers(0, 8))}"}
    if kind in {"completion-rejected", "criticality-settled", "amended", "report-confirmed", "report-refused"}:
        role = "estates-desk"
    return event(kind, at, role=role, heard=at + late, id=f"n{number}", **data)


@st.composite
def histories(draw: st.DrawFn) -> list[Taken]:
    """A raised order, mostly, and up to nine things that were said of it; some heard late, some undone."""
    found = [_event(draw, number) for number in range(draw(st.integers(0, 9)))]
    if draw(st.integers(0, 9)):
        found.append(raised(heard=draw(st.sampled_from([0, 0, 0, 5, 40])), **LOCK) if draw(st.booleans()) else raised())
    return found


def decided(history: list[Taken], hours: float) -> Decision:
    return decide(Case(ap(), "WO-1", history), default_world(), hour(hours))


@SOME
@given(histories(), st.integers(0, 120), st.randoms(use_true_random=False))
def test_any_order_and_duplication_gives_the_same_decision(history: list[Taken], now: int, rng: Random) -> None:
    if not history:
        return
    shuffled = [*history, *rng.sample(history, len(history) // 2)]
    rng.shuffle(shuffled)
    assert decided(shuffled, now) == decided(history, now)


@SOME
@given(histories(), st.integers(0, 120))
def test_between_now_and_the_announced_instant_nothing_falls_due(history: list[Taken], now: int) -> None:
    # What is not heard yet does not count, and each event counts at its own time: look from after all of them.
    at = max([now, *(int((one.heard - START) / timedelta(hours=1)) + 1 for one in history)])
    found = decided(history, at)
    until = found.next_due_at or hour(at + 2_000)
    assert until > hour(at)
    just_before = decide(Case(ap(), "WO-1", history), default_world(), until - timedelta.resolution)
    assert {(one.id, one.due_at, one.ended_at) for one in just_before.reached} == {
        (one.id, one.due_at, one.ended_at) for one in found.reached
    }


@SOME
@given(histories(), st.randoms(use_true_random=False))
def test_what_was_said_on_the_way_amounts_to_what_stands_by_the_whole_history(
    history: list[Taken], rng: Random
) -> None:
    story = Telling()
    arriving = sorted(history, key=lambda one: one.heard)
    while arriving:
        some = [arriving.pop(0) for _ in range(rng.randint(1, min(3, len(arriving))))]
        story.at(max((one.heard - START) / timedelta(hours=1) for one in some), *some)
    if not story.history:
        return
    story.at(200)
    said = {id_ for id_, one in story.remembered.said.items() if one.statement not in GONE}
    whole = decide(Case(ap(), "WO-1", history, remembered=Remembered()), default_world(), hour(200))
    assert said == {one.id for one in whole.reached if one.ended_at is None}
