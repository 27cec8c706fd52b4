"""One night: its window, its requirement, and the cover that stands at each moment (the rules, 4.1 to 4.4)."""

from datetime import UTC, date, datetime, time

import pytest

from tests.workorders.night_telling import AP, NIGHT, POLICY, Night, at
from workorders.night_plan import plan_night


def whole(**more: object) -> Night:
    """An own and an agency person, both there from the start."""
    return Night(**more).own().confirmed("a1", "14:00").checked_in("own", "a1")  # type: ignore[arg-type]


class TestTheWindow:
    def test_the_night_is_from_its_dates_evening_to_the_next_morning(self) -> None:
        state = Night().reckon("20:00").state
        assert (state.starts, state.ends) == (at("20:00"), at("08:00"))
        assert (state.subject, state.premises, state.night) == ("ap-north/2026-01-13", "ap-north", NIGHT)
        assert state.policy_version == POLICY.version

    def test_a_night_needs_two_people_one_of_them_own_staff_and_no_event(self) -> None:
        state = Night().reckon("21:00").state
        assert (state.required, state.own_staff, state.deficit, state.confirmed) == (2, 1, 2, False)

    @pytest.mark.parametrize(
        ("watched_from", "valid_until"),
        [(None, None), (at("20:01"), None), (at("00:00", -300), at("20:00")), (at("00:00", -300), at("20:00", -9))],
    )
    def test_a_night_that_is_not_watched_needs_nobody(
        self, watched_from: datetime | None, valid_until: datetime | None
    ) -> None:
        premises = AP.model_copy(update={"watched_from": watched_from, "valid_until": valid_until})
        night = Night(premises=premises).confirmed("a1", "14:00").of("withdrawn", "a1", "19:00")
        night.says("requirement-changed", "19:10", required=3, own_staff=1).says("missing-reported", "19:20", missing=2)
        found = night.reckon("23:00")
        assert (found.state.required, found.state.deficit, found.state.short, found.conditions) == (0, 0, (), ())
        why = "the night is not watched, so nobody is required"
        assert [one.why for one in found.state.ignored] == [why, why]
        assert [cover.status for cover in found.state.covers] == ["withdrawn"]

    def test_a_night_is_watched_from_the_very_instant(self) -> None:
        assert plan_night(AP.model_copy(update={"watched_from": at("20:00")}), NIGHT, POLICY).watched

    def test_a_changed_requirement_holds_from_its_time(self) -> None:
        night = whole().says("requirement-changed", "02:00", required=3, own_staff=1)
        assert night.short("01:59") == []
        assert night.short("05:00") == [("02:00", None)]
        night.says("requirement-changed", "04:00", required=1, own_staff=0)
        assert night.short("05:00") == [("02:00", "04:00")]
        assert night.reckon("05:00").state.required == 1


