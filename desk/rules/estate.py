"""The page of the estate: its premises by region and delivery unit, and how each role is reached."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.instants import length, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, table
from desk.views.estate import EstateView, RegionOfEstate, RoleLine, read_estate

_CONTRACTS: Final = {"fm": "repairs", "agency": "second person at night"}


def show_estate(premises: str | None, reading: Reading) -> int:
    """Print the estate in force, or what of it concerns one premises."""

    async def read(desk: Desk, connection: AsyncConnection) -> EstateView:
        return await read_estate(connection, desk.world, desk.now, premises)

    return look(reading, "estate", read, draw_estate)


def draw_estate(view: EstateView, desk: Desk) -> Iterable[RenderableType]:
    """Where it is, who holds the contracts, and who is told by what."""
    yield Text.assemble((view.name, "head"), f"  as at {local_in_full(desk.now, desk.zone)}")
    yield Text(f"Version {view.version[:12]}.", style="quiet")
    for region in view.regions:
        yield ""
        yield from _region(region)
    yield ""
    yield from _roles(view.roles)
    yield ""
    senders = table("source", "speaks as", "about", "may say", "heard every", title="Who may send", whole=(0,))
    for one in view.sources:
        every = length(timedelta(seconds=one.expect_every)) if one.expect_every is not None else "·"
        senders.add_row(
            one.id, one.role, _of(one.scope, one.of), counted(len(one.types), "type of event", "types of event"), every
        )
    yield senders


def _region(region: RegionOfEstate) -> Iterable[RenderableType]:
    yield Text.assemble((f"{region.name}", "head"), f" ({region.id})")
    for held in region.contracts:
        yield Text(f"  {_CONTRACTS.get(held.contract, held.contract)}: {held.name} ({held.id})", style="quiet")
    drawn = table("delivery unit", "premises", "id", "kind", "nights", whole=(2, 3), lead=3)
    for ldu in region.ldus:
        name = f"{ldu.name} ({ldu.id})"
        for one in ldu.premises:
            nights = "watched" if one.watched_from is not None else "·"
            drawn.add_row(name, one.name, one.id, one.kind, nights)
            name = ""
        if not ldu.premises:
            drawn.add_row(name, "no premises in use", "", "", "")
    yield drawn


def _roles(roles: Iterable[RoleLine]) -> Iterable[RenderableType]:
    drawn = table("role", "id", "side", "of", "reached by", "in", title="Roles, and how each is reached", lead=2)
    for role in roles:
        named = (role.name, role.id, role.party)
        for route in role.routes:
            hours = route.hours if route.hours is not None else "all hours"
            drawn.add_row(*named, _of(route.scope, route.of), ", ".join(route.channels), hours)
            named = ("", "", "")
        if not role.routes:
            drawn.add_row(*named, "·", Text("no route: skipped, visibly", style="doubt"), "")
    yield drawn


def _of(scope: str, of: str) -> str:
    return "the division" if scope == "division" else f"{scope} {of}"
