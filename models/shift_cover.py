"""What is said about one night's cover: every event of the ``shift-cover`` topic, in the past tense.

The subject is ``<premises>/<night date>``; the night is named by the date on which its window begins.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from models.envelope import Data, Envelope, Instant
from models.ids import CoverRef, EventId, FreeText, PremisesId, SourceId


class Supplier(StrEnum):
    """Who provides a person: our own staff, or the contract's agency."""

    OWN = "own"
    AGENCY = "agency"


class RefusalReason(StrEnum):
    """Why a person offered for the night was not accepted."""

    UNSUITABLE = "unsuitable"
    NOT_VETTED = "not-vetted"


class NightData(Data):
    """What every shift-cover event says: the premises, and free text if any."""

    premises: PremisesId
    note: FreeText | None = None


class RequirementData(NightData):
    """How many people the night needs, and how many of them must be own staff."""

    required: Annotated[int, Field(ge=0, le=20, strict=True)]
    own_staff: Annotated[int, Field(ge=0, le=20, strict=True)]


class CoverData(NightData):
    """Names one cover by its opaque reference."""

    cover_ref: CoverRef


class ConfirmedData(CoverData):
    """One person is confirmed for a stretch of the night."""

    supplier: Supplier
    starts: Annotated[Instant, Field(alias="from")]
    until: Instant


class RefusedData(CoverData):
    """The premises did not accept the person."""

    reason: RefusalReason


class MissingData(NightData):
    """Cover is missing: the named one, or so many people whom nobody can name."""

    cover_ref: CoverRef | None = None
    missing: Annotated[int, Field(ge=1, le=20, strict=True)] = 1


class ContingencyData(CoverData):
    """A replacement was put in at the division's expense; ``cost_pence`` is in pence of a pound sterling."""

    replaces: Supplier
    starts: Annotated[Instant, Field(alias="from")]
    until: Instant
    cost_pence: Annotated[int, Field(ge=0, le=100_000_000, strict=True)]


class NamedNightEventData(NightData):
    """Names another event of the same night by its source and id."""

    of_source: SourceId
    of_id: EventId


class RequirementChanged(Envelope[Literal["facilities.shift-cover.requirement-changed"], RequirementData]):
    """The night needs another number of people."""


class CoverConfirmed(Envelope[Literal["facilities.shift-cover.confirmed"], ConfirmedData]):
    """One person is confirmed."""


class CoverWithdrawn(Envelope[Literal["facilities.shift-cover.withdrawn"], CoverData]):
    """The supplier took a person back."""


class CoverRefused(Envelope[Literal["facilities.shift-cover.refused"], RefusedData]):
    """The premises did not accept the person."""


class CoverNotAttended(Envelope[Literal["facilities.shift-cover.not-attended"], CoverData]):
    """The person did not come."""


class CoverCheckedIn(Envelope[Literal["facilities.shift-cover.checked-in"], CoverData]):
    """The person is on the premises."""


class CoverLeftEarly(Envelope[Literal["facilities.shift-cover.left-early"], CoverData]):
    """The person left before the end."""


class CoverMissingReported(Envelope[Literal["facilities.shift-cover.missing-reported"], MissingData]):
    """The AP manager reports that cover is missing."""


class ContingencyArranged(Envelope[Literal["facilities.shift-cover.contingency-arranged"], ContingencyData]):
    """A replacement was put in."""


class CoverStoodDown(Envelope[Literal["facilities.shift-cover.stood-down"], CoverData]):
    """The person is no longer needed; nobody's failure."""


class CoverRetracted(Envelope[Literal["facilities.shift-cover.retracted"], NamedNightEventData]):
    """An event of this night was a mistake and is left out."""


class CoverReportConfirmed(Envelope[Literal["facilities.shift-cover.report-confirmed"], NamedNightEventData]):
    """The client side confirms a late report."""


class CoverReportRefused(Envelope[Literal["facilities.shift-cover.report-refused"], NamedNightEventData]):
    """The client side refuses a late report."""