class TestStandingCover:
    def test_cover_counts_from_its_start_until_its_end(self) -> None:
        night = whole().confirmed("a1", "14:30", starts="21:00", until="05:00")
        assert night.short("08:00") == [("20:00", "21:00"), ("05:00", "08:00")]

    def test_cover_outside_the_window_is_clipped(self) -> None:
        night = Night().own(starts="18:00", until="10:00").checked_in("own", when="18:00")
        state = night.reckon("23:00").state
        assert [(cover.starts, cover.until) for cover in state.covers] == [(at("20:00"), at("08:00"))]
        assert state.own_minutes == 180

    @pytest.mark.parametrize(("starts", "until"), [("14:00", "20:00"), ("08:00", "11:00"), ("09:00", "10:00")])
    def test_cover_that_misses_the_window_never_stands_and_is_seen(self, starts: str, until: str) -> None:
        night = Night().own(starts=starts, until=until).checked_in("own", when="19:59")
        found = night.reckon("09:30")
        assert found.state.own_minutes == 0
        assert [cover.status for cover in found.state.covers] == ["outside-window"]
        assert [one.why for one in found.state.ignored] == ["its stretch lies outside the window of the night"]
        assert found.next_at is None

    def test_cover_stands_unseen_for_its_first_quarter_of_an_hour_only(self) -> None:
        night = Night().own().checked_in("own").confirmed("a1", "14:00")
        assert night.deficit("20:14") == 0
        assert night.deficit("20:15") == 1
        assert night.short("23:00") == [("20:15", None)]

    def test_who_checks_in_late_stands_from_then(self) -> None:
        night = Night().own().checked_in("own").confirmed("a1", "14:00").checked_in("a1", when="20:40")
        assert night.short("23:00") == [("20:15", "20:40")]

    def test_a_check_in_before_the_confirmation_counts(self) -> None:
        night = Night().own().checked_in("own", "a1", when="19:30").confirmed("a1", "19:40")
        assert night.short("08:00") == []
        assert night.reckon("19:35").state.deficit == 1

    @pytest.mark.parametrize("end", ["withdrawn", "not-attended", "left-early", "stood-down", "missing-reported"])
    def test_each_end_ends_cover(self, end: str) -> None:
        night = whole().of(end, "a1", "23:00")
        assert night.short("02:00") == [("23:00", None)]

    def test_a_refusal_ends_cover(self) -> None:
        assert whole().of("refused", "a1", "23:00", reason="not-vetted").short("02:00") == [("23:00", None)]

    def test_an_end_before_the_confirmation_ends_nothing(self) -> None:
        night = Night().own().of("withdrawn", "a1", "14:00").confirmed("a1", "15:00").checked_in("own", "a1")
        assert night.short("08:00") == []
        assert [one.why for one in night.reckon("08:00").state.ignored] == [
            "no cover stood under the reference a1 then"
        ]

    def test_a_new_confirmation_after_an_end_makes_the_cover_anew(self) -> None:
        night = whole().of("left-early", "a1", "23:00").confirmed("a1", "23:30", starts="23:30")
        assert night.short("23:40") == [("23:00", "23:30")]

    def test_a_check_in_before_the_end_counts_no_more(self) -> None:
        night = whole().of("left-early", "a1", "23:00").confirmed("a1", "23:30", starts="23:30")
        assert night.short("00:00") == [("23:00", "23:30"), ("23:45", None)]
        assert night.checked_in("a1", when="23:50").short("00:00") == [("23:00", "23:30"), ("23:45", "23:50")]

    def test_a_check_in_between_the_end_and_the_new_confirmation_counts(self) -> None:
        night = whole().of("left-early", "a1", "23:00").checked_in("a1", when="23:20").confirmed("a1", "23:30")
        assert night.short("02:00") == [("23:00", "23:30")]

    def test_an_end_forgets_a_check_in_that_waits_for_a_confirmation(self) -> None:
        night = (
            Night().own().checked_in("own", "a1", when="19:30").of("withdrawn", "a1", "19:40").confirmed("a1", "19:50")
        )
        assert night.short("23:00") == [("20:15", None)]
        whys = [one.why for one in night.reckon("23:00").state.ignored]
        assert whys == ["the cover ended after it", "no cover stood under the reference a1 then"]

    def test_who_did_not_attend_and_then_checks_in_needs_a_new_confirmation(self) -> None:
        night = whole().of("not-attended", "a1", "20:20").checked_in("a1", when="20:40")
        assert night.short("21:00") == [("20:20", None)]
        assert [one.why for one in night.reckon("21:00").state.ignored] == ["no cover stands under the reference a1"]
        assert night.confirmed("a1", "20:50").short("21:00") == [("20:20", "20:50")]

    def test_a_later_confirmation_changes_the_stretch_and_keeps_the_check_in(self) -> None:
        night = whole().confirmed("a1", "23:00", until="04:00")
        assert night.short("08:00") == [("04:00", "08:00")]

    def test_a_confirmation_given_after_the_grace_counts_once_checked_in(self) -> None:
        night = Night().own().checked_in("own").confirmed("a1", "21:00")
        assert night.short("22:00") == [("20:00", None)]
        assert night.checked_in("a1", when="21:30").short("22:00") == [("20:00", "21:30")]

    def test_ends_and_check_ins_of_an_unknown_reference_wait_visibly(self) -> None:
        night = Night().of("withdrawn", "x", "18:00").checked_in("x", when="19:00")
        assert [one.why for one in night.reckon("19:30").state.ignored] == [
            "no cover stood under the reference x then",
            "no cover stands under the reference x",
        ]
        assert night.reckon("19:30").state.covers == ()
        ignored = night.own("x").reckon("19:30").state.ignored
        assert [one.why for one in ignored] == ["no cover stands under the reference x"]

    def test_a_second_end_is_ignored_visibly(self) -> None:
        night = whole().of("left-early", "a1", "23:00").of("withdrawn", "a1", "23:30")
        state = night.reckon("01:00").state
        assert [(cover.status, cover.ended_at) for cover in state.covers if cover.cover_ref == "a1"] == [
            ("left-early", at("23:00"))
        ]
        assert [one.why for one in state.ignored] == ["no cover stood under the reference a1 then"]


