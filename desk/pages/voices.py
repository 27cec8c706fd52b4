"""As whom a role speaks: through which registered source, as which holder of rights, and how far it reaches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.access.rights import Holder
from desk.access.scope import premises_within
from desk.api import operations
from desk.api.operations import Operation
from models.history import TOPIC_PREFIX
from models.ids import SOURCE_PREFIX
from models.premises import Party, Role, ScopeKind, Source
from workorders.policy import Estate, World

_HOLDERS: Final = {
    Party.DIVISION: Holder.DIVISION,
    Party.SYSTEM: Holder.DIVISION,
    Party.PROVIDER: Holder.PROVIDER,
    Party.AGENCY: Holder.AGENCY,
}
_COMPLETE: Final = operations.OF_ORDER[1]


@dataclass(frozen=True, slots=True)
class Voice:
    """A role with the source through which it speaks, the holder whose rights it has, and its scope."""

    role: str
    source: str
    holder: Holder
    reach: ScopeKind
    of: str

    @property
    def id(self) -> str:
        """What the voice is called in a form."""
        return f"{self.role}:{self.reach.value}:{self.of}"


def voices(world: World, now: datetime) -> list[Voice]:
    """Every role of the estate for every scope for which it has a mailbox or telephone of its own now."""
    estate = world.estates.at(now)
    return [voice for role in estate.spec.roles for voice in _of_role(estate, role, now)]


def _of_role(estate: Estate, role: Role, now: datetime) -> Iterator[Voice]:
    for reach, of in _scopes(estate, role, now):
        units = premises_within(estate, reach, of, now)  # none where a contract has ended
        source = _speaker(estate, role, units, now) if units else None
        if source is not None:
            yield Voice(role.id, source.id, holder_of(estate, role, source), reach, of)


def _scopes(estate: Estate, role: Role, now: datetime) -> list[tuple[ScopeKind, str]]:
    """Where a role is reached; whoever is reached at single premises works there, and a route for all is a reserve."""
    found = [(one.scope, one.of) for one in estate.spec.routes if one.role == role.id and one.holds_at(now)]
    single = [(scope, of) for scope, of in found if scope is ScopeKind.PREMISES]
    return [*dict.fromkeys(single or found)]


def voice_about(world: World, role_id: str, unit: str, now: datetime) -> Voice | None:
    """The voice of a role about one premises or source, to acknowledge what it was told; None if there is no such role.

    A role without a source of its own is spoken for by its side of the contract, and at last by the division.
    """
    estate = world.estates.at(now)
    role = estate.role(role_id)
    source = _speaker(estate, role, [unit], now) if role is not None else None
    if role is None or source is None:
        return None
    return Voice(role.id, source.id, holder_of(estate, role, source), ScopeKind.DIVISION, "division")


def _speaker(estate: Estate, role: Role, units: Iterable[str], now: datetime) -> Source | None:
    """The door of ours through which a role can answer about these units: its own, its side's, or the division's.

    Never the source of another program: nobody but that program speaks as it.
    """
    about = list(units)
    doors = [one for one in estate.spec.sources if one.door and one.holds_at(now)]
    able = [one for one in doors if _can_answer(estate, one, about, now)]
    for fits in (
        lambda one: one.role == role.id,
        lambda one: estate.party_of(one.role) is role.party,
        lambda one: estate.party_of(one.role) is Party.DIVISION,
    ):
        if (found := next(filter(fits, able), None)) is not None:
            return found
    return None


def _can_answer(estate: Estate, source: Source, units: Iterable[str], now: datetime) -> bool:
    if not {event_type(one) for one in operations.OF_ESCALATION} <= {*source.types}:
        return False
    return all(
        source.scope is ScopeKind.DIVISION if unit.startswith(SOURCE_PREFIX) else estate.speaks_for(source, unit, now)
        for unit in units
    )


def holder_of(estate: Estate, role: Role, source: Source) -> Holder:
    """Whose rights a role has: those of its side; on the client's, of a manager if its source raises repairs only."""
    party = role.party if role.party is not Party.SYSTEM else estate.party_of(source.role)
    if party is Party.CLIENT:
        raises, completes = (event_type(one) in source.types for one in (operations.RAISE, _COMPLETE))
        return Holder.MANAGER if raises and not completes else Holder.ESTATES
    return _HOLDERS[party]


def is_heard(world: World, source: str, operation: Operation, now: datetime) -> bool:
    """Whether the estate hears such a report from a source; its right to it is judged by the table of rights."""
    found = world.estates.at(now).source(source, now)
    return found is not None and event_type(operation) in found.types


def event_type(operation: Operation) -> str:
    """The type of the event that an operation says."""
    return TOPIC_PREFIX[operation.topic] + operation.verb
