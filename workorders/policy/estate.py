"""The estate, compiled: premises, who holds their contracts, which roles can be reached there, and who may speak."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from models.premises import EstateSpec, Party, Premises, Provider, Role, Route, Source
from workorders.policy.check_estate import faults_of_estate
from workorders.policy.refusal import PolicyError
from workorders.policy.routes import BEGINNING, END, Ways, narrowest, reached, reaches_of, ways_of
from workorders.policy.version import version_of

Contract = Literal["fm", "agency"]


class Estate:
    """One sound version of the estate, immutable; equal to another if its content is the same.

    ``PolicyError`` if the spec does not hold together; one that is ``in_force`` was judged when it was activated, and
    stricter checks of a later release come too late for it. A *unit* is a premises id or ``source:<source id>``.
    """

    __slots__ = (
        "_always",
        "_ldus",
        "_premises",
        "_providers",
        "_reached",
        "_reaches",
        "_roles",
        "_sources",
        "_watched",
        "_ways",
        "spec",
        "version",
    )

    def __init__(self, spec: EstateSpec, *, in_force: bool = False) -> None:
        faults = [] if in_force else faults_of_estate(spec)
        if faults:
            raise PolicyError(faults)
        self.spec: Final = spec
        self.version: Final = version_of(spec)
        self._ldus = {ldu.id: ldu for ldu in spec.ldus}
        self._premises = {premises.id: premises for premises in spec.premises}
        self._watched = tuple(premises for premises in spec.premises if premises.watched_from is not None)
        self._roles = {role.id: role for role in spec.roles}
        self._sources = {source.id: source for source in spec.sources}
        self._providers = {
            (region.id, contract): tuple(p for p in spec.providers if (p.region, p.contract) == (region.id, contract))
            for region in spec.regions
            for contract in ("fm", "agency")
        }
        self._reaches = reaches_of(spec)
        self._ways = ways_of(spec, self._reaches)
        self._reached = {key: reached(ways) for key, ways in self._ways.items()}
        self._always = {key for key, stretches in self._reached.items() if stretches == ((BEGINNING, END),)}

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Estate) and self.version == other.version)

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        return f"<Estate {self.spec.name!r} {self.version[:12]}>"

    def premises(self, premises_id: str, at: datetime | None = None) -> Premises | None:
        """The premises of that id, if there is one (and, if an instant is given, if it is in use then)."""
        found = self._premises.get(premises_id)
        return found if found is not None and (at is None or found.holds_at(at)) else None

    def watched_premises(self) -> tuple[Premises, ...]:
        """The premises whose nights must be covered, from their ``watched_from`` on."""
        return self._watched

    def region_of(self, premises_id: str) -> str:
        """The id of the region that the premises lies in; ``KeyError`` if there is no such premises."""
        return self._ldus[self._premises[premises_id].ldu].region

    def provider_of(self, premises_id: str, at: datetime, contract: Contract = "fm") -> Provider | None:
        """Who holds the contract of the premises' region at the instant."""
        held = self._providers[self.region_of(premises_id), contract]
        return next((provider for provider in held if provider.holds_at(at)), None)

    def source(self, source_id: str, at: datetime) -> Source | None:
        """The registration of a source that holds at the instant."""
        found = self._sources.get(source_id)
        return found if found is not None and found.holds_at(at) else None

    def speaks_for(self, source: Source, premises_id: str, at: datetime) -> bool:
        """Whether the scope of a source takes in the premises at the instant."""
        reaches = self._reaches.get(premises_id, ()) if premises_id in self._premises else ()
        return any(one.scope is source.scope and one.of == source.of and one.holds_at(at) for one in reaches)

    def role(self, role_id: str) -> Role | None:
        """The role of that id."""
        return self._roles.get(role_id)

    def role_exists(self, role_id: str) -> bool:
        """Whether there is such a role."""
        return role_id in self._roles

    def party_of(self, role_id: str) -> Party:
        """Which side the role stands on; ``KeyError`` if there is no such role."""
        return self._roles[role_id].party

    def has_route(self, role_id: str, unit: str, at: datetime) -> bool:
        """Whether the role can be reached about the unit on that day; the hour is not asked."""
        key = role_id, unit
        return key in self._always or any(since <= at < until for since, until in self._reached.get(key, ()))

    def routes(self, role_id: str, unit: str, at: datetime, is_open: Callable[[str], bool]) -> tuple[Route, ...]:
        """The routes by which the role is reached about the unit at the instant: those of the narrowest scope.

        ``is_open`` says whether a calendar is open then. A scope whose routes are all closed gives way to the next.
        """
        ways = self._ways.get((role_id, unit), ())
        return narrowest((way.route for way in ways if way.holds_at(at)), is_open)

    def ways(self) -> Ways:
        """Every way to reach a role about a unit, the narrowest scope first."""
        return self._ways
