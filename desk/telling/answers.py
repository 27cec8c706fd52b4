"""What a role answers to an escalation, named by its id or the beginning of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from desk.exits import NotFound
from desk.opening import Desk
from desk.options import Speaking
from desk.telling.saying import Event, make_event, say, times
from desk.views.escalations import EscalationLine, escalations_named
from streams.ledger.ledger import Ledger

TOPIC: Final = "escalation-responses"
_OPTIONS: Final = {"commitment": "--commitment"}


def answer(
    escalation: str, verb: str, data: Mapping[str, Any], given: Mapping[str, str | None], speaking: Speaking
) -> int:
    """Answer the escalation whose id begins so."""

    async def build(desk: Desk, ledger: Ledger, at: datetime) -> Event:
        found = await the_escalation(ledger, escalation)
        said = {**data, **times(desk, given, _OPTIONS), "escalation_id": str(found.id)}
        return make_event(TOPIC, verb, found.subject, found.premises, at, said, speaking)

    return say(speaking, build)


async def the_escalation(ledger: Ledger, prefix: str) -> EscalationLine:
    """The one escalation whose id begins so; ``NotFound`` in one sentence if there is none or more than one."""
    async with ledger.reading() as connection:
        found = await escalations_named(connection, prefix)
    if not found:
        raise NotFound(
            f"No escalation has an id that begins with {prefix!r}; 'workorders escalations' lists those that stand."
        )
    if len(found) > 1:
        raise NotFound(f"Several escalations have an id that begins with {prefix!r}; write more of it.")
    return found[0]
