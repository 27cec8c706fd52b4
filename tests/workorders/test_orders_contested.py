"""What is contested on an order while several late reports are settled one by one (the rules, section 6)."""

from models.escalation import EscalationKind
from models.history import Taken
from tests.workorders.telling import Telling, event, hour, one, raised, standing, statements

CONTESTED = EscalationKind.CONTESTED


def settled(kind: str, hours: float, report: str, heard: float | None = None) -> Taken:
    """The client side's word on a late report."""
    return event(kind, hours, role="estates-desk", heard=heard, of_source="/provider-helpdesk", of_id=report)


def two_late_completions() -> Telling:
    """Made safe in time; two reports, both heard late, say that the repair was done in time."""
    story = Telling(raised(), event("made-safe", 1))
    story.at(30, event("completed", 23, heard=30, id="a"), event("completed", 23.5, heard=30.5, id="b"))
    return story


def test_what_is_contested_goes_on_while_another_late_report_is_unsettled() -> None:
    story = two_late_completions()
    before = one(story.at(31).reached, kind=CONTESTED, ended_at=None)
    found = story.at(32, settled("report-refused", 32, "a"))
    assert found.statements == ()
    after = one(found.reached, kind=CONTESTED, ended_at=None)
    assert (after.id, after.due_at) == (before.id, before.due_at)
    over = story.at(33, settled("report-refused", 33, "b"))
    assert ("closed", CONTESTED, "fix") in statements(over)
    assert standing(over, "breach") != []


def test_a_settlement_that_bears_a_later_time_settles_only_then() -> None:
    story = Telling(raised(), event("made-safe", 1))
    story.at(30, event("completed", 23, heard=30, id="a"))
    found = story.at(31, settled("report-confirmed", 32, "a", heard=31))
    assert found.statements == ()
    assert one(found.reached, kind=CONTESTED).ended_at is None
    after = story.at(32)
    assert statements(after) == [("closed", CONTESTED, "fix")]
    assert one(after.reached, kind=CONTESTED).ended_at == hour(32)
