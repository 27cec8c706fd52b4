"""What is shown of a night: covers, minutes, notice, cost; and which nights are in play (the rules, 4.1 and 4.9)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models.decision import CoverState
from tests.workorders.history_telling import said
from tests.workorders.night_telling import AP, NIGHT, POLICY, Night, at
from workorders.cover import nights_in_play


def cover(night: Night, ref: str, now: str) -> CoverState:
    return next(one for one in night.reckon(now).state.covers if one.cover_ref == ref)


def test_a_cover_tells_who_when_and_what_became_of_it() -> None:
    night = Night().confirmed("a1", "14:00", -3, starts="21:00")
    assert cover(night, "a1", "19:00") == CoverState(
        "a1", "agency", False, at("21:00"), at("08:00"), "confirmed", None, None, None, 0
    )
    assert cover(night, "a1", "21:15").status == "no-check-in"
    night.checked_in("a1", when="21:20")
    assert (cover(night, "a1", "22:00").status, cover(night, "a1", "22:00").checked_in_at) == (
        "checked-in",
        at("21:20"),
    )
    night.of("left-early", "a1", "02:00")
    assert (cover(night, "a1", "03:00").status, cover(night, "a1", "03:00").ended_at) == ("left-early", at("02:00"))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("withdrawn", "withdrawn"),
        ("refused", "refused"),
        ("not-attended", "not-attended"),
        ("left-early", "left-early"),
        ("missing-reported", "missing"),
        ("stood-down", "stood-down"),
    ],
)
def test_each_end_leaves_its_status(kind: str, status: str) -> None:
    more: dict[str, Any] = {"reason": "not-vetted"} if kind == "refused" else {}
    assert cover(Night().confirmed("a1", "14:00").of(kind, "a1", "15:00", **more), "a1", "16:00").status == status


def test_contingency_tells_whom_it_replaces_and_what_it_costs() -> None:
    night = Night().contingency("c1", "19:00", replaces="own", cost_pence=18_500)
    found = cover(night, "c1", "19:30")
    assert (found.supplier, found.contingency, found.cost_pence) == ("own", True, 18_500)


def test_the_cost_stays_when_the_cover_ends_and_is_that_of_the_latest_arrangement() -> None:
    night = (
        Night().contingency("c1", "19:00").of("left-early", "c1", "21:00").contingency("c2", "21:30", cost_pence=500)
    )
    assert night.reckon("22:00").state.cost_pence == 21_500
    night.contingency("c2", "21:40", cost_pence=700)
    assert night.reckon("22:00").state.cost_pence == 21_700
    assert night.confirmed("c2", "21:50").reckon("22:00").state.cost_pence == 21_000


@pytest.mark.parametrize(
    ("when", "minutes"),
    [("18:40", 80), ("19:59", 1), ("20:00", 0), ("21:00", 0), (at("19:58") + timedelta(seconds=1), 1)],
)
def test_a_withdrawal_bears_its_whole_minutes_of_notice(when: str | datetime, minutes: int) -> None:
    assert cover(Night().confirmed("a1", "14:00").of("withdrawn", "a1", when), "a1", "23:00").notice_minutes == minutes


def test_no_other_end_bears_a_notice() -> None:
    assert (
        cover(Night().confirmed("a1", "14:00").of("not-attended", "a1", "18:00"), "a1", "23:00").notice_minutes is None
    )


def test_the_minutes_are_those_that_people_of_each_kind_stood() -> None:
    night = Night().own().confirmed("a1", "14:00").checked_in("own", "a1").of("left-early", "a1", "23:00")
    night.contingency("c1", "23:30", starts="23:30").checked_in("c1", when="23:30")
    state = night.reckon("02:00").state
    assert (state.own_minutes, state.agency_minutes, state.contingency_minutes) == (360, 180, 150)
    assert state.uncovered_minutes == 30
    state = night.reckon("11:00").state
    assert (state.own_minutes, state.agency_minutes, state.contingency_minutes) == (720, 180, 510)
    assert state.uncovered_minutes == 30


def test_two_people_make_twice_the_minutes() -> None:
    assert Night().own("o1").own("o2").checked_in("o1", "o2").reckon("21:00").state.own_minutes == 120


def test_a_stretch_in_which_two_are_missing_counts_once() -> None:
    assert Night().reckon("21:30").state.uncovered_minutes == 90


def test_only_whole_minutes_are_told() -> None:
    night = Night().own().checked_in("own")
    state = night.reckon(at("21:00") - timedelta(seconds=1)).state
    assert (state.own_minutes, state.uncovered_minutes) == (59, 59)


def test_before_the_window_nobody_has_stood() -> None:
    state = Night().own().checked_in("own", when="18:00").reckon("19:59").state
    assert (state.own_minutes, state.uncovered_minutes, state.short) == (0, 0, ())


def test_people_stand_on_nights_that_are_not_watched_too() -> None:
    premises = AP.model_copy(update={"watched_from": None})
    assert Night(premises=premises).own().checked_in("own").reckon("21:00").state.own_minutes == 60


def test_covers_are_told_by_their_start() -> None:
    night = (
        Night().confirmed("b", "14:00", starts="22:00").confirmed("z", "15:00").confirmed("a", "16:00", starts="22:00")
    )
    assert [one.cover_ref for one in night.reckon("17:00").state.covers] == ["z", "a", "b"]


def test_what_the_history_ignores_is_told_with_what_the_night_ignores() -> None:
    night = Night().own(id="wrong").of("withdrawn", "x", "15:00")
    night.says("retracted", "15:30", role="ap-manager", of_source="/ap-manager", of_id="wrong")
    whys = [one.why for one in night.reckon("16:00").state.ignored]
    assert whys == ["it was retracted", "no cover stood under the reference x then"]


def test_what_says_nothing_about_a_night_is_ignored_visibly() -> None:
    night = Night()
    night.events.append(said("attended", 0))
    assert [one.why for one in night.reckon("23:00").state.ignored] == ["it says nothing about a night"]


class TestNextAt:
    def test_time_alone_changes_a_silent_night_at_its_checkpoints(self) -> None:
        seen = [at("12:00", -5)]
        while (following := Night().reckon(seen[-1]).next_at) is not None:
            seen.append(following)
        assert seen[1:] == [at("20:00", -1), at("16:00"), at("20:00"), at("08:00")]

    def test_covers_add_their_own(self) -> None:
        night = Night().own().checked_in("own", when="19:00").confirmed("a1", "14:00", starts="21:00", until="05:00")
        seen = [at("19:30")]
        while (following := night.reckon(seen[-1]).next_at) is not None:
            seen.append(following)
        assert seen[1:] == [at("20:00"), at("21:00"), at("21:15"), at("05:00"), at("08:00")]

    def test_the_state_announces_the_same(self) -> None:
        found = Night().reckon("12:00")
        assert found.state.next_due_at == found.next_at == at("16:00")

    def test_nothing_changes_after_the_night(self) -> None:
        assert Night().own().confirmed("a1", "14:00").reckon("08:00").next_at is None


class TestNightsInPlay:
    def days(self, after: datetime, now: datetime, horizon: timedelta, **update: object) -> list[date]:
        return list(nights_in_play(AP.model_copy(update=update), POLICY, after, now, horizon))

    def test_they_are_those_that_have_not_ended_and_are_warned_of_by_the_horizon(self) -> None:
        found = self.days(at("12:00"), at("12:00"), timedelta(days=2))
        assert found == [date(2026, 1, 13), date(2026, 1, 14), date(2026, 1, 15)]

    def test_the_night_going_on_is_among_them_until_it_ends(self) -> None:
        assert self.days(at("07:59"), at("07:59"), timedelta(0)) == [NIGHT, date(2026, 1, 14)]
        assert self.days(at("08:00"), at("08:00"), timedelta(0)) == [date(2026, 1, 14)]

    def test_a_night_is_in_play_from_its_first_checkpoint(self) -> None:
        before = at("20:00", -1) - timedelta.resolution
        assert NIGHT not in self.days(before, before, timedelta(0))
        assert NIGHT in self.days(at("20:00", -1), at("20:00", -1), timedelta(0))

    def test_nights_missed_in_an_outage_are_among_them(self) -> None:
        found = self.days(at("12:00", -3), at("12:00"), timedelta(0))
        assert found == [date(2026, 1, day) for day in (10, 11, 12, 13)]

    def test_they_begin_with_the_watch(self) -> None:
        found = self.days(at("12:00", -30), at("12:00"), timedelta(0), watched_from=at("20:00", -1))
        assert found == [date(2026, 1, 12), date(2026, 1, 13)]
        assert self.days(at("12:00", -30), at("12:00"), timedelta(0), watched_from=None) == []

    def test_they_end_with_the_premises(self) -> None:
        assert self.days(at("12:00"), at("12:00"), timedelta(days=9), valid_until=at("20:00", 1)) == [NIGHT]
