"""Due times move with pauses, priorities and promises exactly as the rules say."""

from datetime import UTC, datetime, timedelta

import pytest

from models.calendar import CalendarSpec
from models.escalation import ClockName
from models.policy import PauseRule, Target
from models.work_order import PauseReason, Priority
from workorders.calendars import Calendar
from workorders.clocks import (
    Asked,
    InForce,
    Promise,
    Step,
    allowed_pauses,
    first_reached,
    in_force,
    last_stretch,
)

START = datetime(2026, 1, 13, 10, 0, tzinfo=UTC)  # a Tuesday
HOUR = timedelta(hours=1)
FIX, ATTEND = ClockName.FIX, ClockName.ATTEND
P1, P2, P3, P4 = Priority
CALENDARS = {
    "always": Calendar.compile(CalendarSpec(zone="Europe/London", always=True)),
    "working": Calendar.compile(
        CalendarSpec(zone="Europe/London", week={day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")})  # type: ignore[arg-type]
    ),
}
TARGETS = {
    P1: Target(duration="24h", calendar="always"),  # type: ignore[arg-type]
    P2: Target(working_days=5, calendar="working"),
    P3: Target(duration="80h", calendar="working"),  # type: ignore[arg-type]
}


class Rules:
    """Targets by priority alone, warning at three quarters."""

    calendars = CALENDARS
    warning_fraction = 0.75

    def target(self, priority: Priority, clock: ClockName, asset: str, fault: str) -> Target | None:
        return TARGETS.get(priority)


RULES = Rules()


def steps(*priorities: tuple[float, Priority]) -> list[Step]:
    return [Step(START + hour * HOUR, priority, RULES, "door", "stuck") for hour, priority in priorities]


def fix(
    *priorities: tuple[float, Priority],
    pauses: tuple[tuple[datetime, datetime], ...] = (),
    promise: Promise | None = None,
) -> list[tuple[datetime, datetime]]:
    return [(force.due, force.warn) for force in in_force(FIX, steps(*priorities), pauses, promise)]


def test_a_clock_round_the_clock_is_due_after_its_duration_and_warns_at_three_quarters() -> None:
    assert fix((0, P1)) == [(START + 24 * HOUR, START + 18 * HOUR)]


def test_five_working_days_end_at_the_same_time_of_day_a_week_later_and_warn_at_three_quarters_of_working_time() -> (
    None
):
    assert fix((0, P2)) == [(START + timedelta(days=7), START + timedelta(days=3, hours=6))]


def test_a_rise_adds_a_target_from_its_instant_and_the_earlier_counts() -> None:
    assert [due for due, _ in fix((0, P2), (2, P1))] == [START + timedelta(days=7), START + 26 * HOUR]
    assert [due for due, _ in fix((0, P2), (160, P1))][1] == START + timedelta(days=7)


def test_a_fall_drops_what_the_rise_had_added() -> None:
    assert [due for due, _ in fix((0, P2), (2, P1), (4, P2))][2] == START + timedelta(days=7)


def test_a_fall_from_the_first_priority_gives_the_milder_target_from_the_start() -> None:
    assert [due for due, _ in fix((0, P1), (2, P2))][1] == START + timedelta(days=7)


def test_a_fall_half_way_keeps_the_instant_of_the_rise_for_the_middle_priority() -> None:
    assert [due for due, _ in fix((0, P3), (2, P1), (4, P2))][2] == START + timedelta(days=7, hours=2)


def test_a_priority_without_a_target_for_the_clock_has_no_due_time() -> None:
    assert fix((0, P4)) == []


def test_a_pause_moves_the_fix_due_by_its_working_time_in_the_targets_own_calendar() -> None:
    overnight = ((START + 6 * HOUR, START + 24 * HOUR),)  # 16:00 to 10:00: two working hours
    assert fix((0, P2), pauses=overnight)[0][0] == START + timedelta(days=7, hours=2)
    assert fix((0, P1), pauses=overnight)[0][0] == START + 42 * HOUR


def test_a_pause_after_the_due_time_moves_nothing_and_one_that_an_earlier_pause_makes_count_does() -> None:
    first = (START + 10 * HOUR, START + 12 * HOUR)
    second = (START + 25 * HOUR, START + 28 * HOUR)
    assert fix((0, P1), pauses=(second,))[0][0] == START + 24 * HOUR
    assert fix((0, P1), pauses=(first, second))[0][0] == START + 29 * HOUR


def test_only_the_fix_clock_pauses() -> None:
    pauses = ((START + HOUR, START + 5 * HOUR),)
    assert in_force(ATTEND, steps((0, P1)), pauses, None)[0].due == START + 24 * HOUR


def test_of_a_pause_only_the_part_after_a_rise_counts_for_the_target_that_the_rise_added() -> None:
    pauses = ((START + HOUR, START + 4 * HOUR),)
    assert fix((0, P2), (2, P1), pauses=pauses)[1][0] == START + 28 * HOUR


def test_a_promise_counts_alone_or_as_the_earlier_of_the_two() -> None:
    late, early = START + timedelta(days=9), START + 3 * HOUR
    assert fix((0, P2), promise=Promise(late, alone=True))[0][0] == late
    assert fix((0, P2), promise=Promise(late, alone=False))[0][0] == START + timedelta(days=7)
    assert fix((0, P2), promise=Promise(early, alone=False))[0] == (early, START + 2 * HOUR + HOUR / 4)


def test_a_promise_before_the_start_is_due_at_once_and_warns_no_later() -> None:
    past = START - 3 * HOUR
    assert fix((0, P2), promise=Promise(past, alone=True))[0] == (past, past)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ([(0, 10)], [(0, 10)]),
        ([(0, 30)], [(0, 20)]),
        ([(0, 20), (30, 50)], [(0, 20), (30, 40)]),
        ([(0, 20), (30, 50), (60, 70)], [(0, 20), (30, 40)]),
    ],
)
def test_a_pause_is_cut_at_what_the_policy_allows_at_once_and_in_total(
    asked: list[tuple[int, int]], allowed: list[tuple[int, int]]
) -> None:
    rule = PauseRule(reason=PauseReason.PARTS, roles=("x",), max_once="20h", max_total="30h")  # type: ignore[arg-type]
    spans = [Asked(START + a * HOUR, START + b * HOUR, PauseReason.PARTS) for a, b in asked]
    found = allowed_pauses(spans, lambda reason: rule)
    assert [((a - START) / HOUR, (b - START) / HOUR) for a, b in found] == allowed
    assert allowed_pauses(spans, lambda reason: None) == ()


