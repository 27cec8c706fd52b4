"""Tonight and the coming nights as they stand at an instant: decided anew from what was heard, row or no row.

The ledger keeps a night from its first checkpoint or event on. One further ahead asks for people all the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.nights import standing_about, status_of
from models.history import TOPIC_PREFIX
from models.ids import night_id
from models.premises import Premises
from models.tables import NightRow, SourceStateRow, UnitRow
from streams.ledger import store
from workorders.decide import night_policy
from workorders.night_outlook import Outlook, outlook
from workorders.night_plan import plan_night
from workorders.policy import World

FURTHEST: Final = timedelta(days=60)
"""How far ahead a night can be looked at; what lies further nobody plans by the hour."""
_COVER: Final = TOPIC_PREFIX["shift-cover"]


@dataclass(frozen=True, slots=True)
class NightAhead:
    """One night of one approved premises.

    ``status`` is that of :class:`NightLine`, but ``later`` where nobody is missing yet and somebody will be. ``told``
    are the roles to which an escalation about it stands. ``silent`` are the sources that should be heard about its
    cover and are not; ``incomplete`` tells that something about the premises could not be decided.
    """

    premises: Premises
    night: date
    outlook: Outlook
    status: str
    told: tuple[str, ...]
    silent: tuple[str, ...]
    incomplete: bool

    @property
    def subject(self) -> str:
        """What the night is called in events."""
        return self.outlook.state.subject

    @property
    def in_doubt(self) -> bool:
        """Whether there may be news of it that has not reached us."""
        return bool(self.silent) or self.incomplete

    @property
    def worst(self) -> int:
        """How many people are missing at the worst, now or later in the window; of a night that is over, ever."""
        found = self.outlook.stretches
        left = [one.missing for one in found if one.ahead] or [one.missing for one in found]
        return max(left, default=0)


async def read_nights_ahead(
    connection: AsyncConnection, world: World, now: datetime, units: Collection[str], dates: tuple[date, date]
) -> list[NightAhead]:
    """The nights from the first date to the last, both included, of these premises, by date and the premises' name."""
    first, last = dates
    estate = world.estates.at(now)
    premises = [one for one in estate.spec.premises if one.id in units and one.watched_from is not None]
    known = await _subjects(connection, [one.id for one in premises], first, last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    wanted = [(one, day) for one in premises for day in days if _is_there(one, day, known, world, now)]
    histories = await store.known(connection, {(one.id, night_id(one.id, day.isoformat())) for one, day in wanted})
    told = await standing_about(connection, {subject for _, subject in histories})
    doubts = await _doubts(connection, world, now)
    found = []
    for one, day in wanted:
        subject = night_id(one.id, day.isoformat())
        seen = outlook(one, day, histories[one.id, subject].history, world, now)
        roles = tuple(dict.fromkeys(told.get(subject, ())))
        found.append(_night(one, day, seen, roles, doubts, world, now))
    return sorted(found, key=lambda night: (night.night, night.premises.name, night.premises.id))


async def read_night_ahead(
    connection: AsyncConnection, world: World, now: datetime, unit: str, night: date
) -> NightAhead | None:
    """One night; None if there is none at that premises, or none yet of which anything can be said."""
    if night > now.date() + FURTHEST:
        return None
    found = await read_nights_ahead(connection, world, now, [unit], (night, night))
    return found[0] if found else None


def _is_there(premises: Premises, night: date, known: Collection[str], world: World, now: datetime) -> bool:
    """Whether the ledger knows the night, or it is still to come and asks for somebody."""
    if night_id(premises.id, night.isoformat()) in known:
        return True
    plan = plan_night(premises, night, night_policy(world, night))
    return plan.watched and plan.starts > now


async def _subjects(connection: AsyncConnection, units: Sequence[str], first: date, last: date) -> set[str]:
    mine = (col(NightRow.unit).in_(units), col(NightRow.night).between(first, last))
    return set((await connection.execute(select(col(NightRow.subject)).where(*mine))).scalars())


@dataclass(frozen=True, slots=True)
class _Doubts:
    silent: tuple[str, ...]
    incomplete: frozenset[str]


async def _doubts(connection: AsyncConnection, world: World, now: datetime) -> _Doubts:
    """The sources of cover that are silent, and the premises of which something could not be decided."""
    estate = world.estates.at(now)
    silent = select(col(SourceStateRow.source)).where(col(SourceStateRow.silent_since).is_not(None))
    held = select(col(UnitRow.id)).where(col(UnitRow.incomplete))
    names = [*(await connection.execute(silent)).scalars()]
    sources = [one for name in sorted(names) if (one := estate.source(name, now)) is not None]
    about = tuple(one.id for one in sources if any(kind.startswith(_COVER) for kind in one.types))
    return _Doubts(about, frozenset((await connection.execute(held)).scalars()))


def _night(
    premises: Premises, night: date, seen: Outlook, told: tuple[str, ...], doubts: _Doubts, world: World, now: datetime
) -> NightAhead:
    estate = world.estates.at(now)
    registered = [one for name in doubts.silent if (one := estate.source(name, now)) is not None]
    silent = tuple(one.id for one in registered if estate.speaks_for(one, premises.id, now))
    return NightAhead(
        premises, night, seen, _status(seen, world, now), told, silent, premises.id in doubts.incomplete
    )  # fmt: skip


def _status(seen: Outlook, world: World, now: datetime) -> str:
    status = status_of(seen.state, world, now)
    later = any(one.missing for one in seen.stretches if one.ahead)
    return "later" if status == "covered" and later else status
