"""What came of notices: how each attempt ended, what that means for a digest, and what no channel could tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
_ATTEMPT: Final = rows.table_of(NoticeAttemptRow)
_LOST: Final = rows.table_of(NoticeLostRow)
_STATEMENT: Final = rows.table_of(StatementRow)
_ESCALATION: Final = rows.table_of(EscalationRow)
_REHEARSAL: Final = rows.table_of(RehearsalRow)
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
    # What was settled since an earlier attempt is over, or told anew by a notice of its own.
    members = query.where(_NOTICE.c.digest == one.id, _NOTICE.c.settled_at.is_(None))
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
    held = await _hold(connection, one.id)
    was = held.get(one.id)
    if was is None or (outcome is not Fate.ACCEPTED and was.tries != one.tries):
        return
    known = await _known(connection, one, outcome)
    await _keep(connection, was, held.values(), known, detail, one.next_at, now)
    # What was held back until this one had arrived is held back no more.
    after = (other.id for other in held.values() if other.to == one.to and _is_held_back(other, now))
    await rows.update(connection, NoticeRow, [{"id": id_, "next_at": now} for id_ in sorted(after)])


def _is_held_back(one: Notice, now: datetime) -> bool:
    return one.outcome == Fate.WAITING and one.next_at is not None and one.next_at > now


async def _hold(connection: AsyncConnection, id_: UUID) -> dict[UUID, Notice]:
    """A notice with all about the escalations that it tells of, locked in the order in which everybody locks them."""
    told = select(_NOTICE.c.escalation_id).where((_NOTICE.c.id == id_) | (_NOTICE.c.digest == id_))
    query = select(*notices.COLUMNS).where(_NOTICE.c.escalation_id.in_(told)).order_by(_NOTICE.c.id).with_for_update()
    return {row.id: Notice(*row) for row in await connection.execute(query)}


async def _known(connection: AsyncConnection, one: Notice, outcome: Fate) -> Fate:
    """What is known after all attempts: a failure does not undo that an earlier one may have arrived."""
    query = select(_ATTEMPT.c.outcome).where(_ATTEMPT.c.notice == one.id, _ATTEMPT.c.n < one.tries)
    found = {outcome, *map(Fate, (await connection.execute(query)).scalars())}
    return next(fate for fate in (Fate.ACCEPTED, Fate.UNKNOWN, outcome) if fate in found)


async def _keep(
    connection: AsyncConnection,
    was: Notice,
    held: Collection[Notice],
    outcome: Fate,
    detail: str,
    next_at: datetime | None,
    now: datetime,
) -> None:
    settled = was.settled_at or (now if next_at is None else None)
    said = {"outcome": str(outcome), "detail": detail, "settled_at": settled}
    again = {**said, "next_at": None if settled is not None else next_at}
    await connection.execute(_NOTICE.update().where(_NOTICE.c.id == was.id).values(**again))
    inside = [other for other in held if other.digest == was.id and other.settled_at is None]
    members = (_NOTICE.c.digest == was.id, _NOTICE.c.settled_at.is_(None))
    await connection.execute(_NOTICE.update().where(*members).values(**said))
    if was.settled_at is None and settled is not None and outcome is not Fate.ACCEPTED:
        told = inside if was.what == DIGEST else [was]
        await _lose(connection, {(other.escalation_id, other.n) for other in told if other.what in TELLS}, now)


async def _lose(connection: AsyncConnection, groups: Collection[tuple[UUID, int]], now: datetime) -> None:
    """Of these statements, keep which no channel at all could tell.

    The notices are locked in one order: of two channels that fail at the same moment the later sees the earlier.
    """
    among = tuple_(_NOTICE.c.escalation_id, _NOTICE.c.n).in_(sorted(groups))
    query = (
        select(*notices.COLUMNS)
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


async def has_climbed(connection: AsyncConnection, one: Lost, said: str) -> bool:
    """Whether it was said of an earlier statement of its escalation that this was done about it."""
    query = select(_LOST.c.n).where(_LOST.c.escalation_id == one.escalation_id, _LOST.c.said == said)
    return (await connection.execute(query.limit(1))).first() is not None


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
