"""Nights: which are covered, which are not, and which nobody has confirmed."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.decision import CoverState, NightState
from models.tables import EscalationRow
from streams.ledger import queries, states
from workorders.policy import World

ABOUT_NIGHTS: Final = ("uncovered-night", "unconfirmed-night", "contested-breach")
"""The kinds of escalation that may be about a night."""


@dataclass(frozen=True, slots=True)
class NightLine:
    """One night at one premises.

    ``status``: before its end ``covered``, ``short`` or ``not-confirmed`` (nobody has said anything), but ``ahead``
    while nobody need have said anything yet; after it ``was-covered`` or ``was-short``; ``not-required`` where nobody
    need be there. ``told`` are the roles to which an escalation about it stands.
    """

    subject: str
    premises: str
    name: str
    night: date
    starts: datetime
    ends: datetime
    status: str
    required: int
    own_staff: int
    deficit: int
    confirmed: bool
    covers: tuple[CoverState, ...]
    uncovered_minutes: int
    own_minutes: int
    agency_minutes: int
    contingency_minutes: int
    cost_pence: int
    told: tuple[str, ...]


async def read_nights(
    connection: AsyncConnection, world: World, now: datetime, since: date, until: date
) -> list[NightLine]:
    """The nights from one date to another, both included, by date and premises."""
    rows = await queries.nights(connection, since=since, until=until)
    standing = await standing_about(connection, {row["subject"] for row in rows})
    decided = [(states.NIGHT_STATE.validate_python(row["state"]), row["decided_at"]) for row in rows]
    return [_line(queries.night_at(night, at, now), world, now, standing) for night, at in decided]


def status_of(night: NightState, world: World, now: datetime) -> str:
    """The one word for how a night stands at an instant."""
    if night.required == 0:
        return "not-required"
    if now >= night.ends:
        return "was-short" if night.uncovered_minutes else "was-covered"
    if not night.deficit:
        return "covered"
    policy = world.policies.by_version(night.policy_version) or world.policies.at(now)
    if now < night.starts - policy.spec.nights.warn_before:
        return "ahead"
    return "short" if night.confirmed else "not-confirmed"


async def standing_about(connection: AsyncConnection, subjects: AbstractSet[str]) -> Mapping[str, list[str]]:
    """The roles to which an escalation about each of these nights stands, in the order in which they were due."""
    found: dict[str, list[str]] = {}
    subject, role, kind, due = (col(getattr(EscalationRow, name)) for name in ("subject", "role", "kind", "due_at"))
    places = sorted({night.rpartition("/")[0] for night in subjects})
    mine = (col(EscalationRow.unit).in_(places), col(EscalationRow.standing), kind.in_(ABOUT_NIGHTS))
    query = select(subject, role).where(*mine)
    for row in await connection.execute(query.order_by(due, col(EscalationRow.id))):
        if row.subject in subjects:
            found.setdefault(row.subject, []).append(row.role)
    return found


def _line(night: NightState, world: World, now: datetime, standing: Mapping[str, list[str]]) -> NightLine:
    premises = world.estates.at(now).premises(night.premises)
    return NightLine(
        subject=night.subject,
        premises=night.premises,
        name=premises.name if premises is not None else night.premises,
        night=night.night,
        starts=night.starts,
        ends=night.ends,
        status=status_of(night, world, now),
        required=night.required,
        own_staff=night.own_staff,
        deficit=night.deficit,
        confirmed=night.confirmed,
        covers=night.covers,
        uncovered_minutes=night.uncovered_minutes,
        own_minutes=night.own_minutes,
        agency_minutes=night.agency_minutes,
        contingency_minutes=night.contingency_minutes,
        cost_pence=night.cost_pence,
        told=tuple(dict.fromkeys(standing.get(night.subject, ()))),
    )
