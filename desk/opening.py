"""Opening a ledger for a person: which one, in which time, under which rules; one view of it for each page."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.environment import reading_settings
from desk.exits import Exit, Unreachable
from desk.options import Reading
from desk.printing import console, print_json, remark
from desk.views.listed import Listed
from models.tables import AuditRow, InboxRow, MetaRow
from streams.clock import Clock, FixedClock, Kind, SystemClock
from streams.ledger import timelines
from streams.ledger.engine import Database
from streams.settings import Settings
from streams.timekeeping import compared
from workorders.policy import World, default_estate, default_policy, default_world, load_estate, load_policy
from workorders.policy.load import DEFAULT_ESTATE, DEFAULT_POLICY, world_of

if TYPE_CHECKING:
    from streams.ledger.ledger import Ledger

T = TypeVar("T")

_MAKE: Final = "'workorders db upgrade' makes one, 'workorders demo' one to look at, --ledger names another"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command knows before it looks: the instant, the rules, and where the ledger is.

    A simulated ledger's time stands still at the last instant that it knows, for nothing moves it on.
    """

    url: str
    time_kind: Kind
    now: datetime
    world: World

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times: the policy's."""
        return self.world.policies.at(self.now).zone

    @property
    def clock(self) -> Clock:
        """The clock of this ledger."""
        return SystemClock() if self.time_kind == "real" else FixedClock(self.now)


def look(
    reading: Reading,
    name: str,
    read: Callable[[Desk, AsyncConnection], Awaitable[T]],
    draw: Callable[[T, Desk], Iterable[RenderableType]],
    *,
    code: Callable[[T], int] = lambda _: Exit.OK,
) -> int:
    """Read the ledger once and print a page, or with ``--json`` the same as ``{"as_at", "time", name}``.

    A list comes with ``total``, ``shown`` and ``truncated`` before it, whatever it is a list of.
    """

    async def once() -> tuple[T, Desk]:
        async with open_view(reading.ledger) as (desk, connection):
            return await read(desk, connection), desk

    found, desk = asyncio.run(once())
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, **_answer(name, found)})
    else:
        page = console()
        for part in draw(found, desk):
            page.print(part)
    return code(found)


def _answer(name: str, found: object) -> dict[str, object]:
    if isinstance(found, Listed):
        counts = {"total": found.total, "shown": len(found.lines), "truncated": found.truncated}
        return {**counts, name: found.lines}
    return {name: found}


@asynccontextmanager
async def open_view(ledger: str | None) -> AsyncIterator[tuple[Desk, AsyncConnection]]:
    """One unchanging view of a ledger that exists; nothing is made or upgraded."""
    settings = chosen(ledger)
    database = Database(settings.ledger_url)
    try:
        async with _readable(database) as connection:
            yield await _desk(settings, connection), connection
    finally:
        await database.close()


@asynccontextmanager
async def open_ledger(ledger: str | None) -> AsyncIterator[tuple[Desk, "Ledger"]]:
    """A ledger that exists, to say something to it; its tables are brought to this release.

    ``Unreachable`` if this machine's clock and the database's differ by more than the settings allow: what is said
    would count as heard at a wrong time, and be decided by it.
    """
    from streams.ledger.ledger import Ledger  # noqa: PLC0415 - it loads the migrations, which no page needs

    async with open_view(ledger) as (desk, _):
        pass
    opened = await Ledger.open(desk.url, time_kind=desk.time_kind, now=desk.now)
    try:
        await _refuse_other_time(opened, desk, reading_settings(ledger)[0].clock_skew_limit_s)
        yield desk, opened
    finally:
        await opened.close()


async def _refuse_other_time(ledger: "Ledger", desk: Desk, limit_s: float) -> None:
    found = await compared(ledger, desk.clock, limit_s)
    if not found.agree:
        skew = found.skew.total_seconds()
        where = "ahead of" if skew > 0 else "behind"
        raise Unreachable(
            f"This machine's clock is {abs(skew):,.1f} s {where} the database's, and {limit_s:g} s are allowed: "
            "nothing was recorded. Set the clock right."
        )


def chosen(ledger: str | None) -> Settings:
    """The settings with the ledger to read; ``Unreachable`` if it is a file that does not exist."""
    settings, said = reading_settings(ledger)
    if said is not None:
        remark(said)
    file = file_of(settings.ledger_url)
    if file is not None and not file.exists():
        raise Unreachable(f"There is no ledger at {file}: {_MAKE}.")
    return settings


def file_of(url: str) -> Path | None:
    """The file of a ledger in SQLite; None for a server."""
    return Path(url.partition("///")[2]) if url.startswith("sqlite") else None


def packaged_world(settings: Settings) -> World:
    """What a new ledger begins with: the policy and estate that the settings name, else those of the package."""
    if settings.policy is None and settings.estate is None:
        return default_world()
    policy = load_policy(settings.policy) if settings.policy else default_policy()
    estate = load_estate(settings.estate) if settings.estate else default_estate()
    return world_of(policy, estate, f"{settings.policy or DEFAULT_POLICY} with {settings.estate or DEFAULT_ESTATE}")


@asynccontextmanager
async def _readable(database: Database) -> AsyncIterator[AsyncConnection]:
    try:
        async with database.reading() as connection:
            yield connection
    except (OperationalError, ProgrammingError) as error:
        if _lacks_tables(error):
            raise Unreachable(f"The ledger has not the tables of this release: {_MAKE}.") from error
        raise


def _lacks_tables(error: DBAPIError) -> bool:
    text = str(error.orig).lower()
    return "no such table" in text or "no such column" in text or "does not exist" in text


async def _desk(settings: Settings, connection: AsyncConnection) -> Desk:
    kind = await time_kind_of(connection)
    now = await _last_instant(connection) if kind == "simulated" else None
    world = await timelines.read(connection) or packaged_world(settings)
    return Desk(settings.ledger_url, kind, now or SystemClock().now(), world)


async def time_kind_of(connection: AsyncConnection) -> Kind:
    """Whether the ledger holds real or simulated time; one that has not begun will hold real time."""
    found = (await connection.execute(select(col(MetaRow.time_kind)))).scalar_one_or_none()
    return "simulated" if found == "simulated" else "real"


async def _last_instant(connection: AsyncConnection) -> datetime | None:
    """The last instant at which anything was received or decided; the beginning if nothing was."""
    latest = [
        (await connection.execute(select(func.max(column)))).scalar_one_or_none()
        for column in (col(AuditRow.decided_at), col(InboxRow.received_at), col(MetaRow.created_at))
    ]
    return max((at for at in latest if at is not None), default=None)
