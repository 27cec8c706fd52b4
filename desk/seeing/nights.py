"""The nights' page."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.instants import day, length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, table
from desk.views.nights import NightLine, read_nights
from models.decision import CoverState

WORDS = {
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


def show_nights(since: str | None, until: str | None, reading: Reading) -> int:
    """Print the nights from one date to another; else from last night on for a week."""
    first = day(since, "--from") if since is not None else None
    last = day(until, "--until") if until is not None else None

    async def read(desk: Desk, connection: AsyncConnection) -> list[NightLine]:
        today = desk.now.astimezone(desk.zone).date()
        return await read_nights(connection, desk.world, desk.now, first or today - _DAY, last or today + 7 * _DAY)

    return look(reading, "nights", read, draw_nights)


def draw_nights(nights: list[NightLine], desk: Desk) -> Iterable[RenderableType]:
    """A line for each night; under it who covers it."""
    yield Text.assemble(("Nights", "head"), f" as at {local_in_full(desk.now, desk.zone)}")
    if not nights:
        yield Text("The ledger knows no nights on these dates.", style="quiet")
        return
    yield ""
    drawn = table("night", "premises", "", "needs", "cover", "uncovered", "contingency", "told")
    for line in nights:
        word, style = WORDS[line.status]
        drawn.add_row(
            line.night.strftime("%a %d %b"),
            line.name,
            Text(word, style=style),
            f"{line.required} ({line.own_staff} own)",
            "\n".join(cover_words(cover, desk, line.night) for cover in line.covers)
            or Text("nobody has said anything", style="quiet"),
            Text(length(timedelta(minutes=line.uncovered_minutes)), style="bad") if line.uncovered_minutes else "·",
            f"£{line.cost_pence / 100:,.2f}" if line.cost_pence else "·",
            ", ".join(line.told) or "·",
        )
    yield drawn
    bad = sum(line.status in {"short", "not-confirmed"} for line in nights)
    if bad:
        yield Text(f"{counted(bad, 'night')} not known to be covered.", style="bad")


def cover_words(cover: CoverState, desk: Desk, night: date) -> str:
    """One person's place in words: who provides it, what became of it, and when."""
    what = "contingency" if cover.contingency else cover.supplier
    when = _when(cover, desk, night)
    return f"{cover.cover_ref} ({what}) {cover.status}{when}"


def _when(cover: CoverState, desk: Desk, night: date) -> str:
    at: datetime | None = cover.ended_at or cover.checked_in_at
    if at is None:
        return ""
    notice = f", {length(timedelta(minutes=cover.notice_minutes))} before" if cover.notice_minutes is not None else ""
    shown = at.astimezone(desk.zone)
    near = shown.date() - night in (_NONE, _DAY)
    return f" {shown:%H:%M}{notice}" if near else f" {local(at, desk.zone)}{notice}"
