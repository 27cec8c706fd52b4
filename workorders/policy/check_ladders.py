"""Whether the ladders of a policy are complete and of one mind: one for each kind and priority, climbing upwards."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from models.escalation import EscalationKind
from models.policy import Ladder, Rung
from models.work_order import Priority

WITH_PRIORITY: Final = (
    EscalationKind.BREACH,
    EscalationKind.WARNING,
    EscalationKind.CONTESTED,
    EscalationKind.REJECTED_WORK,
    EscalationKind.DISPUTE,
)
"""The kinds whose ladder depends on the effective priority of an order."""

NIGHT_KINDS: Final = (EscalationKind.UNCOVERED_NIGHT, EscalationKind.UNCONFIRMED_NIGHT)


def faults_of_ladders(ladders: Sequence[Ladder]) -> Iterator[str]:
    """A sentence for each ladder that is missing, double, out of order or at odds with another of its kind."""
    for kind in EscalationKind:
        of_kind = [ladder for ladder in ladders if ladder.kind is kind]
        yield from _coverage(kind, of_kind)
        yield from _two_meanings(kind, of_kind)
    for ladder in ladders:
        yield from _order(ladder)


def name_of(ladder: Ladder) -> str:
    """How a sentence names a ladder: its kind, and its priorities if it has some."""
    priorities = "".join(f" {priority}" for priority in ladder.priorities)
    return f"ladders '{ladder.kind}{priorities}'"


def _coverage(kind: EscalationKind, ladders: Sequence[Ladder]) -> Iterator[str]:
    general = [ladder for ladder in ladders if not ladder.priorities]
    named = [priority for ladder in ladders for priority in ladder.priorities]
    if len(general) > 1:
        yield f"ladders '{kind}': two of them are for any priority"
    if kind not in WITH_PRIORITY and named:
        yield f"ladders '{kind}': names priorities, which this kind does not have"
    wanted: Sequence[Priority] = list(Priority)
    for priority in wanted:
        if named.count(priority) > 1:
            yield f"ladders '{kind}': two of them are for {priority}"
    missing = [priority for priority in wanted if priority not in named]
    if kind not in WITH_PRIORITY and not general:
        yield f"ladders '{kind}': is missing"
    elif not general and missing:
        yield f"ladders '{kind}': is missing for {', '.join(missing)}"
    elif general and not missing:
        yield f"ladders '{kind}': the one for any priority is never used, for each priority has its own"


def _two_meanings(kind: EscalationKind, ladders: Sequence[Ladder]) -> Iterator[str]:
    first: dict[str, Rung] = {}
    for ladder in ladders:
        for rung in ladder.rungs:
            known = first.setdefault(rung.name, rung)
            for key in ("role", "ack_holds"):
                if getattr(rung, key) != getattr(known, key):
                    yield f"ladders '{kind}', rung {rung.name!r}: {key} differs between ladders; one name, one meaning"


def _order(ladder: Ladder) -> Iterator[str]:
    place = name_of(ladder)
    names = [rung.name for rung in ladder.rungs]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{place}, rung {name!r}: is there twice"
    for earlier, later in pairwise(ladder.rungs):
        if later.after < earlier.after:
            yield f"{place}, rung {later.name!r}: after is less than that of {earlier.name!r} before it"
        if earlier.repeat is not None:
            yield f"{place}, rung {earlier.name!r}: repeat is for the last rung only"
