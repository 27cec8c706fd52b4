"""What comes next: the next rung of each ladder, decided as it will be should nothing else be heard.

It is the decision itself that is asked, at the instants at which time alone changes a subject; none is reckoned here.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Reached
from models.escalation import EscalationKind
from streams.ledger import store
from streams.ledger.context import Contexts
from streams.ledger.store import Key, Known
from workorders.calendars import BeyondCalendar
from workorders.decide import Case, Undecidable, decide
from workorders.policy import World

LOOKS_AHEAD: Final = 12
"""How many of the instants at which time alone changes a subject are looked at."""

LadderKey = tuple[EscalationKind, str, str]
"""Kind, clock and spell of a ladder."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is known of a subject, and the next rung of each of its ladders."""

    known: Known
    coming: Mapping[LadderKey, Reached]


def ladder_of(reached: Reached) -> LadderKey:
    """The ladder of a rung."""
    return reached.kind, reached.clock, reached.spell


async def read_ahead(
    connection: AsyncConnection, world: World, now: datetime, keys: Collection[Key]
) -> dict[Key, Ahead]:
    """Each of these orders and nights with what comes next about it."""
    found = await store.known(connection, keys)
    contexts = Contexts(world)
    await contexts.read(connection, {key: one.history for key, one in found.items() if one.history})
    cases = {key: Case(*key, one.history, contexts.of(key, one.history), one.remembered) for key, one in found.items()}
    return {key: Ahead(one, next_rungs(cases[key], world, now)) for key, one in found.items()}


def next_rungs(case: Case, world: World, now: datetime, *, begun: bool = True) -> dict[LadderKey, Reached]:
    """The next rung of each ladder of a subject that time alone brings; those that stand now come no more.

    ``begun``: it is enough to look until each ladder that stands has its next; else as far ahead as is ever looked,
    so that ladders which have not begun have theirs, too.
    """
    found: dict[LadderKey, Reached] = {}
    with suppress(BeyondCalendar, Undecidable):
        for reached in _ahead(case, world, now, begun=begun):
            found.setdefault(ladder_of(reached), reached)
    return found


def _ahead(case: Case, world: World, now: datetime, *, begun: bool) -> Iterator[Reached]:
    decision = decide(case, world, now)
    known, standing = {one.id for one in decision.reached}, {ladder_of(one) for one in decision.reached}
    at = decision.next_due_at
    for _look in range(LOOKS_AHEAD):
        if at is None or (begun and not standing):
            return
        decision = decide(case, world, at)
        fresh = sorted((one for one in decision.reached if one.id not in known), key=lambda one: one.due_at)
        yield from fresh
        known |= {one.id for one in fresh}
        standing -= {ladder_of(one) for one in fresh}
        at = decision.next_due_at if decision.next_due_at is not None and decision.next_due_at > at else None
