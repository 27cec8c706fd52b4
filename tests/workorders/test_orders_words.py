"""What a standing escalation says follows what is known; a repeat says how many went before it."""

from typing import Any

import pytest

from models.decision import OrderState
from models.escalation import EscalationKind
from tests.workorders.telling import Telling, answer, event, hour, one, raised, standing, statements

BREACH = EscalationKind.BREACH
BED: dict[str, Any] = {"asset": "bed", "fault": "total-loss", "impacts": [], "alternative_available": True}  # P3


def test_what_stands_is_amended_when_only_the_words_of_the_order_change() -> None:
    story = Telling(raised(fault="will-not-secure"))
    before = one(story.at(2).reached, kind=BREACH, ended_at=None)
    found = story.at(2.5, event("amended", 2.4, role="estates-desk", fault="total-loss"))
    assert statements(found) == [("amended", BREACH, "attend")]
    (amended,) = found.statements
    assert amended.reached.id == before.id
    assert amended.reason == amended.reached.reason != before.reason
    assert amended.reason.replace("does not work at all", "will not close, lock or secure") == before.reason
    assert story.at(2.5).statements == ()


def test_what_has_ended_is_not_amended_when_the_words_of_the_order_change() -> None:
    story = Telling(raised())
    story.at(2)
    assert statements(story.at(2.4, event("attended", 2.4))) == [("closed", BREACH, "attend")]
    found = story.at(2.5, event("amended", 2.5, role="estates-desk", fault="total-loss"))
    assert found.classification is not None
    assert found.statements == ()


@pytest.mark.parametrize(
    ("hours", "count"), [(10, ""), (34, "once"), (58, "twice"), (82, "3 times"), (9610, "400 times")]
)
def test_a_repeat_says_how_many_went_before_it(hours: float, count: str) -> None:
    found = Telling(raised()).at(hours)
    latest = one(found.reached, kind=BREACH, clock="attend", rung="national-taskforce", ended_at=None)
    words = f"has not been reported. It was due to be said {count} before." if count else "has not been reported."
    assert latest.reason.endswith(words)


def test_an_answer_to_a_repeat_that_only_a_milder_ladder_has_holds_it() -> None:
    story = Telling(raised(**BED))
    days = 24.0
    found = story.at(30 * days)
    repeat = one(found.reached, kind=BREACH, clock="fix", rung="senior-account-manager", ended_at=None)
    assert repeat.repeat > 0
    after = story.at(30 * days + 1, answer("acknowledged", 30 * days + 1, repeat.id))
    assert ("acknowledged", BREACH, "fix") in statements(after)
    state = after.state
    assert isinstance(state, OrderState)
    assert state.ignored == ()


def test_a_rejection_that_refuses_a_late_completion_leaves_the_first_spell_and_its_breach() -> None:
    story = Telling(raised(), event("made-safe", 1))
    breach = one(story.at(25).reached, kind=BREACH, ended_at=None)
    story.at(30, event("completed", 23, heard=30))
    found = story.at(31, event("completion-rejected", 31, role="estates-desk"))
    assert ("closed", "contested-breach", "fix") in statements(found)
    assert ("reinstated", BREACH, "fix") in statements(found)
    assert breach.id in {reached.id for reached in found.reached if reached.ended_at is None}
    state = found.state
    assert isinstance(state, OrderState)
    assert (state.status, state.spell) == ("open", "first")
    assert standing(found, "rejected-work") == []
    # The rejection did something, so of the two only the completion is without effect.
    assert [ignored.why for ignored in state.ignored] == ["the client side refused this late report"]


def test_a_second_rejection_of_a_refused_completion_is_without_effect() -> None:
    story = Telling(raised(), event("completed", 23, heard=30), event("completion-rejected", 31, role="estates-desk"))
    found = story.at(33, event("completion-rejected", 32, role="estates-desk"))
    assert isinstance(found.state, OrderState)
    assert "there was no completion to reject" in {ignored.why for ignored in found.state.ignored}
    assert found.state.clocks[0].start == hour(0)
