"""Nights that only late reports cover: contested until the client side settles the reports (the rules, 4.8)."""

from datetime import datetime, timedelta

import pytest

from models.decision import Condition
from tests.workorders.night_telling import Night, at

CONTESTED, UNCOVERED = "contested-breach", "uncovered-night"


def story() -> Night:
    """The agency says at 03:00 that its person was there since 20:00; it may be four hours late."""
    return (
        Night()
        .own()
        .confirmed("a1", "14:00", -3)
        .checked_in("own")
        .of("checked-in", "a1", "20:00", heard="03:00", id="late")
    )


def settled(night: Night, kind: str, when: str, named: str = "late") -> Night:
    return night.says(kind, when, role="ap-manager", of_source="/agency-desk", of_id=named)


def times(found: Condition | None) -> tuple[datetime, datetime | None]:
    assert found is not None
    return found.onset, found.end


def test_what_only_a_late_report_covers_is_contested_from_its_hearing() -> None:
    night = story()
    assert times(night.condition(CONTESTED, "03:00")) == (at("03:00"), None)
    assert night.condition(UNCOVERED, "03:00") is None
    assert night.short("03:00") == []


def test_it_tells_the_late_report_and_what_is_asked() -> None:
    found = story().condition(CONTESTED, "04:00")
    assert found is not None
    assert (found.clock, found.spell, found.labels) == ("", "first", ("contested",))
    assert (found.happened_at, found.heard_at) == (at("20:00"), at("03:00"))
    assert found.reason == (
        "Only a report of 20:00, heard as late as 03:00, keeps the night from being uncovered; "
        "the client side must confirm or refuse it."
    )


def test_a_report_in_time_is_not_contested() -> None:
    night = Night().own().confirmed("a1", "14:00", -3).checked_in("own").of("checked-in", "a1", "20:00", heard="00:00")
    assert night.condition(CONTESTED, "04:00") is None


def test_a_late_report_that_covers_nothing_is_not_contested() -> None:
    night = Night().of("checked-in", "a1", "20:00", heard="03:00")
    assert night.condition(CONTESTED, "04:00") is None
    assert night.holds(UNCOVERED, "04:00")


def test_a_late_report_of_danger_is_not_contested() -> None:
    night = (
        Night()
        .own()
        .confirmed("a1", "14:00", -3)
        .checked_in("own", "a1")
        .of("left-early", "a1", "22:00", heard="05:00")
    )
    assert night.condition(CONTESTED, "06:00") is None
    assert times(night.condition(UNCOVERED, "06:00")) == (at("22:00"), None)


def test_it_begins_where_the_night_is_uncovered_without_the_report() -> None:
    late = Night().own().checked_in("own").confirmed("a1", at("13:00", -1), heard=at("18:00", -1))
    assert times(late.condition(CONTESTED, "20:05")) == (at("16:00"), None)


def test_a_confirmation_ends_it() -> None:
    night = settled(story(), "report-confirmed", "05:00")
    found = night.condition(CONTESTED, "06:00")
    assert times(found) == (at("03:00"), at("05:00"))
    assert found is not None
    assert found.end_reason == "the late report was settled"
    assert night.condition(UNCOVERED, "06:00") is None


def test_a_refusal_ends_it_and_the_night_was_uncovered() -> None:
    night = settled(story(), "report-refused", "05:00")
    assert times(night.condition(CONTESTED, "06:00")) == (at("03:00"), at("05:00"))
    assert times(night.condition(UNCOVERED, "06:00")) == (at("20:15"), None)


def test_of_several_settlements_the_first_ends_it() -> None:
    night = settled(settled(story(), "report-confirmed", "05:00"), "report-refused", "06:00")
    assert times(night.condition(CONTESTED, "07:00")) == (at("03:00"), at("05:00"))
    assert times(night.condition(UNCOVERED, "07:00")) == (at("20:15"), None)


def test_a_settlement_ahead_of_now_is_waited_for() -> None:
    night = settled(story(), "report-confirmed", "05:00")
    found = night.reckon("04:58")
    assert times(night.condition(CONTESTED, "04:58")) == (at("03:00"), None)
    assert found.next_at == at("05:00")


def test_the_end_of_the_night_ends_it() -> None:
    found = story().condition(CONTESTED, "11:00")
    assert times(found) == (at("03:00"), at("08:00"))
    assert found is not None
    assert found.end_reason == "the night is over"


def test_a_report_heard_after_the_night_is_contested_no_more() -> None:
    night = Night().own().confirmed("a1", "14:00", -3).checked_in("own").of("checked-in", "a1", "20:00", heard="09:00")
    assert night.condition(CONTESTED, "10:00") is None
    assert night.short("10:00") == []


def test_cover_beside_the_late_report_ends_it() -> None:
    found = story().contingency("c1", "04:00", starts="04:00").condition(CONTESTED, "04:10")
    assert times(found) == (at("03:00"), at("04:00"))
    assert found is not None
    assert found.end_reason == "the night is covered"


def test_a_deficit_with_the_late_report_too_ends_it() -> None:
    night = story().of("left-early", "own", "05:00", role="ap-manager")
    found = night.condition(CONTESTED, "06:00")
    assert times(found) == (at("03:00"), at("05:00"))
    assert found is not None
    assert found.end_reason == "the night is uncovered with the late report too"


def test_the_latest_stretch_counts() -> None:
    night = story().contingency("c1", "04:00", starts="04:00", until="06:00").checked_in("c1", when="04:00")
    # Without the late report the gap from 06:00 is known at 04:00, so it is contested without a break.
    assert times(night.condition(CONTESTED, "07:00")) == (at("03:00"), None)
    night = story().contingency("c1", "04:00", starts="04:00").checked_in("c1", when="04:00")
    night.of("stood-down", "c1", "06:00", role="division")
    assert times(night.condition(CONTESTED, "05:00")) == (at("03:00"), at("04:00"))
    assert times(night.condition(CONTESTED, "07:00")) == (at("06:00"), None)


def test_a_settlement_that_leaves_another_report_in_doubt_is_no_break() -> None:
    night = story().of("checked-in", "a1", "20:05", heard="03:30", id="late2")
    settled(night, "report-refused", "05:00")
    found = night.condition(CONTESTED, "06:00")
    assert times(found) == (at("03:00"), None)
    assert times(settled(night, "report-confirmed", "06:30", "late2").condition(CONTESTED, "07:00")) == (
        at("03:00"),
        at("06:30"),
    )


def test_a_confirmed_late_report_may_leave_nothing_contested() -> None:
    night = story().of("checked-in", "a1", "20:05", heard="03:30", id="late2")
    settled(night, "report-confirmed", "05:00")
    assert times(night.condition(CONTESTED, "06:00")) == (at("03:00"), at("05:00"))


def test_a_late_retraction_of_danger_is_contested() -> None:
    night = (
        Night().own().confirmed("a1", "14:00", -3).checked_in("own", "a1").of("left-early", "a1", "22:00", id="gone")
    )
    night.says("retracted", "03:00", of_source="/agency-desk", of_id="gone")
    assert times(night.condition(CONTESTED, "04:00")) == (at("03:00"), None)
    assert night.condition(UNCOVERED, "04:00") is None


@pytest.mark.parametrize("minutes", [0, 30, 59])
def test_it_changes_only_at_what_is_announced(minutes: int) -> None:
    night = story()
    now = at("06:00") + timedelta(minutes=minutes)
    assert night.reckon(now).next_at == at("08:00")
