"""The ladder climbs on time, answers hold it, and time that was held does not count."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Condition
from models.escalation import EscalationKind
from models.policy import Rung
from models.work_order import Priority
from workorders.ladder import Answer, AnswerKind, Climb, climb

START = datetime(2026, 1, 13, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
P1, P2 = Priority.P1, Priority.P2


def rung(name: str, after: str, **more: str) -> Rung:
    return Rung(name=name, role=f"{name}-role", after=after, **more)  # type: ignore[arg-type]


STRICT = (
    rung("account", "0s", ack_within="1h", ack_holds="3h"),
    rung("senior", "2h"),
    rung("taskforce", "8h", repeat="24h"),
)
MILD = (rung("account", "0s", ack_holds="3h"), rung("senior", "24h"))


@dataclass
class Rules:
    """Ladder rules for the tests: strict for P1, mild else."""

    default_hold: timedelta = 2 * HOUR
    commitment_max: timedelta = 12 * HOUR
    commitment_renewals: int = 1
    without_route: tuple[str, ...] = ()

    def rungs(self, priority: Priority | None) -> tuple[Rung, ...]:
        return STRICT if priority is P1 else MILD

    def ack_holds(self, rung: str) -> timedelta | None:
        return next(one.ack_holds for one in STRICT if one.name == rung)

    def has_route(self, role: str, at: datetime) -> bool:
        return role not in self.without_route


def condition(
    end: datetime | None = None, priorities: tuple[tuple[datetime, Priority | None], ...] = ((START, P1),)
) -> Condition:
    return Condition(EscalationKind.BREACH, "fix", "first", START, end, "met", priorities, "late")


def ack(hours: float, rung: str | None = "account", commitment: float | None = None) -> Answer:
    until = None if commitment is None else START + commitment * HOUR
    return Answer(START + hours * HOUR, AnswerKind.HOLD, rung, until)


def decline(hours: float) -> Answer:
    return Answer(START + hours * HOUR, AnswerKind.DECLINE, "account", None)


def hours(found: Climb) -> dict[str, float]:
    """When each rung was reached, in hours from the onset; the latest repeat of each."""
    return {fired.rung.name: (fired.at - START) / HOUR for fired in found.fired}


def at(hour: float) -> datetime:
    return START + hour * HOUR


def test_nothing_is_reached_before_the_onset_and_the_onset_is_what_comes_next() -> None:
    assert climb(condition(), Rules(), (), at(-1)) == Climb((), START)


def test_the_first_rung_is_reached_at_the_very_onset() -> None:
    assert hours(climb(condition(), Rules(), (), START)) == {"account": 0}


def test_an_unanswered_rung_brings_the_next_when_its_time_to_answer_is_up() -> None:
    found = climb(condition(), Rules(), (), at(0.5))
    assert found.next_at == at(1)
    assert hours(climb(condition(), Rules(), (), at(1))) == {"account": 0, "senior": 1}


def test_the_taskforce_is_reached_at_eight_hours_if_nobody_answers() -> None:
    found = climb(condition(), Rules(), (), at(9))
    assert hours(found) == {"account": 0, "senior": 1, "taskforce": 8}
    assert found.next_at == at(32)


def test_of_a_repeating_rung_only_the_latest_repeat_stands_and_its_number_comes_from_its_due_time() -> None:
    found = climb(condition(), Rules(), (), at(8 + 24 * 100 + 1))
    standing = [fired for fired in found.fired if fired.rung.name == "taskforce" and fired.ended is None]
    assert [(fired.repeat, fired.at) for fired in standing] == [(100, at(8 + 2400))]


def test_an_acknowledgement_holds_the_ladder_and_the_next_rung_comes_at_once_when_the_hold_ends() -> None:
    found = climb(condition(), Rules(), (ack(0.5),), at(3.4))
    assert hours(found) == {"account": 0}
    assert found.next_at == at(3.5)
    later = climb(condition(), Rules(), (ack(0.5),), at(24))
    assert hours(later) == {"account": 0, "senior": 3.5, "taskforce": 9.5}


def test_a_commitment_holds_no_longer_than_the_policy_allows() -> None:
    assert climb(condition(), Rules(), (ack(0.5, commitment=4),), at(1)).next_at == at(4)
    assert climb(condition(), Rules(), (ack(0.5, commitment=400),), at(1)).next_at == at(12.5)


def test_a_commitment_in_the_past_is_an_answer_but_holds_nothing() -> None:
    found = climb(condition(), Rules(), (ack(0.5, commitment=0.25),), at(1.5))
    assert hours(found) == {"account": 0}
    assert found.next_at == at(2)


def test_only_so_many_renewals_of_a_hold_count() -> None:
    answers = (ack(0.5), ack(3), ack(5.5))
    assert hours(climb(condition(), Rules(), answers, at(24)))["senior"] == 6


def test_an_answer_that_names_another_ladder_holds_by_the_default() -> None:
    assert climb(condition(), Rules(), (ack(0.5, rung=None),), at(1)).next_at == at(2.5)


def test_an_acknowledgement_of_a_rung_that_does_not_stand_holds_as_long_as_that_rung_says() -> None:
    strict = (ack(0.5, rung="account"), ack(0.6, rung="senior"))
    assert climb(condition(), Rules(default_hold=4 * HOUR), strict, at(1)).next_at == at(4.6)


def test_an_acknowledgement_that_holds_nothing_does_not_undo_a_refusal_to_act() -> None:
    before = [Answer(START - 30 * HOUR, AnswerKind.DECLINE, "account", None)]
    before.append(Answer(START - 20 * HOUR, AnswerKind.HOLD, "account", None))
    assert hours(climb(condition(), Rules(), before, at(0))) == {"account": 0, "senior": 0}


def test_a_refusal_to_act_climbs_at_once_and_leaves_the_later_rungs_their_times() -> None:
    assert hours(climb(condition(), Rules(), (decline(0.25),), at(9))) == {
        "account": 0,
        "senior": 0.25,
        "taskforce": 8,
    }


def test_a_refusal_ends_a_hold_and_the_held_time_does_not_count() -> None:
    found = climb(condition(), Rules(), (ack(0.5), decline(2.5)), at(24))
    assert hours(found) == {"account": 0, "senior": 2.5, "taskforce": 10}


def test_an_answer_older_than_the_onset_never_suppresses_the_first_rung() -> None:
    early = Answer(START - HOUR, AnswerKind.HOLD, "account", None)
    found = climb(condition(), Rules(), (early,), at(0))
    assert hours(found) == {"account": 0}
    assert found.next_at == at(2)


def test_an_answer_at_the_instant_of_a_rung_acts_before_it() -> None:
    assert hours(climb(condition(), Rules(), (ack(1),), at(1))) == {"account": 0}


def test_a_role_without_route_is_passed_over_at_once_and_visibly() -> None:
    found = climb(condition(), Rules(without_route=("account-role",)), (), at(0))
    assert hours(found) == {"account": 0, "senior": 0}
    assert [fired.skipped for fired in found.fired] == [True, False]


def test_what_is_due_at_the_end_of_the_condition_does_not_happen() -> None:
    found = climb(condition(end=at(1)), Rules(), (), at(5))
    assert hours(found) == {"account": 0}
    assert found.next_at is None
    assert [(fired.ended, fired.why) for fired in found.fired] == [(at(1), "met")]


def test_a_rise_of_priority_ends_holds_and_counts_the_unsaid_rungs_from_then() -> None:
    rising = condition(priorities=((START, P2), (at(2), P1)))
    assert hours(climb(rising, Rules(), (ack(1),), at(24))) == {"account": 0, "senior": 4, "taskforce": 10}


def test_a_fall_of_priority_stops_only_the_rungs_that_the_lower_ladder_lacks() -> None:
    falling = condition(priorities=((START, P1), (at(9), P2)))
    found = climb(falling, Rules(), (), at(10))
    ended = {fired.rung.name: fired.ended for fired in found.fired}
    assert ended == {"account": None, "senior": None, "taskforce": at(9)}


def test_a_rung_stopped_by_a_fall_is_the_same_escalation_when_the_priority_rises_again() -> None:
    back = condition(priorities=((START, P1), (at(9), P2), (at(10), P1)))
    found = climb(back, Rules(), (), at(18))
    assert [(fired.rung.name, fired.at) for fired in found.fired if fired.repeat == 0 and fired.ended is None] == [
        ("account", at(0)),
        ("senior", at(1)),
        ("taskforce", at(18)),
    ]


def test_repeats_go_on_from_the_end_of_a_hold() -> None:
    found = climb(condition(), Rules(), (ack(31, rung="taskforce", commitment=40),), at(64))
    repeats = [(fired.repeat, fired.at) for fired in found.fired if fired.ended is None][-1]
    assert repeats == (2, at(64))


def test_a_kind_without_a_ladder_reaches_nothing() -> None:
    class Nothing(Rules):
        def rungs(self, priority: Priority | None) -> tuple[Rung, ...]:
            return ()

    assert climb(condition(), Nothing(), (), at(5)) == Climb((), None)


@given(
    answers=st.lists(
        st.tuples(
            st.integers(0, 40),
            st.sampled_from(list(AnswerKind)),
            st.sampled_from(["account", "senior", "taskforce", None]),
            st.none() | st.integers(1, 90),
        ),
        max_size=6,
    ),
    changes=st.lists(st.tuples(st.integers(1, 60), st.sampled_from([P1, P2])), max_size=4),
    until=st.integers(0, 120),
)
def test_a_ladder_walked_in_one_go_equals_one_walked_from_due_time_to_due_time(
    answers: list[tuple[int, AnswerKind, str | None, int | None]],
    changes: list[tuple[int, Priority]],
    until: int,
) -> None:
    given_answers = sorted(
        (Answer(at(h), kind, name, None if c is None else at(c)) for h, kind, name, c in answers),
        key=lambda answer: answer.at,
    )
    steps: list[tuple[datetime, Priority | None]] = [(START, P1)]
    for hour, priority in sorted(changes, key=lambda change: change[0]):
        if at(hour) > steps[-1][0]:
            steps.append((at(hour), priority))
    now, end = START, at(until)
    subject = condition(priorities=tuple(steps))
    edges = sorted({answer.at for answer in given_answers} | {since for since, _ in steps})
    for _ in range(400):
        found = climb(subject, Rules(), [a for a in given_answers if a.at <= now], now)
        assert found.next_at is None or found.next_at > now
        # Between now and what is announced nothing is reached, unless an answer or a change comes before.
        ahead = [edge for edge in edges if edge > now] + ([found.next_at] if found.next_at else [])
        if not ahead or min(ahead) > end:
            break
        before = min(ahead) - timedelta.resolution
        assert climb(subject, Rules(), [a for a in given_answers if a.at <= before], before).fired == found.fired
        now = min(ahead)
    else:
        pytest.fail("the ladder never comes to rest")


class Other(Rules):
    """As the rules above, but the milder ladder shares no rung with the strict one."""

    def rungs(self, priority: Priority | None) -> tuple[Rung, ...]:
        return STRICT if priority is P1 else (rung("desk", "24h"),)


def test_an_answer_while_no_rung_stands_holds_the_ladder_all_the_same() -> None:
    fallen = condition(priorities=((START, P1), (at(0.5), P2)))
    found = climb(fallen, Other(), (ack(0.75, rung="senior"),), at(1))
    assert [(fired.rung.name, fired.ended, fired.acknowledged_until) for fired in found.fired] == [
        ("account", at(0.5), None)
    ]
    assert found.next_at == at(2.75)
