"""Months of invented life at every premises of an estate, as the events that would be heard of it.

Everything follows from one seed. All times are whole minutes, so that a reckoning by minutes is exact. Every event
bears a value of its own, its true ``time``, and the instant at which it was ``heard``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.simulation.invention import DEFAULT_RATES, Heard, Pen, Rates, Setting
from tests.simulation.life_of_answers import answers_to_nights, answers_to_orders, answers_to_silence
from tests.simulation.life_of_nights import nights_of
from tests.simulation.life_of_orders import order_of

DEFAULT_POLICY: Final = Path(__file__).parents[2] / "workorders" / "policy" / "default.toml"
DEFAULT_ESTATE: Final = Path(__file__).parents[2] / "workorders" / "policy" / "wales.toml"
SPRING: Final = datetime(2024, 3, 4, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """What to invent: from when, for how long, how much, and how much goes wrong."""

    seed: int
    setting: Setting
    days: int = 30
    orders_per_day: float = 2.0
    start: datetime = SPRING
    rates: Rates = DEFAULT_RATES

    def heard(self) -> list[Heard]:
        """Everything that is heard, in the order of hearing; repeated deliveries of the same event are in it."""
        rng = Random(self.seed)
        pen = Pen(rng, self.setting, self.rates, prefix=f"s{self.seed}")
        for day in range(self.days):
            self._orders(pen, self.start + timedelta(days=day))
        for premises in self.setting.watched:
            nights_of(pen, premises, self.start, self.days)
        answers_to_nights(pen)
        self._heartbeats(pen)
        pen.make_mistakes()
        pen.settle_late_reports()
        return sorted(pen.delivered(), key=lambda one: (one.heard, one.event["id"]))

    def _orders(self, pen: Pen, day: datetime) -> None:
        whole = int(self.orders_per_day)
        for _ in range(whole + (pen.rng.random() < self.orders_per_day - whole)):
            order = order_of(pen, day)
            answers_to_orders(pen, order)

    def _heartbeats(self, pen: Pen) -> None:
        for source, every in self.setting.heartbeats():
            at, times = self.start, []
            while at < self.start + timedelta(days=self.days):
                pen.heartbeat(source, at)
                times.append(at)
                at += every * pen.rng.choice((0.25, 0.5, 0.75, 0.75, 1.25 if pen.happens("silence") else 0.5))
                at = at.replace(second=0, microsecond=0)
            answers_to_silence(pen, source, times)


def as_record(one: Heard) -> dict[str, Any]:
    """The event with what the broker would know of it."""
    return {"topic": one.topic, "key": one.key, "event": one.event, "heard": one.heard.isoformat()}


def mix(seed: int, n: int) -> list[dict[str, Any]]:
    """The simulator's mix of events: n records of the default estate, in the order of hearing, each once.

    Each is ``{"topic", "key", "event", "heard"}``; the event is one CloudEvent as JSON, ``heard`` an ISO text.
    """
    setting = Setting.load(DEFAULT_POLICY, DEFAULT_ESTATE)
    world = World(seed, setting, orders_per_day=60, rates=replace(DEFAULT_RATES, duplicated=0.0))
    days = max(2, n // 900)
    while True:
        heard = replace(world, days=days).heard()
        if len(heard) >= n:
            return [as_record(one) for one in heard[:n]]
        days *= 2


def batches(heard: list[Heard], rng: Random, most: int) -> Iterator[list[Heard]]:
    """The events in the order of hearing, cut at random into what one transaction takes."""
    at = 0
    while at < len(heard):
        size = rng.randint(1, most)
        yield heard[at : at + size]
        at += size
