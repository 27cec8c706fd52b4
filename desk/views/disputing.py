"""Open disputes as people settle them: what each side says, since when, and the facts and rule behind ours."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import OrderState
from models.outputs import RuleMatch
from models.tables import EventNoteRow, EventRow, WorkOrderRow
from streams.ledger import rows, states
from streams.ledger.queries.plain import beyond

ByGravity = tuple[str, datetime, str, str]
"""Our priority, since when it is disputed, the premises and the order: the gravest and longest-standing first."""
_PRIORITISED: Final = "facilities.work-order.prioritised"
_ORDER: Final = rows.table_of(WorkOrderRow)
_EVENT: Final = rows.table_of(EventRow)
_NOTE: Final = rows.table_of(EventNoteRow)
_PLACE: Final = (_ORDER.c.base, _ORDER.c.dispute_since, _ORDER.c.unit, _ORDER.c.subject)


@dataclass(frozen=True, slots=True)
class Word:
    """What the contractor said: through which source, when, and the note that came with it."""

    source: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """One order whose contractor gives it another priority than the rules do.

    ``facts`` are those that the rules looked at, by their names; ``rules`` are those that decided.
    """

    premises: str
    subject: str
    ours: str
    effective: str
    providers: str
    since: datetime
    raised_at: datetime | None
    fix_due: datetime | None
    facts: tuple[tuple[str, str], ...]
    rules: tuple[RuleMatch, ...]
    policy_version: str
    settled: bool
    word: Word | None

    @property
    def place(self) -> ByGravity:
        """Where it stands in the list."""
        return self.ours, self.since, self.premises, self.subject


async def read_open_disputes(
    connection: AsyncConnection, units: Collection[str] | None, *, limit: int, after: ByGravity | None = None
) -> list[Dispute]:
    """The open disputes of these premises (None: all), the gravest and longest-standing first."""
    names = ("unit", "subject", "base", "effective", "provider_priority", "dispute_since", "raised_at", "fix_due")
    query = select(*(_ORDER.c[name] for name in names), _ORDER.c.state)
    query = query.where(_ORDER.c.dispute_since.is_not(None)).order_by(*_PLACE).limit(limit)
    if units is not None:
        query = query.where(_ORDER.c.unit.in_(sorted(units)))
    if after is not None:
        query = query.where(beyond(_PLACE, after))
    found = (await connection.execute(query)).all()
    return [_dispute(row, await _word(connection, row.unit, row.subject, row.provider_priority)) for row in found]


async def count_disputes(connection: AsyncConnection, units: Collection[str] | None) -> int:
    """How many disputes are open at these premises (None: at all)."""
    query = select(func.count()).select_from(_ORDER).where(_ORDER.c.dispute_since.is_not(None))
    if units is not None:
        query = query.where(_ORDER.c.unit.in_(sorted(units)))
    return (await connection.execute(query)).scalar_one()


async def _word(connection: AsyncConnection, unit: str, subject: str, priority: str) -> Word | None:
    """The latest event that gave the order the contractor's priority; somebody else may have passed it on."""
    note = (_NOTE.c.source == _EVENT.c.source) & (_NOTE.c.id == _EVENT.c.id)
    query = (
        select(_EVENT.c.source, _EVENT.c.time, _EVENT.c.body, _NOTE.c.note)
        .outerjoin(_NOTE, note)
        .where(_EVENT.c.unit == unit, _EVENT.c.subject == subject, _EVENT.c.type == _PRIORITISED)
        .order_by(_EVENT.c.time.desc(), _EVENT.c.heard.desc())
    )
    for row in await connection.execute(query):
        if orjson.loads(row.body)["data"].get("priority") == priority:
            return Word(row.source, row.time, row.note)
    return None


def _dispute(row: Any, word: Word | None) -> Dispute:  # noqa: ANN401 - a row of any statement
    state: OrderState = states.ORDER_STATE.validate_json(row.state)
    known = state.classification
    facts = known.facts if known is not None else ()
    return Dispute(
        premises=row.unit,
        subject=row.subject,
        ours=row.base,
        effective=row.effective,
        providers=row.provider_priority,
        since=row.dispute_since,
        raised_at=row.raised_at,
        fix_due=row.fix_due,
        facts=facts,
        rules=_deciding(known.rules if known is not None else (), row.base),
        policy_version=known.policy_version if known is not None else "",
        settled=dict(facts).get("settled") == "yes",
        word=word,
    )


def _deciding(rules: Sequence[RuleMatch], base: str) -> tuple[RuleMatch, ...]:
    """The rules that give the priority; the others that matched are less strict."""
    return tuple(one for one in rules if one.priority.value == base)
