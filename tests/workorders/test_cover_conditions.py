"""What a night is escalated as, from when until when, and in which words (the rules, 4.5 to 4.7)."""

from datetime import timedelta

import pytest

from models.decision import Condition
from tests.workorders.night_telling import Night, at
from workorders.cover import NOT_CONFIRMED

UNCONFIRMED, UNCOVERED = "unconfirmed-night", "uncovered-night"


def times(found: Condition | None) -> tuple[object, object]:
    assert found is not None
    return found.onset, found.end


class TestUnconfirmed:
    def test_a_night_nobody_confirmed_is_warned_of_a_day_before(self) -> None:
        assert Night().reckon("19:59", -1).conditions == ()
        assert times(Night().condition(UNCONFIRMED, "20:00", -1)) == (at("20:00", -1), None)

    def test_half_a_confirmation_is_not_enough(self) -> None:
        assert Night().own().holds(UNCONFIRMED, "12:00")

    def test_the_confirmation_of_all_ends_it(self) -> None:
        found = Night().own().confirmed("a1", "14:00").condition(UNCONFIRMED, "15:00")
        assert times(found) == (at("20:00", -1), at("14:00"))
        assert found is not None
        assert found.end_reason == "the night is covered"

    def test_a_confirmed_night_is_never_warned_of(self) -> None:
        assert Night().own().confirmed("a1", "14:00", -2).checked_in("own", "a1").reckon("08:00").conditions == ()

    def test_cover_that_leaves_a_part_of_the_night_is_not_enough(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -2, until="02:00")
        assert night.holds(UNCONFIRMED, "12:00")
        assert not night.confirmed("a2", "13:00", starts="02:00").holds(UNCONFIRMED, "13:00")

    def test_it_ends_as_the_night_is_escalated(self) -> None:
        found = Night().condition(UNCONFIRMED, "23:00")
        assert times(found) == (at("20:00", -1), at("16:00"))
        assert found is not None
        assert found.end_reason == "the night is escalated as uncovered"

    def test_who_is_stood_down_leaves_it_unconfirmed_anew(self) -> None:
        night = Night().own().confirmed("a1", "21:00", -1).of("stood-down", "a1", "12:30")
        assert times(night.condition(UNCONFIRMED, "13:00")) == (at("12:30"), None)


