"""Which answers act on which ladder, found by working out every id that could ever have been said."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.history import in_order
from tests.simulation.oracle.instants import duration, instant
from tests.simulation.oracle.ladder import Answer, Condition, called, escalation_id
from tests.simulation.oracle.rulebook import CLOCKS, Rulebooks

Place = tuple[str, str, str, str]
"""Kind, clock, spell and rung."""

_OF_ORDERS: Final = (
    *product(("breach", "warning", "contested-breach"), CLOCKS),
    ("rejected-work", ""),
    ("dispute", ""),
    ("orphan", ""),
)
_OF_NIGHTS: Final = (("uncovered-night", ""), ("unconfirmed-night", ""), ("contested-breach", ""))
_OF_SOURCES: Final = (("silent-source", ""),)


@dataclass(frozen=True)
class About:
    """One subject, the events of it that count, and all that were ever heard of it."""

    unit: str
    subject: str
    kept: Sequence[Fact]
    every: Sequence[Fact]


def ladders_of(subject: str) -> Sequence[tuple[str, str]]:
    """The kinds and clocks that a subject has ladders for."""
    if subject.startswith("source:"):
        return _OF_SOURCES
    return _OF_NIGHTS if "/" in subject else _OF_ORDERS


def names(books: Rulebooks, about: About, until: int) -> dict[str, Place]:
    """Every escalation id that could have been said about a subject by an instant, worked out one by one.

    A spell may be of any rejection that was ever heard: whether it opened one depends on the reading.
    """
    rejections = ["|".join(fact.key) for fact in about.every if fact.name == "completion-rejected"]
    first = min((min(fact.time, fact.heard) for fact in about.every), default=until)
    return _names(books, (about.unit, about.subject), ("first", *dict.fromkeys(rejections)), until - first)


@lru_cache(maxsize=4096)
def _names(books: Rulebooks, whose: tuple[str, str], spells: tuple[str, ...], elapsed: int) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for kind, clock in ladders_of(whose[1]):
        for rung, repeats in rungs(books, kind, elapsed).items():
            possible = {"rejected-work": spells[1:], "dispute": spells[:1], "orphan": spells[:1]}.get(kind, spells)
            for spell, repeat in product(possible, range(repeats + 1)):
                found[escalation_id(called(*whose), kind, clock, rung, spell, repeat)] = (kind, clock, spell, rung)
    return found


def rungs(books: Rulebooks, kind: str, elapsed: int) -> dict[str, int]:
    """The rungs of a kind, each with the most repeats that fit into the time."""
    found: dict[str, int] = {}
    for _, book in books.entries:
        for row in book.data["ladders"]:
            for rung in row["rungs"] if row["kind"] == kind else []:
                fits = max(0, elapsed) // duration(rung["repeat"]) + 1 if rung.get("repeat") else 0
                found[rung["name"]] = max(found.get(rung["name"], 0), fits)
    return found


def answers_to(books: Rulebooks, about: About, condition: Condition) -> list[Answer]:
    """What was answered to a ladder, or to another of the subject in a way that covers the whole of it."""
    found: list[Answer] = []
    for fact in in_order(fact for fact in about.kept if fact.is_answer and "escalation_id" in fact.data):
        place = names(books, about, max(fact.heard, fact.time)).get(str(fact.data["escalation_id"]).lower())
        is_own = place is not None and place[:3] == (condition.kind, condition.clock, condition.spell)
        if place is None or not (is_own or fact.data.get("covers_subject", False)):
            continue
        commitment = fact.data.get("commitment")
        found.append(
            Answer(
                at=fact.time,
                declines=fact.name == "declined",
                commitment=None if commitment is None else instant(commitment),
                rung=place[3] if is_own else None,
            )
        )
    return found
