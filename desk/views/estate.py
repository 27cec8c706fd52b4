"""The estate in force: delivery units with their premises, who holds their contracts, and who is reached how."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from desk.exits import NotFound
from desk.near import did_you_mean
from models.premises import EstateSpec, ScopeKind
from streams.ledger import timelines
from workorders.policy import World


@dataclass(frozen=True, slots=True)
class PremisesOfEstate:
    """One premises in use. ``watched_from``: since when its nights must be covered; None where they need not be."""

    id: str
    name: str
    kind: str
    watched_from: datetime | None


@dataclass(frozen=True, slots=True)
class LduOfEstate:
    """One local delivery unit with its premises in use, approved premises first."""

    id: str
    name: str
    local_authorities: tuple[str, ...]
    premises: tuple[PremisesOfEstate, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """Who holds a region's contract now: ``fm`` for repairs, ``agency`` for the second person of each night."""

    id: str
    name: str
    contract: str


@dataclass(frozen=True, slots=True)
class RegionOfEstate:
    """One region."""

    id: str
    name: str
    contracts: tuple[Contract, ...]
    ldus: tuple[LduOfEstate, ...]


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One way to reach a role: ``of`` whom, by which channels, and in which hours of the policy (None: always)."""

    scope: str
    of: str
    channels: tuple[str, ...]
    hours: str | None


@dataclass(frozen=True, slots=True)
class RoleLine:
    """One role with the routes that hold now; no route means that its rungs are skipped, visibly."""

    id: str
    name: str
    party: str
    routes: tuple[RouteLine, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One registered sender: the role that it speaks for, about what, what it may say, and how often it is heard."""

    id: str
    role: str
    scope: str
    of: str
    types: tuple[str, ...]
    expect_every: int | None


@dataclass(frozen=True, slots=True)
class EstateView:
    """The whole estate as at an instant, and every activation that this ledger knows."""

    name: str
    version: str
    regions: tuple[RegionOfEstate, ...]
    roles: tuple[RoleLine, ...]
    sources: tuple[SourceLine, ...]
    activations: tuple[dict[str, Any], ...]


async def read_estate(connection: AsyncConnection, world: World, now: datetime, premises: str | None) -> EstateView:
    """The estate in force, or of it only what concerns one premises; ``NotFound`` if there is no such premises."""
    estate = world.estates.at(now)
    spec = estate.spec
    if premises is not None and estate.premises(premises, now) is None:
        names = {one.id: one.name for one in spec.premises if one.holds_at(now)}
        meant = did_you_mean(premises, names) or " 'workorders estate show' lists them."
        raise NotFound(f"The estate in force has no premises {premises!r}.{meant}")
    activations = await timelines.history(connection, "estate")
    regions = tuple(one for one in _regions(spec, now, premises) if one.ldus)
    return EstateView(
        name=spec.name,
        version=estate.version,
        regions=regions,
        roles=tuple(_roles(spec, now, _reaches(spec, premises, now))),
        sources=tuple(_sources(spec, now, premises, world)),
        activations=tuple(activations),
    )


def _regions(spec: EstateSpec, now: datetime, only: str | None) -> Iterable[RegionOfEstate]:
    for region in spec.regions:
        held = (one for one in spec.providers if one.region == region.id and one.holds_at(now))
        ldus = (
            LduOfEstate(ldu.id, ldu.name, ldu.local_authorities, tuple(_premises(spec, ldu.id, now, only)))
            for ldu in spec.ldus
            if ldu.region == region.id
        )
        kept = tuple(ldu for ldu in ldus if ldu.premises or only is None)
        contracts = tuple(Contract(one.id, one.name, one.contract) for one in held)
        yield RegionOfEstate(region.id, region.name, contracts, kept)


def _premises(spec: EstateSpec, ldu: str, now: datetime, only: str | None) -> Iterable[PremisesOfEstate]:
    mine = (one for one in spec.premises if one.ldu == ldu and one.holds_at(now) and only in {None, one.id})
    for one in sorted(mine, key=lambda one: (one.kind != "approved-premises", one.name)):
        yield PremisesOfEstate(one.id, one.name, one.kind.value, one.watched_from)


def _reaches(spec: EstateSpec, premises: str | None, now: datetime) -> set[tuple[ScopeKind, str]] | None:
    """The scopes that a premises belongs to; None for all of the estate."""
    if premises is None:
        return None
    ldu = next(one.ldu for one in spec.premises if one.id == premises)
    region = next(one.region for one in spec.ldus if one.id == ldu)
    providers = (one.id for one in spec.providers if one.region == region and one.holds_at(now))
    own = {(ScopeKind.PREMISES, premises), (ScopeKind.LDU, ldu), (ScopeKind.REGION, region)}
    return own | {(ScopeKind.DIVISION, "division")} | {(ScopeKind.PROVIDER, one) for one in providers}


def _roles(spec: EstateSpec, now: datetime, scopes: set[tuple[ScopeKind, str]] | None) -> Iterable[RoleLine]:
    for role in spec.roles:
        routes = tuple(
            RouteLine(one.scope.value, one.of, tuple(f"{by.kind} {by.address}" for by in one.channels), one.hours)
            for one in spec.routes
            if one.role == role.id and one.holds_at(now) and (scopes is None or (one.scope, one.of) in scopes)
        )
        yield RoleLine(role.id, role.name, role.party.value, routes)


def _sources(spec: EstateSpec, now: datetime, premises: str | None, world: World) -> Iterable[SourceLine]:
    estate = world.estates.at(now)
    for one in spec.sources:
        if one.holds_at(now) and (premises is None or estate.speaks_for(one, premises, now)):
            every = int(one.expect_every.total_seconds()) if one.expect_every is not None else None
            yield SourceLine(one.id, one.role, one.scope.value, one.of, one.types, every)
