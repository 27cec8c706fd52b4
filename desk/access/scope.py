"""How far a key reaches: the premises that it may know of at all."""

from datetime import datetime

from desk.access.keys import Key
from models.ids import source_unit
from models.premises import ScopeKind
from workorders.policy import Estate, World


def units_within(key: Key, world: World, now: datetime) -> frozenset[str] | None:
    """The premises within the key's scope, and its source's own subject; None for the whole division."""
    if key.reach is ScopeKind.DIVISION:
        return None
    estate = world.estates.at(now)
    return frozenset({*premises_within(estate, key.reach, key.of, now), source_unit(key.source)})


def premises_within(estate: Estate, reach: ScopeKind, of: str, now: datetime) -> list[str]:
    """The premises of a scope at an instant, by the same reckoning by which the estate admits what a source says."""
    some = estate.spec.sources[0].model_copy(update={"scope": reach, "of": of})
    return [one.id for one in estate.spec.premises if estate.speaks_for(some, one.id, now)]


def is_within(unit: str, units: frozenset[str] | None) -> bool:
    """Whether a premises is within reach."""
    return units is None or unit in units