def forces(*entries: tuple[float, float, float]) -> list[InForce]:
    return [InForce(START + a * HOUR, START + b * HOUR, START + c * HOUR) for a, b, c in entries]


def test_a_breach_reached_under_a_stricter_priority_stays_when_the_priority_falls() -> None:
    found = first_reached(forces((0, 100, 75), (2, 4, 3), (5, 100, 75)), START, None)
    assert found == START + 4 * HOUR


def test_a_due_time_that_a_fall_takes_away_in_time_is_no_breach() -> None:
    found = first_reached(forces((0, 100, 75), (2, 10, 8), (5, 100, 75)), START, None)
    assert found == START + 100 * HOUR


def test_a_clock_met_at_its_very_due_time_is_no_breach() -> None:
    assert first_reached(forces((0, 4, 3)), START, START + 4 * HOUR) is None


def test_a_due_time_that_lies_before_the_spell_is_breached_at_its_start() -> None:
    assert first_reached(forces((0, 4, 3)), START + 9 * HOUR, None) == START + 9 * HOUR


def test_a_warning_ends_when_a_fall_moves_its_time_away_and_the_last_stretch_counts() -> None:
    entries = forces((0, 100, 75), (2, 10, 3), (5, 100, 75))
    assert last_stretch(entries, START, START + 50 * HOUR) == (START + 3 * HOUR, START + 5 * HOUR)
    assert last_stretch(entries, START, START + 90 * HOUR) == (START + 75 * HOUR, START + 90 * HOUR)


def test_a_warning_goes_on_over_a_change_that_does_not_move_it_away() -> None:
    entries = forces((0, 10, 3), (5, 9, 4))
    assert last_stretch(entries, START, None) == (START + 3 * HOUR, None)


def test_no_warning_is_given_where_the_spell_ends_before_it() -> None:
    assert last_stretch(forces((0, 10, 3)), START, START + 2 * HOUR) is None
