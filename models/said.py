"""What the system says: the envelope that every one of its events wears."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson

from models.envelope import Data, Envelope, schema_uri
from models.escalation import (
    EscalationAmended,
    EscalationClosed,
    EscalationRaised,
    EscalationReinstated,
    EscalationTakenOn,
    EscalationWithdrawn,
    StatementKind,
)
from models.schemas import VERSIONS, StatementEvent, type_of

OutputT = TypeVar("OutputT", bound=Envelope[Any, Any])

OURSELVES: Final = "/workorders"
"""The CloudEvents ``source`` of everything that we say."""

STATEMENTS: Final[Mapping[StatementKind, type[StatementEvent]]] = MappingProxyType(
    {
        StatementKind.RAISED: EscalationRaised,
        StatementKind.AMENDED: EscalationAmended,
        StatementKind.ACKNOWLEDGED: EscalationTakenOn,
        StatementKind.WITHDRAWN: EscalationWithdrawn,
        StatementKind.REINSTATED: EscalationReinstated,
        StatementKind.CLOSED: EscalationClosed,
    }
)
"""The event by which each kind of statement is said."""


def say(event_class: type[OutputT], message_id: UUID, key: str, subject: str, at: datetime, data: Data) -> OutputT:
    """One event of ours, said at the instant; ``key`` is the Kafka key, which the event bears as ``partitionkey``.

    Type and schema version are those of the class. ``ValidationError`` if the data is another class's.
    """
    event_type = type_of(event_class)
    return event_class.model_validate(
        {
            "id": str(message_id),
            "source": OURSELVES,
            "type": event_type,
            "subject": subject,
            "time": at,
            "dataschema": schema_uri(event_type, VERSIONS[event_type][-1]),
            "partitionkey": key,
            "data": data,
        }
    )


def say_json(
    event_class: type[Envelope[Any, Any]], message_id: UUID, key: str, subject: str, at: datetime, data: dict[str, Any]
) -> str:
    """The JSON of the event that :func:`say` makes of the same, for data that are right by their making.

    ``data`` has every field of the class in its order, in values that JSON can hold or that are dates, ids or words of
    a list. Nothing is looked at, which takes a sixth of the time.
    """
    event_type, schema = _named(event_class)
    event = {
        "specversion": "1.0",
        "id": str(message_id),
        "source": OURSELVES,
        "type": event_type,
        "subject": subject,
        "time": at,
        "datacontenttype": "application/json",
        "dataschema": schema,
        "partitionkey": key,
        "data": data,
    }
    return orjson.dumps(event, option=orjson.OPT_UTC_Z).decode()


@lru_cache(maxsize=64)
def _named(event_class: type[Envelope[Any, Any]]) -> tuple[str, str]:
    event_type = type_of(event_class)
    return event_type, schema_uri(event_type, VERSIONS[event_type][-1])
