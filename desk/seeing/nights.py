"""The nights' page."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.instants import day, length, local, local_in_full, short_day
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import table
from desk.views.listed import Listed, whole
from desk.views.nights import NightLine, read_nights
from desk.words import _, many, reason, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import CoverState

WORDS: Final = {
    "covered": (N_("covered"), "good"),
    "short": (N_("SHORT"), "bad"),
    "not-confirmed": (N_("NOT CONFIRMED"), "bad"),
    "ahead": (N_("not due yet"), "quiet"),
    "was-covered": (N_("was covered"), "good"),
    "was-short": (N_("was short"), "bad"),
    "not-required": (N_("nobody required"), "quiet"),
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
    now = local_in_full(desk.now, desk.zone)
    yield Text.assemble((_("Nights"), "head"), _(" as at {now}", now=now))
    if not nights:
        yield Text(_("The ledger knows no nights on these dates."), style="quiet")
        return
    yield ""
    drawn = table(_("night"), _("premises"), "", _("cover"), "", whole=(0, 1, 2), lead=3)
    for night, lines in groupby(nights, key=lambda line: line.night):
        _draw_night(drawn, night, list(lines), desk)
    yield drawn
    bad = sum(line.status in _UNKNOWN for line in nights)
    if bad:
        yield Text(many("{n} night not known to be covered.", "{n} nights not known to be covered.", bad), style="bad")


def _draw_night(drawn: Table, night: date, lines: Sequence[NightLine], desk: Desk) -> None:
    name = short_day(night)
    ahead = [line for line in lines if line.status == "ahead" and not line.covers]
    for line in lines:
        if line in ahead:
            continue
        word, style = WORDS[line.status]
        covers = "\n".join(cover_words(cover, desk, night) for cover in line.covers)
        said = covers or Text(_("nobody has said anything"), style="quiet")
        drawn.add_row(name, line.name, Text(_(word), style=style), said, _remarks(line, desk))
        name = ""
    if ahead:
        word, style = WORDS["ahead"]
        where = many("{n} premises", "{n} premises", len(ahead))
        drawn.add_row(name, Text(where, style=style), Text(_(word), style=style))


def _remarks(line: NightLine, desk: Desk) -> Text:
    found: list[Text | str] = []
    if line.uncovered_minutes:
        found.append(
            Text(_("{length} uncovered", length=length(timedelta(minutes=line.uncovered_minutes))), style="bad")
        )
    elif line.deficit:
        found.append(
            Text(_("{deficit} of {required} missing", deficit=line.deficit, required=line.required), style="bad")
        )
    if line.cost_pence:
        found.append(_("{pounds} contingency", pounds=spoken().pounds(line.cost_pence)))
    if line.told:
        roles = [desk.world.estates.at(desk.now).role(role) for role in line.told]
        names = ", ".join(reason(role.name) for role in roles if role is not None)
        found.append(Text(_("told: {roles}", roles=names), style="quiet"))
    return Text("\n").join(Text.assemble(one) for one in found)


def cover_words(cover: CoverState, desk: Desk, night: date) -> str:
    """One person's place in words: who provides it, what became of it, and when."""
    what = _("contingency") if cover.contingency else reason(cover.supplier)
    return f"{cover.cover_ref} ({what}) {reason(cover.status)}{_when(cover, desk, night)}"


def _when(cover: CoverState, desk: Desk, night: date) -> str:
    at: datetime | None = cover.ended_at or cover.checked_in_at
    if at is None:
        return ""
    notice = ""
    if cover.notice_minutes is not None:
        notice = _(", {length} before", length=length(timedelta(minutes=cover.notice_minutes)))
    shown = at.astimezone(desk.zone)
    near = shown.date() - night in (_NONE, _DAY)
    return f" {shown:%H:%M}{notice}" if near else f" {local(at, desk.zone)}{notice}"
