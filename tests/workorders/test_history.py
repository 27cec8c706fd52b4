"""The order of a subject's history, and what is retracted from it (the rules, 1.2 and 1.3)."""

from datetime import timedelta
from typing import get_args

import pytest

from models.decision import Ignored
from models.escalation import Heartbeat, HeartbeatData
from models.history import AnswerEvent, CoverEvent, OrderEvent, Taken
from tests.workorders.history_telling import START, about, arranged, kinds, said
from workorders.history import arrange
from workorders.history_order import ANSWERS_FROM, CORRECTIONS_FROM, RANKS

DANGER_LAST = [
    ["amended", "reassessed", "prioritised", "criticality-settled", "acknowledged", "scheduled"],
    ["attended"],
    ["made-safe"],
    ["temporarily-fixed"],
    ["completed"],
    ["resumed"],
    ["closed"],
    ["cancelled"],
    ["paused"],
    ["completion-rejected"],
]
NIGHT_DANGER_LAST = [
    ["requirement-changed", "confirmed", "contingency-arranged", "checked-in"],
    ["stood-down"],
    ["left-early"],
    ["withdrawn"],
    ["refused"],
    ["not-attended"],
    ["missing-reported"],
]


def ids(taken: list[Taken]) -> list[str]:
    return [item.event.id for item in taken]


@pytest.mark.parametrize("ranks", [DANGER_LAST, NIGHT_DANGER_LAST])
def test_at_one_instant_danger_comes_last(ranks: list[list[str]]) -> None:
    told = [said(kind) for rank in reversed(ranks) for kind in rank]
    found = kinds(arranged(*told).kept)
    assert kinds(arranged(*reversed(told)).kept) == found
    for rank in ranks:
        assert {found.pop(0) for _ in rank} == set(rank)


def test_every_type_has_its_place_among_facts_answers_or_corrections() -> None:
    corrections = {kind for kind in RANKS if kind.__name__.endswith(("Retracted", "ReportConfirmed", "ReportRefused"))}
    assert len(corrections) == 9
    assert {kind for kind in RANKS if RANKS[kind] >= CORRECTIONS_FROM} == corrections | {Heartbeat}
    for family, answers in ((OrderEvent, False), (CoverEvent, False), (AnswerEvent, True)):
        for kind in set(get_args(family)) - corrections:
            assert (RANKS[kind] >= ANSWERS_FROM) == answers


def test_time_comes_before_rank() -> None:
    assert kinds(arranged(said("completed", 1), said("paused", 0)).kept) == ["paused", "completed"]


def test_source_then_sequence_then_id_decide_among_equals() -> None:
    told = [
        said("amended", source="/b", sequence="1", id="x"),
        said("amended", source="/a", sequence="2", id="w"),
        said("amended", source="/a", sequence="10", id="v"),
        said("amended", source="/a", id="z"),
        said("amended", source="/a", sequence="10", id="u"),
    ]
    # Sequences are compared as text, and none comes first.
    assert ids(arranged(*told).kept) == ["z", "u", "v", "w", "x"]


def test_raised_comes_first_whatever_its_time() -> None:
    assert kinds(arranged(said("attended", 0), said("raised", 30)).kept) == ["raised", "attended"]
    assert kinds(arranged(said("raised", 0), said("attended", 30)).kept) == ["raised", "attended"]


def test_a_second_raised_is_ignored_visibly() -> None:
    first, second, third = said("raised", 1, id="b"), said("raised", 1, id="c"), said("raised", 2, id="a")
    found = arranged(said("attended", 3), third, second, first)
    assert ids(found.kept)[0] == "b"
    assert kinds(found.kept) == ["raised", "attended"]
    assert [(ignored.id, ignored.why) for ignored in found.ignored] == [
        ("c", "the order was raised before; the first counts"),
        ("a", "the order was raised before; the first counts"),
    ]


def test_an_event_that_comes_twice_counts_once() -> None:
    attended, answer = said("attended", 5), said("escalation-response.acknowledged", 6)
    again = Taken(attended.event, attended.heard + timedelta(minutes=1), attended.role, attended.party)
    found = arranged(again, answer, attended, attended, answer)
    assert found.kept == [attended]
    assert found.answers == [answer]


