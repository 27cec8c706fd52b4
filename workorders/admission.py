"""Admission: may this source say this, about that premises, at that time? Judged as at the instant it was heard.

Nothing here depends on when the question is asked, nor on any other event: an outage of ours, a replay or another order
of arrival changes no verdict.
"""

from datetime import datetime, timedelta
from typing import Final

from models.diagnosis import check_key
from models.history import InputEvent, Taken
from models.ids import SOURCE_PREFIX
from models.premises import Party, PremisesKind, ScopeKind, Source
from models.refusal import Reason, Refusal, RefusedError, quote
from models.schemas import CLIENT_SIDE_TYPES
from models.shift_cover import NightEnvelope
from models.work_order import Amended, Raised, Reassessed
from workorders.policy import Estate, PolicyTimeline, World

AHEAD: Final = timedelta(minutes=5)
"""How far ahead of when it was heard an event's time may lie: clocks differ, but not by more."""

_CLIENT_SIDE: Final = frozenset({Party.CLIENT, Party.DIVISION})


def admit(event: InputEvent, key: bytes | None, heard: datetime, world: World) -> Taken | Refusal:
    """The event as taken, with the role and party of its source as registered when it was heard; or why it is not."""
    estate = world.estates.at(heard)
    try:
        check_key(event, key)
        source = _source(event, heard, estate)
        party = estate.party_of(source.role)
        _check_side(event, party)
        _check_unit(event, source, heard, estate)
        _check_time(event, source, heard)
        if isinstance(event, Raised | Amended):
            _check_codes(event, heard, world.policies)
        elif isinstance(event, Reassessed):
            _check_version(event, heard, world.policies)
    except RefusedError as refused:
        return refused.refusal
    return Taken(event, heard, source.role, party)


def _source(event: InputEvent, heard: datetime, estate: Estate) -> Source:
    source = estate.source(event.source, heard)
    if source is None:
        said = f"The source {quote(event.source)} was not registered when this was heard."
        raise RefusedError(Reason.UNKNOWN_SOURCE, "source", said)
    if event.type not in source.types:
        said = f"The source {quote(event.source)} is not registered for {event.type}."
        raise RefusedError(Reason.SOURCE_NOT_PERMITTED, "type", said)
    return source


def _check_side(event: InputEvent, party: Party) -> None:
    """What settles a question between the parties can be said by one side only, however the source is registered."""
    if event.type in CLIENT_SIDE_TYPES and party not in _CLIENT_SIDE:
        said = f"Only the client side or the division may say {event.type}; this source speaks for the {party.value}."
        raise RefusedError(Reason.ROLE_NOT_PERMITTED, "type", said)


def _check_unit(event: InputEvent, source: Source, heard: datetime, estate: Estate) -> None:
    unit = event.data.premises
    if unit.startswith(SOURCE_PREFIX):
        _check_source_unit(unit.removeprefix(SOURCE_PREFIX), source, heard, estate)
        return
    premises = estate.premises(unit, heard)
    if premises is None:
        said = f"{quote(unit)} was no premises in use when this was heard."
        raise RefusedError(Reason.UNKNOWN_PREMISES, "data.premises", said)
    if not estate.speaks_for(source, unit, heard):
        said = f"The source {quote(source.id)} is not registered for these premises."
        raise RefusedError(Reason.SOURCE_NOT_PERMITTED, "data.premises", said)
    if isinstance(event, NightEnvelope) and premises.kind is not PremisesKind.APPROVED_PREMISES:
        said = f"{quote(unit)} is no approved premises, so no night there has to be covered."
        raise RefusedError(Reason.NOT_APPROVED_PREMISES, "data.premises", said)


def _check_source_unit(named: str, source: Source, heard: datetime, estate: Estate) -> None:
    """About a source speak that source itself, those of the same scope, and those of the whole division."""
    about = estate.source(named, heard)
    if about is None:
        said = f"The source {quote(named)} was not registered when this was heard."
        raise RefusedError(Reason.UNKNOWN_SOURCE, "data.premises", said)
    if source.scope is not ScopeKind.DIVISION and (source.scope, source.of) != (about.scope, about.of):
        said = f"The source {quote(source.id)} is not registered for what this source speaks for."
        raise RefusedError(Reason.SOURCE_NOT_PERMITTED, "data.premises", said)


def _check_time(event: InputEvent, source: Source, heard: datetime) -> None:
    if event.time - heard > AHEAD:
        said = f"time is more than 5 minutes ahead of when this was heard, {heard.isoformat()}."
        raise RefusedError(Reason.TOO_FAR_AHEAD, "time", said)
    if event.time < source.earliest:
        said = f"time is before {source.earliest.isoformat()}, the earliest that this source may send."
        raise RefusedError(Reason.BEFORE_EARLIEST, "time", said)


def _check_codes(event: Raised | Amended, heard: datetime, policies: PolicyTimeline) -> None:
    """All codes must be known to one version: the one in force at the event's time, or else when it was heard."""
    data = event.data
    if policies.at(event.time).knows(data.asset, data.fault, data.impacts) is None:
        return
    unknown = policies.at(heard).knows(data.asset, data.fault, data.impacts)
    if unknown is not None:
        field, code = unknown
        place = f"data.impacts.{(data.impacts or ()).index(code)}" if field == "impacts" else f"data.{field}"
        said = f"{place} is {quote(code)}, a code that the policy in force does not know."
        raise RefusedError(Reason.UNKNOWN_CODE, place, said)


def _check_version(event: Reassessed, heard: datetime, policies: PolicyTimeline) -> None:
    """The version must have come into force by then: one that came later must not change an old verdict."""
    named = event.data.policy_version
    begun = {policies.at(heard).version, *(policy.version for start, policy in policies.entries if start <= heard)}
    if sum(version.startswith(named) for version in begun) != 1:
        said = f"data.policy_version is {quote(named)}, which names no one version that had come into force."
        raise RefusedError(Reason.UNKNOWN_POLICY_VERSION, "data.policy_version", said)
