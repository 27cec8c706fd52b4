"""How it stands by now with what escalations are about: each says how it was when its role was told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import orjson
from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.decision import NightState, OrderState
from models.history import TOPIC_PREFIX
from models.tables import EventRow, NightRow, WorkOrderRow
from streams.ledger import states

Key = tuple[str, str]
"""A premises and a subject."""
_ANSWER: Final = TOPIC_PREFIX["escalation-responses"]
_DECLINED: Final = f"{_ANSWER}declined"
_ANSWERS: Final = (f"{_ANSWER}acknowledged", f"{_ANSWER}resolved", _DECLINED)


class Line(Protocol):
    """An escalation: which, and about what."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def premises(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Declined:
    """Who said when that they cannot act, and why."""

    role: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ByNow:
    """The order behind an escalation as it stands, if it is one; ``declined`` if that was answered to it last."""

    order: OrderState | None = None
    declined: Declined | None = None


async def by_now(connection: AsyncConnection, lines: Sequence[Line]) -> dict[UUID, ByNow]:
    """Of each escalation how it stands by now."""
    keys = {(one.premises, one.subject) for one in lines}
    found = await subjects_now(connection, keys)
    answered = await _declined(connection, keys, found)
    return {one.id: ByNow(order_in(found, one.premises, one.subject), answered.get(one.id)) for one in lines}


async def subjects_now(connection: AsyncConnection, keys: Collection[Key]) -> dict[Key, OrderState | NightState]:
    """The orders and nights as they were last decided; a silent source has no such state."""
    orders = await connection.execute(_states(WorkOrderRow, [key for key in keys if "/" not in key[1]]))
    nights = await connection.execute(_states(NightRow, [key for key in keys if "/" in key[1]]))
    return {
        **{(row.unit, row.subject): states.ORDER_STATE.validate_json(row.state) for row in orders},
        **{(row.unit, row.subject): states.NIGHT_STATE.validate_json(row.state) for row in nights},
    }


def order_in(found: Mapping[Key, OrderState | NightState], unit: str, subject: str) -> OrderState | None:
    """The order of that key among these; None for a night or a source."""
    state = found.get((unit, subject))
    return state if isinstance(state, OrderState) else None


def _states(model: type[WorkOrderRow | NightRow], keys: Collection[Key]) -> Select[str, str, str]:
    mine = tuple_(col(model.unit), col(model.subject)).in_(sorted(keys))
    return select(col(model.unit), col(model.subject), col(model.state)).where(mine)


async def _declined(
    connection: AsyncConnection, keys: Collection[Key], found: Mapping[Key, OrderState | NightState]
) -> dict[UUID, Declined]:
    """The escalations whose last answer was that the role cannot act; what changes nothing is no answer."""
    names = ("source", "id", "type", "role", "time", "body")
    query = select(*(col(getattr(EventRow, name)) for name in names)).where(
        tuple_(col(EventRow.unit), col(EventRow.subject)).in_(sorted(keys)), col(EventRow.type).in_(_ANSWERS)
    )
    nothing = {(one.source, one.id) for state in found.values() for one in state.ignored}
    last: dict[UUID, Declined | None] = {}
    for row in await connection.execute(query.order_by(col(EventRow.time), col(EventRow.heard))):
        if (row.source, row.id) not in nothing:
            says = orjson.loads(row.body)["data"]
            declined = Declined(row.role, row.time, says.get("reason", "")) if row.type == _DECLINED else None
            last[UUID(says["escalation_id"])] = declined
    return {id_: one for id_, one in last.items() if one is not None}
