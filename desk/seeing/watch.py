"""Following what is said about escalations, as it is said."""

import asyncio
from typing import Final, NoReturn

from rich.console import Console
from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.instants import local
from desk.opening import Desk, open_view
from desk.options import Reading
from desk.printing import console, print_json_line, priority
from desk.seeing.words import STATEMENT_STYLES, short_id, what, whom
from desk.views.escalations import StatementLine, statement_line
from desk.words import _, reason
from models.tables import OutboxRow, StatementRow
from streams.ledger.engine import Database
from streams.topics import ESCALATIONS

_MOST: Final = 500


def follow(every: float, last: int, reading: Reading) -> NoReturn:
    """Print each statement in the order in which the ledger wrote it, until Ctrl-C."""
    asyncio.run(_follow(every, last, reading))


async def _follow(every: float, last: int, reading: Reading) -> NoReturn:
    page = console()
    async with open_view(reading.ledger) as (desk, connection):
        seen = await place_before(connection, last)
    database = Database(desk.url)
    try:
        while True:
            async with database.reading() as connection:
                lines, seen = await said_since(connection, seen)
            for line in lines:
                print_statement(page, line, desk, reading)
            if len(lines) < _MOST:
                await asyncio.sleep(every)
    finally:
        await database.close()


async def said_since(connection: AsyncConnection, seen: int) -> tuple[list[StatementLine], int]:
    """The statements after a place in the outbox, whose order is that in which they were decided, and the new place."""
    query = (
        select(*(col(getattr(StatementRow, name)) for name in _NAMES), col(OutboxRow.seq))
        .join(OutboxRow, col(OutboxRow.message_id) == col(StatementRow.message_id))
        .where(col(OutboxRow.seq) > seen)
        .order_by(col(OutboxRow.seq))
        .limit(_MOST)
    )
    rows = (await connection.execute(query)).all()
    return [statement_line(row) for row in rows], rows[-1].seq if rows else seen


_NAMES = ("escalation_id", "n", "unit", "subject", "statement", "reason", "said_at", "content")


async def place_before(connection: AsyncConnection, last: int) -> int:
    """The place in the outbox after which so many of the latest statements come; for none the end."""
    newest = (await connection.execute(select(func.max(col(OutboxRow.seq))))).scalar_one() or 0
    if last == 0:
        return newest
    about = select(col(OutboxRow.seq)).where(col(OutboxRow.topic) == ESCALATIONS.name)
    found = (await connection.execute(about.order_by(col(OutboxRow.seq).desc()).limit(last))).scalars().all()
    return (found[-1] or 1) - 1 if found else newest


def print_statement(page: Console, line: StatementLine, desk: Desk, reading: Reading) -> None:
    """Print one statement as a line of text or of JSON."""
    if reading.json:
        print_json_line(line)
        return
    page.print(statement_text(line, desk), soft_wrap=True)


def statement_text(line: StatementLine, desk: Desk) -> Text:
    """One statement in one line."""
    about = {"subject": line.subject, "premises": line.premises, "what": what(line), "role": whom(line, desk)}
    return Text.assemble(
        (local(line.said_at, desk.zone), "quiet"),
        "  ",
        (f"{reason(line.statement):<12}", STATEMENT_STYLES[line.statement]),
        " ",
        priority(line.priority),
        _(" {subject} at {premises}: {what} to {role} ", **about),
        (f"{short_id(line)} #{line.n}  {reason(line.reason)}", "quiet"),
    )
