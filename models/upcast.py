"""Earlier versions: what was once said is read for ever, as what the newest version of its type would say.

A type's newest version is its class in :mod:`models.schemas`. When it gets another one, the class of the version before
stays, as what reads it, and one entry in ``EARLIER`` says how its data become the next version's. Whoever asks for an
event gets the newest; :func:`as_said` gives what was said, and by that it is kept and told from another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from models.envelope import Envelope, schema_uri

EventT = TypeVar("EventT", bound=Envelope[Any, Any])

_SAID: Final = "said"


@dataclass(frozen=True, slots=True)
class Earlier:
    """One version of a type that is no longer its newest: what reads it, and what its data are in the next version.

    ``to_next`` gives the fields as the next version writes them. Free text is ``note`` in every version of a type.
    """

    reads: type[Envelope[Any, Any]]
    to_next: Callable[[Any], Mapping[str, Any]]


EARLIER: Final[Mapping[str, tuple[Earlier, ...]]] = MappingProxyType({})
"""The earlier versions of each type that has had more than one, version 1 first."""


def newest_version(event_type: str) -> int:
    """The version of the type that its class stands for."""
    return len(EARLIER.get(event_type, ())) + 1


def version_of(event_type: str, dataschema: str | None) -> int:
    """The version that an event speaks, 1 if it bears no ``dataschema``; ``KeyError`` for one that there is not."""
    if dataschema is None:
        return 1
    versions = range(1, newest_version(event_type) + 1)
    return {schema_uri(event_type, version): version for version in versions}[dataschema]


def class_of(event_type: str, version: int, newest: type[EventT]) -> type[EventT]:
    """The class that reads a version of the type, of which ``newest`` is the newest."""
    earlier = EARLIER.get(event_type, ())
    return newest if version > len(earlier) else cast("type[EventT]", earlier[version - 1].reads)


def brought_up(said: EventT, event_type: str, newest: type[EventT]) -> EventT:
    """The event as its type's newest version would say it; it remembers what was said.

    ``ValidationError`` if an upcaster makes of it what the next version does not take.
    """
    event, version = said, version_of(event_type, said.dataschema)
    for earlier in EARLIER.get(event_type, ())[version - 1 :]:
        version += 1
        attributes = {name: getattr(event, name) for name in event.model_fields_set if name != "data"}
        changed = {"dataschema": schema_uri(event_type, version), "data": earlier.to_next(event.data)}
        event = class_of(event_type, version, newest).model_validate({**attributes, **changed})
    return event if event is said else remembering(event, said)


def remembering(event: EventT, said: EventT) -> EventT:
    """The event, which remembers from now on that it was said so."""
    # In the place of private attributes: no class has to declare any, which each event that is read would pay for.
    object.__setattr__(event, "__pydantic_private__", {_SAID: said})
    return event


def as_said(event: EventT) -> EventT:
    """The event in the version in which it was said."""
    remembered: EventT = (event.__pydantic_private__ or {}).get(_SAID, event)
    return remembered
