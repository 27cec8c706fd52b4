"""The CloudEvents 1.0 envelope that every message in and out of the system wears."""

from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StrictBool, StringConstraints
from pydantic_core import core_schema

from models.ids import AnySubject, AttributeText, EventId, SourceId
from models.instant import Instant as Instant  # noqa: PLC0414 - every event shape takes it from here

KindT = TypeVar("KindT", bound=str)
DataT = TypeVar("DataT", bound="Data")


def _any_case(word: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in word)


JSON_MEDIA_TYPE: Final = f"^{_any_case('application/json')}( *; *{_any_case('charset=utf-8')})?$"
"""The content type of data: JSON, and of its parameters only the character set, which JSON has but one of."""

ExtensionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
ExtensionNumber = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
ExtensionValue = Annotated[AttributeText | StrictBool | ExtensionNumber, Field(union_mode="left_to_right")]


class StopAtFirst:
    """Ends the reading of a list at its first bad entry, so that a flood of them costs no more than one."""

    @staticmethod
    def __get_pydantic_core_schema__(source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """The list's schema with that switch; pydantic's own ``FailFast`` cannot stand in a union."""
        return cast("core_schema.CoreSchema", {**handler(source), "fail_fast": True})


class Data(BaseModel):
    """What an event says beside its envelope; an unknown field is refused, because a misspelt one must not vanish."""

    # What reads an event is built when the first one comes: whoever only looks at the ledger meets few of their types.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, defer_build=True)


def _names_and_version(schema: dict[str, Any]) -> None:
    """What the JSON Schema cannot learn from the fields: how extensions are named, and that a version must be given."""
    schema["propertyNames"] = {"pattern": "^[a-z0-9]+$"}
    schema["required"] = ["specversion", *schema["required"]]


class Envelope(BaseModel, Generic[KindT, DataT]):
    """One CloudEvents 1.0 event of one type.

    Extension attributes are kept as they came. ``sequence`` is the CloudEvents sequence extension: it orders
    events of one source that bear the same ``time``. ``partitionkey`` is the partitioning extension: the Kafka key.
    """

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_names_and_version, defer_build=True)
    __pydantic_extra__: dict[ExtensionName, ExtensionValue]

    specversion: Literal["1.0"] = "1.0"
    id: EventId
    source: SourceId
    type: KindT
    subject: AnySubject
    time: Instant
    datacontenttype: Annotated[str, StringConstraints(pattern=JSON_MEDIA_TYPE)] = "application/json"
    dataschema: Annotated[AttributeText, StringConstraints(min_length=1, max_length=200)] | None = None
    sequence: Annotated[AttributeText, StringConstraints(max_length=64)] | None = None
    partitionkey: AttributeText | None = None
    data: DataT


def schema_uri(event_type: str, version: int = 1) -> str:
    """The ``dataschema`` of one version of one event type."""
    return f"urn:workorders:schema:{event_type}:{version}"
