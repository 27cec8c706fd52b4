"""Orders reckoned by hand from the rules; the second reckoning must come to the same."""

import pytest

from tests.simulation.oracle.instants import text_of
from tests.simulation.oracle.ladder import escalation_id
from tests.simulation.telling import Telling

pytestmark = pytest.mark.simulation

MONDAY = "2024-06-03"
"""Summer time: 09:00 in London is 08:00Z."""


def dues(told: Telling, now: str, subject: str = "W1") -> dict[str, tuple[str, str]]:
    """Due and warning of each clock."""
    clocks = told.story(now).orders[subject].clocks
    return {
        name: (text_of(clock.due)[:16], text_of(clock.warn)[:16])
        for name, clock in clocks.items()
        if clock.due is not None and clock.warn is not None
    }


def lock_broken(premises: str = "ap-south") -> Telling:
    return Telling(premises).raised("W1", f"{MONDAY}T10:00Z", "lock broken")


def test_a_p1_runs_round_the_clock() -> None:
    assert dues(lock_broken(), f"{MONDAY}T10:00Z") == {
        "attend": ("2024-06-03T12:00", "2024-06-03T11:30"),
        "make-safe": ("2024-06-03T14:00", "2024-06-03T13:00"),
        "fix": ("2024-06-04T10:00", "2024-06-04T04:00"),
    }


def test_a_warning_comes_at_three_quarters_and_gives_way_to_the_breach() -> None:
    told = lock_broken()
    assert told.standing(f"{MONDAY}T11:29Z", "W1") == {}
    assert told.standing(f"{MONDAY}T11:39Z", "W1") == {"warning attend manager": "2024-06-03T11:30Z"}
    assert told.standing(f"{MONDAY}T11:59Z", "W1") == {
        "warning attend manager": "2024-06-03T11:30Z",
        "warning attend client": "2024-06-03T11:40Z",
    }
    assert told.standing(f"{MONDAY}T12:00Z", "W1") == {"breach attend manager": "2024-06-03T12:00Z"}


def test_a_missed_acknowledgement_brings_the_next_rung_early() -> None:
    told = lock_broken().say("work-order.made-safe", "W1", f"{MONDAY}T13:00Z", named="late", heard="2024-06-10T10:00Z")
    assert told.standing(f"{MONDAY}T12:30Z", "W1") == {
        "breach attend manager": "2024-06-03T12:00Z",
        "breach attend nobody": "2024-06-03T12:30Z",
    }


def test_a_rung_without_a_route_is_skipped_at_once() -> None:
    told = lock_broken("ap-north")
    assert told.standing(f"{MONDAY}T12:30Z", "W1") == {
        "breach attend manager": "2024-06-03T12:00Z",
        "breach attend nobody": "2024-06-03T12:30Z",
        "breach attend senior": "2024-06-03T12:30Z",
    }
    assert [step.rung for step in told.story(f"{MONDAY}T12:30Z").steps if step.skipped] == ["nobody"]
    assert told.standing(f"{MONDAY}T14:30Z", "W1")["breach attend taskforce"] == "2024-06-03T14:30Z"


def test_a_clock_met_exactly_when_due_is_no_breach() -> None:
    told = lock_broken().say("work-order.attended", "W1", f"{MONDAY}T12:00Z")
    assert told.standing(f"{MONDAY}T12:00Z", "W1") == {}
    assert told.story(f"{MONDAY}T12:59Z").orders["W1"].breached_at("attend") is None


def test_completion_before_the_order_never_escalates() -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T09:00Z")
    story = told.story("2024-06-20T10:00Z")
    assert (story.orders["W1"].status, story.orders["W1"].clocks["fix"].met) == ("completed", story.orders["W1"].raised)
    assert [step for step in story.steps if step.subject == "W1"] == []


def test_working_days_leave_out_the_bank_holiday() -> None:
    # Friday 24 May 2024, 16:30 in London; Monday the 27th is the spring bank holiday: Tue, Wed, Thursday 16:30.
    # 24 working hours in all; 18 of them: 0.5 Friday, 8 Tuesday, 8 Wednesday, 1.5 Thursday, which is 10:30.
    told = Telling("office-south").raised("W1", "2024-05-24T15:30Z", "camera partial")
    assert dues(told, "2024-05-24T15:30Z")["fix"] == ("2024-05-30T15:30", "2024-05-30T09:30")


