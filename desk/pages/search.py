"""Search: a reference as it was read out, an order by any of its names, premises, and what was said of open repairs.

It is a plain address, so that it can be sent to a colleague: they find what their own scope and rights reach.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from desk.access.rights import Action, may
from desk.api.reference import LENGTH, read_reference
from desk.api.telling import ReceiptBody, receipt_body
from desk.pages.filters import Filters, filters, units
from desk.pages.navigation import BOARD, NIGHTS, ORDERS, leads_to, subject_address
from desk.pages.rendering import page
from desk.pages.sentences import place_name, subject_name
from desk.pages.visitors import Visit
from desk.views import found_orders, found_text
from desk.views.found_orders import FoundOrder
from desk.views.found_text import Codes, Found, plain
from desk.views.receipts import read_submission
from desk.words import LANGUAGES, _, words_in
from models.premises import PremisesKind

LONGEST: Final = 100
"""How many characters can be searched for."""
_RECEIPT: Final = re.compile(rf"[0-9A-Za-z]{{{LENGTH + 1}}}")


@dataclass(frozen=True, slots=True)
class Place:
    """One premises that was found, with where more is known of it."""

    name: str
    id: str
    ways: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Repair:
    """One order that was found, and why. ``note`` is what somebody said of it, as they typed it."""

    order: FoundOrder
    where: str
    href: str
    why: str
    what: Sequence[str] = ()
    note: str = ""


@dataclass(slots=True)
class Results:
    """All that was found; ``more`` of the orders there are than are shown."""

    receipt: ReceiptBody | None = None
    receipt_where: str = ""
    receipt_about: str = ""
    receipt_href: str = ""
    misheard: bool = False
    places: list[Place] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    more: bool = False
    text: Found = field(default_factory=Found)

    @property
    def number(self) -> int:
        """How many results are shown."""
        return len(self.places) + len(self.repairs) + (self.receipt is not None)


async def show_search(visit: Visit) -> Response:
    """The form, and what was found for what stands in the address."""
    chosen = filters(visit)
    typed = _readable(visit.request.query_params.get("q", ""))
    too_long = len(typed) > LONGEST
    results = await _search(visit, typed, chosen) if typed and not too_long else None
    status = HTTPStatus.UNPROCESSABLE_ENTITY if too_long else HTTPStatus.OK
    faults = {"q": _("Search for {most} characters at most", most=LONGEST)} if too_long else {}
    return page(
        visit.request, "search.html", status,
        q=typed, results=results, faults=faults, chosen=chosen, places=_choices(visit),
        reads_orders=may(visit.caller.key.holder, Action.READ_ORDERS), most=found_orders.MOST,
    )  # fmt: skip


def _readable(typed: str) -> str:
    """What was typed, without what nobody can type, and with single spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in typed).split())


async def _search(visit: Visit, typed: str, chosen: Filters) -> Results:
    caller, found = visit.caller, Results()
    found.places = _places(visit, typed, chosen)
    async with caller.place.ledger.reading() as connection:
        await _receipt(visit, connection, typed, found)
        if may(caller.key.holder, Action.READ_ORDERS):
            await _repairs(visit, connection, typed, chosen, found)
    found.misheard = not found.number and _RECEIPT.fullmatch(re.sub(r"[ -]", "", typed)) is not None
    await asyncio.gather(*(caller.note(one.order.subject) for one in found.repairs if one.note))
    return found


async def _receipt(visit: Visit, connection: AsyncConnection, typed: str, found: Results) -> None:
    """What was said under a reference for the telephone."""
    wanted, caller = read_reference(typed), visit.caller
    if wanted is None or not may(caller.key.holder, Action.READ_RECEIPT):
        return
    said = await read_submission(connection, wanted)
    if said is None or not caller.reaches(said.premises):
        return
    await caller.note(wanted)
    found.receipt = receipt_body(caller, said)
    found.receipt_where = place_name(caller.desk, said.premises)
    if said.subject:
        found.receipt_about = subject_name(said.subject)
        found.receipt_href = leads_to(caller.key.holder, said.premises, said.subject) or ""


