"""What an answer does by its kind, and which ids of repeats can be answered (the rules, 3.3, 3.4 and 3.8)."""

from typing import Any
from uuid import UUID

from models.decision import Decision, OrderState
from models.escalation import EscalationKind
from models.ids import escalation_id, subject_name
from tests.workorders.telling import Telling, answer, ap, event, hour, one, raised, standing

BREACH = EscalationKind.BREACH
SENIOR = ("attend", "senior-account-manager")
ANSWER: dict[str, Any] = {"family": "escalation-response", "role": "provider-account-manager"}
UNKNOWN = ["the escalation id derives from no ladder of this subject"]


def whys(found: Decision) -> list[str]:
    assert isinstance(found.state, OrderState)
    return [ignored.why for ignored in found.state.ignored]


def repeat(number: int) -> UUID:
    """The id of a repeat of the attendance breach's last rung."""
    name = subject_name(ap(), "WO-1")
    return escalation_id(name, BREACH, "attend", "national-taskforce", "first", number)


def test_resolved_while_the_breach_still_stands_holds_the_ladder() -> None:
    story = Telling(raised())
    breach = one(story.at(2).reached, kind=BREACH, ended_at=None)
    found = story.at(3, answer("resolved", 3, breach.id, covers_subject=True))
    assert one(found.reached, kind=BREACH, clock="attend").acknowledged_until == hour(7)
    assert (*SENIOR, 4) not in standing(story.at(4), BREACH)


def test_declined_brings_the_next_rung_at_once() -> None:
    story = Telling(raised())
    breach = one(story.at(2).reached, kind=BREACH, ended_at=None)
    found = story.at(2.5, answer("declined", 2.5, breach.id, reason="not ours"))
    assert (*SENIOR, 2.5) in standing(found, BREACH)


def test_a_repeat_that_cannot_have_been_said_yet_cannot_be_answered() -> None:
    story = Telling(raised())
    story.at(12)
    found = story.at(12.5, answer("acknowledged", 12.5, repeat(50)))
    assert whys(found) == UNKNOWN
    assert whys(story.at(5_000)) == UNKNOWN


def test_a_repeat_that_stands_can_be_answered_whatever_was_looked_for_before() -> None:
    story = Telling(raised(), answer("acknowledged", 12.5, repeat(50)))
    story.at(13)
    late = 10 + 50 * 24
    found = story.at(late + 1, answer("acknowledged", late + 1, repeat(50)))
    assert whys(found) == UNKNOWN
    taken_on = one(found.reached, clock="attend", rung="national-taskforce", repeat=50)
    assert taken_on.acknowledged_until == hour(late + 25)


def test_of_two_answers_to_one_repeat_only_the_one_that_was_given_once_it_can_have_been_said_counts() -> None:
    late = 10 + 50 * 24
    early = answer("acknowledged", 13, repeat(50))
    # It bears an earlier time than the other, but was heard when the repeat stood.
    counts = event("acknowledged", 12.5, heard=late + 1, **ANSWER, escalation_id=str(repeat(50)))
    found = Telling(raised(), early, counts).at(late + 2)
    assert isinstance(found.state, OrderState)
    assert [(one.id, one.why) for one in found.state.ignored] == [(early.event.id, UNKNOWN[0])]