def test_working_hours_over_easter_and_the_change_to_summer_time() -> None:
    # Thursday 28 March 2024, 16:00 GMT: 1 h; Tue 2 to Wed 10 April are 7 days of 8 h; 3 h on Thursday: 12:00 BST.
    told = Telling("office-south").raised("W1", "2024-03-28T16:00Z", "paint broken")
    assert dues(told, "2024-03-28T16:00Z")["fix"][0] == "2024-04-11T11:00"


def test_a_day_of_elapsed_time_is_24_hours_when_the_clocks_go_forward() -> None:
    told = Telling("office-south").raised("W1", "2024-03-30T20:00Z", "lock broken")
    assert dues(told, "2024-03-30T20:00Z")["fix"] == ("2024-03-31T20:00", "2024-03-31T14:00")


def test_three_working_days_keep_the_wall_time_when_the_clocks_go_back() -> None:
    # Thursday 24 October 2024, 10:00 BST; Fri, Mon, Tuesday 10:00 GMT. (6 November is an extra holiday, not touched.)
    told = Telling("office-south").raised("W1", "2024-10-24T09:00Z", "camera partial")
    assert dues(told, "2024-10-24T09:00Z")["fix"][0] == "2024-10-29T10:00"


def test_an_extra_holiday_is_kept() -> None:
    # Tuesday 5 November 2024, 11:00: the 6th is off, so Thu, Fri, Monday 11:00.
    told = Telling("office-south").raised("W1", "2024-11-05T11:00Z", "camera partial")
    assert dues(told, "2024-11-05T11:00Z")["fix"][0] == "2024-11-11T11:00"


def test_raised_at_night_counts_from_the_next_opening() -> None:
    # Saturday 8 June 2024, 23:00 BST: opens Monday 09:00; Tue, Wed, Thursday 09:00 BST.
    told = Telling("office-south").raised("W1", "2024-06-08T22:00Z", "camera partial")
    assert dues(told, "2024-06-08T22:00Z")["fix"][0] == "2024-06-13T08:00"


def test_a_window_across_midnight_and_the_long_october_night_count_true_hours() -> None:
    # Friday 25 October 2024, 11:00 BST, P3 attend 9 h in shifts: 1 h until 12:00; Saturday 22:00 BST for 8 h: at
    # 22:00+8 h it is 05:00 GMT, for the night has 9 true hours until 06:00.
    told = Telling("office-south").raised("W1", "2024-10-25T10:00Z", "bed broken")
    assert dues(told, "2024-10-25T10:00Z")["attend"][0] == "2024-10-27T05:00"


def test_a_pause_moves_the_fix_clock_alone() -> None:
    told = lock_broken().say("work-order.paused", "W1", f"{MONDAY}T11:00Z", reason="parts", until=f"{MONDAY}T15:00Z")
    found = dues(told, f"{MONDAY}T11:00Z")
    assert found["fix"] == ("2024-06-04T14:00", "2024-06-04T08:00")
    assert found["attend"][0] == "2024-06-03T12:00"


def test_a_pause_ends_when_it_is_resumed() -> None:
    told = lock_broken().say("work-order.paused", "W1", f"{MONDAY}T11:00Z", reason="parts", until="2024-06-04T11:00Z")
    told.say("work-order.resumed", "W1", f"{MONDAY}T12:30Z")
    assert dues(told, f"{MONDAY}T12:29Z")["fix"][0] == "2024-06-05T10:00"
    assert dues(told, f"{MONDAY}T12:30Z")["fix"][0] == "2024-06-04T11:30"


def test_a_pause_is_capped_at_once_and_in_total() -> None:
    # parts: 2 d at once, 3 d in all. The first takes 2 d, the second may take only 1 d of its 2.
    told = lock_broken().say("work-order.paused", "W1", f"{MONDAY}T11:00Z", reason="parts", until="2024-06-20T11:00Z")
    assert dues(told, f"{MONDAY}T11:00Z")["fix"][0] == "2024-06-06T10:00"
    told.say("work-order.paused", "W1", "2024-06-05T12:00Z", reason="parts", until="2024-06-07T12:00Z")
    assert dues(told, "2024-06-05T12:00Z")["fix"][0] == "2024-06-07T10:00"


def test_a_pause_by_a_role_that_may_not_is_ignored() -> None:
    told = lock_broken().say(
        "work-order.paused",
        "W1",
        f"{MONDAY}T11:00Z",
        by="/client/helpdesk",
        reason="no-access",
        until="2024-06-04T11:00Z",
    )
    assert dues(told, f"{MONDAY}T11:00Z")["fix"][0] == "2024-06-04T10:00"


def test_a_pause_counts_in_the_hours_of_the_target() -> None:
    # Monday 09:00 BST, due Thursday 09:00. Paused Tuesday 16:00 to Wednesday 10:00: two working hours.
    told = Telling("office-south").raised("W1", f"{MONDAY}T08:00Z", "camera partial")
    told.say("work-order.paused", "W1", "2024-06-04T15:00Z", reason="parts", until="2024-06-05T09:00Z")
    assert dues(told, "2024-06-04T15:00Z")["fix"][0] == "2024-06-06T10:00"


def test_a_pause_after_the_due_changes_nothing() -> None:
    told = lock_broken().say("work-order.paused", "W1", "2024-06-04T10:00Z", reason="parts", until="2024-06-05T10:00Z")
    assert dues(told, "2024-06-04T10:00Z")["fix"][0] == "2024-06-04T10:00"
    assert told.standing("2024-06-04T10:00Z", "W1")["breach fix manager"] == "2024-06-04T10:00Z"


def test_winter_raises_the_boiler_at_local_midnight() -> None:
    # Raised Friday 18 October 10:00 BST as P3; winter begins on the 20th at 00:00 BST, 23:00Z of the 19th.
    # P3 attend: 2 h on Friday, then 7 h from Saturday 22:00 BST: 05:00 BST. P1 from 23:00Z: attend 01:00Z.
    told = Telling("office-south").raised("W1", "2024-10-18T09:00Z", "boiler broken")
    assert dues(told, "2024-10-19T22:59Z")["attend"][0] == "2024-10-20T04:00"
    assert dues(told, "2024-10-19T23:00Z") == {
        "attend": ("2024-10-20T01:00", "2024-10-20T00:30"),
        "make-safe": ("2024-10-20T03:00", "2024-10-20T02:00"),
        "fix": ("2024-10-20T23:00", "2024-10-20T17:00"),
    }


def test_a_settled_downgrade_drops_the_stricter_due() -> None:
    told = lock_broken().say("work-order.criticality-settled", "W1", f"{MONDAY}T11:00Z", priority="P2")
    assert dues(told, f"{MONDAY}T11:00Z")["attend"] == ("2024-06-03T14:00", "2024-06-03T13:00")


def test_a_breach_stays_a_breach_when_the_priority_falls() -> None:
    told = lock_broken().say("work-order.criticality-settled", "W1", f"{MONDAY}T12:20Z", priority="P2")
    assert told.standing(f"{MONDAY}T12:25Z", "W1") == {"breach attend manager": "2024-06-03T12:00Z"}


def test_an_amendment_that_raises_the_priority_counts_from_its_time() -> None:
    told = Telling("office-south").raised("W1", f"{MONDAY}T10:00Z", "lock partial")
    told.say("work-order.amended", "W1", f"{MONDAY}T11:30Z", fault="broken")
    assert dues(told, f"{MONDAY}T11:29Z")["attend"][0] == "2024-06-03T14:00"
    assert dues(told, f"{MONDAY}T11:30Z")["attend"][0] == "2024-06-03T13:30"


def test_two_orders_on_one_control_count_as_p1_while_both_are_open() -> None:
    told = Telling("office-south").raised("W1", f"{MONDAY}T10:00Z", "camera partial")
    told.raised("W2", f"{MONDAY}T11:00Z", "lock partial")
    told.say("work-order.cancelled", "W2", f"{MONDAY}T12:30Z", reason="duplicate")
    assert dues(told, f"{MONDAY}T11:00Z")["attend"][0] == "2024-06-03T13:00"
    assert dues(told, f"{MONDAY}T11:00Z", "W2")["attend"][0] == "2024-06-03T13:00"
    assert dues(told, f"{MONDAY}T12:30Z")["attend"][0] == "2024-06-03T14:00"