def test_answers_stand_apart_from_the_subjects_own_events() -> None:
    told = [
        said("escalation-response.declined", 2),
        said("escalation-response.acknowledged", 2, id="z"),
        said("escalation-response.resolved", 2, id="y"),
        said("attended", 1),
    ]
    found = arranged(*told)
    assert kinds(found.kept) == ["attended"]
    assert kinds(found.answers) == ["resolved", "acknowledged", "declined"]


def test_a_heartbeat_is_neither_an_answer_nor_an_event_of_a_subject() -> None:
    beat = Heartbeat(
        id="h1",
        source="/helpdesk",
        type="facilities.source.heartbeat",
        subject="source:/helpdesk",
        time=START,
        data=HeartbeatData(premises="source:/helpdesk"),
    )
    attended = said("attended", 1)
    found = arranged(Taken(beat, START, "helpdesk", attended.party), attended)
    assert (found.kept, found.answers) == ([attended], [])


def test_a_history_without_events_is_empty() -> None:
    found = arranged()
    assert (found.kept, found.answers, found.ignored, found.late, found.stages) == ([], [], (), (), ())
    assert (found.without, found.without_late, found.earliest_late_heard, found.settled_at) == (None,) * 4


def test_what_the_same_role_retracts_is_left_out() -> None:
    attended = said("attended", 1)
    found = arranged(attended, said("completed", 2), about("retracted", attended, 3))
    assert kinds(found.kept) == ["completed"]
    assert found.ignored == (Ignored(attended.event.source, attended.event.id, "it was retracted"),)


def test_the_division_retracts_what_anybody_said() -> None:
    attended = said("attended", 1)
    assert arranged(attended, about("retracted", attended, 3, role="division")).kept == []


@pytest.mark.parametrize("role", ["account-manager", "estates-desk"])
def test_nobody_else_retracts_an_event(role: str) -> None:
    attended = said("attended", 1)
    retraction = about("retracted", attended, 3, role=role)
    found = arranged(attended, retraction)
    assert found.kept == [attended]
    assert [(one.id, one.why) for one in found.ignored] == [
        (retraction.event.id, "only the same role or the division may retract an event")
    ]


def test_a_retraction_waits_for_the_event_that_it_names() -> None:
    attended = said("attended", 1)
    retraction = about("retracted", attended, 3)
    waiting = arranged(retraction)
    assert waiting.kept == []
    assert [one.why for one in waiting.ignored] == ["it names an event of this subject that is not known"]
    assert arranged(retraction, attended).kept == []


def test_a_retracted_retraction_has_no_effect() -> None:
    attended = said("attended", 1)
    first = about("retracted", attended, 2)
    second = about("retracted", first, 3)
    assert arranged(attended, first, second).kept == [attended]
    third = about("retracted", second, 4)
    assert arranged(attended, first, second, third).kept == []


def test_retractions_are_looked_at_from_the_last_to_the_first() -> None:
    # The one that bears the earlier time comes too late to stop the other.
    attended = said("attended", 1)
    first = about("retracted", attended, 4)
    assert arranged(attended, first, about("retracted", first, 3)).kept == []


def test_a_retracted_raised_leaves_the_next_one() -> None:
    wrong, right = said("raised", 1), said("raised", 2)
    found = arranged(wrong, right, about("retracted", wrong, 3))
    assert found.kept == [right]


def test_a_retracted_answer_is_left_out() -> None:
    answer = said("escalation-response.acknowledged", 1)
    found = arranged(answer, about("retracted", answer, 2, family="escalation-response"))
    assert found.answers == []


def test_a_role_is_asked_once_how_late_it_may_be() -> None:
    asked: list[str] = []

    def late_after(role: str) -> timedelta | None:
        asked.append(role)
        return None

    found = arrange([said("attended", n, heard=9_000) for n in range(3)], late_after)
    assert asked == ["helpdesk"]
    assert kinds(found.kept) == ["attended"] * 3
    assert found.kept[0].event.time == START
