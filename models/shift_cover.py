"""What is said about one night's cover: every event of the ``shift-cover`` topic, in the past tense.

The subject is ``<premises>/<night date>``; the night is named by the date on which its window begins.
"""

from enum import StrEnum
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from models.envelope import Data, Envelope, KindT
from models.ids import CoverRef, EventId, FreeText, NightId, PremisesId, SourceId
from models.instant import Planned
from models.refusal import Reason, contradiction
from models.subjects import refuse_foreign_subject


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

    @model_validator(mode="after")
    def _own_staff_among_required(self) -> Self:
        if self.own_staff > self.required:
            said = f"own_staff is {self.own_staff}, but of {self.required} required no more than these can be own staff"
            raise contradiction(Reason.OWN_STAFF_ABOVE_REQUIRED, "data.own_staff", said)
        return self


class CoverData(NightData):
    """Names one cover by its opaque reference."""

    cover_ref: CoverRef


class StretchData(CoverData):
    """One person's place for a stretch of the night: from (included) until (not included)."""

    starts: Annotated[Planned, Field(alias="from")]
    until: Planned

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.until <= self.starts:
            raise contradiction(
                Reason.ENDS_BEFORE_START, "data.until", "until is not after from: the cover would be empty"
            )
        return self


class ConfirmedData(StretchData):
    """One person is confirmed for a stretch of the night."""

    supplier: Supplier


class RefusedData(CoverData):
    """The premises did not accept the person."""

    reason: RefusalReason


class MissingData(NightData):
    """Cover is missing: the named one, or so many people whom nobody can name."""

    cover_ref: CoverRef | None = None
    missing: Annotated[int, Field(ge=1, le=20, strict=True)] = 1

    @model_validator(mode="after")
    def _named_or_counted(self) -> Self:
        if self.cover_ref is not None and self.missing != 1:
            said = "cover_ref names one person, but missing counts several: leave out one of the two"
            raise contradiction(Reason.NAMED_AND_COUNTED, "data.missing", said)
        return self


class ContingencyData(StretchData):
    """A replacement was put in at the division's expense; ``cost_pence`` is in pence of a pound sterling."""

    replaces: Supplier
    cost_pence: Annotated[int, Field(ge=0, le=100_000_000, strict=True)]


class NamedNightEventData(NightData):
    """Names another event of the same night by its source and id."""

    of_source: SourceId
    of_id: EventId


NightDataT = TypeVar("NightDataT", bound=NightData)


class NightEnvelope(Envelope[KindT, NightDataT], Generic[KindT, NightDataT]):
    """An event about one night: its subject is the premises of its data, a slash and a day that exists."""

    subject: NightId

    @model_validator(mode="after")
    def _night_of_its_premises(self) -> Self:
        refuse_foreign_subject(self.subject, self.data.premises)
        return self


class RequirementChanged(NightEnvelope[Literal["facilities.shift-cover.requirement-changed"], RequirementData]):
    """The night needs another number of people."""


class CoverConfirmed(NightEnvelope[Literal["facilities.shift-cover.confirmed"], ConfirmedData]):
    """One person is confirmed."""


class CoverWithdrawn(NightEnvelope[Literal["facilities.shift-cover.withdrawn"], CoverData]):
    """The supplier took a person back."""


class CoverRefused(NightEnvelope[Literal["facilities.shift-cover.refused"], RefusedData]):
    """The premises did not accept the person."""


class CoverNotAttended(NightEnvelope[Literal["facilities.shift-cover.not-attended"], CoverData]):
    """The person did not come."""


class CoverCheckedIn(NightEnvelope[Literal["facilities.shift-cover.checked-in"], CoverData]):
    """The person is on the premises."""


class CoverLeftEarly(NightEnvelope[Literal["facilities.shift-cover.left-early"], CoverData]):
    """The person left before the end."""


class CoverMissingReported(NightEnvelope[Literal["facilities.shift-cover.missing-reported"], MissingData]):
    """The AP manager reports that cover is missing."""


class ContingencyArranged(NightEnvelope[Literal["facilities.shift-cover.contingency-arranged"], ContingencyData]):
    """A replacement was put in."""


class CoverStoodDown(NightEnvelope[Literal["facilities.shift-cover.stood-down"], CoverData]):
    """The person is no longer needed; nobody's failure."""


class CoverRetracted(NightEnvelope[Literal["facilities.shift-cover.retracted"], NamedNightEventData]):
    """An event of this night was a mistake and is left out."""


class CoverReportConfirmed(NightEnvelope[Literal["facilities.shift-cover.report-confirmed"], NamedNightEventData]):
    """The client side confirms a late report."""


class CoverReportRefused(NightEnvelope[Literal["facilities.shift-cover.report-refused"], NamedNightEventData]):
    """The client side refuses a late report."""