def test_a_short_staffed_night_makes_a_security_order_p1() -> None:
    # Nobody is confirmed for the night of 3 June, which begins at 20:00 BST, 19:00Z.
    told = Telling().raised("W1", f"{MONDAY}T18:00Z", "window partial")
    assert dues(told, f"{MONDAY}T18:59Z")["attend"][0] == "2024-06-03T22:00"
    assert dues(told, f"{MONDAY}T19:00Z")["attend"][0] == "2024-06-03T21:00"


def test_a_rejected_completion_opens_a_spell_with_the_old_dues() -> None:
    told = lock_broken().say("work-order.attended", "W1", f"{MONDAY}T11:00Z")
    told.say("work-order.completed", "W1", f"{MONDAY}T15:00Z")
    told.say("work-order.completion-rejected", "W1", f"{MONDAY}T16:00Z", named="no")
    assert told.standing(f"{MONDAY}T15:00Z", "W1") == {}
    assert told.standing(f"{MONDAY}T16:00Z", "W1") == {
        "breach make-safe manager": "2024-06-03T16:00Z",
        "rejected-work manager": "2024-06-03T16:00Z",
    }
    spell = "/client/helpdesk|no"
    assert (
        escalation_id("ap-south/W1", "breach", "make-safe", "manager", spell, 0)
        in told.story(f"{MONDAY}T16:00Z").standing
    )
    assert escalation_id("ap-south/W1", "breach", "make-safe", "manager", "first", 0) in {
        step.id for step in told.story(f"{MONDAY}T16:00Z").steps if step.ended is not None
    }


def test_administrative_closure_before_the_due_is_no_breach() -> None:
    told = lock_broken().say("work-order.closed", "W1", f"{MONDAY}T11:45Z", outcome="administrative")
    order = told.story("2024-06-10T10:00Z").orders["W1"]
    assert told.standing("2024-06-10T10:00Z", "W1") == {}
    assert (order.clocks["fix"].met, order.clocks["fix"].ended_unmet is None, order.status) == (None, False, "closed")


def test_closed_as_done_counts_as_a_completion_and_can_be_rejected() -> None:
    told = lock_broken().say("work-order.closed", "W1", f"{MONDAY}T11:00Z", outcome="done")
    told.say("work-order.completion-rejected", "W1", f"{MONDAY}T13:00Z")
    assert told.standing(f"{MONDAY}T12:30Z", "W1") == {}
    assert told.standing(f"{MONDAY}T13:00Z", "W1") == {
        "breach attend manager": "2024-06-03T13:00Z",
        "warning make-safe manager": "2024-06-03T13:00Z",
        "rejected-work manager": "2024-06-03T13:00Z",
    }


def test_a_rejection_of_an_open_order_is_ignored() -> None:
    told = lock_broken().say("work-order.completion-rejected", "W1", f"{MONDAY}T11:00Z")
    assert told.standing(f"{MONDAY}T11:00Z", "W1") == {}


def test_a_dispute_lasts_until_the_priorities_agree() -> None:
    told = lock_broken().say("work-order.prioritised", "W1", f"{MONDAY}T10:10Z", priority="P3")
    told.say("work-order.criticality-settled", "W1", f"{MONDAY}T11:00Z", priority="P3")
    assert told.standing(f"{MONDAY}T10:10Z", "W1") == {"dispute client": "2024-06-03T10:10Z"}
    assert dues(told, f"{MONDAY}T10:10Z")["attend"][0] == "2024-06-03T12:00"
    assert told.standing(f"{MONDAY}T11:00Z", "W1") == {}


def test_an_orphan_is_raised_after_its_delay_and_ends_when_the_order_is_heard() -> None:
    told = Telling().say("work-order.completed", "W1", f"{MONDAY}T09:00Z", heard=f"{MONDAY}T10:00Z")
    told.raised("W1", f"{MONDAY}T08:00Z", "lock broken")
    told.facts[1] = type(told.facts[1])(**{**vars(told.facts[1]), "heard": told.facts[0].heard + 3 * 3600})
    assert told.standing(f"{MONDAY}T11:59Z", "W1") == {}
    assert told.standing(f"{MONDAY}T12:00Z", "W1") == {"orphan client": "2024-06-03T12:00Z"}
    assert told.standing(f"{MONDAY}T13:00Z", "W1") == {}
    assert told.story(f"{MONDAY}T13:00Z").status["W1"] == "completed"


