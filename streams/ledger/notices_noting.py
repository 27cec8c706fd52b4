"""What came of notices: how each attempt ended, what that means for a digest, and what no channel could tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Reached
from models.tables import (
    EscalationRow,
    NoticeAttemptRow,
    NoticeLostRow,
    NoticeRow,
    RehearsalRow,
    StatementRow,
)
from streams.ledger import notices, rows, states
from streams.notices.flood import MINUTE
from streams.notices.notice import DIGEST, REACHED_SOMEBODY, REHEARSAL, TELLS, Fate, Notice, Told

_NOTICE: Final = rows.table_of(NoticeRow)
_LOST: Final = rows.table_of(NoticeLostRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_ESCALATION: Final = rows.table_of(EscalationRow)
_REHEARSAL: Final = rows.table_of(RehearsalRow)
_COLUMNS: Final = tuple(_NOTICE.c[field.name] for field in fields(Notice))
_CONTENT: Final = rows.Query(
    StatementRow,
    ("escalation_id", "n"),
    (
        _STATEMENT.c.escalation_id, _STATEMENT.c.n, _STATEMENT.c.unit, _STATEMENT.c.statement, _STATEMENT.c.reason,
        _STATEMENT.c.said_at, _STATEMENT.c.content, _ESCALATION.c.standing, _ESCALATION.c.content.label("latest"),
        _ESCALATION.c.reason.label("latest_reason"),
    ),
    """SELECT s.escalation_id, s.n, s.unit, s.statement, s.reason, s.said_at, s.content, e.standing,
    e.content AS latest, e.reason AS latest_reason
    FROM {wanted} CROSS JOIN statement s JOIN escalation e ON e.id = s.escalation_id
    WHERE s.escalation_id = w.escalation_id AND s.n = w.n""",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lost:
    """A statement of which no channel could tell its role, with how its escalation stands by now."""

    escalation_id: UUID
    n: int
    at: datetime
    unit: str
    subject: str
    standing: bool
    reached: Reached


async def contents(connection: AsyncConnection, one: Notice) -> list[Told]:
    """All that a notice tells of, the longest due first; nothing for a digest of which nothing is left to tell."""
    if one.what == REHEARSAL:
        return await _rehearsed(connection, one)
    if one.what != DIGEST:
        return await _told(connection, [(one.escalation_id, one.n)], set())
    query = select(_NOTICE.c.escalation_id, _NOTICE.c.n)
    members = query.where(_NOTICE.c.digest == one.id, _NOTICE.c.outcome != str(Fate.OVERTAKEN))
    inside = [(row.escalation_id, row.n) for row in await connection.execute(members)]
    if not inside:
        return []
    before = query.where(
        _NOTICE.c.address == one.address, _NOTICE.c.kind == one.kind, _NOTICE.c.role == one.role,
        _NOTICE.c.planned_at >= one.planned_at - MINUTE, _NOTICE.c.planned_at <= one.planned_at,
        _NOTICE.c.digest.is_(None), ~_NOTICE.c.urgent, _NOTICE.c.what.not_in([DIGEST, REHEARSAL]),
        _NOTICE.c.outcome.in_([str(fate) for fate in REACHED_SOMEBODY]),
    )  # fmt: skip
    alone = {(row.escalation_id, row.n) for row in await connection.execute(before)}
    return await _told(connection, [*inside, *sorted(alone)], alone)


async def _told(
    connection: AsyncConnection, keys: Collection[tuple[UUID, int]], before: set[tuple[UUID, int]]
) -> list[Told]:
    found = [_content(row, before) for row in await rows.fetch(connection, _CONTENT, sorted(keys))]
    return sorted(found, key=lambda told: (told.reached.due_at, told.escalation_id, told.n))


def _content(row: Any, before: set[tuple[UUID, int]]) -> Told:  # noqa: ANN401 - a row of any statement
    # What stands is told as it stands by now, what has ended as it was said to end.
    now_so = row.standing and row.statement in TELLS
    reached = states.REACHED.validate_json(row.latest if now_so else row.content)
    reason = row.latest_reason if now_so else row.reason
    key = (row.escalation_id, row.n)
    return Told(*key, row.statement, row.unit, reached, reason, row.said_at, before=key in before)


async def _rehearsed(connection: AsyncConnection, one: Notice) -> list[Told]:
    query = select(_REHEARSAL).where(_REHEARSAL.c.id == one.escalation_id)
    row = (await connection.execute(query)).one()
    reached = states.REACHED.validate_json(row.content)
    return [Told(row.id, 0, REHEARSAL, row.unit, reached, reached.reason, row.begun_at)]


async def note(
    connection: AsyncConnection, one: Notice, outcome: Fate, detail: str, took_ms: int, now: datetime
) -> None:
    """Keep how an attempt ended. ``one`` is the notice as it was taken in hand, its ``next_at`` when it is tried again.

    Success counts though somebody else has taken it up since; a failure then says nothing about the notice. What is
    settled meanwhile, because it is over, is not taken up again.
    """
    attempt = {"notice": one.id, "n": one.tries, "outcome": str(outcome), "detail": detail, "took_ms": took_ms}
    await rows.update(connection, NoticeAttemptRow, [attempt])
    ours = [_NOTICE.c.id == one.id]
    if outcome is not Fate.ACCEPTED:
        ours.append(_NOTICE.c.tries == one.tries)
    held = select(*_COLUMNS).where(*ours).with_for_update()
    row = (await connection.execute(held)).one_or_none()
    if row is None:
        return
    settled = row.settled_at or (now if one.next_at is None else None)
    values = {
        "outcome": str(outcome), "detail": detail, "settled_at": settled,
        "next_at": None if settled is not None else one.next_at,
    }  # fmt: skip
    await connection.execute(_NOTICE.update().where(_NOTICE.c.id == one.id).values(**values))
    members = [_NOTICE.c.digest == one.id, _NOTICE.c.settled_at.is_(None)]
    mine = {key: values[key] for key in ("outcome", "detail", "settled_at")}
    if one.what == DIGEST:
        inside = await connection.execute(select(_NOTICE.c.escalation_id, _NOTICE.c.n).where(*members))
        groups = {(found.escalation_id, found.n) for found in inside}
        await connection.execute(_NOTICE.update().where(*members).values(**mine))
    else:
        groups = {(one.escalation_id, one.n)} if one.what in TELLS else set()
    if settled is not None and outcome is not Fate.ACCEPTED:
        await _lose(connection, groups, now)


async def _lose(connection: AsyncConnection, groups: Collection[tuple[UUID, int]], now: datetime) -> None:
    """Of these statements, keep which no channel at all could tell.

    The notices are locked in one order: of two channels that fail at the same moment the later sees the earlier.
    """
    among = tuple_(_NOTICE.c.escalation_id, _NOTICE.c.n).in_(sorted(groups))
    query = (
        select(*_COLUMNS)
        .where(among, _NOTICE.c.what.in_(sorted(map(str, TELLS))))
        .order_by(_NOTICE.c.id)
        .with_for_update()
    )
    found = [Notice(*row) for row in await connection.execute(query)] if groups else []
    lost = {(one.escalation_id, one.n) for one in found} - {
        (one.escalation_id, one.n)
        for one in found
        if one.settled_at is None or one.outcome not in {Fate.FAILED, Fate.UNKNOWN}
    }
    await notices.lose(connection, lost, now)


async def open_losses(connection: AsyncConnection, limit: int) -> list[Lost]:
    """What no channel could tell and nothing was done about yet, the oldest first."""
    mine = (_STATEMENT.c.escalation_id == _LOST.c.escalation_id) & (_STATEMENT.c.n == _LOST.c.n)
    query = (
        select(
            _LOST.c.escalation_id, _LOST.c.n, _LOST.c.at, _STATEMENT.c.unit, _STATEMENT.c.subject,
            _ESCALATION.c.standing, _ESCALATION.c.content,
        )
        .join_from(_LOST, _STATEMENT, mine)
        .join(_ESCALATION, _ESCALATION.c.id == _LOST.c.escalation_id)
        .where(_LOST.c.settled_at.is_(None))
        .order_by(_LOST.c.at, _LOST.c.escalation_id)
        .limit(limit)
    )  # fmt: skip
    found: Sequence[Any] = (await connection.execute(query)).all()
    return [
        Lost(
            row.escalation_id, row.n, row.at, row.unit, row.subject, row.standing,
            states.REACHED.validate_json(row.content),
        )
        for row in found
    ]  # fmt: skip


async def standing_rungs(connection: AsyncConnection, one: Lost) -> set[str]:
    """The rungs of its ladder that stand."""
    reached = one.reached
    ladder = (
        _ESCALATION.c.unit == one.unit, _ESCALATION.c.subject == one.subject,
        _ESCALATION.c.kind == str(reached.kind), _ESCALATION.c.clock == reached.clock,
        _ESCALATION.c.spell == reached.spell,
    )  # fmt: skip
    return set((await connection.execute(select(_ESCALATION.c.rung).where(*ladder, _ESCALATION.c.standing))).scalars())


async def settle_loss(connection: AsyncConnection, one: Lost, said: str, now: datetime) -> None:
    """This was done about it."""
    mine = (_LOST.c.escalation_id == one.escalation_id, _LOST.c.n == one.n)
    await connection.execute(_LOST.update().where(*mine).values(said=said, settled_at=now))