async def _repairs(
    visit: Visit, connection: AsyncConnection, typed: str, chosen: Filters, found: Results
) -> None:  # fmt: skip
    """Orders by what they are called, then by what was said of those that are outstanding."""
    within = units(visit, chosen)
    spec = visit.caller.desk.world.estates.at(visit.caller.desk.now).spec
    places = [one.id for one in spec.premises if within is None or one.id in within]
    exact = await found_orders.named(connection, typed, places)
    begin = [] if exact else await found_orders.beginning(connection, typed, places)
    theirs = await found_orders.contractors(connection, typed, places)
    for orders, why in (
        (exact, _("its reference")),
        (begin, _("its reference begins so")),
        (theirs, _("the contractor's reference")),
    ):
        found.more = found.more or len(orders) > found_orders.MOST
        found.repairs += [_repair(visit, one, why) for one in orders[: found_orders.MOST]]
    if exact or theirs or found.receipt is not None:
        return  # what is meant is found; words are looked for where it is not
    known = {(one.order.premises, one.order.subject) for one in found.repairs}
    codes = _codes(visit)
    found.text = await found_text.said_about(connection, found_text.words_of(typed), places, codes)
    for said in found.text.lines:
        if (said.order.premises, said.order.subject) not in known:
            what = [codes[code][0] for code in said.codes if code in codes]
            found.repairs.append(_repair(visit, said.order, _("what was said of it"), what, said.note))


def _repair(visit: Visit, order: FoundOrder, why: str, what: Sequence[str] = (), note: str = "") -> Repair:
    where = place_name(visit.caller.desk, order.premises)
    return Repair(order, where, subject_address(order.premises, order.subject), why, what, note)


def _codes(visit: Visit) -> Codes:
    """The words for assets and faults, in English first."""
    codes = visit.caller.desk.world.policies.at(visit.caller.desk.now).spec.codes
    spoken = [words_in(one) for one in LANGUAGES]
    return {code: [say(words) for say in spoken] for code, words in {**codes.faults, **codes.assets}.items()}


def _places(visit: Visit, typed: str, chosen: Filters) -> list[Place]:
    """The premises within reach whose name or id has what was typed, whatever its case and accents."""
    desk, within, wanted = visit.caller.desk, units(visit, chosen), plain(typed)
    spec = desk.world.estates.at(desk.now).spec
    return [
        Place(one.name, one.id, _ways(visit, one.id, one.kind)) for one in spec.premises
        if one.holds_at(desk.now) and (within is None or one.id in within)
        and any(wanted in plain(name) for name in (one.name, _(one.name), one.id))
    ]  # fmt: skip


def _ways(visit: Visit, premises: str, kind: PremisesKind) -> list[tuple[str, str]]:
    """The pages about a premises that this role may open."""
    has_nights = kind is PremisesKind.APPROVED_PREMISES
    ways = [
        (Action.READ_ORDERS, _("Outstanding repairs"), ORDERS),
        *([(Action.READ_NIGHTS, _("Nights"), NIGHTS)] if has_nights else []),
        (Action.READ_BOARD, _("Board"), BOARD),
    ]
    holder = visit.caller.key.holder
    return [(text, Filters(premises=premises).address(path)) for action, text, path in ways if may(holder, action)]


def _choices(visit: Visit) -> list[tuple[str, str]]:
    """The premises to which the search can be narrowed, by name."""
    desk = visit.caller.desk
    spec = desk.world.estates.at(desk.now).spec
    found = [(one.id, one.name) for one in spec.premises if one.holds_at(desk.now) and visit.caller.reaches(one.id)]
    return sorted(found, key=lambda one: plain(one[1]))
