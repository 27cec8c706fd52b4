"""Late reports, and the client side's word on them (the rules, 1.4)."""

import pytest

from models.history import Taken
from tests.workorders.history_telling import about, arranged, kinds, said

DAY = 24 * 60
ORDER_REPORTS = [
    *("attended", "made-safe", "temporarily-fixed", "completed", "closed", "cancelled", "paused", "resumed", "amended")
]
NIGHT_REPORTS = [
    *("confirmed", "withdrawn", "not-attended", "checked-in", "left-early", "stood-down", "contingency-arranged")
]
NEVER_LATE = [
    *("raised", "prioritised", "acknowledged", "scheduled", "criticality-settled", "reassessed", "completion-rejected"),
    *("requirement-changed", "refused", "missing-reported"),
]


def late(kind: str = "completed", minutes: float = 0) -> Taken:
    return said(kind, minutes, heard=minutes + DAY)


def settled(kind: str, named: Taken, minutes: float, role: str = "estates-desk") -> Taken:
    return about(kind, named, minutes, role=role)


@pytest.mark.parametrize("kind", ORDER_REPORTS + NIGHT_REPORTS)
def test_a_report_heard_after_what_its_role_is_allowed_is_late(kind: str) -> None:
    report = said(kind, 0, heard=4 * 60 + 1)
    found = arranged(report)
    assert found.kept == [report]
    assert found.without == found.without_late == []
    assert found.earliest_late_heard == report.heard
    assert [(one.taken, one.verdict, one.settled_at) for one in found.late] == [(report, None, None)]
    assert found.settled_at is None


@pytest.mark.parametrize("kind", NEVER_LATE)
def test_what_is_no_report_is_never_late(kind: str) -> None:
    assert arranged(said(kind, 0, heard=DAY)).late == ()


def test_a_report_heard_exactly_after_what_its_role_is_allowed_is_not_late() -> None:
    assert arranged(said("completed", 0, heard=4 * 60)).without is None


def test_each_role_has_its_own_allowance() -> None:
    assert arranged(said("withdrawn", 0, heard=61, role="agency-desk")).without == []
    assert arranged(said("withdrawn", 0, heard=61)).without is None
    assert arranged(said("withdrawn", 0, heard=9 * DAY, role="account-manager")).without is None


def test_without_the_late_reports_the_others_are_in_order() -> None:
    first, second = said("attended", 1), said("paused", 3)
    found = arranged(second, late(minutes=2), first)
    assert kinds(found.kept) == ["attended", "completed", "paused"]
    assert found.without == [first, second]


def test_a_second_raised_is_ignored_beside_late_reports_too() -> None:
    first, second = said("raised", 0), said("raised", 1)
    found = arranged(first, second, late("attended", 2))
    assert (kinds(found.kept), kinds(found.without)) == (["raised", "attended"], ["raised"])
    assert [one.id for one in found.ignored] == [second.event.id]


def test_the_earliest_heard_of_the_unsettled_counts() -> None:
    one, other, confirmed = late(minutes=5), late("closed", 2), late("attended", 1)
    found = arranged(one, other, confirmed, settled("report-confirmed", confirmed, 2 * DAY))
    assert found.earliest_late_heard == other.heard


def test_a_confirmed_report_is_not_in_doubt_any_more() -> None:
    report = late()
    confirmation = settled("report-confirmed", report, 2 * DAY)
    found = arranged(report, confirmation)
    assert found.kept == [report]
    assert found.without is None
    assert found.earliest_late_heard is None
    assert found.without_late == []
    assert found.settled_at == confirmation.event.time
    assert [(one.verdict, one.settled_at) for one in found.late] == [("confirmed", confirmation.event.time)]


def test_a_refused_report_is_left_out_as_if_retracted() -> None:
    report = late()
    refusal = settled("report-refused", report, 2 * DAY, "division")
    found = arranged(report, refusal)
    assert found.kept == []
    assert found.without is None
    assert found.settled_at == refusal.event.time
    assert [(one.verdict, one.settled_at) for one in found.late] == [("refused", refusal.event.time)]
    assert [(one.id, one.why) for one in found.ignored] == [
        (report.event.id, "the client side refused this late report")
    ]


@pytest.mark.parametrize("kind", ["report-confirmed", "report-refused"])
@pytest.mark.parametrize("role", ["helpdesk", "agency-desk"])
def test_only_the_client_side_settles_a_late_report(kind: str, role: str) -> None:
    report = late()
    found = arranged(report, settled(kind, report, 2 * DAY, role))
    assert found.without == []
    assert [one.why for one in found.ignored] == ["only the client side may settle a late report"]


def test_what_was_not_late_or_is_not_known_is_not_settled() -> None:
    report, unknown = said("completed", 0), said("completed", 1)
    found = arranged(report, settled("report-refused", report, 10), settled("report-refused", unknown, 11))
    assert found.kept == [report]
    assert [one.why for one in found.ignored] == [
        "the report that it names was not late",
        "it names an event of this subject that is not known",
    ]


@pytest.mark.parametrize(
    ("first", "second"), [("report-confirmed", "report-refused"), ("report-refused", "report-confirmed")]
)
def test_of_several_settlements_the_last_counts(first: str, second: str) -> None:
    report = late()
    told = [report, settled(second, report, 3 * DAY), settled(first, report, 2 * DAY)]
    found = arranged(*told)
    assert [f"report-{one.verdict}" for one in found.late] == [second]
    assert found.kept == ([report] if second == "report-confirmed" else [])


