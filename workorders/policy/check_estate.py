"""Whether an estate holds together by itself: ids, regions, contracts without gaps, scopes and sources."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from models.premises import EstateSpec, Party, PremisesKind, Provider, ScopeKind
from models.schemas import CLIENT_SIDE_TYPES, INPUTS

"""Every event type that a source can send."""

_THE_BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)


def faults_of_estate(spec: EstateSpec) -> list[str]:
    """A sentence for each thing that is wrong, naming its key and the reason; none if the estate is sound."""
    checks: tuple[Callable[[EstateSpec], Iterable[str]], ...] = (
        _repeated_ids,
        _places,
        _provider_names,
        _contracts,
        _scopes,
        _roles,
        _source_types,
    )
    return [sentence for check in checks for sentence in check(spec)]


def _repeated_ids(spec: EstateSpec) -> Iterator[str]:
    lists: dict[str, Sequence[str]] = {
        "regions": [one.id for one in spec.regions],
        "ldus": [one.id for one in spec.ldus],
        "premises": [one.id for one in spec.premises],
        "roles": [one.id for one in spec.roles],
        "sources": [one.id for one in spec.sources],
        "local_authorities": [name for ldu in spec.ldus for name in ldu.local_authorities],
    }
    for key, ids in lists.items():
        yield from (f"{key}: {one!r} is there twice" for one in dict.fromkeys(ids) if ids.count(one) > 1)


def _places(spec: EstateSpec) -> Iterator[str]:
    regions = {region.id for region in spec.regions}
    ldus = {ldu.id for ldu in spec.ldus}
    for ldu in spec.ldus:
        if ldu.region not in regions:
            yield f"ldus {ldu.id!r}, region: {ldu.region!r} is not in regions"
    for premises in spec.premises:
        if premises.ldu not in ldus:
            yield f"premises {premises.id!r}, ldu: {premises.ldu!r} is not in ldus"
        if premises.watched_from is not None and premises.kind is not PremisesKind.APPROVED_PREMISES:
            yield f"premises {premises.id!r}, watched_from: only approved premises have nights to watch"
    for provider in spec.providers:
        if provider.region not in regions:
            yield f"providers {provider.id!r}, region: {provider.region!r} is not in regions"


def _provider_names(spec: EstateSpec) -> Iterator[str]:
    names: dict[str, str] = {}
    for provider in spec.providers:
        if names.setdefault(provider.id, provider.name) != provider.name:
            yield f"providers {provider.id!r}, name: differs from one entry to another"


def _contracts(spec: EstateSpec) -> Iterator[str]:
    """Each region has one FM provider at a time; one with a watched premises has one agency too."""
    watched = {premises.ldu for premises in spec.premises if premises.watched_from is not None}
    for region in spec.regions:
        needs_agency = any(ldu.region == region.id and ldu.id in watched for ldu in spec.ldus)
        for contract in ("fm", "agency"):
            held = [one for one in spec.providers if (one.region, one.contract) == (region.id, contract)]
            place = f"providers of {region.id!r}, contract {contract}"
            if held:
                yield from _one_after_another(held, place)
            elif contract == "fm" or needs_agency:
                yield f"{place}: is missing"


def _one_after_another(held: Sequence[Provider], place: str) -> Iterator[str]:
    dated = sorted(held, key=lambda one: one.valid_from or _THE_BEGINNING)
    for earlier, later in pairwise(dated):
        ends, begins = earlier.valid_until, later.valid_from
        if ends is None or begins is None or begins < ends:
            yield f"{place}: {earlier.id!r} and {later.id!r} hold it at the same time"
        elif ends < begins:
            yield f"{place}: nobody holds it from {ends.isoformat()} until {begins.isoformat()}"
    last = dated[-1]
    if last.valid_until is not None:
        yield f"{place}: nobody holds it from {last.valid_until.isoformat()}, when {last.id!r} ends"


def _scopes(spec: EstateSpec) -> Iterator[str]:
    known = {
        ScopeKind.PREMISES: {one.id for one in spec.premises},
        ScopeKind.LDU: {one.id for one in spec.ldus},
        ScopeKind.PROVIDER: {one.id for one in spec.providers},
        ScopeKind.REGION: {one.id for one in spec.regions},
        ScopeKind.DIVISION: {"division"},
    }
    for n, route in enumerate(spec.routes, 1):
        if route.of not in known[route.scope]:
            yield f"routes[{n}] of {route.role!r}, of: there is no {route.scope} {route.of!r}"
    for source in spec.sources:
        if source.of not in known[source.scope]:
            yield f"sources {source.id!r}, of: there is no {source.scope} {source.of!r}"


def _roles(spec: EstateSpec) -> Iterator[str]:
    known = {role.id for role in spec.roles}
    for n, route in enumerate(spec.routes, 1):
        if route.role not in known:
            yield f"routes[{n}], role: {route.role!r} is not in roles"
    for source in spec.sources:
        if source.role not in known:
            yield f"sources {source.id!r}, role: {source.role!r} is not in roles"


def _source_types(spec: EstateSpec) -> Iterator[str]:
    parties = {role.id: role.party for role in spec.roles}
    for source in spec.sources:
        place = f"sources {source.id!r}, types"
        contractor = parties.get(source.role) in {Party.PROVIDER, Party.AGENCY}
        for name in source.types:
            if name not in INPUTS:
                yield f"{place}: {name!r} is no event type"
            elif contractor and name in CLIENT_SIDE_TYPES:
                yield f"{place}: {name!r} is for the client side, of which role {source.role!r} is not"
