"""Service requests: orders as GeoReport v2 shows them. What it has no word for is left to the API of our own."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from pydantic import ValidationError
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.api.finding import ORDER, PREMISES
from desk.api.guard import Caller
from desk.api.open311.services import code_of, name_of
from desk.instants import utc
from desk.views.rows import AnyRow
from models.decision import Classification
from models.tables import EventNoteRow, EventRow, WorkOrderRow
from streams.ledger import states

OPEN: Final = "open"
CLOSED: Final = "closed"
RAISED: Final = "facilities.work-order.raised"
_NAMES: Final = ("unit", "subject", "status", "outcome", "is_open", "raised_at", "ended_at", "fix_due", "decided_at")
_SHOWN: Final = (*(col(getattr(WorkOrderRow, name)) for name in _NAMES), col(WorkOrderRow.state))
_KNOWN: Final = col(WorkOrderRow.base).is_not(None)
"""That an order was raised, and so classified: until then nobody knows what it is about."""
Place = tuple[str, str]
"""The premises and the id of an order: only both together are an order's alone."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are asked for: by when they were made (both ends counted), service, and whether they are open."""

    since: datetime
    until: datetime
    services: Collection[tuple[str, str]]
    open: bool | None


def id_of(premises: str, order: str) -> str:
    """The id of a service request."""
    return f"{premises}:{order}"


def place_in(id_: str) -> Place | None:
    """The premises and order of an id; None if it can be no id."""
    premises, _, order = id_.partition(":")
    try:
        return PREMISES.validate_python(premises), ORDER.validate_python(order)
    except ValidationError:
        return None


async def read_wanted(
    connection: AsyncConnection, caller: Caller, wanted: Wanted, page: int, size: int
) -> list[dict[str, Any]]:
    """One page of the requests that are asked for and within reach, the latest first."""
    unit, subject, raised = (col(getattr(WorkOrderRow, name)) for name in ("unit", "subject", "raised_at"))
    keys = select(unit, subject).where(_KNOWN, raised.between(wanted.since, wanted.until))
    if caller.units is not None:
        keys = keys.where(unit.in_(sorted(caller.units)))
    if wanted.open is not None:
        keys = keys.where(col(WorkOrderRow.is_open).is_(wanted.open))
    if wanted.services:
        keys = keys.where(or_(*(_has_facts(*service) for service in sorted(wanted.services))))
    keys = keys.order_by(raised.desc(), unit, subject).limit(size).offset((page - 1) * size)
    # Only those of the page are read whole, and not all that had to be sorted.
    one = keys.subquery()
    query = select(*_SHOWN).join(one, and_(unit == one.c.unit, subject == one.c.subject))
    rows = (await connection.execute(query.order_by(raised.desc(), unit, subject))).all()
    return await asyncio.to_thread(_shown, caller, rows)  # a thousand would hold up every other answer


async def read_named(connection: AsyncConnection, caller: Caller, places: Collection[Place]) -> list[dict[str, Any]]:
    """Those of the places that are orders within reach."""
    within = [place for place in sorted(places) if caller.reaches(place[0])]
    if not within:
        return []
    unit, subject = col(WorkOrderRow.unit), col(WorkOrderRow.subject)
    named = or_(*(and_(unit == place[0], subject == place[1]) for place in within))
    query = select(*_SHOWN).where(named, _KNOWN).order_by(unit, subject)
    return _shown(caller, (await connection.execute(query)).all())


async def read_description(connection: AsyncConnection, place: Place) -> str | None:
    """What whoever reported it wrote, unless it was erased."""
    noted = (col(EventNoteRow.source) == col(EventRow.source)) & (col(EventNoteRow.id) == col(EventRow.id))
    query = (
        select(col(EventNoteRow.note))
        .join(EventRow, noted)
        .where(col(EventRow.unit) == place[0], col(EventRow.subject) == place[1], col(EventRow.type) == RAISED)
        .order_by(col(EventRow.heard))
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


def _has_facts(asset: str, fault: str) -> Any:  # noqa: ANN401 - a condition
    """Whether an order was classified by this asset and fault; its state says so in just these words."""
    state = col(WorkOrderRow.state)
    pairs = (states.dump(["asset", asset]), states.dump(["fault", fault]))
    return and_(*(state.contains(pair, autoescape=True) for pair in pairs))


def _shown(caller: Caller, rows: Sequence[AnyRow]) -> list[dict[str, Any]]:
    return [_one(caller, row) for row in rows]


def _one(caller: Caller, row: AnyRow) -> dict[str, Any]:
    known = cast("Classification", states.ORDER_STATE.validate_json(row.state).classification)
    facts = dict(known.facts)
    asset, fault = facts["asset"], facts["fault"]
    desk = caller.desk
    premises = desk.world.estates.at(desk.now).premises(row.unit)
    changed = row.decided_at if row.is_open else row.ended_at or row.decided_at
    return {
        "service_request_id": id_of(row.unit, row.subject),
        "status": OPEN if row.is_open else CLOSED,
        "status_notes": row.outcome or row.status,
        "service_name": name_of(desk.world.policies.at(desk.now).spec.codes, asset, fault),
        "service_code": code_of(asset, fault),
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": utc(row.raised_at),
        "updated_datetime": utc(changed),
        "expected_datetime": None if row.fix_due is None else utc(row.fix_due),
        "address": premises.name if premises is not None else row.unit,
        "address_id": row.unit,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }
