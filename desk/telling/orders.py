"""What is said about one work order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from desk.exits import NotFound
from desk.near import did_you_mean
from desk.opening import Desk
from desk.options import Speaking, SpeakingOfOrder
from desk.telling.saying import Event, make_event, needs_premises, say, times
from desk.views.subject import orders_like, premises_of
from models.ids import new_id
from streams.ledger.ledger import Ledger

TOPIC: Final = "work-orders"
_OPTIONS: Final = {"promised_fix": "--promised-fix", "until": "--until", "visit_at": "TIME"}


def raise_at(
    premises: str, order: str | None, data: Mapping[str, Any], given: Mapping[str, str | None], speaking: Speaking
) -> int:
    """Raise an order at a premises, under a new id unless one is given."""

    async def build(desk: Desk, _: Ledger, at: datetime) -> Event:
        subject = order or new_order_id()
        return make_event(TOPIC, "raised", subject, premises, at, {**data, **times(desk, given, _OPTIONS)}, speaking)

    return say(speaking, build)


def tell(
    order: str, verb: str, data: Mapping[str, Any], given: Mapping[str, str | None], speaking: SpeakingOfOrder
) -> int:
    """Say one thing about an order; its premises is the one under which the ledger knows it."""

    async def build(desk: Desk, ledger: Ledger, at: datetime) -> Event:
        premises = await place_of(desk, ledger, order, speaking.premises)
        return make_event(TOPIC, verb, order, premises, at, {**data, **times(desk, given, _OPTIONS)}, speaking)

    return say(speaking, build)


async def place_of(desk: Desk, ledger: Ledger, order: str, named: str | None) -> str:
    """The premises of an order: the one named, else the only one that has an order of that id."""
    if named is not None:
        return named
    async with ledger.reading() as connection:
        found = await premises_of(connection, desk.world, desk.now, order)
        meant = "" if found else did_you_mean(order, await orders_like(connection, order))
    if not found:
        raise needs_premises(order, meant)
    if len(found) > 1:
        raise NotFound(f"Several premises have an order {order!r} ({', '.join(found)}): name one with --premises.")
    return found[0]


def new_order_id() -> str:
    """A fresh order id, short enough to say over the telephone and long enough never to be given twice."""
    return f"WO-{new_id().replace('-', '')[:12]}"
