"""What has changed is drawn soon while there is time to spare, and gives way to what is heard while there is none."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from desk.pages.live_pace import DRAWN_EVERY_S, LONGEST_PAUSE_S, PAUSES, Pace
from desk.pages.live_views import LOOK_EVERY_S


@dataclass
class Process:
    """A process as it passes its time; ``busy`` is what part of a core all but the drawing uses."""

    busy: float
    passed: float = 0.0
    used: float = 0.0

    def passes(self, seconds: float, busy: float | None = None) -> None:
        self.passed += seconds
        self.used += seconds * (self.busy if busy is None else busy)

    @property
    def pace(self) -> Pace:
        return Pace(lambda: self.passed, lambda: self.used)

    def pauses(self, took: float) -> Iterator[float]:
        """How long nothing is drawn after each round that takes so long."""
        pace = self.pace
        while True:
            assert pace.is_rested()
            pace.begin()
            self.passes(took, 1.0)
            pace.end()
            since = self.passed
            while not pace.is_rested():
                self.passes(LOOK_EVERY_S)
            yield self.passed - since + 1e-9


@pytest.mark.parametrize("took", [0.01, 0.3, 0.9])
def test_with_time_to_spare_it_is_drawn_within_two_seconds_however_many_watch(took: float) -> None:
    pauses = Process(busy=0.3).pauses(took)
    assert all(DRAWN_EVERY_S <= next(pauses) <= DRAWN_EVERY_S + LOOK_EVERY_S + 0.001 for _ in range(5))


@pytest.mark.parametrize("took", [0.1, 0.4, 1.2])
def test_while_much_is_heard_drawing_takes_a_sixteenth_of_the_time_at_most(took: float) -> None:
    pauses = Process(busy=0.95).pauses(took)
    for _ in range(5):
        assert PAUSES * took <= next(pauses) <= PAUSES * took + LOOK_EVERY_S + 0.001


def test_however_long_a_round_takes_the_next_one_comes() -> None:
    assert next(Process(busy=1.0).pauses(30.0)) == pytest.approx(LONGEST_PAUSE_S)


def test_it_is_drawn_again_as_soon_as_the_flood_is_over() -> None:
    process = Process(busy=1.0)
    pace = process.pace
    pace.begin()
    process.passes(1.0)
    pace.end()
    for _ in range(8):
        process.passes(1.0)
        assert not pace.is_rested()
    process.passes(DRAWN_EVERY_S, busy=0.0)
    assert pace.is_rested()
