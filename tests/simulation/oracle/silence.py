"""Section 5 of the rules by hand: when a source was last heard."""

from collections.abc import Sequence

from tests.simulation.oracle.instants import MINUTE
from tests.simulation.oracle.ladder import Condition


def silences(heard: Sequence[int], since: int, expect_every: int, now: int) -> list[Condition]:
    """The stretches in which a source was silent, found minute by minute; all instants are whole minutes."""
    found: list[Condition] = []
    times, last, t = set(heard), since, since
    while t <= now:
        if t in times:
            last = t
            if found and found[-1].end is None:
                found[-1].end = t
        if t - last == expect_every and t not in times:
            found.append(Condition("silent-source", "", "first", t, None, [(t, None)]))
        t += MINUTE
    return found
