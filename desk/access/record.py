"""The record of the HTTP door: who looked at which subject, and what was refused to whom."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import ApiAccessRow
from streams.ledger import rows

LONGEST_ABOUT: Final = 200
_DROPPED_AT_ONCE: Final = 200
"""How many old lines go with each write: more than come, so that they never pile up, and never long to wait for."""
_TABLE: Final = rows.table_of(ApiAccessRow)


@dataclass(frozen=True, slots=True)
class Access:
    """One line: at which instant which key (None: nobody knew it) did, or was refused, what about which subject."""

    at: datetime
    key: str | None
    action: str
    about: str
    status: int
    code: str = ""


async def write(connection: AsyncConnection, lines: Sequence[Access], *, kept_for: timedelta) -> None:
    """Keep the lines, and drop those that are older than lines are kept, some at a time."""
    if lines:
        oldest = max(one.at for one in lines) - kept_for
        old = select(_TABLE.c.seq).where(_TABLE.c.at < oldest).order_by(_TABLE.c.at).limit(_DROPPED_AT_ONCE)
        await connection.execute(_TABLE.delete().where(_TABLE.c.seq.in_(old)))
    await rows.insert(connection, ApiAccessRow, [{**asdict(one), "about": _plain(one.about)} for one in lines])


def _plain(about: str) -> str:
    """What was asked for, as any database keeps it: PostgreSQL takes no NUL, and one line must not cost the others."""
    return about[:LONGEST_ABOUT].replace("\0", "\ufffd")


async def latest(connection: AsyncConnection, limit: int) -> list[Access]:
    """The latest lines, the newest first."""
    columns = (_TABLE.c.at, _TABLE.c.key, _TABLE.c.action, _TABLE.c.about, _TABLE.c.status, _TABLE.c.code)
    found = await connection.execute(select(*columns).order_by(_TABLE.c.seq.desc()).limit(limit))
    return [Access(*row) for row in found]


async def total(connection: AsyncConnection) -> int:
    """How many lines there are."""
    return (await connection.execute(select(func.count()).select_from(_TABLE))).scalar_one()
