"""The page of the verification: what was looked at, and everything that does not fit."""

import asyncio
from dataclasses import dataclass

from rich.text import Text
from sqlalchemy import select
from sqlmodel import col

from desk.exits import Exit
from desk.opening import Desk, open_view
from desk.options import Reading
from desk.printing import console, counted, print_json, table
from models.tables import MetaRow
from streams.ledger.engine import Database
from streams.ledger.verify import Finding, Report, verify

_LOOKED_AT = {
    "streams": "partitions, whose every record is an event, a counted duplicate or a rejection",
    "rejections": "rejections, each with its bytes and its message",
    "statements": "statements, each numbered and each sent",
    "messages": "messages, each with the id of what it says",
    "links": "links of the audit chains, unbroken",
    "events": "events, each as the audit sealed it",
    "subjects": "orders, nights and sources, decided again from their history",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at (how many of each), whether all of it fits, and what does not."""

    holds: bool
    counts: dict[str, int]
    findings: tuple[Finding, ...]


def show_verification(reading: Reading) -> int:
    """Print whether the ledger holds what it promises; exit 1 if not."""
    desk, report = asyncio.run(_verified(reading.ledger))
    found = Verification(report.holds, report.counts, tuple(report.findings))
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "verification": found})
    else:
        draw_verification(found)
    return Exit.OK if report.holds else Exit.NO


async def _verified(ledger: str | None) -> tuple[Desk, Report]:
    async with open_view(ledger) as (desk, connection):
        since = (await connection.execute(select(col(MetaRow.created_at)))).scalar_one()
    database = Database(desk.url)
    try:
        return desk, await verify(database, desk.world, since)
    finally:
        await database.close()


def draw_verification(found: Verification) -> None:
    """Print the counts, and a sentence for each thing that does not fit."""
    page = console()
    drawn = table("n", "", right=("n",))
    drawn.show_header = False
    for name, n in found.counts.items():
        drawn.add_row(f"{n:,}", _LOOKED_AT.get(name, name))
    page.print(drawn)
    if found.holds:
        page.print(Text("Everything fits.", style="good"))
        return
    page.print(Text(f"{counted(len(found.findings), 'thing')} that does not fit:", style="bad"))
    for one in found.findings:
        page.print(Text(f"  · {one.check}, {one.where}: {one.sentence}"), soft_wrap=True)
