"""The list of outstanding orders behind each number of the board."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from desk.api import pages
from desk.api.lines import OrderLine, as_line
from desk.pages.board import as_sheet
from desk.pages.filters import AGE_WORDS, Filters, filters, units
from desk.pages.navigation import ORDERS, subject_address
from desk.pages.rendering import page
from desk.pages.sentences import place_name, place_names
from desk.pages.shared import shared
from desk.pages.visitors import Visit
from desk.words import _, spoken
from streams.ledger import queries

AT_ONCE: Final = 100
IN_A_SHEET: Final = 10_000
"""How many lines a sheet has at most; what is more is narrowed by the filters."""
_SHEET: Final = (
    "premises", "subject", "asset", "fault", "effective", "base", "provider_priority", "raised_at", "fix_due",
    "breached_at", "dispute_since", "paused_until", "contractor_reference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One order in words; ``asset`` and ``fault`` as the rules call them, empty where nobody has said so yet."""

    line: OrderLine
    asset: str
    fault: str
    where: str
    age: str
    due: str
    href: str


async def show_orders(visit: Visit) -> Response:
    """By premises and reference."""
    return page(visit.request, "orders.html", 200, **await content(visit))


async def content(visit: Visit) -> dict[str, Any]:
    """What the list is drawn from."""
    chosen = filters(visit)
    after = visit.request.query_params.get("after")
    name = ("orders", units(visit, chosen), chosen, after)
    lines = await shared(name, lambda: _lines(visit, chosen, AT_ONCE + 1, after))
    shown = lines[:AT_ONCE]
    last = pages.cursor_of((shown[-1].premises, shown[-1].subject)) if len(lines) > AT_ONCE else None
    desk = visit.caller.desk
    return {
        "lines": [_shown(visit, one) for one in shown],
        "now": desk.now,
        "narrowed": said(visit, replace(chosen, short=False)),
        "sheet": chosen.address(f"{ORDERS}.csv"),
        "later": chosen.address(ORDERS, after=last) if last is not None else None,
    }


async def orders_sheet(visit: Visit) -> Response:
    """The same as CSV."""
    lines = await _lines(visit, filters(visit), IN_A_SHEET, None)
    found = [{name: _plain(getattr(one, name)) for name in _SHEET} for one in lines]
    for line, one in zip(lines, found, strict=True):
        one["page"] = str(visit.request.url.replace(path=subject_address(line.premises, line.subject), query=""))
    return as_sheet([*_SHEET, "page"], found, "orders")


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def _lines(visit: Visit, chosen: Filters, limit: int, after: str | None) -> Sequence[OrderLine]:
    caller = visit.caller
    async with caller.place.ledger.reading() as connection:
        rows = await queries.orders(
            connection, units=units(visit, chosen), priorities=[chosen.priority] if chosen.priority else None,
            breached=chosen.overdue, disputed=chosen.disputed,
            aged=(chosen.age, caller.desk.now) if chosen.age is not None else None,
            limit=limit, after=pages.key_in(after, tuple[str, str]),
        )  # fmt: skip
    return [as_line(OrderLine, row) for row in rows]


def _shown(visit: Visit, line: OrderLine) -> Shown:
    desk = visit.caller.desk
    length = spoken().span(desk.now - line.raised_at) if line.raised_at is not None else ""
    age = _("{length} ago", length=length) if length else _("not known")
    due = _due(line, desk.now - (line.fix_due or desk.now))
    codes = desk.world.policies.at(desk.now).spec.codes
    asset = codes.assets.get(line.asset or "", line.asset or "")
    fault = codes.faults.get(line.fault or "", line.fault or "")
    here = subject_address(line.premises, line.subject)
    return Shown(line, asset, fault, place_name(desk, line.premises), age, due, here)


def _due(line: OrderLine, late: timedelta) -> str:
    if line.fix_due is None:
        return ""
    length = spoken().span(late)
    return _("{length} overdue", length=length) if late > timedelta(0) else _("due in {length}", length=length)


def said(visit: Visit, chosen: Filters) -> list[str]:
    """The filters in words, each as one part of a sentence."""
    places = place_names(visit.caller.desk)
    found = [places[one] for one in (chosen.ldu, chosen.premises) if one is not None]
    found += [chosen.priority] if chosen.priority else []
    found += [_(AGE_WORDS[chosen.age])] if chosen.age else []
    switches = ((chosen.overdue, _("overdue")), (chosen.disputed, _("disputed")), (chosen.short, _("short")))
    return found + [words for is_on, words in switches if is_on]
