"""What a repair is decided as, and why: by the decision itself, over what is known of the premises, never by a copy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api import operations
from desk.api.guard import Caller
from desk.api.problems import Problem
from desk.opening import Desk
from desk.options import Speaking
from desk.pages.sentences import role_name
from desk.telling.saying import make_event
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import Context, OrderState
from models.escalation import ClockName, EscalationKind
from models.history import Taken
from models.parse import parse
from models.refusal import Refusal
from streams.ledger import store
from streams.ledger.context import Contexts
from streams.ledger.store import Key
from workorders.admission import admit
from workorders.decide import Case, decide
from workorders.policy import Policy

CLOCKS: Final[Mapping[ClockName, str]] = {
    ClockName.ATTEND: N_("Somebody comes by"),
    ClockName.MAKE_SAFE: N_("The danger is ended by"),
    ClockName.FIX: N_("It is repaired by"),
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an order counts as now, and by itself; why in the policy's words, and what else there makes it graver.

    ``targets`` are what is to be done by when, in the order of their times.
    """

    level: str
    own: str
    reasons: tuple[str, ...]
    joined: tuple[str, ...]
    targets: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told at an instant unless it is done by then; ``is_late`` tells that a target is then missed."""

    role: str
    at: datetime
    is_late: bool


async def foreseen(connection: AsyncConnection, caller: Caller, key: Key, said: Mapping[str, Any]) -> Outlook:
    """What an order would be decided as if it were raised now; a ``Problem`` if it could not be."""
    desk, operation = caller.desk, operations.RAISE
    premises, order = key
    event = make_event(
        operation.topic, operation.verb, order, premises, desk.now, said, Speaking(source=caller.key.source)
    )
    read = parse(orjson.dumps(event.content), premises.encode(), (), operation.topic)
    taken = read if isinstance(read, Refusal) else admit(read, premises.encode(), desk.now, desk.world)
    if isinstance(taken, Refusal):
        raise Problem.of(taken, taken.field.removeprefix("data."))
    context = await _context(connection, desk, key, [taken])
    state = decide(Case(premises, order, [taken], context), desk.world, desk.now).state
    if not isinstance(state, OrderState):
        raise TypeError(f"{order!r} was decided as no order")
    return _outlook(desk, state, context)


async def decided(connection: AsyncConnection, desk: Desk, key: Key, state: OrderState) -> Outlook:
    """What an order has been decided as."""
    history = (await store.known(connection, [key]))[key].history
    return _outlook(desk, state, await _context(connection, desk, key, history))


async def _context(connection: AsyncConnection, desk: Desk, key: Key, history: list[Taken]) -> Context:
    contexts = Contexts(desk.world)
    await contexts.read(connection, {key: history})
    return contexts.of(key, history)


def _outlook(desk: Desk, state: OrderState, context: Context) -> Outlook:
    found = state.classification
    if found is None:
        return Outlook("", "", (), (), ())
    clocks = sorted((one.due, one.name) for one in state.clocks if one.met is None)
    return Outlook(
        level=found.effective.value,
        own=found.base.value,
        reasons=tuple(one.reason for one in found.rules if one.priority is found.base),
        joined=tuple(_joined(state, context, desk.now)) if found.effective is not found.base else (),
        targets=tuple((_(CLOCKS[name]), due) for due, name in clocks),
    )


def _joined(state: OrderState, context: Context, now: datetime) -> Iterator[str]:
    """What else at the premises makes the order count as graver now."""
    if state.security and any(since <= now and (until is None or now < until) for since, until in context.short):
        yield _("The night is short of staff, and this keeps the site secure.")
    others = {
        subject for group in state.groups for subject, (since, until) in context.siblings.get(group, ())
        if subject != state.subject and since <= now and (until is None or now < until)
    }  # fmt: skip
    for other in sorted(others):
        yield _("Another part of the same control is broken too: {reference}.", reference=other)


def told_next(desk: Desk, state: OrderState) -> list[Told]:
    """Who is told first that time runs out, and who that a target is missed, unless it is done before."""
    found, open_clocks = state.classification, [one for one in state.clocks if one.met is None]
    if found is None or not open_clocks or state.status != "open":
        return []
    policy = desk.world.policies.by_version(found.policy_version) or desk.world.policies.at(desk.now)
    warned = _first(desk, policy, EscalationKind.WARNING, state, min(one.warn for one in open_clocks))
    late = _first(desk, policy, EscalationKind.BREACH, state, min(one.due for one in open_clocks))
    return [one for one in (warned, late) if one.at > desk.now]


def _first(desk: Desk, policy: Policy, kind: EscalationKind, state: OrderState, onset: datetime) -> Told:
    level = state.classification.effective if state.classification is not None else None
    rung = policy.ladder(kind, level)[0]
    return Told(role_name(desk, rung.role), onset + rung.after, kind is EscalationKind.BREACH)
