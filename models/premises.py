"""The estate: premises, regions, providers, roles with their routes, and the sources that may speak; all dated."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.duration import Duration
from models.envelope import Instant
from models.ids import Code, PremisesId, SourceId


class Fixed(BaseModel):
    """A frozen shape of reference data that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PremisesKind(StrEnum):
    """What sort of site it is."""

    APPROVED_PREMISES = "approved-premises"
    OFFICE = "office"
    COURT = "court"
    SHARED = "shared"


class ScopeKind(StrEnum):
    """How wide a role, a route or a source reaches; narrowest first."""

    PREMISES = "premises"
    LDU = "ldu"
    PROVIDER = "provider"
    REGION = "region"
    DIVISION = "division"


class Dated(Fixed):
    """Holds from an instant (or always) until an instant (or for good); the end is not part of it."""

    valid_from: Instant | None = None
    valid_until: Instant | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it holds at the instant."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_until is None or at < self.valid_until)


class Region(Fixed):
    """A region of the division, with one FM contract."""

    id: Code
    name: str


class Ldu(Fixed):
    """A local delivery unit."""

    id: Code
    name: str
    region: Code


class Provider(Dated):
    """Who holds a region's contract at a date: ``fm`` for repairs, ``agency`` for the second night person."""

    id: Code
    name: str
    region: Code
    contract: Literal["fm", "agency"]


class Premises(Dated):
    """One site. ``watched_from`` is the instant from which an AP's nights are required to be covered."""

    id: PremisesId
    name: str
    kind: PremisesKind
    ldu: Code
    watched_from: Instant | None = None


class Channel(Fixed):
    """One way to reach a role; ``text`` and ``call`` wake a person."""

    kind: Literal["email", "text", "call", "webhook", "file"]
    address: Annotated[str, Field(min_length=1, max_length=200)]


class Route(Dated):
    """Where a role of a scope is reached; ``hours`` names a policy calendar outside which the route is not used."""

    role: Code
    scope: ScopeKind
    of: str = "division"
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    hours: Code | None = None
    language: Literal["en", "cy"] = "en"


class Party(StrEnum):
    """Which side of the contract a role stands on; the division may undo anybody's mistake."""

    CLIENT = "client"
    PROVIDER = "provider"
    AGENCY = "agency"
    DIVISION = "division"
    SYSTEM = "system"


class Role(Fixed):
    """Who is told and who speaks: never a person, always a role."""

    id: Code
    name: str
    party: Party


class Source(Dated):
    """One registered sender: its role, its scope, what it may say, and how often it is heard.

    ``door`` marks one of our own doors, whose word on when it heard an event is believed. ``earliest`` is the oldest
    ``time`` that it may send.
    """

    id: SourceId
    role: Code
    scope: ScopeKind
    of: str = "division"
    types: Annotated[tuple[str, ...], Field(min_length=1)]
    expect_every: Duration | None = None
    door: bool = False
    earliest: Instant


class EstateSpec(Fixed):
    """One version of the whole estate."""

    name: str
    regions: tuple[Region, ...]
    ldus: tuple[Ldu, ...]
    providers: tuple[Provider, ...]
    premises: tuple[Premises, ...]
    roles: tuple[Role, ...]
    routes: tuple[Route, ...]
    sources: tuple[Source, ...]
