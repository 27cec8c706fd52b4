"""Which order, night or escalation is meant; what lies beyond a key's reach is missing like what there is not."""

import re
from datetime import date
from http import HTTPStatus
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api.guard import Caller
from desk.api.problems import Problem, missing
from desk.views.escalations import EscalationLine, escalations_named
from desk.views.subject import premises_of
from models.ids import PremisesId, WorkOrderId, night_id
from models.refusal import Reason, quote

ORDER: Final = TypeAdapter[str](WorkOrderId)
PREMISES: Final = TypeAdapter[str](PremisesId)
_NIGHT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def place_of_order(connection: AsyncConnection, caller: Caller, order: str, named: str | None) -> str:
    """The premises of an order: the one named, else the only one within reach that has an order of that id."""
    if (told := place_named(caller, order, named)) is not None:
        return told
    desk = caller.desk
    found = [one for one in await premises_of(connection, desk.world, desk.now, order) if caller.reaches(one)]
    if not found:
        raise missing("order")
    if len(found) > 1:
        sentence = f"Several premises have an order {quote(order)} ({', '.join(found)}): name one as premises."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "ambiguous-order", sentence, about="premises")
    return found[0]


def place_named(caller: Caller, order: str, named: str | None) -> str | None:
    """The premises that was named for an order, which the ledger then need not be asked for; None if none was."""
    if not _is(ORDER, order):
        raise missing("order")
    return None if named is None else within_reach(caller, named)


def within_reach(caller: Caller, premises: object) -> str:
    """The premises, if it is one that this key may speak of; whether there is such a one is judged later."""
    if not isinstance(premises, str) or not _is(PREMISES, premises):
        raise _unknown("premises must be the id of a premises.", Reason.MALFORMED_FIELD)
    if not caller.reaches(premises):
        raise _unknown(f"{quote(premises)} is no premises within this key's reach.", Reason.UNKNOWN_PREMISES)
    return premises


def night_named(caller: Caller, premises: str, night: str) -> str:
    """The subject of a night at a premises within reach; a ``Problem`` if it cannot be one."""
    if not _is(PREMISES, premises) or not caller.reaches(premises) or not _NIGHT.fullmatch(night):
        raise missing("night")
    try:
        date.fromisoformat(night)
    except ValueError:
        raise missing("night") from None
    return night_id(premises, night)


async def the_escalation(connection: AsyncConnection, caller: Caller, id_: str) -> EscalationLine:
    """The escalation of that id, if it is within reach."""
    try:
        whole = str(UUID(id_))
    except ValueError:
        raise missing("escalation") from None
    found = await escalations_named(connection, whole)
    if not found or not caller.reaches(found[0].premises):
        raise missing("escalation")
    return found[0]


def _unknown(sentence: str, reason: Reason) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(reason), sentence, about="premises")


def _is(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
