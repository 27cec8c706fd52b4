"""From an order to its events: CloudEvents as every other source sends them, heard when they happened.

The ids are made from the order's id, so importing the same file again says nothing new, and a later copy of it adds
only what has happened since.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from desk.importing.mapping import Ending, Mapping
from desk.importing.orders import Order
from desk.importing.remarks import Remark
from models.parse import parse
from models.refusal import Refusal
from streams.ledger.incoming import Incoming
from streams.topics import WORK_ORDERS
from workorders.admission import admit
from workorders.policy import World

HEARD: Final = "heard"
ROW: Final = "importrow"
"""The extension that tells from which row of its file an event was made."""
_FAMILY: Final = "facilities.work-order."
_SAYS: Final[dict[Ending, tuple[str, dict[str, str]]]] = {
    Ending.COMPLETED: ("completed", {}),
    Ending.ADMINISTRATIVE: ("closed", {"outcome": "administrative"}),
    Ending.NO_ACCESS: ("closed", {"outcome": "no-access"}),
    Ending.DUPLICATE: ("cancelled", {"reason": "duplicate"}),
    Ending.INVALID: ("cancelled", {"reason": "invalid"}),
    Ending.WITHDRAWN: ("cancelled", {"reason": "withdrawn"}),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One order and the events that tell it, the raised event first."""

    order: Order
    events: tuple[Incoming, ...]


class Telling:
    """Writes orders as events, and refuses what the pipeline would refuse before anything of the order is sent."""

    def __init__(self, mapping: Mapping, world: World) -> None:
        self._mapping = mapping
        self._world = world
        self._columns = {
            "subject": mapping.columns.order,
            "id": mapping.columns.order,
            "data.promised_fix": mapping.columns.promised,
            "data.contractor_reference": mapping.columns.contractor_reference,
            "data.premises": mapping.premises.column,
        }

    def tell(self, order: Order) -> Told | Remark:
        """The events of an order; or why they could not be taken, with the column to blame."""
        events = [self._raised(order)]
        if order.ended is not None:
            kind, data = _SAYS[order.ended.how]
            events.append(self._event(order, "ended", kind, order.ended.at, data))
        for event, at in zip(events, (self._mapping.columns.raised, self._mapping.columns.ended), strict=False):
            refusal = self._refusal(event)
            if refusal is not None:
                column = (at if refusal.field == "time" else self._column(refusal.field)) or ""
                return Remark(order.row, order.reference, column, str(refusal.code), refusal.sentence)
        return Told(order, tuple(events))

    def _raised(self, order: Order) -> Incoming:
        facts = order.facts
        data: dict[str, Any] = {
            "asset": facts.kind.asset,
            "fault": facts.kind.fault,
            "impacts": facts.kind.impacts,
            "alternative_available": facts.kind.alternative_available,
        }
        if facts.contractor_reference is not None:
            data["contractor_reference"] = facts.contractor_reference
        if facts.promised is not None:
            data["promised_fix"] = facts.promised
        return self._event(order, "raised", "raised", facts.raised, data)

    def _event(self, order: Order, part: str, kind: str, at: datetime, data: dict[str, Any]) -> Incoming:
        premises = order.facts.premises
        value = orjson.dumps(
            {
                "specversion": "1.0",
                "id": f"{order.reference}/{part}",
                "source": self._mapping.source,
                "type": _FAMILY + kind,
                "subject": order.reference,
                "time": at,
                HEARD: at.isoformat(),
                ROW: order.row,
                "data": {"premises": premises, **data},
            }
        )
        return Incoming(WORK_ORDERS.name, premises.encode(), value, heard=at)

    def _refusal(self, event: Incoming) -> Refusal | None:
        found = parse(event.value, event.key, event.headers, event.topic)
        if isinstance(found, Refusal):
            return found
        admitted = admit(found, event.key, found.time, self._world)
        return admitted if isinstance(admitted, Refusal) else None

    def _column(self, field: str) -> str | None:
        """The column from which the field of a refusal was filled."""
        if field.startswith(("data.asset", "data.fault", "data.impacts")):
            return self._mapping.kinds.column
        return self._columns.get(field)
