"""The estate: premises, regions, providers, roles with their routes, and the sources that may speak; all dated."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from models.duration import Length
from models.envelope import Instant
from models.ids import Code, PremisesId, SourceId


class Fixed(BaseModel):
    """A frozen shape of reference data that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""What a person reads: one line."""


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

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until is not after valid_from")
        return self

    def holds_at(self, at: datetime) -> bool:
        """Whether it holds at the instant."""
        if self.valid_from is not None and at < self.valid_from:
            return False
        return self.valid_until is None or at < self.valid_until


class Region(Fixed):
    """A region of the division, with one FM contract."""

    id: Code
    name: Name


class Ldu(Fixed):
    """A local delivery unit, and the local authorities that it serves."""

    id: Code
    name: Name
    region: Code
    local_authorities: tuple[Name, ...] = ()


class Provider(Dated):
    """Who holds a region's contract at a date: ``fm`` for repairs, ``agency`` for the second night person."""

    id: Code
    name: Name
    region: Code
    contract: Literal["fm", "agency"]


class Premises(Dated):
    """One site. ``watched_from`` is the instant from which an AP's nights are required to be covered."""

    id: PremisesId
    name: Name
    kind: PremisesKind
    ldu: Code
    watched_from: Instant | None = None


_PHONE: Final = (r"\+[0-9][0-9 ]{6,22}[0-9]", "+44 7700 900123")
_ADDRESS: Final = {
    "email": (r"[^\s@<>,;]+@[^\s@<>,;]+", "duty@facilities.example"),
    "text": _PHONE,
    "call": _PHONE,
    "webhook": (r"https?://\S+", "https://facilities.example/hook"),
    "file": (r".+", "notices.txt"),
}
"""For each kind of channel how its address is written, and an example."""


class Channel(Fixed):
    """One way to reach a role; ``text`` and ``call`` wake a person."""

    kind: Literal["email", "text", "call", "webhook", "file"]
    address: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]

    @model_validator(mode="after")
    def _address_of_its_kind(self) -> Self:
        written, example = _ADDRESS[self.kind]
        if not re.fullmatch(written, self.address):
            raise ValueError(f"address {self.address!r} is none for {self.kind}: write for example {example!r}")
        return self


class Route(Dated):
    """Where a role of a scope is reached; ``hours`` names a policy calendar outside which the route is not used.

    ``of`` names the premises, LDU, provider or region of the scope.
    """

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
    name: Name
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
    expect_every: Length | None = None
    door: StrictBool = False
    earliest: Instant


class EstateSpec(Fixed):
    """One version of the whole estate."""

    name: Name
    regions: tuple[Region, ...]
    ldus: tuple[Ldu, ...]
    providers: tuple[Provider, ...]
    premises: tuple[Premises, ...]
    roles: tuple[Role, ...]
    routes: tuple[Route, ...]
    sources: tuple[Source, ...]
