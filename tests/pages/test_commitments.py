"""The times that can be chosen: as people say them, also where the clocks change, and never beyond what holds."""

from datetime import UTC, datetime, timedelta

import pytest

from desk.opening import Desk
from desk.pages.commitments import choices, chosen
from desk.words import in_language
from workorders.policy import default_world


def desk_at(now: str) -> Desk:
    return Desk("sqlite:///none", "simulated", datetime.fromisoformat(now).replace(tzinfo=UTC), default_world())


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-01-13T18:41:10", ["today at 19:45, in 1 hour 3 minutes", "tomorrow at 09:00, in 14 hours 18 minutes"]),
        ("2026-01-13T23:30:00", ["tomorrow at 00:30, in 1 hour"]),
        ("2026-03-28T18:00:00", ["tomorrow at 09:00, in 14 hours"]),
        ("2026-10-24T17:00:00", ["tomorrow at 09:00, in 16 hours"]),
        ("2026-10-24T23:30:00", ["today at 01:30, in 1 hour", "today at 01:30, in 2 hours"]),
    ],
)
def test_times_are_said_as_people_at_the_premises_say_them(now: str, said: list[str]) -> None:
    texts = [one.text for one in choices(desk_at(now))]
    assert [one for one in said if one not in texts] == [], texts


def test_no_time_is_offered_twice_and_each_one_can_be_chosen() -> None:
    begin = datetime(2026, 3, 27, tzinfo=UTC)
    for hours in range(72):
        desk = desk_at((begin + timedelta(hours=hours, minutes=7)).isoformat(timespec="seconds")[:19])
        values = [one.value for one in choices(desk)]
        assert len(values) == len(set(values)) >= 4
        assert [value for value in values if chosen(value, desk).fault] == []


def test_whoever_cannot_say_yet_promises_nothing() -> None:
    assert chosen("none", desk_at("2026-01-13T18:00:00")).at is None


def test_the_same_times_are_offered_in_welsh() -> None:
    desk = desk_at("2026-01-13T18:00:00")
    with in_language("cy"):
        welsh = choices(desk)
    assert [one.value for one in welsh] == [one.value for one in choices(desk)]