class TestReportedMissing:
    def test_people_reported_missing_are_missing_at_the_least(self) -> None:
        night = whole().says("missing-reported", "22:00", missing=1)
        assert night.short("23:00") == [("22:00", None)]
        assert whole().says("missing-reported", "22:00", missing=2).deficit("23:00") == 2

    def test_a_report_does_not_add_to_what_is_missing_anyway(self) -> None:
        assert Night().own().checked_in("own").says("missing-reported", "22:00", missing=1).deficit("23:00") == 1

    def test_a_replacement_lowers_the_number_once(self) -> None:
        night = whole().says("missing-reported", "22:00", missing=2).contingency("c1", "22:30", starts="22:30")
        assert night.checked_in("c1", when="22:40").deficit("23:00") == 1

    def test_who_was_there_at_the_report_lowers_nothing(self) -> None:
        night = (
            whole()
            .says("missing-reported", "22:00", missing=1)
            .checked_in("a1", when="22:30")
            .confirmed("own", "22:40")
        )
        assert night.deficit("23:00") == 1

    def test_who_had_not_checked_in_at_the_report_lowers_it_on_checking_in(self) -> None:
        night = Night().own().confirmed("a1", "14:00").checked_in("own")
        night.says("missing-reported", "20:10", missing=1).checked_in("a1", when="20:30")
        assert night.short("23:00") == [("20:10", "20:30")]

    def test_who_is_expected_later_lowers_nothing_before(self) -> None:
        night = whole().says("missing-reported", "21:00", missing=1).contingency("c1", "21:10", starts="23:00")
        assert night.checked_in("c1", when="22:50").short("00:00") == [("21:00", "23:00")]

    def test_a_replacement_that_leaves_again_raises_it_again(self) -> None:
        night = whole().says("missing-reported", "21:00", missing=1).contingency("c1", "21:10", starts="21:10")
        night.checked_in("c1", when="21:10").of("left-early", "c1", "23:00")
        assert night.short("00:00") == [("21:00", "21:10"), ("23:00", None)]

    def test_of_several_reports_the_greatest_counts(self) -> None:
        night = whole().says("missing-reported", "21:00", missing=2).says("missing-reported", "22:00", missing=1)
        assert night.deficit("23:00") == 2
        night.contingency("c1", "21:30", starts="21:30").checked_in("c1", when="21:30")
        assert (night.deficit("21:45"), night.deficit("23:00")) == (1, 1)

    def test_a_report_that_names_a_reference_ends_that_cover_and_no_more(self) -> None:
        night = whole().own("own2").checked_in("own2").of("missing-reported", "a1", "22:00")
        assert night.deficit("23:00") == 0

    def test_a_report_before_the_window_is_answered_by_who_comes(self) -> None:
        night = Night().own().confirmed("a1", "14:00").says("missing-reported", "18:00", missing=1)
        assert night.holds("uncovered-night", "18:00")
        night.checked_in("own", "a1", when="19:55")
        assert not night.holds("uncovered-night", "19:55")
        assert night.short("08:00") == []


class TestTheDeficit:
    def test_two_agency_people_leave_one_own_person_missing(self) -> None:
        night = Night().confirmed("a1", "14:00").confirmed("a2", "14:00").checked_in("a1", "a2")
        assert night.deficit("22:00") == 1

    def test_two_own_people_leave_nobody_missing(self) -> None:
        assert Night().own("o1").own("o2").checked_in("o1", "o2").deficit("22:00") == 0

    def test_contingency_counts_as_the_kind_that_it_replaces(self) -> None:
        agency = Night().confirmed("a1", "14:00").checked_in("a1")
        assert agency.contingency("c1", "15:00", replaces="own").checked_in("c1").deficit("22:00") == 0
        agency = Night().confirmed("a1", "14:00").checked_in("a1")
        assert agency.contingency("c1", "15:00", replaces="agency").checked_in("c1").deficit("22:00") == 1

    def test_more_people_than_required_leave_nobody_missing(self) -> None:
        assert Night().own("o1").own("o2").own("o3").checked_in("o1", "o2", "o3").deficit("22:00") == 0

    def test_before_the_window_the_deficit_is_that_of_its_start(self) -> None:
        night = Night().own(starts="20:00", until="02:00")
        assert night.deficit("12:00") == 1
        assert night.confirmed("a1", "14:00", starts="22:00").deficit("15:00") == 1

    def test_after_the_window_nobody_is_missing(self) -> None:
        assert Night().deficit("08:00") == 0
        assert Night().deficit("07:59") == 2

    def test_short_staffed_stretches_end_with_the_window(self) -> None:
        assert Night().short("08:00") == Night().short("11:00") == [("20:00", "08:00")]
        assert Night().short("19:59") == []
        assert Night().short("20:00") == [("20:00", None)]


def test_the_plan_has_the_policys_checkpoints() -> None:
    plan = plan_night(AP, date(2026, 1, 13), POLICY)
    assert plan.warn_at == plan.sudden_from == datetime(2026, 1, 12, 20, tzinfo=UTC)
    assert plan.escalate_at == datetime(2026, 1, 13, 16, tzinfo=UTC)
    assert not plan.clocks_change
    assert POLICY.spec.nights.starts == time(20)
