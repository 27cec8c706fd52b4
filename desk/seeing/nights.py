"""The nights' page."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.instants import day, length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, table
from desk.views.listed import Listed, whole
from desk.views.nights import NightLine, read_nights
from models.decision import CoverState

WORDS: Final = {
    "covered": ("covered", "good"),
    "short": ("SHORT", "bad"),
    "not-confirmed": ("NOT CONFIRMED", "bad"),
    "ahead": ("not due yet", "quiet"),
    "was-covered": ("was covered", "good"),
    "was-short": ("was short", "bad"),
    "not-required": ("nobody required", "quiet"),
}
"""How each status of a night is said, and in which style."""
_NONE, _DAY = timedelta(0), timedelta(days=1)
_UNKNOWN: Final = frozenset({"short", "not-confirmed"})


def show_nights(since: str | None, until: str | None, reading: Reading) -> int:
    """Print the nights from one date to another; else from last night on for a week."""
    first = day(since, "--from") if since is not None else None
    last = day(until, "--until") if until is not None else None

    async def read(desk: Desk, connection: AsyncConnection) -> Listed[NightLine]:
        today = desk.now.astimezone(desk.zone).date()
        begin, end = first or today - _DAY, last or today + 7 * _DAY
        return whole(await read_nights(connection, desk.world, desk.now, begin, end))

    return look(reading, "nights", read, lambda found, desk: draw_nights(found.lines, desk))


def draw_nights(nights: Sequence[NightLine], desk: Desk) -> Iterable[RenderableType]:
    """A line for each night and premises, with who covers it; nights that are not due yet are counted."""
    yield Text.assemble(("Nights", "head"), f" as at {local_in_full(desk.now, desk.zone)}")
    if not nights:
        yield Text("The ledger knows no nights on these dates.", style="quiet")
        return
    yield ""
    drawn = table("night", "premises", "", "cover", "", whole=(0, 1, 2), lead=3)
    for night, lines in groupby(nights, key=lambda line: line.night):
        _draw_night(drawn, night, list(lines), desk)
    yield drawn
    bad = sum(line.status in _UNKNOWN for line in nights)
    if bad:
        yield Text(f"{counted(bad, 'night')} not known to be covered.", style="bad")


def _draw_night(drawn: Table, night: date, lines: Sequence[NightLine], desk: Desk) -> None:
    name = f"{night:%a %d %b}"
    ahead = [line for line in lines if line.status == "ahead" and not line.covers]
    for line in lines:
        if line in ahead:
            continue
        word, style = WORDS[line.status]
        covers = "\n".join(cover_words(cover, desk, night) for cover in line.covers)
        said = covers or Text("nobody has said anything", style="quiet")
        drawn.add_row(name, line.name, Text(word, style=style), said, _remarks(line, desk))
        name = ""
    if ahead:
        word, style = WORDS["ahead"]
        drawn.add_row(name, Text(counted(len(ahead), "premises", "premises"), style=style), Text(word, style=style))


def _remarks(line: NightLine, desk: Desk) -> Text:
    found: list[Text | str] = []
    if line.uncovered_minutes:
        found.append(Text(f"{length(timedelta(minutes=line.uncovered_minutes))} uncovered", style="bad"))
    elif line.deficit:
        found.append(Text(f"{line.deficit} of {line.required} missing", style="bad"))
    if line.cost_pence:
        found.append(f"£{line.cost_pence / 100:,.2f} contingency")
    if line.told:
        roles = [desk.world.estates.at(desk.now).role(role) for role in line.told]
        found.append(Text("told: " + ", ".join(role.name for role in roles if role is not None), style="quiet"))
    return Text("\n").join(Text.assemble(one) for one in found)


def cover_words(cover: CoverState, desk: Desk, night: date) -> str:
    """One person's place in words: who provides it, what became of it, and when."""
    what = "contingency" if cover.contingency else cover.supplier
    return f"{cover.cover_ref} ({what}) {cover.status}{_when(cover, desk, night)}"


def _when(cover: CoverState, desk: Desk, night: date) -> str:
    at: datetime | None = cover.ended_at or cover.checked_in_at
    if at is None:
        return ""
    notice = f", {length(timedelta(minutes=cover.notice_minutes))} before" if cover.notice_minutes is not None else ""
    shown = at.astimezone(desk.zone)
    near = shown.date() - night in (_NONE, _DAY)
    return f" {shown:%H:%M}{notice}" if near else f" {local(at, desk.zone)}{notice}"
