"""The page of the cover ledger."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.instants import day, length, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import table
from desk.views.cover_ledger import CoverAccount, read_cover_accounts
from desk.views.listed import Listed, whole
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

_FIGURES: Final = (
    N_("nights"), N_("asked of agency"), N_("filled"), N_("fill rate"), N_("own staff"), N_("contingency"), N_("cost"),
    N_("uncovered"), N_("withdrawn"), N_("shortest notice"),
)  # fmt: skip


def show_cover_ledger(since: str | None, until: str | None, reading: Reading) -> int:
    """Print what was required, filled and uncovered; from the first known night until today unless told otherwise."""
    first = day(since, "--from") if since is not None else date.min
    last = day(until, "--until") if until is not None else date.max

    async def read(desk: Desk, connection: AsyncConnection) -> Listed[CoverAccount]:
        return whole(await read_cover_accounts(connection, desk.world, desk.now, first, last))

    return look(reading, "cover_ledger", read, draw_cover_ledger)


def draw_cover_ledger(accounts: Listed[CoverAccount], desk: Desk) -> Iterable[RenderableType]:
    """A line for each approved premises, then one for each agency."""
    ended = _(" of the nights ended by {now}", now=local_in_full(desk.now, desk.zone))
    yield Text.assemble((_("Cover ledger"), "head"), ended)
    if not accounts.lines:
        yield Text(_("No night has ended on these dates."), style="quiet")
        return
    figures = tuple(_(name) for name in _FIGURES)
    for of, head in (("premises", _("approved premises")), ("agency", _("agency"))):
        yield ""
        drawn = table(head, *figures, right=figures)
        for one in accounts.lines:
            if one.of == of:
                drawn.add_row(*_cells(one))
        yield drawn


def _cells(one: CoverAccount) -> Iterable[RenderableType]:
    rate = "·" if one.fill_rate is None else f"{one.fill_rate:.0%}"
    return (
        one.name,
        str(one.nights),
        _hours(one.asked_of_agency),
        _hours(one.agency),
        Text(rate, style="good" if one.fill_rate == 1 else "bad"),
        _hours(one.own),
        _hours(one.contingency),
        f"£{one.cost_pence / 100:,.2f}" if one.cost_pence else "·",
        Text(_hours(one.uncovered), style="bad" if one.uncovered else ""),
        str(one.withdrawals or "·"),
        length(timedelta(minutes=one.shortest_notice)) if one.shortest_notice is not None else "·",
    )


def _hours(minutes: int) -> str:
    return _("{n} h", n=f"{minutes / 60:,.1f}") if minutes else "·"
