"""An order's story: what stands, what is said and what is taken back, told event by event."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.decision import Context, OrderState
from models.escalation import ClockName, EscalationKind
from models.work_order import Priority
from tests.workorders.telling import LOCK, START, Telling, answer, event, hour, one, raised, standing, statements

BREACH, WARNING = EscalationKind.BREACH, EscalationKind.WARNING
ATTEND, SAFE, FIX = "attend", "make-safe", "fix"
PAM, SAM, TASKFORCE = "account-manager", "senior-account-manager", "national-taskforce"
OTHER: dict[str, Any] = {
    "asset": "hot-water",
    "fault": "total-loss",
    "impacts": [],
    "alternative_available": False,
}  # P2


def order(found: object) -> OrderState:
    assert isinstance(found, OrderState)
    return found


def due(state: OrderState, clock: ClockName) -> float:
    (found,) = [one for one in state.clocks if one.name is clock]
    return (found.due - START) / timedelta(hours=1)


def breached(state: OrderState, clock: ClockName) -> bool:
    (found,) = [one for one in state.clocks if one.name is clock]
    return found.breached_at is not None


def test_a_lock_fault_at_night_is_business_critical_with_its_reasons_at_once() -> None:
    found = Telling(raised()).at(0)
    assert found.classification is not None
    assert found.classification.base is Priority.P1
    assert [match.rule for match in found.classification.rules]
    assert dict(found.classification.facts)["out_of_hours"] == "yes"
    assert Telling(raised()).at(0).statements == ()


def test_a_breach_goes_to_the_account_manager_then_the_senior_then_the_taskforce() -> None:
    order = Telling(raised())
    assert standing(order.at(1.9), BREACH) == []
    assert standing(order.at(2), BREACH) == [(ATTEND, PAM, 2)]
    assert (ATTEND, SAM, 4) in standing(order.at(4), BREACH)
    assert (ATTEND, TASKFORCE, 10) in standing(order.at(10), BREACH)


def test_time_alone_is_enough_to_find_everything_that_falls_due() -> None:
    order = Telling(raised())
    now, said = 0.0, []
    while now < 60:
        found = order.at(now)
        said += [(one.statement.value, one.reached.rung, one.reached.clock) for one in found.statements]
        assert found.next_due_at is not None
        assert found.next_due_at > hour(now)
        now = (found.next_due_at - START) / timedelta(hours=1)
    assert said.count(("raised", PAM, ATTEND)) == 2  # the warning and the breach
    assert ("raised", TASKFORCE, FIX) in said


def test_a_warning_comes_at_three_quarters_and_is_closed_by_the_breach() -> None:
    order = Telling(raised())
    assert statements(order.at(1.5)) == [("raised", WARNING, ATTEND)]
    assert statements(order.at(2)) == [("closed", WARNING, ATTEND), ("raised", BREACH, ATTEND)]


def test_attending_in_time_meets_only_the_attend_clock() -> None:
    found = Telling(raised(), event("attended", 1)).at(3.9)
    assert standing(found, BREACH) == []
    assert standing(Telling(raised(), event("attended", 1)).at(4), BREACH) == [(SAFE, PAM, 4)]


@pytest.mark.parametrize("kind", ["made-safe", "temporarily-fixed"])
def test_making_safe_or_a_temporary_fix_meets_attend_and_make_safe_but_not_fix(kind: str) -> None:
    found = Telling(raised(), event(kind, 1)).at(24)
    assert standing(found, BREACH) == [(FIX, PAM, 24)]


def test_completion_before_order_never_escalates() -> None:
    early = Telling(event("completed", -0.5), raised(heard=30))
    assert early.at(30).statements == ()
    assert order(early.at(40).state).status == "completed"


def test_a_completion_that_is_heard_first_waits_and_takes_effect_when_the_order_arrives() -> None:
    story = Telling(event("completed", 1))
    assert order(story.at(1).state).status == "orphan"
    found = story.at(2, raised(heard=2))
    assert order(found.state).status == "completed"
    assert standing(story.at(100)) == []


def test_a_completion_at_the_very_due_time_is_no_breach() -> None:
    story = Telling(raised(), event("made-safe", 1), event("completed", 24))
    assert not breached(order(story.at(30).state), ClockName.FIX)
    late = Telling(raised(), event("made-safe", 1), event("completed", 24.001))
    assert breached(order(late.at(30).state), ClockName.FIX)


def test_a_late_completion_closes_the_breach_and_it_stays_a_breach_on_record() -> None:
    story = Telling(raised(), event("made-safe", 1))
    story.at(18)
    story.at(25)
    found = story.at(26, event("completed", 26))
    assert ("closed", BREACH, FIX) in statements(found)
    assert breached(order(found.state), ClockName.FIX)
    assert standing(found) == []


def test_a_completion_in_time_that_is_heard_late_withdraws_what_was_said() -> None:
    story = Telling(raised(), event("made-safe", 1))
    story.at(24.5)
    found = story.at(25, event("completed", 23, heard=25))
    assert statements(found) == [("withdrawn", BREACH, FIX)]
    assert "completed" in found.statements[0].reason
    assert not breached(order(found.state), ClockName.FIX)


def test_a_completion_heard_too_late_leaves_the_breach_contested_until_it_is_confirmed() -> None:
    story = Telling(raised(), event("made-safe", 1))
    story.at(25)
    found = story.at(30, event("completed", 23, heard=30, id="late"))
    assert statements(found) == [("raised", "contested-breach", FIX), ("withdrawn", BREACH, FIX)]
    assert order(found.state).status == "completed"
    assert [clock.contested for clock in order(found.state).clocks if clock.name is ClockName.FIX] == [True]
    contested = one(found.reached, kind=EscalationKind.CONTESTED)
    assert (contested.due_at, contested.happened_at, contested.heard_at) == (hour(30), hour(23), hour(30))
    confirmed = event("report-confirmed", 32, role="estates-desk", of_source="/provider-helpdesk", of_id="late")
    after = story.at(32, confirmed)
    assert statements(after) == [("closed", "contested-breach", FIX)]
    assert standing(after) == []


def test_a_refused_late_completion_reinstates_the_breach() -> None:
    story = Telling(raised(), event("made-safe", 1))
    story.at(25)
    story.at(30, event("completed", 23, heard=30, id="late"))
    refused = event("report-refused", 32, role="estates-desk", of_source="/provider-helpdesk", of_id="late")
    after = story.at(32, refused)
    assert ("reinstated", BREACH, FIX) in statements(after)
    assert ("closed", "contested-breach", FIX) in statements(after)
    assert order(after.state).status == "open"


def test_the_provider_cannot_confirm_its_own_late_report() -> None:
    story = Telling(raised(), event("made-safe", 1), event("completed", 23, heard=30, id="late"))
    own = event("report-confirmed", 31, of_source="/provider-helpdesk", of_id="late")
    assert [clock for clock, _, _ in standing(story.at(31, own), "contested-breach")] == [FIX]


def test_a_rejected_completion_reopens_the_order_with_its_first_clocks() -> None:
    story = Telling(raised(), event("made-safe", 1), event("completed", 20))
    story.at(20)
    found = story.at(22, event("completion-rejected", 22, role="estates-desk", id="no"))
    state = order(found.state)
    assert (state.status, state.spell, due(state, ClockName.FIX)) == ("open", "/estates-desk|no", 24)
    assert ("", PAM, 22) in standing(found, "rejected-work")
    assert (FIX, PAM, 24) in standing(story.at(24), BREACH)
    assert (ATTEND, PAM, 22) not in standing(story.at(24), BREACH)


def test_a_rejection_after_the_due_time_starts_the_ladder_at_the_rejection_and_shows_the_first_due() -> None:
    story = Telling(raised(), event("made-safe", 1), event("completed", 20))
    found = story.at(30, event("completion-rejected", 30, role="estates-desk", id="no"))
    reached = one(found.reached, kind=BREACH, clock=FIX)
    assert (reached.due_at, reached.original_due_at, reached.spell) == (hour(30), hour(24), "/estates-desk|no")
    assert reached.labels == ("reopened",)


def test_administrative_closure_ends_the_clocks_unfixed() -> None:
    in_time = Telling(raised(), event("closed", 1, role="estates-desk", outcome="administrative")).at(50)
    assert standing(in_time) == []
    state = order(in_time.state)
    assert all(clock.ended_unmet == hour(1) and clock.met is None for clock in state.clocks)
    late = order(Telling(raised(), event("closed", 3, role="estates-desk", outcome="no-access")).at(50).state)
    assert breached(late, ClockName.ATTEND)
    assert not breached(late, ClockName.FIX)


def test_a_cancelled_order_escalates_no_more() -> None:
    story = Telling(raised())
    story.at(3)
    found = story.at(3.5, event("cancelled", 3.5, role="estates-desk", reason="duplicate"))
    assert standing(found) == []
    assert {said for said, _, _ in statements(found)} == {"closed"}


def test_only_the_fix_clock_is_paused_and_the_pause_ends_by_itself() -> None:
    until = hour(10).isoformat()
    story = Telling(raised(), event("made-safe", 1), event("paused", 4, reason="parts", until=until))
    assert due(order(story.at(5).state), ClockName.FIX) == 30
    assert order(story.at(5).state).paused_until == hour(10)
    assert order(story.at(11).state).paused_until is None
    assert standing(story.at(29.9), BREACH) == []
    assert standing(story.at(30), BREACH) == [(FIX, PAM, 30)]


def test_an_order_is_looked_at_again_when_its_pause_ends() -> None:
    until = hour(3).isoformat()
    story = Telling(raised(), event("made-safe", 1), event("paused", 2, reason="parts", until=until))
    assert story.at(2.5).next_due_at == hour(3)


def test_an_order_that_has_ended_is_paused_no_more() -> None:
    until = hour(10).isoformat()
    story = Telling(raised(), event("paused", 4, reason="parts", until=until), event("completed", 5))
    found = story.at(6)
    assert order(found.state).paused_until is None
    assert found.next_due_at is None


def test_an_order_said_to_end_in_a_moment_is_looked_at_again_then() -> None:
    assert Telling(raised(), event("completed", 5, heard=4.95)).at(4.96).next_due_at == hour(5)


def test_a_resumed_pause_gives_back_the_rest() -> None:
    until = hour(10).isoformat()
    story = Telling(raised(), event("paused", 4, reason="parts", until=until), event("resumed", 6))
    assert due(order(story.at(7).state), ClockName.FIX) == 26


def test_a_pause_by_a_role_that_may_not_is_ignored_visibly() -> None:
    until = hour(10).isoformat()
    stranger = event("paused", 4, role="provider-account-manager", reason="approval", until=until)
    state = order(Telling(raised(), stranger).at(5).state)
    assert due(state, ClockName.FIX) == 24
    assert [ignored.why for ignored in state.ignored] == [
        "the role provider-account-manager may not pause for approval"
    ]


def test_a_providers_downgrade_opens_a_dispute_and_changes_no_deadline() -> None:
    story = Telling(raised())
    story.at(0)
    found = story.at(0.5, event("prioritised", 0.5, priority="P3"))
    assert found.dispute is not None
    assert (found.dispute.ours, found.dispute.providers) == (Priority.P1, Priority.P3)
    assert due(order(found.state), ClockName.ATTEND) == 2
    assert statements(found) == [("raised", "dispute", "")]


def test_a_settlement_ends_the_dispute_and_moves_the_deadlines_from_then() -> None:
    story = Telling(raised(), event("prioritised", 0.5, priority="P3"))
    story.at(0.5)
    found = story.at(1, event("criticality-settled", 1, role="division", priority="P3"))
    assert found.dispute is not None
    assert found.dispute.opened is False
    assert found.classification is not None
    assert found.classification.base is Priority.P3
    assert standing(story.at(30), BREACH) == []


def test_an_acknowledgement_holds_the_ladder_and_is_said_once() -> None:
    story = Telling(raised())
    story.at(1.5)
    breach = one(story.at(2).reached, kind=BREACH, ended_at=None)
    found = story.at(2.5, answer("acknowledged", 2.5, breach.id))
    assert statements(found) == [("acknowledged", BREACH, ATTEND)]
    assert (ATTEND, SAM, 4) not in standing(story.at(6), BREACH)
    assert (ATTEND, SAM, 6.5) in standing(story.at(6.5), BREACH)


def test_an_answer_that_covers_the_subject_holds_its_other_ladders_too() -> None:
    story = Telling(raised())
    breach = one(story.at(2).reached, kind=BREACH, ended_at=None)
    wide = answer("acknowledged", 4.5, breach.id, covers_subject=True)
    assert (SAFE, SAM, 6) not in standing(story.at(6.2, wide), BREACH)
    narrow = Telling(raised())
    narrow.at(2)
    assert (SAFE, SAM, 6) in standing(narrow.at(6.2, answer("acknowledged", 4.5, breach.id)), BREACH)


def test_an_answer_to_a_withdrawn_escalation_counts_when_it_is_reinstated() -> None:
    story = Telling(raised(), event("made-safe", 1))
    breach = one(story.at(24).reached, kind=BREACH, clock=FIX)
    story.at(24.5, event("completed", 23, heard=24.5, id="late"))
    story.at(24.6, answer("acknowledged", 24.6, breach.id))
    undo = event("retracted", 24.7, of_source="/provider-helpdesk", of_id="late")
    found = story.at(24.7, undo)
    assert one(found.reached, kind=BREACH, clock=FIX, rung=PAM).acknowledged_until == hour(28.6)
    assert (FIX, SAM, 26) not in standing(story.at(26.5), BREACH)


def test_an_answer_whose_id_derives_from_nothing_is_without_effect_and_visible() -> None:
    known = answer("acknowledged", 2.5, one(Telling(raised()).at(2).reached, kind=BREACH, ended_at=None).id)
    assert order(Telling(raised(), known).at(3).state).ignored == ()
    wrong = answer("acknowledged", 2.5, UUID(int=7))
    assert [i.why for i in order(Telling(raised(), wrong).at(3).state).ignored] == [
        "the escalation id derives from no ladder of this subject"
    ]


def test_a_retracted_completion_is_left_out_of_the_fold() -> None:
    story = Telling(raised(), event("completed", 1, id="oops"))
    assert order(story.at(1).state).status == "completed"
    found = story.at(1.5, event("retracted", 1.5, of_source="/provider-helpdesk", of_id="oops"))
    assert order(found.state).status == "open"
    assert standing(story.at(2), BREACH) == [(ATTEND, PAM, 2)]


def test_events_for_an_order_that_nobody_raised_are_an_orphan_after_the_policy_delay() -> None:
    story = Telling(event("attended", 0))
    assert standing(story.at(3.9)) == []
    assert story.at(0).next_due_at == hour(4)
    assert standing(story.at(4)) == [("", "estates-desk", 4)]
    found = story.at(5, raised(heard=5))
    assert ("closed", "orphan", "") in statements(found)


def test_a_sibling_on_the_same_control_makes_a_second_priority_count_as_the_first() -> None:
    groups = Telling(raised(**PARTIAL)).at(0).state
    state = order(groups)
    assert state.classification is not None
    assert state.classification.base is Priority.P2
    assert state.groups
    context = Context(siblings={state.groups[0]: (("WO-2", (hour(3), hour(5))),)})
    story = Telling(raised(**PARTIAL), context=context)
    found = story.at(4)
    assert order(found.state).classification is not None
    assert order(found.state).classification.effective is Priority.P1  # type: ignore[union-attr]
    assert due(order(found.state), ClockName.FIX) == 27
    after = order(story.at(6).state)
    assert after.classification is not None
    assert after.classification.effective is Priority.P2
    assert due(after, ClockName.FIX) > 100


def test_an_order_is_looked_at_again_when_another_begins_or_ceases_to_count_with_it() -> None:
    group = order(Telling(raised(**PARTIAL)).at(0).state).groups[0]
    context = Context(siblings={group: (("WO-2", (hour(0.04), hour(0.08))),)})
    story = Telling(raised(**PARTIAL), context=context)
    assert story.at(0.01).next_due_at == hour(0.04)
    assert story.at(0.05).next_due_at == hour(0.08)


def test_a_short_staffed_night_makes_an_open_security_order_count_as_the_first() -> None:
    context = Context(short=((hour(3), None),))
    found = Telling(raised(**PARTIAL), context=context).at(4)
    assert order(found.state).classification.effective is Priority.P1  # type: ignore[union-attr]
    plain = Telling(raised(**OTHER), context=context).at(4)
    assert order(plain.state).classification.effective is Priority.P2  # type: ignore[union-attr]


PARTIAL: dict[str, Any] = {
    "asset": "cctv",
    "fault": "partial-loss",
    "impacts": ["site-security"],
    "alternative_available": False,
}


def test_a_second_raised_event_is_ignored_visibly_and_the_first_counts() -> None:
    state = order(Telling(raised(), raised(1, **OTHER)).at(2).state)
    assert state.raised_at == hour(0)
    assert len(state.ignored) == 1


def test_an_amendment_that_raises_the_priority_adds_a_target_from_then() -> None:
    story = Telling(
        raised(**OTHER), event("amended", 3, role="estates-desk", asset="entry-lock", fault="will-not-secure")
    )
    state = order(story.at(4).state)
    assert state.classification is not None
    assert state.classification.base is Priority.P1
    assert due(state, ClockName.ATTEND) == 4
    assert due(state, ClockName.FIX) == 27


def test_deciding_twice_at_the_same_instant_says_nothing_new() -> None:
    story = Telling(raised())
    for hours in (1.5, 2, 4, 10):
        assert story.at(hours).statements
        again = story.at(hours)
        assert (again.statements, again.classification, again.dispute) == ((), None, None)


def test_nothing_but_a_retraction_is_void_and_waits_for_nothing() -> None:
    found = Telling(event("retracted", 0, of_source="/provider-helpdesk", of_id="gone")).at(9)
    assert order(found.state).status == "void"
    assert found.next_due_at is None


def test_a_late_retraction_of_the_raising_leaves_the_breach_contested() -> None:
    late = event("retracted", 9, heard=20, of_source="/provider-helpdesk", of_id="mine")
    mine = event("raised", 0, id="mine", **LOCK)
    story = Telling(mine)
    story.at(3)
    found = story.at(20, late)
    assert order(found.state).status == "void"
    assert {clock for clock, _, _ in standing(found, "contested-breach")} == {ATTEND, SAFE}
    assert (FIX, "estates-desk", 24) in standing(story.at(24), "contested-breach")


def test_an_order_that_was_completed_and_then_closed_can_still_be_rejected() -> None:
    story = Telling(raised(), event("completed", 1), event("closed", 2, role="estates-desk", outcome="administrative"))
    assert (order(story.at(2).state).status, order(story.at(2).state).outcome) == ("closed", "administrative")
    found = story.at(3, event("completion-rejected", 3, role="estates-desk"))
    assert order(found.state).status == "open"


def test_a_closed_order_that_was_never_completed_cannot_be_rejected() -> None:
    story = Telling(raised(), event("closed", 2, role="estates-desk", outcome="no-access"))
    found = story.at(3, event("completion-rejected", 3, role="estates-desk"))
    assert [one.why for one in order(found.state).ignored] == ["there was no completion to reject"]


def test_an_answer_to_a_spell_that_only_the_doubted_history_has_still_counts() -> None:
    story = Telling(raised(), event("made-safe", 1), event("completed", 2, id="done"))
    story.at(3)
    rejected = event("completion-rejected", 24.5, role="estates-desk", id="no")
    undone = event("retracted", 10, heard=20, of_source="/provider-helpdesk", of_id="done")
    found = story.at(25, rejected, undone)
    contested = one(found.reached, kind=EscalationKind.CONTESTED, clock=FIX)
    assert contested.spell == "/estates-desk|no"
    taken_on = story.at(26, answer("acknowledged", 26, contested.id))
    assert one(taken_on.reached, kind=EscalationKind.CONTESTED, clock=FIX).acknowledged_until == hour(30)


def test_an_answer_that_covers_the_subject_holds_its_orphan_ladder_before_anybody_raised_it() -> None:
    story = Telling(event("attended", 0))
    breach = one(Telling(raised()).at(2).reached, kind=BREACH, ended_at=None)
    found = story.at(6, answer("acknowledged", 5, breach.id, covers_subject=True))
    assert one(found.reached, kind=EscalationKind.ORPHAN).acknowledged_until is not None


def test_a_retracted_acknowledgement_is_unsaid() -> None:
    story = Telling(raised())
    breach = one(story.at(2).reached, kind=BREACH, ended_at=None)
    story.at(2.5, answer("acknowledged", 2.5, breach.id, id="mine"))
    undo = event(
        "retracted",
        2.6,
        family="escalation-response",
        role="provider-account-manager",
        of_source="/provider-account-manager",
        of_id="mine",
    )
    found = story.at(2.6, undo)
    assert statements(found) == [("amended", BREACH, ATTEND)]
    assert one(found.reached, kind=BREACH, ended_at=None).acknowledged_until is None
