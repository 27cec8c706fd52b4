"""Every question that a decision asks of a policy has its answer."""

from datetime import UTC, datetime, timedelta

import pytest

from models.escalation import ClockName, EscalationKind
from models.work_order import PauseReason, Priority
from tests.workorders.policy.small import policy_data, policy_of, rung
from workorders.policy import Policy, default_policy

BREACH, ORPHAN = EscalationKind.BREACH, EscalationKind.ORPHAN


def names(policy: Policy, kind: EscalationKind, priority: Priority | None) -> list[str]:
    return [step.name for step in policy.ladder(kind, priority)]


def with_ladders() -> Policy:
    """A policy whose breach ladders differ: one of P1, one of P3 and P4, and one for whatever else there is."""
    data = policy_data()
    data["ladders"][0] = {"kind": "breach", "rungs": [rung("duty", "duty"), rung("board", "head", "5h")]}
    data["ladders"] += [
        {"kind": "breach", "priorities": ["P4", "P3"], "rungs": [rung("post", "duty", "1d", repeat="7d")]},
        {"kind": "breach", "priorities": ["P1"], "rungs": [rung("duty", "duty", "1h"), rung("head", "head", "2h")]},
    ]
    return policy_of(data)


def test_a_business_critical_breach_climbs_as_the_division_asked() -> None:
    rungs = default_policy().ladder(BREACH, Priority.P1)
    assert [(step.role, step.after, step.repeat) for step in rungs] == [
        ("provider-account-manager", timedelta(0), None),
        ("senior-account-manager", timedelta(hours=2), None),
        ("national-taskforce", timedelta(hours=8), timedelta(hours=24)),
    ]


def test_a_ladder_that_names_a_priority_goes_before_the_one_for_any() -> None:
    policy = with_ladders()
    assert [names(policy, BREACH, priority) for priority in Priority] == [
        ["duty", "head"],
        ["duty", "board"],
        ["post"],
        ["post"],
    ]
    assert names(policy, BREACH, None) == ["duty", "board"]


def test_a_kind_without_priority_has_one_ladder() -> None:
    assert names(default_policy(), ORPHAN, None) == ["estates-desk", "account-manager", "division-facilities"]


def test_every_kind_and_priority_of_the_default_has_a_ladder() -> None:
    for kind in EscalationKind:
        for priority in Priority:
            assert default_policy().ladder(kind, priority)


def test_rung_names_are_given_over_all_priorities_the_strictest_first() -> None:
    assert with_ladders().rung_names(BREACH) == ("duty", "head", "post", "board")
    assert with_ladders().rung_names(ORPHAN) == ("duty", "head")


def test_a_rung_is_that_of_the_strictest_ladder_that_has_it() -> None:
    policy = with_ladders()
    assert policy.rung(BREACH, "duty").after == timedelta(hours=1)
    assert policy.rung(BREACH, "board").after == timedelta(hours=5)
    assert policy.rung(ORPHAN, "head").role == "head"


def test_a_rung_is_said_again_as_often_as_in_the_ladder_that_repeats_it_most() -> None:
    policy = default_policy()
    found = [policy.most_often(BREACH, name) for name in policy.rung_names(BREACH)]
    days = {name: every and every.days for name, every in zip(policy.rung_names(BREACH), found, strict=True)}
    assert days == {
        "account-manager": 14,
        "senior-account-manager": 7,
        "national-taskforce": 1,
        "division-facilities": 3,
    }
    assert policy.most_often(EscalationKind.WARNING, "account-manager") is None


@pytest.mark.parametrize(
    ("priority", "clock", "duration", "days", "calendar"),
    [
        ("P1", "attend", timedelta(hours=2), None, "always"),
        ("P1", "make-safe", timedelta(hours=4), None, "always"),
        ("P1", "fix", timedelta(hours=24), None, "always"),
        ("P2", "attend", timedelta(hours=4), None, "always"),
        ("P2", "make-safe", timedelta(hours=24), None, "always"),
        ("P2", "fix", None, 5, "working"),
        ("P3", "attend", None, 1, "working"),
        ("P3", "fix", None, 10, "working"),
        ("P4", "fix", None, 21, "working"),
    ],
)
def test_the_default_targets_are_those_of_the_domain(
    priority: str, clock: str, duration: timedelta | None, days: int | None, calendar: str
) -> None:
    target = default_policy().target(Priority(priority), ClockName(clock), "bed", "damaged")
    assert target is not None
    assert (target.duration, target.working_days, target.calendar) == (duration, days, calendar)


def test_a_clock_without_target_does_not_run() -> None:
    policy = default_policy()
    assert policy.target(Priority.P3, ClockName.MAKE_SAFE, "bed", "damaged") is None
    assert policy.target(Priority.P4, ClockName.ATTEND, "bed", "damaged") is None


def test_an_own_target_goes_before_that_of_the_priority_where_it_fits() -> None:
    one_hour, two_hours = ({"duration": length, "calendar": "always"} for length in ("1h", "2h"))
    own = [
        {"assets": ["lock"], "faults": ["broken"], "clock": "fix", "target": one_hour},
        {"assets": ["lock"], "priorities": ["P2", "P3"], "clock": "fix", "target": two_hours},
        {"faults": ["worn"], "clock": "attend", "target": two_hours},
    ]
    policy = policy_of(policy_data() | {"own_targets": own})

    def hours(priority: str, clock: str, asset: str, fault: str) -> float | None:
        found = [policy.target(Priority(priority), ClockName(clock), asset, fault) for _ in range(2)]
        assert found[0] is found[1]
        return found[0].duration / timedelta(hours=1) if found[0] and found[0].duration else None

    assert hours("P2", "fix", "lock", "broken") == 1
    assert hours("P2", "fix", "lock", "worn") == 2
    assert hours("P1", "fix", "lock", "worn") == 24
    assert hours("P2", "fix", "chair", "broken") == 48
    assert hours("P4", "attend", "chair", "worn") == 2
    assert hours("P4", "attend", "chair", "broken") is None


