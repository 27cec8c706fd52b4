"""Nights of chance: any order gives the same, time changes nothing unannounced, and a slow reckoning agrees."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import NightReckoning
from models.escalation import EscalationKind
from models.history import Taken
from tests.workorders.night_by_hand import ByHand
from tests.workorders.night_telling import Night, at
from workorders.history import arrange

REFS = ["own", "a1", "c1"]
ABOUT_COVER = ["checked-in"] * 2 + [
    "withdrawn",
    "not-attended",
    "left-early",
    "stood-down",
    "missing-reported",
    "refused",
]
QUARTER = timedelta(minutes=15)


@st.composite
def nights(draw: st.DrawFn, step: timedelta = QUARTER, late: bool = False) -> Night:
    """A night with up to nine events; from a day and a half before its start until shortly after its end."""
    night = Night()
    for n in range(draw(st.integers(0, 9))):
        tell(draw, night, n, step, late=late)
    return night


@st.composite
def doubtful_nights(draw: st.DrawFn) -> Night:
    """A night that late reports may cover, and up to three more events."""
    night = Night().own().checked_in("own").confirmed("a1", "14:00", -3)
    for n in range(draw(st.integers(1, 2))):
        when = at("19:00") + QUARTER * draw(st.integers(0, 8))
        night.of("checked-in", "a1", when, heard=when + timedelta(hours=draw(st.integers(3, 9))), id=f"late{n}")
    for n in range(draw(st.integers(0, 3))):
        tell(draw, night, n, QUARTER, late=True)
    return night


def tell(draw: st.DrawFn, night: Night, n: int, step: timedelta, *, late: bool) -> None:
    steps = timedelta(hours=1) // step
    often, seldom = st.integers(-steps, 8 * steps), st.integers(-30 * steps, 13 * steps)
    when = at("20:00") + step * draw(st.one_of(often, seldom))
    more: dict[str, Any] = {"id": f"e{n}"}
    if late:
        more["heard"] = when + timedelta(hours=draw(st.sampled_from([0, 0, 5, 9])))
    kinds = ["confirmed", "confirmed", "contingency-arranged", "about", "about", "about", "missing", "requirement"]
    kind = draw(st.sampled_from([*kinds, "correction", "correction"] if late and night.events else kinds))
    ref = draw(st.sampled_from(REFS))
    if kind in {"confirmed", "contingency-arranged"}:
        hours = timedelta(hours=1) // step
        starts = at("19:00") + step * draw(st.sampled_from([0, hours, 3 * hours, 5 * hours + 1]))
        until = at("01:00") + step * draw(st.sampled_from([0, 2 * hours - 1, 7 * hours, 9 * hours]))
        supplier = draw(st.sampled_from(["own", "agency"]))
        if kind == "confirmed":
            night.confirmed(ref, when, supplier=supplier, starts=starts, until=until, **more)
        else:
            night.contingency(ref, when, replaces=supplier, starts=starts, until=until, **more)
    elif kind == "about":
        what = draw(st.sampled_from(ABOUT_COVER))
        night.of(what, ref, when, **more | ({"reason": "unsuitable"} if what == "refused" else {}))
    elif kind == "missing":
        night.says("missing-reported", when, missing=draw(st.integers(1, 2)), role="ap-manager", **more)
    elif kind == "requirement":
        required = draw(st.integers(0, 3))
        night.says(
            "requirement-changed", when, required=required, own_staff=min(required, 1), role="ap-manager", **more
        )
    else:
        named = draw(st.sampled_from(night.events)).event
        role = draw(st.sampled_from(["ap-manager", "agency-desk", "division"]))
        correction = draw(st.sampled_from(["retracted", "report-confirmed", "report-refused"]))
        night.says(correction, when, role=role, of_source=named.source, of_id=named.id, **more)


def instants(step: timedelta) -> st.SearchStrategy[datetime]:
    """Moments from two days before the start until after the end."""
    return st.integers(-timedelta(hours=30) // step, timedelta(hours=14) // step).map(lambda n: at("20:00") + step * n)


def after_the_start() -> st.SearchStrategy[datetime]:
    """Moments from two hours after the start until after the end."""
    return st.integers(8, 56).map(lambda n: at("20:00") + QUARTER * n)


def without_minutes(found: NightReckoning) -> tuple[object, ...]:
    """All that may change only at announced instants: people go on standing, so the minutes grow with every moment."""
    state = found.state
    conditions = [(one.kind, one.onset, one.end, one.end_reason, one.labels, one.reason) for one in found.conditions]
    return conditions, state.deficit, state.short, state.covers, state.required, state.ignored, found.next_at


@given(nights(late=True) | doubtful_nights(), instants(QUARTER), st.randoms(use_true_random=False))
def test_any_order_and_duplication_gives_the_same_night(night: Night, now: datetime, chance: Random) -> None:
    shuffled = night.events + chance.choices(night.events, k=3) if night.events else []
    chance.shuffle(shuffled)
    assert Night(events=shuffled).reckon(now) == night.reckon(now)


@settings(max_examples=60, deadline=None)
@given(nights(late=True) | doubtful_nights(), instants(QUARTER) | after_the_start())
def test_between_now_and_the_announced_instant_nothing_changes(night: Night, now: datetime) -> None:
    found = night.reckon(now)
    until = found.next_at or now + timedelta(days=2)
    assert until > now
    expected = without_minutes(found)
    moment = now + QUARTER
    while moment < until:
        assert without_minutes(night.reckon(moment)) == expected
        moment += QUARTER
    assert without_minutes(night.reckon(until - timedelta.resolution)) == expected


@settings(max_examples=40, deadline=None)
@given(nights(step=timedelta(minutes=1)))
def test_the_short_stretches_are_those_of_a_reckoning_minute_by_minute(night: Night) -> None:
    by_hand = ByHand(night)
    found = night.reckon("11:00").state
    minutes = [by_hand.starts + timedelta(minutes=n) for n in range(12 * 60)]
    short = [moment for moment in minutes if by_hand.deficit(moment, moment)]
    assert [
        moment for moment in minutes if any(start <= moment < (end or moment) for start, end in found.short)
    ] == short
    assert found.uncovered_minutes == len(short)
    assert all(end is not None for _, end in found.short)


def latest(moments: list[datetime], held: Callable[[datetime], bool]) -> tuple[datetime, datetime | None] | None:
    """The latest stretch of moments for which something held; the end is missing if it holds to the last."""
    marks = [held(moment) for moment in moments]
    if True not in marks:
        return None
    last = len(marks) - 1 - marks[::-1].index(True)
    first = next(n for n in range(last, -1, -1) if n == 0 or not marks[n - 1])
    return moments[first], moments[last + 1] if last + 1 < len(moments) else None


def quarters(until: datetime) -> list[datetime]:
    first = at("20:00") - timedelta(hours=31)
    return [first + QUARTER * n for n in range((until - first) // QUARTER + 1)]


@settings(max_examples=25, deadline=None)
@given(nights(), instants(QUARTER))
def test_the_conditions_are_those_of_a_slow_reckoning(night: Night, now: datetime) -> None:
    by_hand = ByHand(night)
    held = {moment: by_hand.holds(moment, QUARTER) for moment in quarters(now)}
    found = {one.kind: (one.onset, one.end) for one in night.reckon(now).conditions}
    for kind in EscalationKind.UNCONFIRMED_NIGHT, EscalationKind.UNCOVERED_NIGHT:
        assert found.get(kind) == latest(quarters(now), lambda moment: held[moment] == kind)  # noqa: B023 -- used at once


@settings(max_examples=40, deadline=None)
@given(doubtful_nights(), after_the_start())
def test_contested_is_where_only_unsettled_late_reports_cover_the_night(night: Night, now: datetime) -> None:
    stages = arrange(night.events, night.policy.late_after).stages

    def uncovered(events: list[Taken], moment: datetime) -> bool:
        heard_at_once = [replace(item, heard=item.event.time) for item in events]
        return Night(events=heard_at_once).holds(EscalationKind.UNCOVERED_NIGHT, moment)

    def contested(moment: datetime) -> bool:
        stage = [one for one in stages if one.since <= moment][-1:]
        if not stage or stage[0].without is None or stage[0].heard is None or moment < stage[0].heard:
            return False
        return uncovered(stage[0].without, moment) and not uncovered(stage[0].kept, moment)

    found = night.condition(EscalationKind.CONTESTED, now)
    assert (found and (found.onset, found.end)) == latest(quarters(now), contested)
