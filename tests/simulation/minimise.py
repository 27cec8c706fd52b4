"""The smallest part of a history that still shows a fault, found by leaving out whatever can be left out."""

from collections.abc import Callable, Sequence

from tests.simulation.driver import fact
from tests.simulation.invention import Heard
from tests.simulation.oracle.answers import About, names
from tests.simulation.oracle.instants import instant
from tests.simulation.oracle.unit import Oracle

Fails = Callable[[Sequence[Heard]], bool]


def smallest(history: Sequence[Heard], fails: Fails) -> list[Heard]:
    """A part of the history that still fails and of which no single event can be left out.

    Whole halves are tried first, then quarters, and so on down to single events.
    """
    left = list(history)
    size = max(1, len(left) // 2)
    while True:
        before = len(left)
        at = 0
        while at < len(left):
            rest = left[:at] + left[at + size :]
            if fails(rest):
                left = rest
            else:
                at += size
        if size > 1:
            size = max(1, size // 2)
        elif len(left) == before:
            return left


def told(history: Sequence[Heard], oracle: Oracle) -> str:
    """The history as people read it, one event a line; escalation ids are given the names that they derive from."""
    lines = []
    for one in history:
        line = f"  {one.event['subject']}: {fact(one)}"
        about = [fact(other) for other in history if other.event["subject"] == one.event["subject"]]
        name = str(one.event["data"].get("escalation_id", ""))
        if name:
            everything = About(one.key, one.event["subject"], about, about)
            place = names(oracle.books, everything, instant(one.heard)).get(name)
            line = line.replace(name, "nothing that exists" if place is None else " ".join(place))
        lines.append(line)
    return "\n".join(lines)