def test_seasons_change_at_local_midnight() -> None:
    policy = default_policy()
    last_of_summer = datetime(2026, 9, 30, 22, 59, 59, tzinfo=UTC)
    assert policy.season_at(last_of_summer) == "summer"
    assert policy.next_season_change(last_of_summer) == datetime(2026, 9, 30, 23, tzinfo=UTC)
    assert policy.season_at(datetime(2026, 9, 30, 23, tzinfo=UTC)) == "winter"
    assert policy.next_season_change(datetime(2026, 9, 30, 23, tzinfo=UTC)) == datetime(2027, 3, 31, 23, tzinfo=UTC)


def test_the_year_begins_and_ends_in_the_same_season() -> None:
    policy = default_policy()
    assert {policy.season_at(datetime(year, 1, 1, tzinfo=UTC)) for year in (1990, 2026, 2100)} == {"winter"}


def test_one_season_lasts_for_ever() -> None:
    policy = policy_of(policy_data() | {"seasons": [{"id": "always", "starts": "01-01"}]})
    at = datetime(2026, 6, 1, tzinfo=UTC)
    assert policy.season_at(at) == "always"
    assert policy.next_season_change(at) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("year", [1980, 2110])
def test_seasons_are_not_guessed_outside_the_known_years(year: int) -> None:
    with pytest.raises(ValueError, match="outside the years 1990 to 2100"):
        default_policy().season_at(datetime(year, 1, 1, tzinfo=UTC))


def test_office_hours_leave_out_nights_weekends_and_bank_holidays() -> None:
    policy = default_policy()
    moments = {
        datetime(2026, 1, 14, 9, tzinfo=UTC): True,
        datetime(2026, 1, 14, 17, tzinfo=UTC): False,
        datetime(2026, 1, 17, 12, tzinfo=UTC): False,
        datetime(2026, 4, 6, 12, tzinfo=UTC): False,
        datetime(2026, 7, 14, 8, tzinfo=UTC): True,
    }
    assert {at: policy.is_office_hours(at) for at in moments} == moments


def test_pauses_are_looked_up_by_reason() -> None:
    rule = default_policy().pause_rule(PauseReason.PARTS)
    assert rule is not None
    assert (rule.max_once, rule.max_total) == (timedelta(days=5), timedelta(days=10))
    assert policy_of(policy_data()).pause_rule(PauseReason.PARTS) is None


def test_providers_reports_are_late_after_four_hours_and_the_division_is_never_late() -> None:
    assert default_policy().late_after("provider-helpdesk") == timedelta(hours=4)
    assert default_policy().late_after("division-facilities") is None


def test_a_promise_counts_as_the_rule_of_its_source_says() -> None:
    data = policy_data()
    assert policy_of(data).promise_rule("desk") == "ignored"
    data["promises"] = [{"source": "*", "honour": "earliest"}, {"source": "desk", "honour": "alone"}]
    assert [policy_of(data).promise_rule(source) for source in ("desk", "box")] == ["alone", "earliest"]


def test_control_groups_and_security_assets_are_looked_up_by_asset() -> None:
    policy = default_policy()
    assert policy.groups_of("entry-lock") == ("perimeter", "surveillance")
    assert policy.groups_of("bed") == policy.groups_of("no-such-asset") == ()
    assert policy.is_security("entry-lock")
    assert not policy.is_security("bed")


@pytest.mark.parametrize(
    ("asset", "fault", "impacts", "unknown"),
    [
        ("lock", "broken", ("public",), None),
        (None, None, None, None),
        ("lok", "bent", ("cats",), ("asset", "lok")),
        ("lock", "bent", ("cats",), ("fault", "bent")),
        ("lock", "broken", ("public", "mice", "cats"), ("impacts", "cats")),
    ],
)
def test_a_policy_names_the_first_code_that_it_does_not_know(
    asset: str | None, fault: str | None, impacts: tuple[str, ...] | None, unknown: tuple[str, str] | None
) -> None:
    assert policy_of(policy_data()).knows(asset, fault, impacts) == unknown


def test_policies_are_equal_if_their_content_is() -> None:
    one, same = policy_of(policy_data()), policy_of(policy_data())
    other = policy_of(policy_data() | {"name": "Other"})
    assert one == same
    assert one != other
    assert one != "Small"
    assert len({one, same, other}) == 2
    assert repr(one) == f"<Policy 'Small' {one.version[:12]}>"


def test_nights_are_those_of_the_domain() -> None:
    nights = default_policy().spec.nights
    assert (nights.starts.hour, nights.ends.hour, nights.required, nights.own_staff) == (20, 8, 2, 1)
    assert (nights.warn_before, nights.escalate_before) == (timedelta(hours=24), timedelta(hours=4))
    assert (nights.sudden_within, nights.check_in_grace) == (timedelta(hours=24), timedelta(minutes=15))


def test_the_warning_comes_at_three_quarters_of_each_clock() -> None:
    assert default_policy().warning_fraction == 0.75
