"""The commands about keys, and their pages."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access import keys
from desk.access.granting import grant, scope_of
from desk.access.keys import Key
from desk.access.record import Access, latest, total
from desk.access.rights import Holder
from desk.exits import Exit, NotFound
from desk.instants import local
from desk.opening import Desk, look, open_ledger
from desk.options import Reading
from desk.printing import console, counted, print_json, table
from desk.seeing.words import left_out
from desk.views.listed import Listed, whole


def create_key(source: str, holder: str, scope: str, days: int, reading: Reading) -> int:
    """Make a key and print it: it is the only time that anybody sees it."""
    reach, of = scope_of(scope)

    async def make() -> tuple[Key, str, Desk]:
        async with open_ledger(reading.ledger) as (desk, ledger):
            wanted = (source, Holder(holder), reach, of)
            return *await grant(ledger, desk.world, desk.now, wanted, timedelta(days=days)), desk

    made, secret, desk = asyncio.run(make())
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "key": made, "secret": secret})
    else:
        page = console()
        page.print(Text(f"Key {made.id} for the {made.holder} as {made.source}; it ends {_until(made, desk)}."))
        page.print(Text(secret, style="head"), soft_wrap=True)
        page.print(Text("Keep it now: nobody can show it again.", style="quiet"))
    return Exit.OK


def show_keys(reading: Reading) -> int:
    """Print every key that was made."""

    async def read(_: Desk, connection: AsyncConnection) -> Listed[Key]:
        return whole(await keys.all_keys(connection))

    return look(reading, "keys", read, _draw)


def show_record(limit: int, reading: Reading) -> int:
    """Print who looked at what through the API, and what was refused."""

    async def read(_: Desk, connection: AsyncConnection) -> Listed[Access]:
        return Listed(await latest(connection, limit), await total(connection))

    return look(reading, "record", read, _draw_record)


def revoke_key(id_: str, reading: Reading) -> int:
    """Let a key open nothing any more."""

    async def end() -> tuple[bool, Desk]:
        async with open_ledger(reading.ledger) as (desk, ledger), ledger.database.writing() as connection:
            return await keys.revoke(connection, id_, desk.now), desk

    ended, desk = asyncio.run(end())
    if not ended:
        raise NotFound(f"No key {id_!r} opens anything; 'workorders key list' shows those that there are.")
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "revoked": id_})
    else:
        console().print(Text(f"Key {id_} opens nothing any more."))
    return Exit.OK


def _draw(found: Listed[Key], desk: Desk) -> Iterable[RenderableType]:
    yield Text(counted(found.total, "key"), style="head")
    if not found.lines:
        return
    drawn = table("key", "holder", "speaks as", "reaches", "ends", "last used", lead=2)
    for one in found.lines:
        reach = one.of if one.of == one.reach else f"{one.reach.value}:{one.of}"
        used = local(one.last_used_at, desk.zone) if one.last_used_at is not None else "never"
        drawn.add_row(one.id, one.holder.value, one.source, reach, _until(one, desk), used)
    yield drawn


def _draw_record(found: Listed[Access], desk: Desk) -> Iterable[RenderableType]:
    yield Text(counted(found.total, "line"), style="head")
    yield from left_out(found)
    if not found.lines:
        return
    drawn = table("when", "key", "what", "about", "answer", "", lead=2)
    for one in found.lines:
        who, about = Text(one.key or "?"), Text(one.about)
        drawn.add_row(local(one.at, desk.zone), who, one.action, about, str(one.status), one.code)
    yield drawn


def _until(key: Key, desk: Desk) -> Text:
    if key.revoked_at is not None:
        return Text(f"revoked {local(key.revoked_at, desk.zone)}", style="bad")
    if key.expires_at is None:
        return Text("never")
    return Text(local(key.expires_at, desk.zone), style="good" if key.holds_at(desk.now) else "bad")
