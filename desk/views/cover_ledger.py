"""The cover ledger of a period: by approved premises and by agency, with the names that people know."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from streams.ledger import queries
from streams.ledger.queries import CoverLine
from workorders.policy import Estate, World


@dataclass(frozen=True, slots=True)
class CoverAccount:
    """One approved premises, or one agency, in person-minutes of the nights that have ended.

    ``asked_of_agency`` is what own staff need not fill; ``fill_rate`` the agency's part of it, from 0 to 1, None where
    nothing was asked. ``shortest_notice`` is the least time in minutes between a withdrawal and the cover's start.
    """

    of: Literal["premises", "agency"]
    id: str
    name: str
    nights: int
    required: int
    own: int
    asked_of_agency: int
    agency: int
    contingency: int
    uncovered: int
    withdrawals: int
    shortest_notice: int | None
    cost_pence: int
    fill_rate: float | None


async def read_cover_accounts(
    connection: AsyncConnection, world: World, now: datetime, since: date, until: date
) -> list[CoverAccount]:
    """The accounts as at now of the ended nights from one date to another, both included: premises, then agencies."""
    found = await queries.cover_ledger(connection, world, since=since, until=until, now=now)
    estate = world.estates.at(now)
    premises = [_account("premises", id_, _premises_name(estate, id_), line) for id_, line in found["premises"].items()]
    agencies = [_account("agency", id_, _agency_name(estate, id_), line) for id_, line in found["agencies"].items()]
    return [*sorted(premises, key=lambda one: one.name), *sorted(agencies, key=lambda one: one.name)]


def _account(of: Literal["premises", "agency"], id_: str, name: str, line: CoverLine) -> CoverAccount:
    return CoverAccount(
        of=of,
        id=id_,
        name=name,
        nights=line.nights,
        required=line.required,
        own=line.own,
        asked_of_agency=line.asked_of_agency,
        agency=line.agency,
        contingency=line.contingency,
        uncovered=line.uncovered,
        withdrawals=line.withdrawals,
        shortest_notice=line.shortest_notice,
        cost_pence=line.cost_pence,
        fill_rate=line.fill_rate,
    )


def _premises_name(estate: Estate, id_: str) -> str:
    premises = estate.premises(id_)
    return premises.name if premises is not None else id_


def _agency_name(estate: Estate, id_: str) -> str:
    return next((provider.name for provider in estate.spec.providers if provider.id == id_), id_)
