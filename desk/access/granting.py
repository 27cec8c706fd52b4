"""Making a key: for a registered source, of a holder that fits its side of the contract, and a scope that there is."""

from datetime import datetime, timedelta
from typing import Final

from desk.access import keys
from desk.access.keys import Key
from desk.access.rights import PARTIES, Holder
from desk.access.scope import premises_within
from desk.exits import BadValue
from desk.near import did_you_mean
from models.premises import EstateSpec, ScopeKind
from streams.ledger.ledger import Ledger
from workorders.policy import World

LONGEST: Final = timedelta(days=400)
"""How long a key may open anything."""
WHOLE: Final = "division"
"""How the scope of the whole division is written."""


def scope_of(text: str) -> tuple[ScopeKind, str]:
    """A scope as it is written, ``division`` or such as ``provider:eryl-estates``; ``BadValue`` if it is none."""
    kind, _, of = text.partition(":")
    try:
        reach = ScopeKind(kind)
    except ValueError:
        reach = None
    if reach is None or (reach is ScopeKind.DIVISION) != (of in {"", WHOLE}):
        raise BadValue(
            f"--scope is {text!r}: write division, or one of premises, ldu, provider and region with an id, such as "
            "region:north."
        )
    return reach, of or WHOLE


async def grant(
    ledger: Ledger, world: World, now: datetime, key: tuple[str, Holder, ScopeKind, str], lasts: timedelta | None
) -> tuple[Key, str]:
    """Make a key for a source, holder and scope, and give it as a whole, this once; ``BadValue`` if it fits nothing."""
    source, holder, reach, of = key
    _check(world, now, source, holder)
    _check_scope(world, now, reach, of)
    secret, id_ = keys.new_secret()
    made = Key(id_, source, holder, reach, of, now, now + lasts if lasts is not None else None, None, None)
    async with ledger.database.writing() as connection:
        await keys.add(connection, made, secret)
    return made, secret


def _check(world: World, now: datetime, source: str, holder: Holder) -> None:
    estate = world.estates.at(now)
    found = estate.source(source, now)
    if found is None:
        meant = did_you_mean(source, [one.id for one in estate.spec.sources])
        raise BadValue(f"--source is {source!r}, which the estate does not know.{meant}")
    party = estate.party_of(found.role)
    if party not in PARTIES[holder]:
        raise BadValue(
            f"--holder is {holder.value}, but the source {source!r} speaks for the {party.value}: its role is "
            f"{found.role}."
        )


def _check_scope(world: World, now: datetime, reach: ScopeKind, of: str) -> None:
    estate = world.estates.at(now)
    if not premises_within(estate, reach, of, now):
        meant = did_you_mean(of, _names(estate.spec, reach))
        raise BadValue(f"--scope is {reach.value}:{of}, in which there are no premises now.{meant}")


def _names(spec: EstateSpec, reach: ScopeKind) -> list[str]:
    known = {
        ScopeKind.PREMISES: [one.id for one in spec.premises],
        ScopeKind.LDU: [one.id for one in spec.ldus],
        ScopeKind.PROVIDER: [one.id for one in spec.providers],
        ScopeKind.REGION: [one.id for one in spec.regions],
    }
    return known.get(reach, [])
