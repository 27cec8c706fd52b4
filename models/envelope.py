"""The CloudEvents 1.0 envelope that every message in and out of the system wears."""

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from models.ids import EventId, SourceId

KindT = TypeVar("KindT", bound=str)
DataT = TypeVar("DataT", bound="Data")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


Instant = Annotated[datetime, AwareDatetime, Field(strict=True), AfterValidator(_in_utc)]
"""A moment, given with any offset and held in UTC."""


class Data(BaseModel):
    """What an event says beside its envelope; an unknown field is refused, because a misspelt one must not vanish."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Envelope(BaseModel, Generic[KindT, DataT]):
    """One CloudEvents 1.0 event of one type.

    Extension attributes are kept as they came. ``sequence`` is the CloudEvents sequence extension: it orders
    events of one source that bear the same ``time``.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: EventId
    source: SourceId
    type: KindT
    subject: str
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    sequence: Annotated[str, StringConstraints(max_length=64)] | None = None
    data: DataT


def schema_uri(event_type: str, version: int = 1) -> str:
    """The ``dataschema`` of one version of one event type."""
    return f"urn:workorders:schema:{event_type}:{version}"
