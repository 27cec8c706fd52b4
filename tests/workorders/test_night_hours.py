"""A night in stretches: what was is what a slow reckoning finds then, what is to come is what is expected now."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings

from tests.workorders.night_by_hand import ByHand
from tests.workorders.night_telling import AP, NIGHT, POLICY, Night, at
from tests.workorders.test_cover_property import QUARTER, instants, nights
from workorders.decide import Case, decide
from workorders.history import arrange
from workorders.night_hours import Stretch, hours
from workorders.night_outlook import outlook
from workorders.night_plan import plan_night
from workorders.policy import default_world


def stretches(night: Night, now: datetime) -> list[Stretch]:
    return hours(arrange(night.events, POLICY.late_after).kept, plan_night(AP, NIGHT, POLICY), now)


def told(night: Night, now: str, days: int = 0) -> list[tuple[str, str, int, int, bool]]:
    found = stretches(night, night.at(now, days))
    return [(f"{one.starts:%H:%M}", f"{one.until:%H:%M}", one.there, one.missing, one.ahead) for one in found]


def test_a_night_of_which_nothing_is_known_lacks_everybody_all_night() -> None:
    assert told(Night(), "12:00") == [("20:00", "08:00", 0, 2, True)]


def test_whoever_comes_later_is_missing_until_then_and_who_leaves_is_missing_from_then() -> None:
    night = Night().own().confirmed("a1", "14:00", starts="22:00", until="06:00")
    assert told(night, "19:00") == [
        ("20:00", "22:00", 1, 1, True), ("22:00", "06:00", 2, 0, True), ("06:00", "08:00", 1, 1, True),
    ]  # fmt: skip


def test_what_has_been_stays_and_only_what_is_to_come_is_expected() -> None:
    night = Night().own().confirmed("a1", "14:00").checked_in("own")
    assert told(night, "21:00") == [
        ("20:00", "20:15", 2, 0, False), ("20:15", "21:00", 1, 1, False), ("21:00", "08:00", 1, 1, True),
    ]  # fmt: skip
    night.contingency("c1", "21:00", starts="21:00").checked_in("c1", when="21:05")
    assert told(night, "08:00", 1) == [
        ("20:00", "20:15", 2, 0, False), ("20:15", "21:00", 1, 1, False), ("21:00", "08:00", 2, 0, False),
    ]  # fmt: skip


def test_whom_a_report_says_missing_is_missing_though_all_are_there() -> None:
    night = Night().own().confirmed("a1", "14:00").says("missing-reported", "19:00", missing=1, role="ap-manager")
    assert told(night, "19:30") == [("20:00", "08:00", 2, 1, True)]


@settings(max_examples=60, deadline=None)
@given(nights(), instants(QUARTER))
def test_every_moment_of_the_window_is_as_a_slow_reckoning_has_it(night: Night, now: datetime) -> None:
    by_hand = ByHand(night)
    found = stretches(night, now)
    assert (found[0].starts, found[-1].until) == (by_hand.starts, by_hand.ends)
    assert all(one.until == later.starts for one, later in pairwise(found))
    moment = by_hand.starts
    while moment < by_hand.ends:
        one = next(each for each in found if each.starts <= moment < each.until)
        assert one.missing == by_hand.deficit(min(now, moment), moment), moment
        assert one.ahead == (moment >= now)
        moment += QUARTER


@settings(max_examples=30, deadline=None)
@given(nights(late=True), instants(timedelta(hours=1)))
def test_the_outlook_is_what_is_decided_and_time_takes_a_ladder_further_when_it_says(
    night: Night, now: datetime
) -> None:
    world = default_world()
    premises = world.estates.at(now).premises("ap-bryn-awel")
    assert premises is not None
    here = Night(premises=premises, events=[])
    for item in night.events:
        data = item.event.data.model_dump(by_alias=True, exclude={"premises"})
        kind = item.event.type.rpartition(".")[2]
        here.says(kind, item.event.time, heard=item.heard, role=item.role, id=item.event.id, **data)
    case = Case(premises.id, f"{premises.id}/{NIGHT}", here.events)
    decision, found = decide(case, world, now), outlook(premises, NIGHT, here.events, world, now)
    assert tuple(one for ladder in found.ladders for one in ladder.reached) == decision.reached
    assert {**vars_of(found.state), "next_due_at": None} == {**vars_of(decision.state), "next_due_at": None}
    for ladder in found.ladders:
        if ladder.next_at is not None:
            assert ladder.next_at > now
            later = outlook(premises, NIGHT, here.events, world, ladder.next_at)
            climbed = [one for one in later.ladders if one.condition.kind == ladder.condition.kind]
            fired = {one.rung for each in climbed for one in each.reached if one.due_at == ladder.next_at}
            ended = [each for each in climbed if each.condition.end is not None]
            assert fired == {ladder.following} or ended or later.state != found.state


def vars_of(state: object) -> dict[str, object]:
    return {name: getattr(state, name) for name in state.__slots__}  # type: ignore[attr-defined]


def test_the_next_rung_of_a_ladder_is_named_with_when_it_comes() -> None:
    world = default_world()
    premises = world.estates.at(at("18:00")).premises("ap-bryn-awel")
    assert premises is not None
    [ladder] = [one for one in outlook(premises, NIGHT, [], world, at("16:05")).ladders
                if one.condition.kind == "uncovered-night"]  # fmt: skip
    assert [one.rung for one in ladder.reached] == ["ap-manager", "agency"]
    assert (ladder.following, ladder.next_at) == ("division-duty", at("16:15"))
