"""How a subject stood at an instant, by what had been heard by then: decided again, not remembered.

What is said about joined risk is decided anew too: every order and night of the premises, as at that instant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.exits import NotFound
from models.decision import Context, NightState, OrderState, Reached
from models.history import Taken
from models.tables import NightRow, WorkOrderRow
from streams.ledger import rows, store
from streams.ledger.context import Contexts
from streams.ledger.store import Key
from workorders.decide import Case, decide
from workorders.policy import World

_ORDER: Final = rows.table_of(WorkOrderRow)
_NIGHT: Final = rows.table_of(NightRow)


@dataclass(frozen=True, slots=True)
class AsOf:
    """One order or night as it stood at an instant: its state, and the rungs that stood then."""

    kind: str
    subject: str
    premises: str
    at: datetime
    events: int
    state: OrderState | NightState
    standing: tuple[Reached, ...]


async def read_as_of(connection: AsyncConnection, world: World, since: datetime, key: Key, at: datetime) -> AsOf:
    """The subject as at an instant; ``NotFound`` if nothing was known of it then."""
    heard = await _heard_by(connection, key, at)
    if key not in heard:
        raise NotFound(f"Nothing was known of {key[1]!r} at {at.isoformat()}.")
    context = Context()
    if store.is_order(key):
        contexts = Contexts(world)
        for other, history in heard.items():
            if other != key:
                contexts.note(other, None, decide(Case(*other, history, since=since), world, at).state)
        context = contexts.of(key, heard[key])
    decision = decide(Case(*key, heard[key], context, since=since), world, at)
    if not isinstance(decision.state, OrderState | NightState):
        raise NotFound(f"{key[1]!r} is neither an order nor a night.")
    return AsOf(
        kind="work-order" if store.is_order(key) else "night",
        subject=key[1],
        premises=key[0],
        at=at,
        events=len(heard[key]),
        state=decision.state,
        standing=tuple(reached for reached in decision.reached if reached.ended_at is None),
    )


async def _heard_by(connection: AsyncConnection, key: Key, at: datetime) -> dict[Key, list[Taken]]:
    """What had been heard of the subject, and if it is an order of all that may count for its joined risk.

    An order of which nothing had been heard was not there; a night is there although nobody has said anything.
    """
    tables = (_ORDER, _NIGHT) if store.is_order(key) else (_NIGHT,)
    query = union_all(*(select(table.c.subject).where(table.c.unit == key[0]) for table in tables))
    keys = {(key[0], row.subject) for row in await connection.execute(query)}
    known = await store.known(connection, keys if store.is_order(key) else keys & {key})
    heard = {one: [taken for taken in found.history if taken.heard <= at] for one, found in known.items()}
    return {one: history for one, history in heard.items() if history or store.is_night(one)}