class TestUncovered:
    def test_a_deficit_is_escalated_four_hours_before_the_start(self) -> None:
        night = Night().own()
        assert not night.holds(UNCOVERED, at("16:00") - timedelta.resolution)
        assert times(night.condition(UNCOVERED, "16:00")) == (at("16:00"), None)

    def test_it_holds_until_the_window_ends(self) -> None:
        assert Night().holds(UNCOVERED, at("08:00") - timedelta.resolution)
        found = Night().condition(UNCOVERED, "08:00")
        assert times(found) == (at("16:00"), at("08:00"))
        assert found is not None
        assert found.end_reason == "the night is over"

    @pytest.mark.parametrize("kind", ["withdrawn", "left-early"])
    def test_a_withdrawal_within_a_day_of_the_start_is_escalated_at_once(self, kind: str) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of(kind, "a1", "20:00", -1)
        assert times(night.condition(UNCOVERED, "20:00", -1)) == (at("20:00", -1), None)
        assert night.condition(UNCONFIRMED, "12:00") is None

    def test_a_withdrawal_longer_before_the_start_is_not(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", at("20:00", -1) - timedelta.resolution)
        assert not night.holds(UNCOVERED, "12:00")
        assert night.holds(UNCONFIRMED, "12:00")

    @pytest.mark.parametrize("kind", ["refused", "not-attended", "missing-reported"])
    def test_a_refusal_a_no_show_or_a_missing_report_is_escalated_at_once_at_any_time(self, kind: str) -> None:
        more = {"reason": "not-vetted"} if kind == "refused" else {}
        night = Night().own().confirmed("a1", "14:00", -3).of(kind, "a1", "14:00", -2, **more)
        assert times(night.condition(UNCOVERED, "14:00", -2)) == (at("14:00", -2), None)

    def test_the_sudden_event_counts_whatever_it_ended(self) -> None:
        assert Night().own().of("refused", "unknown", "14:00", -2, reason="not-vetted").holds(UNCOVERED, "15:00", -2)

    def test_a_sudden_event_without_a_deficit_is_not_escalated(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).confirmed("a2", "14:00", -3)
        assert night.of("withdrawn", "a1", "18:40").condition(UNCOVERED, "19:00") is None

    def test_who_has_not_checked_in_a_quarter_of_an_hour_after_the_start_is_escalated(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).checked_in("own")
        assert night.condition(UNCOVERED, at("20:15") - timedelta.resolution) is None
        assert times(night.condition(UNCOVERED, "20:15")) == (at("20:15"), None)
        assert times(night.checked_in("a1", when="20:50").condition(UNCOVERED, "21:00")) == (at("20:15"), at("20:50"))

    def test_a_gap_still_to_come_is_escalated_too(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3, until="03:00").checked_in("own", "a1")
        assert times(night.condition(UNCOVERED, "22:00")) == (at("16:00"), None)
        assert night.short("22:00") == []

    def test_a_gap_that_is_over_is_not(self) -> None:
        night = (
            Night().own().confirmed("a1", "14:00", -3, starts="22:00").checked_in("own").checked_in("a1", when="21:50")
        )
        assert times(night.condition(UNCOVERED, "23:00")) == (at("16:00"), at("22:00"))

    def test_contingency_ends_it(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40").contingency("c1", "19:30")
        found = night.condition(UNCOVERED, "19:40")
        assert times(found) == (at("18:40"), at("19:30"))
        assert found is not None
        assert found.end_reason == "the night is covered"

    def test_each_onset_starts_it_anew(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40").contingency("c1", "19:30")
        night.checked_in("own", "c1").of("left-early", "c1", "02:00")
        assert times(night.condition(UNCOVERED, "19:35")) == (at("18:40"), at("19:30"))
        assert times(night.condition(UNCOVERED, "03:00")) == (at("02:00"), None)
        assert times(night.condition(UNCOVERED, "11:00")) == (at("02:00"), at("08:00"))

    def test_an_end_that_is_heard_after_the_night_is_known_for_the_past(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).checked_in("own", "a1")
        night.of("left-early", "a1", "02:00", heard="11:00", role="ap-manager")
        assert times(night.condition(UNCOVERED, "11:00")) == (at("02:00"), at("08:00"))

    def test_what_lies_ahead_of_now_is_not_known_yet(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:44", heard="18:40")
        assert night.condition(UNCOVERED, "18:41") is None
        assert night.reckon("18:41").next_at == at("18:44")
        assert night.holds(UNCOVERED, "18:44")

    def test_both_are_ladders_of_the_first_spell_without_clock_or_priority(self) -> None:
        for found in Night().reckon("23:00").conditions:
            assert (found.clock, found.spell, found.original_due_at) == ("", "first", None)
            assert found.priorities == ((found.onset, None),)


class TestWhatBroughtItOn:
    def test_it_bears_when_its_event_happened_and_was_heard(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40", heard="18:55")
        found = night.condition(UNCOVERED, "19:00")
        assert found is not None
        assert (found.happened_at, found.heard_at) == (at("18:40"), at("18:55"))

    def test_time_alone_bears_neither(self) -> None:
        found = Night().condition(UNCOVERED, "19:00")
        assert found is not None
        assert (found.happened_at, found.heard_at) == (None, None)

    def test_of_several_events_at_its_onset_the_last_is_named(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3)
        night.of("withdrawn", "a1", "18:40", heard="18:50").of("checked-in", "own", "18:40", heard="18:41")
        found = night.condition(UNCOVERED, "19:00")
        assert found is not None
        assert found.heard_at == at("18:50")


class TestNotConfirmed:
    def test_a_night_about_which_nobody_said_anything_is_labelled(self) -> None:
        assert [one.labels for one in Night().reckon("23:00").conditions] == [(NOT_CONFIRMED,), (NOT_CONFIRMED,)]

    def test_one_event_takes_the_label_off(self) -> None:
        night = Night().says("requirement-changed", "14:00", required=2, own_staff=1)
        assert [one.labels for one in night.reckon("23:00").conditions] == [(), ()]
        assert night.reckon("23:00").state.confirmed

    def test_an_event_ahead_does_not_yet(self) -> None:
        night = Night().own(when="22:00", days=0)
        assert not night.reckon("21:59").state.confirmed

    def test_a_retracted_event_says_nothing(self) -> None:
        night = Night().own(id="wrong")
        night.says("retracted", "13:05", -3, role="ap-manager", of_source="/ap-manager", of_id="wrong")
        found = night.reckon("23:00")
        assert not found.state.confirmed
        assert found.conditions[0].labels == (NOT_CONFIRMED,)
        assert [one.why for one in found.state.ignored] == ["it was retracted"]


def reason(night: Night, now: str, kind: str = UNCOVERED, days: int = 0) -> str:
    found = night.condition(kind, now, days)
    assert found is not None
    return found.reason


class TestTheWords:
    def test_nobody_has_said_anything(self) -> None:
        assert reason(Night(), "23:00") == "2 of 2 people missing from 20:00; nobody has confirmed any cover."

    def test_one_is_confirmed(self) -> None:
        assert reason(Night().own(), "17:00") == "1 of 2 people missing from 20:00; nobody else is confirmed."

    def test_a_withdrawal_bears_its_notice(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40")
        expected = "1 of 2 people missing from 20:00; cover a1 was withdrawn at 18:40, 80 minutes before the start."
        assert reason(night, "19:00") == expected

    def test_a_long_notice_is_in_hours_and_has_its_date(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -5).of("not-attended", "a1", "20:00", -3)
        expected = "cover a1 was said not to have come at Sat 10 Jan 2026 20:00, 72 hours before the start."
        assert reason(night, "19:00").endswith(expected)
        night = Night().own().confirmed("a1", "14:00", -5).of("withdrawn", "a1", "17:01")
        assert reason(night, "19:00").endswith("at 17:01, 179 minutes before the start.")
        night = Night().own().confirmed("a1", "14:00", -5).of("withdrawn", "a1", "17:00")
        assert reason(night, "19:00").endswith("at 17:00, 3 hours before the start.")

    def test_what_happens_in_the_night_is_after_the_start(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).checked_in("own", "a1").of("left-early", "a1", "21:10")
        assert (
            reason(night, "23:00")
            == "1 of 2 people missing from 21:10; cover a1 left at 21:10, 70 minutes after the start."
        )

    def test_own_staff_may_be_what_is_missing(self) -> None:
        night = Night().confirmed("a1", "14:00", -3).confirmed("a2", "14:00", -3)
        assert reason(night, "17:00") == "1 of 1 own staff missing from 20:00; nobody else is confirmed."

    def test_people_reported_missing_are_told_as_such(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).checked_in("own", "a1")
        night.says("missing-reported", "22:30", missing=2, role="ap-manager")
        assert reason(night, "23:00") == "By report 2 people missing from 22:30; 2 more was reported missing at 22:30."

    def test_more_may_be_missing_later(self) -> None:
        night = Night().own(until="02:00").checked_in("own")
        assert reason(night, "22:00").startswith("1 of 2 people missing from 20:00 (later 2); nobody else")

    def test_a_change_of_the_number_is_told_from_its_instant(self) -> None:
        night = Night().own().checked_in("own").of("left-early", "own", "01:00")
        assert reason(night, "00:59").startswith("1 of 2 people missing from 20:00;")
        assert reason(night, "03:00").startswith("2 of 2 people missing from 01:00;")
        night.own("own2", when="02:00", days=0, starts="02:00")
        assert reason(night, "02:10").startswith("1 of 2 people missing from 02:00;")

    def test_a_later_gap_is_told_from_its_own_beginning(self) -> None:
        night = (
            Night().own().confirmed("a1", "14:00", starts="22:00", until="04:00").checked_in("own", "a1", when="19:50")
        )
        assert reason(night, "21:00").startswith("1 of 2 people missing from 20:00;")
        assert reason(night, "23:00").startswith("1 of 2 people missing from 04:00;")
        assert reason(night, "07:00").startswith("1 of 2 people missing from 04:00;")

    def test_a_gap_to_come_is_named_by_its_beginning(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3, until="03:00").checked_in("own", "a1")
        assert reason(night, "22:00").startswith("1 of 2 people missing from 03:00;")

    def test_who_has_not_checked_in_is_named(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).checked_in("own")
        expected = "1 of 2 people missing from 20:15; cover a1 has not checked in by 20:15."
        assert reason(night, "20:30") == expected
        assert reason(night.checked_in("a1", when="20:40"), "20:50") == expected

    def test_the_latest_that_went_wrong_is_named(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40").confirmed("a2", "19:00")
        night.checked_in("own")
        assert reason(night, "20:30").endswith("; cover a2 has not checked in by 20:15.")
        night.of("not-attended", "a2", "20:40")
        assert reason(night, "21:00").endswith(
            "; cover a2 was said not to have come at 20:40, 40 minutes after the start."
        )

    def test_what_was_put_right_is_not_named(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("withdrawn", "a1", "18:40").confirmed("a1", "19:00")
        night.own("own2").says("requirement-changed", "19:30", required=4, own_staff=1)
        assert reason(night, "19:40").endswith("; nobody else is confirmed.")

    def test_what_came_after_a_stretch_is_not_its_cause(self) -> None:
        night = (
            Night().own().of("stood-down", "own", "14:00").own("own2", when="14:10", days=0).confirmed("a1", "17:00")
        )
        night.confirmed("a2", "17:00").of("withdrawn", "a2", "19:00")
        assert reason(night, "19:30").endswith("; cover own was stood down at 14:00, 6 hours before the start.")

    def test_a_refusal_is_told(self) -> None:
        night = Night().own().confirmed("a1", "14:00", -3).of("refused", "a1", "18:40", reason="unsuitable")
        assert "; cover a1 was refused at 18:40, 80 minutes before the start." in reason(night, "19:00")
