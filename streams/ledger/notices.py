"""Notices in the ledger: statements that wait to be told, what was planned, and who has which notice in hand.

A statement waits from the transaction that wrote it until the one that writes its notices, so none is lost or planned
twice. A notice is in hand until an instant; whoever dies with it leaves it to be taken up again after that.
"""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.escalation import StatementKind
from models.tables import (
    EscalationRow,
    NoticeAttemptRow,
    NoticeDueRow,
    NoticeLostRow,
    NoticeRow,
    RehearsalRow,
    StatementRow,
)
from streams.ledger import rows, states
from streams.notices.notice import UNANSWERED, Due, Fate, Notice

_DUE: Final = rows.table_of(NoticeDueRow)
_NOTICE: Final = rows.table_of(NoticeRow)
_LOST: Final = rows.table_of(NoticeLostRow)
_REHEARSAL: Final = rows.table_of(RehearsalRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_ESCALATION: Final = rows.table_of(EscalationRow)
_NAMES: Final = tuple(field.name for field in fields(Notice))
COLUMNS: Final = tuple(_NOTICE.c[name] for name in _NAMES)
"""What a notice is read from, in the order of its fields."""
_ORDER: Final = (_NOTICE.c.urgent.desc(), _NOTICE.c.next_at, _NOTICE.c.id)
"""What is sent first."""
_PLANNING: Final = zlib.crc32(b"workorders notices")
"""The PostgreSQL advisory lock by which one plans at a time, so that a flood is seen as a whole."""

LONGEST_CLOSING: Final = timedelta(days=7)
"""Longer than any holidays: what has waited so long for a route to open looks late from then on."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What there is to do; ``to_send`` are the kinds of channel with notices to send."""

    to_plan: bool
    to_rehearse: bool
    to_send: frozenset[str]
    lost: bool


async def wait_to_be_told(connection: AsyncConnection, statements: Sequence[rows.Values]) -> None:
    """From now on these statements, which this transaction writes, wait to be told."""
    new = [
        {"escalation_id": row["escalation_id"], "n": row["n"], "since": row["said_at"], "not_before": row["said_at"]}
        for row in statements
    ]
    await rows.insert(connection, NoticeDueRow, new)


async def tell_nobody(connection: AsyncConnection) -> None:
    """Nobody is told of what waits to be told: it is history."""
    await connection.execute(_DUE.delete())


async def plans_alone(connection: AsyncConnection) -> bool:
    """Whether this transaction is the one that plans now; on SQLite a writer is always alone."""
    if connection.dialect.name == "sqlite":
        return True
    asked = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool((await connection.execute(asked, {"key": _PLANNING})).scalar_one())


async def due(connection: AsyncConnection, now: datetime, limit: int) -> list[Due]:
    """Statements that wait to be told, in the order in which they were said.

    What still stands is told as it stands by now, not as it was when it was said. Whatever is said about an escalation
    brings what waits about it, such as for a route to open, to be looked at at once.
    """
    again = select(_DUE.c.escalation_id).where(_DUE.c.not_before <= now)
    mine = (_STATEMENT.c.escalation_id == _DUE.c.escalation_id) & (_STATEMENT.c.n == _DUE.c.n)
    query = (
        select(
            _DUE.c.escalation_id, _DUE.c.n, _DUE.c.since, _STATEMENT.c.unit, _STATEMENT.c.statement,
            _STATEMENT.c.reason, _STATEMENT.c.said_at, _STATEMENT.c.content, _ESCALATION.c.standing,
            _ESCALATION.c.content.label("latest"),
        )
        .join_from(_DUE, _STATEMENT, mine)
        .join(_ESCALATION, _ESCALATION.c.id == _DUE.c.escalation_id)
        .where(_DUE.c.escalation_id.in_(again))
        .order_by(_DUE.c.since, _DUE.c.escalation_id, _DUE.c.n)
        .limit(limit)
    )  # fmt: skip
    return [_due(row) for row in await connection.execute(query)]


def _due(row: Any) -> Due:  # noqa: ANN401 - a row of any statement
    reached = states.REACHED.validate_json(row.latest if row.standing else row.content)
    statement = StatementKind(row.statement)
    return Due(row.escalation_id, row.n, row.since, row.unit, statement, row.reason, row.said_at, reached, row.standing)


async def about(connection: AsyncConnection, escalations: Collection[UUID]) -> dict[UUID, list[Notice]]:
    """Every notice about these escalations, in the order of what they tell of; nobody else changes them meanwhile."""
    if not escalations:
        return {}
    found: dict[UUID, list[Notice]] = {}
    for one in await _held(connection, _NOTICE.c.escalation_id.in_(sorted(escalations))):
        found.setdefault(one.escalation_id, []).append(one)
    return found


async def of(connection: AsyncConnection, escalations: Collection[UUID]) -> dict[UUID, list[Notice]]:
    """Every notice about these escalations, as :func:`about`, only to be looked at: nobody has to wait for us."""
    query = select(*COLUMNS).where(_NOTICE.c.escalation_id.in_(sorted(escalations)))
    found: dict[UUID, list[Notice]] = {}
    for row in await connection.execute(query.order_by(_NOTICE.c.planned_at, _NOTICE.c.n, _NOTICE.c.id)):
        found.setdefault(row.escalation_id, []).append(Notice(*row))
    return found


async def recent(connection: AsyncConnection, addresses: Collection[str], since: datetime) -> list[Notice]:
    """The notices planned to these addresses since the instant; nobody else changes them meanwhile."""
    if not addresses:
        return []
    return await _held(connection, _NOTICE.c.address.in_(sorted(addresses)), _NOTICE.c.planned_at >= since)


async def _held(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[Notice]:
    """Notices, locked in the order of their ids: one that is being taken in hand is read as it then is."""
    query = select(*COLUMNS).where(*which).order_by(_NOTICE.c.id).with_for_update()
    found = [Notice(*row) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: (one.planned_at, one.n, one.id))


async def write(connection: AsyncConnection, new: Iterable[Notice], changed: Iterable[Notice]) -> None:
    """Keep what was planned: notices that are new, and earlier ones that it changes."""
    await rows.insert(connection, NoticeRow, [row_of(one) for one in new], clash="keep")
    once = {one.id: one for one in changed}
    changes = [
        {"id": one.id, "digest": one.digest, "next_at": one.next_at, "outcome": str(one.outcome), "detail": one.detail,
         "settled_at": one.settled_at}
        for _, one in sorted(once.items())
    ]  # fmt: skip
    await rows.update(connection, NoticeRow, changes)


async def planned(connection: AsyncConnection, done: Collection[Due], later: Sequence[tuple[Due, datetime]]) -> None:
    """These statements wait no more; those are looked at again later."""
    await rows.delete(connection, NoticeDueRow, ("escalation_id", "n"), [(one.escalation_id, one.n) for one in done])
    again = [{"escalation_id": one.escalation_id, "n": one.n, "not_before": at} for one, at in later]
    await rows.update(connection, NoticeDueRow, again)


async def lose(connection: AsyncConnection, lost: Iterable[tuple[UUID, int]], now: datetime) -> None:
    """No channel could tell a role of these statements."""
    new = [{"escalation_id": id_, "n": n, "at": now} for id_, n in sorted(lost)]
    await rows.insert(connection, NoticeLostRow, new, clash="keep")


async def waiting(connection: AsyncConnection, now: datetime) -> Waiting:
    """What there is to do."""
    sending = select(_NOTICE.c.kind).where(_NOTICE.c.next_at.is_not(None), _NOTICE.c.next_at <= now).distinct()
    return Waiting(
        to_plan=await _any(connection, select(_DUE.c.n).where(_DUE.c.not_before <= now)),
        to_rehearse=await _any(connection, select(_REHEARSAL.c.id).where(_REHEARSAL.c.planned_at.is_(None))),
        to_send=frozenset((await connection.execute(sending)).scalars()),
        lost=await _any(connection, select(_LOST.c.n).where(_LOST.c.settled_at.is_(None))),
    )


async def _any(connection: AsyncConnection, query: Select[Any]) -> bool:
    return (await connection.execute(query.limit(1))).first() is not None


@dataclass(frozen=True, slots=True)
class Room:
    """What somebody who sends notices of one kind can take in hand beside what they have.

    ``again`` is how many of them may be what was tried before: receivers that are dead must not take up everything.
    ``reached`` are the notices in hand, however long ago they were taken up, and ``addresses`` whom they go to: nobody
    is sent two things at once by one worker, so that a dead receiver holds up one place and no more.
    """

    free: int
    again: int
    reached: Collection[UUID] = ()
    addresses: Collection[str] = ()


async def claim(
    connection: AsyncConnection, kind: str, now: datetime, until: datetime, room: Room, worker: str
) -> list[Notice]:
    """Take notices of one kind in hand until the instant, the urgent first; what others have in hand is passed over.

    The attempt is kept before it is made: if its worker dies nobody knows what became of it, and so it says.
    """
    query = (
        select(*COLUMNS)
        .where(_NOTICE.c.id.in_(_first_of_each(kind, now, room)), *_is_due(kind, now))
        .order_by(*_ORDER)
        .with_for_update(skip_locked=True)
    )
    found = [Notice(*row) for row in await connection.execute(query)]
    for one in found:
        one.tries, one.outcome, one.detail, one.next_at = one.tries + 1, Fate.UNKNOWN, UNANSWERED, until
    changes = [
        {"id": one.id, "tries": one.tries, "outcome": str(one.outcome), "detail": one.detail, "next_at": one.next_at}
        for one in sorted(found, key=lambda one: one.id)
    ]
    await rows.update(connection, NoticeRow, changes)
    attempts = [
        {"notice": one.id, "n": one.tries, "at": now, "outcome": str(Fate.UNKNOWN), "detail": UNANSWERED,
         "worker": worker}
        for one in found
    ]  # fmt: skip
    await rows.insert(connection, NoticeAttemptRow, attempts)
    if found:
        mine = (_NOTICE.c.digest.in_([one.id for one in found]), _NOTICE.c.settled_at.is_(None))
        await connection.execute(_NOTICE.update().where(*mine).values(outcome=str(Fate.UNKNOWN), detail=UNANSWERED))
    return found


def _is_due(kind: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _NOTICE.c.kind == kind, _NOTICE.c.next_at.is_not(None), _NOTICE.c.next_at <= now


def _first_of_each(kind: str, now: datetime, room: Room) -> Select[Any]:
    """What is due first for each address, as far as there is room."""
    mine = (_NOTICE.c.id.not_in(sorted(room.reached)), _NOTICE.c.address.not_in(sorted(room.addresses)))
    turn = func.row_number().over(partition_by=_NOTICE.c.address, order_by=_ORDER).label("turn")
    names = (_NOTICE.c.id, _NOTICE.c.urgent, _NOTICE.c.next_at, _NOTICE.c.tries)
    waiting = select(*names, turn).where(*_is_due(kind, now), *mine).subquery()
    before = (waiting.c.tries > 0).label("before")
    order = (waiting.c.urgent.desc(), waiting.c.next_at, waiting.c.id)
    nth = func.row_number().over(partition_by=before, order_by=order).label("nth")
    first = select(waiting, before, nth).where(waiting.c.turn == 1).subquery()
    some = select(first.c.id).where(~first.c.before | (first.c.nth <= room.again))
    return some.order_by(first.c.urgent.desc(), first.c.next_at, first.c.id).limit(room.free)


async def stock(connection: AsyncConnection) -> dict[str, Any]:
    """How many notices wait to be sent, and since when the oldest of them, or of what waits to be told, does."""
    unsent = select(func.count(), func.min(_NOTICE.c.planned_at)).where(_NOTICE.c.next_at.is_not(None))
    n, since = (await connection.execute(unsent)).one()
    unplanned = select(func.min(_DUE.c.not_before), func.min(_DUE.c.since))
    next_look, said = (await connection.execute(unplanned)).one()
    late = said + LONGEST_CLOSING if said is not None else None
    return {"notices": n, "notices_since": min((at for at in (since, next_look, late) if at is not None), default=None)}


def row_of(one: Notice) -> dict[str, Any]:
    """A notice as its row."""
    return {**{name: getattr(one, name) for name in _NAMES}, "outcome": str(one.outcome)}
