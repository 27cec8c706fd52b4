"""What is unread: how long records have waited in each of our partitions, and which partition is passed over.

A partition is passed over when its position stands still although the intake goes round, and the others that wait
have had their turn. Time counts only from one measuring to the next, so that a broker that was away, a process that
was halted or a batch that takes long blames nobody.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

Partition = tuple[str, int]
"""A topic's logical name and a partition."""

LONGEST_STEP_S: Final = 15.0
"""How much of the time between two measurings counts at most; beyond, something else was wrong."""
TURN: Final = 20_000
"""How many records of one partition the client may have in hand, which come before those of the next."""
MOST_ENDS: Final = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition stands: the offset that is read next, and that at which it ends."""

    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A partition in which records wait.

    ``stood_s`` counts how long its position has not moved, ``passed`` how many records of others were taken meanwhile,
    ``due`` how many of those may come first. ``ends`` are the ends that were seen, each with when it first was.
    """

    place: Place
    ends: tuple[tuple[float, int], ...]
    stood_s: float = 0.0
    passed: int = 0
    due: int = 0

    @property
    def records(self) -> int:
        """How many wait."""
        return self.place.end - self.place.at

    def age_s(self, now: float) -> float:
        """How long the oldest of them has waited, as far as it was seen here."""
        return now - self.ends[0][0]

    def is_passed_over(self, longest_s: float) -> bool:
        """Whether it stands still for longer than that, and it is not merely others' turn."""
        return self.stood_s > longest_s and (self.passed > self.due or not self.due)


@dataclass(frozen=True, slots=True)
class Turn:
    """At which measuring a partition had last moved, and how many of its records may have been in hand together."""

    at: int
    records: int


@dataclass(slots=True)
class Unread:
    """The partitions of one worker in which records wait; written by its loop, read by any thread."""

    waiting: Mapping[Partition, Waiting] = field(default_factory=dict)
    _places: Mapping[Partition, Place] = field(default_factory=dict)
    _turns: Mapping[Partition, Turn] = field(default_factory=dict)
    _measured: float | None = None
    _n: int = 0

    def measured(self, places: Mapping[Partition, Place], now: float, turned: float) -> None:
        """Where all our partitions stand at ``now``; ``turned`` is when the intake last went round."""
        since = self._measured
        step = 0.0 if since is None or turned < since else min(now - since, LONGEST_STEP_S)
        taken = sum(max(0, place.at - self._places.get(name, place).at) for name, place in places.items())
        self._n += 1
        turns = {name: self._turn(name, place) for name, place in places.items()}
        came: Counter[int] = Counter()
        for turn in turns.values():
            came[turn.at] += turn.records
        found: dict[Partition, Waiting] = {}
        for name, place in places.items():
            if place.end <= place.at:
                continue
            before = self.waiting.get(name)
            found[name] = Waiting(place, _ends(before, place, now))
            if before is not None and before.place.at == place.at:
                due = sum(records for at, records in came.items() if at > turns[name].at)
                found[name] = replace(found[name], stood_s=before.stood_s + step, passed=before.passed + taken, due=due)
        self.waiting, self._places, self._turns, self._measured = found, dict(places), turns, now

    def _turn(self, name: Partition, place: Place) -> Turn:
        before, turn = self._places.get(name), self._turns.get(name)
        if before is None or turn is None:
            return Turn(self._n, 0)
        if before.at == place.at:
            return turn
        in_hand = min(TURN, max(0, place.end - before.at))
        goes_on = turn.at == self._n - 1
        return Turn(self._n, max(in_hand, turn.records) if goes_on else in_hand)


def _ends(before: Waiting | None, place: Place, now: float) -> tuple[tuple[float, int], ...]:
    """The ends that are still ahead of us; a topic that was made anew has none of those before."""
    seen = [] if before is None else [(when, end) for when, end in before.ends if place.at < end <= place.end]
    if not seen or seen[-1][1] < place.end:
        seen.append((now, place.end))
    return tuple(seen if len(seen) <= MOST_ENDS else [seen[0], *seen[1:-1:2], seen[-1]])
