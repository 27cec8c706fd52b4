"""How the system is, as far as the ledger knows it: what waits, who shows signs of life, who was heard when.

Each part is one question of its own, so that one that gets no answer does not keep back the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.premises import Source
from models.tables import EventRow, NoticeLostRow, NoticeRow, PulseRow, QuarantineRow, RejectedRow, SourceStateRow
from streams.ledger import rows
from streams.ledger.queries import stock
from workorders.policy import World

LIVES: Final = timedelta(seconds=60)
"""How old the last sign of a part that lives is at most: each shows one every ten seconds."""
LATELY: Final = timedelta(days=1)
COUNTED: Final = 1_000
"""How far refusals and failed notices are counted; beyond that it is enough to know that there are more."""

_PULSE: Final = rows.table_of(PulseRow)
_STATE: Final = rows.table_of(SourceStateRow)
_EVENT: Final = rows.table_of(EventRow)
_NOTICE: Final = rows.table_of(NoticeRow)
_LOST: Final = rows.table_of(NoticeLostRow)
_HELD: Final = rows.table_of(QuarantineRow)
_REJECTED: Final = rows.table_of(RejectedRow)


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of life of one part of one worker."""

    part: str
    worker: str
    at: datetime
    lives: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One registered source: its last event, and since when it has been silent though it should be heard."""

    source: Source
    last_event: datetime | None
    silent_since: datetime | None
    must_be_heard: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in the ledger, and since when the oldest of each does; None where nothing waits."""

    untaken: int
    untaken_since: datetime | None
    unsent: int
    unsent_since: datetime | None
    unconfirmed: int
    unconfirmed_since: datetime | None
    oldest_due: datetime | None
    notices: int
    notices_since: datetime | None


@dataclass(frozen=True, slots=True)
class Failed:
    """What failed and still stands: notices of the last day, statements that reached nobody, what is held or refused.

    Each figure ends at ``COUNTED``.
    """

    notices: int
    untold: int
    held: int
    refused: int


async def read_signs(connection: AsyncConnection, now: datetime) -> list[Sign]:
    """Every part of every worker that has shown a sign of life lately, the latest first."""
    found = (await connection.execute(select(_PULSE.c.part, _PULSE.c.worker, _PULSE.c.at))).all()
    signs = [Sign(row.part, row.worker, row.at, now - row.at <= LIVES) for row in found]
    return sorted(signs, key=lambda one: (not one.lives, one.worker, one.part))


async def read_waiting(connection: AsyncConnection) -> Waiting:
    """What waits."""
    found: dict[str, Any] = await stock.waiting(connection)
    return Waiting(**{name: found[name] for name in Waiting.__slots__})


async def read_heard(connection: AsyncConnection, world: World, now: datetime) -> list[Heard]:
    """Every source that is registered now: those that are silent first, then by id."""
    states = {row.source: row for row in await connection.execute(select(_STATE.c.source, _STATE.c.silent_since))}
    found = []
    for source in world.estates.at(now).spec.sources:
        if source.holds_at(now):
            state = states.get(source.id)
            silent = state.silent_since if state is not None else None
            last = await _last_event(connection, source.id)
            found.append(Heard(source, last, silent, source.expect_every is not None))
    return sorted(found, key=lambda one: (one.silent_since is None, one.source.id))


async def _last_event(connection: AsyncConnection, source: str) -> datetime | None:
    # The end of an index, one source at a time: all at once every event would be read.
    query = select(_EVENT.c.heard).where(_EVENT.c.source == source).order_by(_EVENT.c.heard.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def read_failed(connection: AsyncConnection, now: datetime) -> Failed:
    """What failed."""
    return Failed(
        notices=await _count(connection, select(_NOTICE.c.id).where(
            _NOTICE.c.outcome == "failed", _NOTICE.c.settled_at >= now - LATELY
        )),
        untold=await _count(connection, select(_LOST.c.n).where(_LOST.c.settled_at.is_(None))),
        held=await _count(connection, select(_HELD.c.seq).where(_HELD.c.released_at.is_(None))),
        refused=await _count(connection, select(_REJECTED.c.seq).where(
            _REJECTED.c.rejected_at >= now - LATELY, _REJECTED.c.resubmitted_as.is_(None)
        )),
    )  # fmt: skip


async def _count(connection: AsyncConnection, query: Any) -> int:  # noqa: ANN401 - a select of any one column
    some = query.limit(COUNTED).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


def silent(heard: Sequence[Heard]) -> list[Heard]:
    """Those that should be heard and are not."""
    return [one for one in heard if one.silent_since is not None]
