"""Ladders reckoned by hand: the first breach below is always attend, due Monday 3 June 2024 at 12:00Z."""

import pytest

from tests.simulation.oracle.ladder import escalation_id
from tests.simulation.telling import Telling

pytestmark = pytest.mark.simulation

MONDAY = "2024-06-03"


def breached() -> Telling:
    """A P1 at a premises of the south that nobody attends; it was made safe otherwise, so that one clock runs."""
    return Telling("office-south").raised("W1", f"{MONDAY}T10:00Z", "lock broken")


def answered(
    told: Telling, what: str, time: str, rung: str = "manager", clock: str = "attend", **data: object
) -> Telling:
    name = escalation_id("office-south/W1", "breach", clock, rung, "first", 0)
    return told.tell(f"escalation-response.{what}", "W1", time, {"escalation_id": name, **data})


def attend(told: Telling, now: str) -> dict[str, str]:
    """The rungs of the attend breach that stand."""
    prefix = "breach attend "
    return {name.removeprefix(prefix): due for name, due in told.standing(now).items() if name.startswith(prefix)}


def test_an_acknowledgement_holds_and_later_rungs_keep_their_spacing() -> None:
    told = answered(breached(), "acknowledged", f"{MONDAY}T12:10Z")
    assert attend(told, f"{MONDAY}T15:09Z") == {"manager": "2024-06-03T12:00Z"}
    assert attend(told, f"{MONDAY}T22:10Z") == {
        "manager": "2024-06-03T12:00Z",
        "nobody": "2024-06-03T15:10Z",
        "senior": "2024-06-03T16:10Z",
        "taskforce": "2024-06-03T18:10Z",  # two hours after the senior rung, unanswered
    }


def test_an_answered_rung_does_not_bring_the_next_one_early() -> None:
    told = answered(breached(), "acknowledged", f"{MONDAY}T12:10Z")
    answered(told, "acknowledged", f"{MONDAY}T16:20Z", rung="senior")
    assert "taskforce" not in attend(told, f"{MONDAY}T20:19Z")
    assert attend(told, f"{MONDAY}T20:20Z")["taskforce"] == "2024-06-03T20:20Z"


def test_a_commitment_is_capped() -> None:
    told = answered(breached(), "acknowledged", f"{MONDAY}T12:10Z", commitment="2024-06-04T12:00Z")
    assert "nobody" not in attend(told, f"{MONDAY}T18:09Z")
    assert attend(told, f"{MONDAY}T18:10Z")["nobody"] == "2024-06-03T18:10Z"


def test_commitments_are_renewed_only_so_often() -> None:
    told = breached()
    for hour in ("12:10", "14:00", "16:00", "18:00"):
        answered(told, "acknowledged", f"{MONDAY}T{hour}Z")
    # The fourth no longer holds: the third one's three hours end at 19:00.
    assert "nobody" not in attend(told, f"{MONDAY}T18:59Z")
    assert attend(told, f"{MONDAY}T19:00Z")["nobody"] == "2024-06-03T19:00Z"


def test_resolved_while_it_still_holds_is_an_acknowledgement() -> None:
    told = answered(breached(), "resolved", f"{MONDAY}T12:05Z")
    assert attend(told, f"{MONDAY}T15:04Z") == {"manager": "2024-06-03T12:00Z"}
    assert attend(told, f"{MONDAY}T15:05Z")["nobody"] == "2024-06-03T15:05Z"


def test_declined_climbs_at_once_and_leaves_the_later_rungs_where_they_were() -> None:
    told = answered(breached(), "declined", f"{MONDAY}T12:05Z", reason="not ours")
    assert attend(told, f"{MONDAY}T14:00Z") == {
        "manager": "2024-06-03T12:00Z",
        "nobody": "2024-06-03T12:05Z",
        "senior": "2024-06-03T14:00Z",
    }


def test_declined_while_held_moves_the_later_rungs_by_the_time_held() -> None:
    told = answered(breached(), "acknowledged", f"{MONDAY}T12:10Z")
    answered(told, "declined", f"{MONDAY}T13:00Z", reason="not ours")
    found = attend(told, f"{MONDAY}T14:50Z")
    assert (found["nobody"], found["senior"]) == ("2024-06-03T13:00Z", "2024-06-03T14:50Z")