@pytest.mark.parametrize(
    ("source", "due", "warn"),
    [
        ("/provider/south", "2024-06-05T10:00", "2024-06-04T22:00"),  # alone: 48 h, of which 36
        ("/division", "2024-06-04T10:00", "2024-06-04T04:00"),  # the earlier of 24 h and 48 h
        ("/client/helpdesk", "2024-06-04T10:00", "2024-06-04T04:00"),  # ignored
    ],
)
def test_a_promise_counts_as_the_policy_says_of_its_source(source: str, due: str, warn: str) -> None:
    told = Telling().raised("W1", f"{MONDAY}T10:00Z", "lock broken", by=source, promised_fix="2024-06-05T10:00Z")
    assert dues(told, f"{MONDAY}T10:00Z")["fix"] == (due, warn)


def test_a_late_completion_is_contested_until_the_client_has_spoken() -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T11:00Z", heard=f"{MONDAY}T16:00Z", named="late")
    assert "breach attend manager" in told.standing(f"{MONDAY}T15:59Z", "W1")
    assert told.standing(f"{MONDAY}T16:00Z", "W1") == {
        "contested-breach attend client": "2024-06-03T16:00Z",
        "contested-breach make-safe client": "2024-06-03T16:00Z",
    }
    named = {"of_source": "/provider/south", "of_id": "late", "by": "/client/helpdesk"}
    told.say("work-order.report-confirmed", "W1", f"{MONDAY}T17:00Z", **named)
    assert told.standing(f"{MONDAY}T17:00Z", "W1") == {}
    told.say("work-order.report-refused", "W1", f"{MONDAY}T18:00Z", **named)
    assert told.standing(f"{MONDAY}T18:00Z", "W1")["breach attend manager"] == "2024-06-03T12:00Z"


def test_a_completion_exactly_as_late_as_allowed_is_not_late() -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T11:00Z", heard=f"{MONDAY}T15:00Z")
    assert told.standing(f"{MONDAY}T15:00Z", "W1") == {}


@pytest.mark.parametrize(
    ("by", "stands"), [("/provider/south", True), ("/client/helpdesk", False), ("/division", True)]
)
def test_a_mistake_is_undone_by_the_same_role_or_the_division(by: str, stands: bool) -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T11:00Z", named="oops")
    told.say("work-order.retracted", "W1", f"{MONDAY}T13:00Z", by=by, of_source="/provider/south", of_id="oops")
    assert ("breach attend manager" in told.standing(f"{MONDAY}T13:00Z", "W1")) is stands


def test_a_retraction_that_was_itself_retracted_has_no_effect() -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T11:00Z", named="done")
    told.say("work-order.retracted", "W1", f"{MONDAY}T11:10Z", of_source="/provider/south", of_id="done", named="undo")
    told.say("work-order.retracted", "W1", f"{MONDAY}T11:20Z", of_source="/provider/south", of_id="undo")
    assert told.story(f"{MONDAY}T13:00Z").status["W1"] == "completed"


@pytest.mark.parametrize("outcome", ["done", "administrative", "no-access"])
def test_a_completed_order_can_be_rejected_however_it_was_closed_since(outcome: str) -> None:
    told = lock_broken().say("work-order.completed", "W1", f"{MONDAY}T11:00Z")
    told.say("work-order.closed", "W1", f"{MONDAY}T12:00Z", outcome=outcome)
    told.say("work-order.completion-rejected", "W1", f"{MONDAY}T13:00Z")
    assert told.standing(f"{MONDAY}T13:00Z", "W1")["rejected-work manager"] == "2024-06-03T13:00Z"


def test_what_was_settled_is_no_dispute_until_one_of_the_priorities_changes() -> None:
    told = lock_broken().say("work-order.prioritised", "W1", f"{MONDAY}T10:10Z", priority="P3")
    told.say("work-order.criticality-settled", "W1", f"{MONDAY}T11:00Z", priority="P1")
    told.say("work-order.prioritised", "W1", f"{MONDAY}T11:10Z", priority="P4")
    assert told.standing(f"{MONDAY}T10:59Z", "W1") == {"dispute client": "2024-06-03T10:10Z"}
    assert told.standing(f"{MONDAY}T11:09Z", "W1") == {}
    assert told.standing(f"{MONDAY}T11:10Z", "W1") == {"dispute client": "2024-06-03T11:10Z"}
