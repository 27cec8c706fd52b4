"""The ways to reach a role about a unit: the routes of every scope that takes the unit in, the narrowest first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from models.ids import source_unit
from models.premises import EstateSpec, Premises, Provider, Route, ScopeKind

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
"""What stands for always and for good where instants are compared."""

Stretch = tuple[datetime | None, datetime | None]
"""From when until when something holds (None: always, or for good)."""

Ways = Mapping[tuple[str, str], tuple["Way", ...]]
"""For each role and unit the ways to reach the role."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route, and from when until when it leads to a unit (None: always, or for good)."""

    route: Route
    since: datetime | None
    until: datetime | None

    def holds_at(self, at: datetime) -> bool:
        """Whether it leads there at the instant."""
        return _within(self.since, self.until, at)


def reached(ways: Iterable[Way]) -> tuple[tuple[datetime, datetime], ...]:
    """The stretches in which at least one way leads there, in order and joined where they touch."""
    found: list[tuple[datetime, datetime]] = []
    for since, until in sorted((way.since or BEGINNING, way.until or END) for way in ways):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return tuple(found)


def narrowest(routes: Iterable[Route], is_open: Callable[[str], bool]) -> tuple[Route, ...]:
    """Of routes that stand with the narrowest scope first, those of the first scope that is open; each once.

    ``is_open`` says whether a calendar is open at the moment in question.
    """
    usable = [route for route in routes if route.hours is None or is_open(route.hours)]
    return tuple(dict.fromkeys(route for route in usable if route.scope is usable[0].scope))


@dataclass(frozen=True, slots=True)
class Reach:
    """A scope that takes a unit in, for as long as a contract says (None: always, or for good)."""

    scope: ScopeKind
    of: str
    since: datetime | None = None
    until: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it takes the unit in at the instant."""
        return _within(self.since, self.until, at)


def _within(since: datetime | None, until: datetime | None, at: datetime) -> bool:
    return (since is None or since <= at) and (until is None or at < until)


def ways_of(spec: EstateSpec, units: Mapping[str, Sequence[Reach]]) -> dict[tuple[str, str], tuple[Way, ...]]:
    """The ways for every role and unit of the estate; a role without any is left out."""
    by_scope: dict[tuple[ScopeKind, str], list[Route]] = {}
    for route in spec.routes:
        by_scope.setdefault((route.scope, route.of), []).append(route)
    found: dict[tuple[str, str], tuple[Way, ...]] = {}
    for unit, reaches in units.items():
        for reach in reaches:
            for route in by_scope.get((reach.scope, reach.of), ()):
                way = _way(route, reach)
                if way is not None:
                    found[route.role, unit] = (*found.get((route.role, unit), ()), way)
    return found


def _way(route: Route, reach: Reach) -> Way | None:
    """The time in which both the route and the contract hold; None if there is none."""
    since = max((at for at in (route.valid_from, reach.since) if at is not None), default=None)
    until = min((at for at in (route.valid_until, reach.until) if at is not None), default=None)
    return None if since and until and since >= until else Way(route, since, until)


def reaches_of(spec: EstateSpec) -> dict[str, list[Reach]]:
    """For every premises and every source the scopes that take it in, the narrowest first."""
    premises = {one.id: one for one in spec.premises}
    sites = {one.id: _from_premises(spec, one) for one in spec.premises}
    sources = {source_unit(one.id): _from_scope(spec, one.scope, one.of, premises) for one in spec.sources}
    return sites | sources


def _from_scope(spec: EstateSpec, scope: ScopeKind, of: str, premises: Mapping[str, Premises]) -> list[Reach]:
    """The scopes that take in whatever lies within the given one."""
    if scope is ScopeKind.PREMISES:
        return _from_premises(spec, premises[of])
    if scope is ScopeKind.LDU:
        return _from_ldu(spec, of)
    if scope is ScopeKind.REGION:
        return _from_region(spec, of)
    division = Reach(ScopeKind.DIVISION, "division")
    return [Reach(scope, of), division] if scope is ScopeKind.PROVIDER else [division]


def _from_premises(spec: EstateSpec, premises: Premises) -> list[Reach]:
    return [Reach(ScopeKind.PREMISES, premises.id), *_from_ldu(spec, premises.ldu)]


def _from_ldu(spec: EstateSpec, ldu_id: str) -> list[Reach]:
    region = next(ldu.region for ldu in spec.ldus if ldu.id == ldu_id)
    return [Reach(ScopeKind.LDU, ldu_id), *_from_region(spec, region)]


def _from_region(spec: EstateSpec, region: str) -> list[Reach]:
    held: list[Provider] = [provider for provider in spec.providers if provider.region == region]
    contracts = [Reach(ScopeKind.PROVIDER, one.id, one.valid_from, one.valid_until) for one in held]
    return [*contracts, Reach(ScopeKind.REGION, region), Reach(ScopeKind.DIVISION, "division")]