def test_only_the_latest_repeat_stands() -> None:
    told = breached()
    # senior at 14:00 is not answered within two hours, so that the taskforce hears at 16:00 and every 12 h from then.
    assert attend(told, f"{MONDAY}T16:00Z")["taskforce"] == "2024-06-03T16:00Z"
    found = attend(told, "2024-06-04T17:00Z")
    assert found["taskforce #2"] == "2024-06-04T16:00Z"
    assert "taskforce" not in found
    assert "taskforce #1" not in found


def test_an_answer_to_a_repeat_counts_for_its_ladder() -> None:
    told = breached()
    name = escalation_id("office-south/W1", "breach", "attend", "taskforce", "first", 1)
    told.say("escalation-response.acknowledged", "W1", "2024-06-04T05:00Z", by="/division", escalation_id=name)
    # Held 12 h from 05:00; then at once, and every 12 h from there.
    assert attend(told, "2024-06-04T16:59Z")["taskforce #1"] == "2024-06-04T04:00Z"
    assert attend(told, "2024-06-05T05:00Z")["taskforce #3"] == "2024-06-05T05:00Z"


def test_an_answer_covers_other_ladders_only_if_it_says_so() -> None:
    told = answered(breached(), "acknowledged", f"{MONDAY}T13:50Z")
    assert told.standing(f"{MONDAY}T14:30Z")["breach make-safe nobody"] == "2024-06-03T14:30Z"
    told = answered(breached(), "acknowledged", f"{MONDAY}T13:50Z", covers_subject=True)
    # make-safe is breached at 14:00; the answer acts just after its first rung, the default 2 h count from 13:50.
    assert told.standing(f"{MONDAY}T14:00Z")["breach make-safe manager"] == "2024-06-03T14:00Z"
    assert "breach make-safe nobody" not in told.standing(f"{MONDAY}T15:49Z")
    assert told.standing(f"{MONDAY}T15:50Z")["breach make-safe nobody"] == "2024-06-03T15:50Z"


def test_an_id_that_cannot_be_derived_has_no_effect() -> None:
    told = breached()
    other = escalation_id("office-south/W2", "breach", "attend", "manager", "first", 0)
    told.say("escalation-response.acknowledged", "W1", f"{MONDAY}T12:10Z", escalation_id=other, covers_subject=True)
    assert attend(told, f"{MONDAY}T12:30Z")["nobody"] == "2024-06-03T12:30Z"


def test_a_rise_ends_the_hold_and_counts_the_unsaid_rungs_anew() -> None:
    # P2 attend is due at 14:00; acknowledged for 3 h; P1 from 15:30.
    told = Telling("office-south").raised("W1", f"{MONDAY}T10:00Z", "lock partial")
    answered(told, "acknowledged", f"{MONDAY}T14:10Z")
    told.say("work-order.amended", "W1", f"{MONDAY}T15:30Z", fault="broken")
    assert attend(told, f"{MONDAY}T17:30Z") == {
        "manager": "2024-06-03T14:00Z",
        "nobody": "2024-06-03T16:30Z",
        "senior": "2024-06-03T17:30Z",
    }


def test_a_fall_ends_the_rungs_that_the_lower_ladder_lacks() -> None:
    told = breached().say("work-order.criticality-settled", "W1", f"{MONDAY}T14:10Z", priority="P2")
    assert attend(told, f"{MONDAY}T14:09Z") == {
        "manager": "2024-06-03T12:00Z",
        "nobody": "2024-06-03T12:30Z",
        "senior": "2024-06-03T14:00Z",
    }
    assert attend(told, f"{MONDAY}T14:10Z") == {"manager": "2024-06-03T12:00Z", "senior": "2024-06-03T14:00Z"}


def test_nothing_happens_at_the_instant_at_which_the_breach_ends() -> None:
    told = breached().say("work-order.attended", "W1", f"{MONDAY}T12:30Z")
    steps = [step for step in told.story(f"{MONDAY}T12:30Z").steps if step.clock == "attend" and step.kind == "breach"]
    assert [step.rung for step in steps] == ["manager"]
    assert attend(told, f"{MONDAY}T12:30Z") == {}