def test_at_one_instant_the_refusal_counts() -> None:
    report = late()
    told = [report, settled("report-refused", report, 2 * DAY), settled("report-confirmed", report, 2 * DAY)]
    assert arranged(*told).kept == []


def test_a_retracted_settlement_settles_nothing() -> None:
    report = late()
    refusal = settled("report-refused", report, 2 * DAY)
    found = arranged(report, refusal, about("retracted", refusal, 3 * DAY, role="estates-desk"))
    assert found.kept == [report]
    assert found.without == []


def test_rejected_work_refuses_the_late_completions_before_it() -> None:
    completed, closed = late("completed", 1), late("closed", 2)
    rejection, after = said("completion-rejected", 3), late("completed", 4)
    found = arranged(completed, closed, rejection, after)
    assert kinds(found.kept) == ["completion-rejected", "completed"]
    assert kinds(found.without) == ["completion-rejected"]
    assert [(one.taken, one.verdict, one.settled_at) for one in found.late] == [
        (completed, "refused", rejection.event.time),
        (closed, "refused", rejection.event.time),
        (after, None, None),
    ]


def test_rejected_work_refuses_no_other_late_report() -> None:
    told = [late("attended", 1), late("cancelled", 1), said("completion-rejected", 3)]
    told.append(said("closed", 2, heard=DAY, outcome="administrative"))
    assert [one.verdict for one in arranged(*told).late] == [None] * 3


def test_rejected_work_leaves_a_completion_that_was_confirmed() -> None:
    completed = late()
    told = [completed, settled("report-confirmed", completed, 2 * DAY), said("completion-rejected", 3 * DAY)]
    assert kinds(arranged(*told).kept) == ["completed", "completion-rejected"]


def test_a_retracted_rejection_refuses_nothing() -> None:
    completed, rejection = late(), said("completion-rejected", DAY)
    assert arranged(completed, rejection, about("retracted", rejection, DAY + 1)).kept == [completed]


def test_the_first_of_several_rejections_refuses() -> None:
    told = [late(), said("completion-rejected", DAY), said("completion-rejected", 2 * DAY)]
    assert arranged(*told).settled_at == told[1].event.time


def test_a_retraction_is_as_late_as_its_event_is_old_when_it_is_heard() -> None:
    attended = said("attended", 0)
    assert arranged(attended, about("retracted", attended, 4 * 60)).late == ()
    retraction = about("retracted", attended, 4 * 60 + 1)
    found = arranged(attended, retraction)
    assert found.kept == []
    assert found.without == [attended]
    assert found.earliest_late_heard == retraction.heard


def test_a_refused_retraction_leaves_its_event_in() -> None:
    attended = said("attended", 0)
    retraction = about("retracted", attended, DAY)
    found = arranged(attended, retraction, settled("report-refused", retraction, 2 * DAY))
    assert found.kept == [attended]
    assert found.without is None
    assert [one.verdict for one in found.late] == ["refused"]


def test_a_confirmed_retraction_is_not_in_doubt_any_more() -> None:
    attended = said("attended", 0)
    retraction = about("retracted", attended, DAY)
    found = arranged(attended, retraction, settled("report-confirmed", retraction, 2 * DAY))
    assert (found.kept, found.without, found.without_late) == ([], None, [attended])


def test_a_retraction_that_may_not_be_is_not_late_either() -> None:
    attended = said("attended", 0, role="account-manager")
    assert arranged(attended, about("retracted", attended, DAY)).late == ()


def test_a_late_report_that_was_retracted_leaves_no_doubt() -> None:
    report = late()
    found = arranged(report, about("retracted", report, DAY, role="division"))
    assert (found.kept, found.without, found.late) == ([], None, ())


def test_without_a_late_retraction_a_late_report_stays_out_too() -> None:
    report = late()
    found = arranged(report, about("retracted", report, DAY))
    assert found.kept == []
    assert found.without == []


def test_without_the_late_retraction_of_a_retraction_the_latter_counts() -> None:
    attended = said("attended", 0)
    first = about("retracted", attended, 1)
    second = about("retracted", first, DAY)
    found = arranged(attended, first, second)
    assert found.kept == [attended]
    assert found.without == []


def test_answers_without_what_was_refused_or_retracted_are_kept() -> None:
    report, answer = late(), said("escalation-response.acknowledged", 5)
    assert arranged(report, answer).answers == [answer]


def test_each_stage_follows_the_settlements_up_to_its_beginning() -> None:
    one, other = late("attended", 1), late("completed", 2)
    confirmed = settled("report-confirmed", one, 2 * DAY)
    refused = settled("report-refused", other, 3 * DAY)
    found = arranged(one, other, refused, confirmed)
    first, second, third = found.stages
    assert (kinds(first.kept), kinds(first.without), first.heard) == (["attended", "completed"], [], one.heard)
    assert (kinds(second.kept), kinds(second.without)) == (["attended", "completed"], ["attended"])
    assert (second.since, second.heard) == (confirmed.event.time, other.heard)
    assert (kinds(third.kept), third.without, third.heard) == (["attended"], None, None)
    assert third.since == refused.event.time
    assert found.without_late == first.without == []
    assert found.without is third.without


def test_a_settlement_that_changes_nothing_makes_no_stage() -> None:
    report = late()
    first = settled("report-confirmed", report, 2 * DAY)
    refused = about("retracted", first, 4 * DAY, role="estates-desk")
    assert len(arranged(report, first, refused).stages) == 1
