"""The commands about sessions, and their pages."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access import record
from desk.access.record import Access
from desk.environment import reading_settings
from desk.exits import BadValue, Exit, NotFound
from desk.instants import local
from desk.opening import Desk, look, open_ledger
from desk.options import Reading
from desk.pages import sessions
from desk.pages.sessions import SessionLine
from desk.printing import console, counted, print_json, table
from desk.views.listed import Listed, whole
from streams.clock import SystemClock

END_SESSION: Final = "end-session"
BY: Final = "command"
"""Who ended a session on the command line: whoever may open the ledger itself."""


def show_sessions(reading: Reading) -> int:
    """Print every session that opens something now."""

    async def read(_: Desk, connection: AsyncConnection) -> Listed[SessionLine]:
        return whole(await sessions.all_open(connection, SystemClock().now()))

    return look(reading, "sessions", read, _draw)


def end_sessions(id_: str | None, role: str | None, reading: Reading) -> int:
    """End one session, or every session as a role; that they were ended goes on record."""
    if (id_ is None) == (role is None):
        raise BadValue("Name one SESSION, or --role ROLE for every session as that role.")
    ended, desk = asyncio.run(_end(id_, role, reading))
    if not ended:
        if id_ is not None:
            raise NotFound(f"No session {id_!r} opens anything; 'workorders session list' shows those that there are.")
        raise NotFound(f"Nobody is signed in as {role!r}; 'workorders session list' shows who is.")
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "ended": ended})
    else:
        console().print(Text(f"{counted(len(ended), 'session')} ended: {', '.join(ended)}."))
    return Exit.OK


async def _end(id_: str | None, role: str | None, reading: Reading) -> tuple[Sequence[str], Desk]:
    settings, _ = reading_settings(reading.ledger)
    now = SystemClock().now()
    async with open_ledger(reading.ledger) as (desk, ledger), ledger.database.writing() as connection:
        if role is not None:
            ended = await sessions.end_as(connection, role, now)
        else:
            ended = [id_] if id_ is not None and await sessions.end(connection, id_, now) else []
        lines = [Access(desk.now, BY, END_SESSION, f"session:{one}", 200) for one in ended]
        await record.write(connection, lines, kept_for=timedelta(days=settings.api_access_days))
        return ended, desk


def _draw(found: Listed[SessionLine], desk: Desk) -> Iterable[RenderableType]:
    yield Text(counted(found.total, "session"), style="head")
    if not found.lines:
        return
    drawn = table("session", "role", "reaches", "by", "since", "last used", "ends", lead=2)
    for one in found.lines:
        reach = one.of if one.of == one.reach else f"{one.reach.value}:{one.of}"
        times = (local(at, desk.zone) for at in (one.began_at, one.seen_at, one.ends_at))
        drawn.add_row(one.id, one.role, reach, Text(one.by), *times)
    yield drawn
