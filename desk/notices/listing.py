"""The page of who was told of an escalation: every notice, every attempt, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.exits import NotFound
from desk.instants import local
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import table
from desk.seeing.words import what, whom
from desk.views.escalations import EscalationLine, escalations_named
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.tables import NoticeAttemptRow, NoticeDueRow, NoticeLostRow, NoticeRow
from streams.ledger import rows

_NOTICE: Final = rows.table_of(NoticeRow)
_ATTEMPT: Final = rows.table_of(NoticeAttemptRow)
_DUE: Final = rows.table_of(NoticeDueRow)
_LOST: Final = rows.table_of(NoticeLostRow)
NOT_YET: Final = N_("nothing is done about it yet")
_STYLES: Final = {"accepted": "good", "failed": "bad", "unknown": "doubt"}


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt; ``took_ms`` None while it is under way, or for ever if its worker died."""

    n: int
    at: datetime
    took_ms: int | None
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice to one address. ``digest``: it was told in a digest, whose attempts these are."""

    id: UUID
    n: int
    what: str
    role: str
    kind: str
    address: str
    urgent: bool
    planned_at: datetime
    outcome: str
    detail: str
    next_at: datetime | None
    digest: UUID | None
    attempts: tuple[AttemptLine, ...]


@dataclass(frozen=True, slots=True)
class ToldLine:
    """An escalation with everything that was done to tell of it.

    ``waits_since``: a statement that nobody has been told of yet. ``lost``: what was done where no channel could tell.
    """

    escalation: EscalationLine
    notices: tuple[NoticeLine, ...]
    waits_since: datetime | None
    lost: tuple[str, ...]


def show_notices(escalation: str, reading: Reading) -> int:
    """Print who was told of the escalation whose id begins so."""
    return look(reading, "notices", lambda _, connection: read_notices(connection, escalation), draw_notices)


async def read_notices(connection: AsyncConnection, prefix: str) -> ToldLine:
    """All that was done to tell of an escalation; ``NotFound`` if there is none or more than one whose id begins so."""
    found = await escalations_named(connection, prefix)
    if len(found) != 1:
        how = "No escalation has an id that begins" if not found else "Several escalations have an id that begins"
        raise NotFound(f"{how} with {prefix!r}; 'workorders escalations' lists them.")
    id_ = found[0].id
    told = (await connection.execute(select(_NOTICE).where(_NOTICE.c.escalation_id == id_))).all()
    sent = {row.digest or row.id for row in told}
    tried = await connection.execute(select(_ATTEMPT).where(_ATTEMPT.c.notice.in_(sorted(sent))).order_by(_ATTEMPT.c.n))
    attempts: dict[UUID, list[AttemptLine]] = {}
    for row in tried:
        line = AttemptLine(row.n, row.at, row.took_ms, row.outcome, row.detail)
        attempts.setdefault(row.notice, []).append(line)
    lines = [
        NoticeLine(
            row.id, row.n, row.what, row.role, row.kind, row.address, row.urgent, row.planned_at, row.outcome,
            row.detail, row.next_at, row.digest, tuple(attempts.get(row.digest or row.id, ())),
        )
        for row in sorted(told, key=lambda row: (row.n, row.kind, row.address))
    ]  # fmt: skip
    since = (await connection.execute(select(_DUE.c.since).where(_DUE.c.escalation_id == id_).limit(1))).scalar()
    lost = await connection.execute(select(_LOST.c.said).where(_LOST.c.escalation_id == id_).order_by(_LOST.c.n))
    said = tuple(one or NOT_YET for one in lost.scalars())
    return ToldLine(found[0], tuple(lines), since, said)


def draw_notices(found: ToldLine, desk: Desk) -> Iterable[RenderableType]:
    """A line for each notice, and one for each attempt."""
    escalation = found.escalation
    to = _(": told to {role}", role=whom(escalation, desk))
    yield Text.assemble((f"{what(escalation)}, {escalation.subject}", "head"), to)
    if found.waits_since is not None:
        since = local(found.waits_since, desk.zone)
        yield Text(_("Something said {since} waits to be told.", since=since), style="doubt")
    for said in found.lost:
        yield Text(_("No channel could tell this role: {why}.", why=_(said)), style="bad")
    if not found.notices:
        yield Text(_("Nobody was told."), style="doubt")
        return
    drawn = table(f"  {_('what')}", _("by"), _("to"), "", "", lead=1)
    for one in found.notices:
        state = Text(_(one.outcome), style=_STYLES.get(one.outcome, "quiet"))
        told = _(one.what) if one.digest is None else _("{what} (in a digest)", what=_(one.what))
        detail = one.detail
        if one.next_at is not None and one.attempts:
            detail = _("{detail}, tried again {moment}", detail=detail, moment=local(one.next_at, desk.zone))
        drawn.add_row(f"  {told}", one.kind, one.address, state, detail)
        for attempt in one.attempts:
            took = _("no answer came") if attempt.took_ms is None else f"{attempt.took_ms:,} ms"
            outcome = Text(_(attempt.outcome), style=_STYLES.get(attempt.outcome, "quiet"))
            drawn.add_row(
                "", _("try {n}", n=attempt.n), local(attempt.at, desk.zone), outcome, f"{took}: {attempt.detail}"
            )
    yield drawn
