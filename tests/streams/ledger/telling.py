"""How the ledger's tests tell a story: events by short names, in hours from the start, read from one partition."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson
from sqlalchemy import Row, select, text
from sqlmodel import SQLModel

from streams.ledger import rows
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.ledger import Ledger

START = datetime(2026, 1, 13, 10, 0, tzinfo=UTC)
AP = "ap-bryn-awel"
OTHER_AP = "ap-plas-helyg"
OFFICE = "office-aberwennol"
LOCK = {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"], "alternative_available": False}
PART = {"asset": "entry-lock", "fault": "damaged", "impacts": ["site-security"], "alternative_available": False}
SIBLING = {**PART, "asset": "ground-floor-window"}
PAINT = {"asset": "decoration", "fault": "damaged", "impacts": [], "alternative_available": True}
TOPICS = {"work-order": "work-orders", "shift-cover": "shift-cover", "escalation-response": "escalation-responses"}
_IDS = count(1)


def hour(hours: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=hours)


def event(
    kind: str,
    subject: str,
    at: float = 0.0,
    *,
    premises: str = AP,
    source: str = "estates-desk",
    id: str | None = None,  # noqa: A002 - the attribute's own name
    extensions: dict[str, Any] | None = None,
    **data: Any,  # noqa: ANN401 - whatever the event says
) -> dict[str, Any]:
    """One event as a CloudEvent; ``kind`` is its type without the common part."""
    return {
        "specversion": "1.0",
        "id": id or f"e-{next(_IDS)}",
        "source": source,
        "type": f"facilities.{kind}",
        "subject": subject,
        "time": hour(at).isoformat(),
        "data": {"premises": premises, **data},
        **(extensions or {}),
    }


def raised(subject: str, at: float = 0.0, what: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """An order is raised, for a lock that will not secure unless said otherwise."""
    return event("work-order.raised", subject, at, **(what or LOCK), **more)


def topic_of(told: dict[str, Any]) -> str:
    """The topic on which an event travels."""
    return TOPICS.get(told["type"].split(".")[1], "work-orders")


def plain(told: dict[str, Any], heard: float | None = None, receipt: str | None = None) -> Incoming:
    """An event that comes from no topic."""
    at = None if heard is None else hour(heard)
    return Incoming(topic_of(told), told["data"]["premises"].encode(), orjson.dumps(told), heard=at, receipt=receipt)


@dataclass
class Feed:
    """One partition of each topic, from which records are read in order; heard when they happened unless said."""

    incarnation: str = "first-life"
    partition: int = 0
    next_offset: dict[str, int] = field(default_factory=dict)

    def stream(self, topic: str) -> Stream:
        """The stream of a topic."""
        return Stream("test-cluster", topic, self.incarnation, self.partition)

    def read(self, *told: dict[str, Any], heard: float | None = None) -> list[Incoming]:
        """The events as the next records."""
        return [self.one(one, heard) for one in told]

    def one(self, told: dict[str, Any], heard: float | None = None) -> Incoming:
        """The event as the next record of its topic."""
        at = datetime.fromisoformat(told["time"]) if heard is None else hour(heard)
        return self.raw(topic_of(told), told["data"]["premises"].encode(), orjson.dumps(told), at)

    def raw(self, topic: str, key: bytes | None, value: bytes | None, heard: datetime = START) -> Incoming:
        """Any bytes as the next record of a topic."""
        offset = self.next_offset.get(topic, 0)
        self.next_offset[topic] = offset + 1
        return Incoming(topic, key, value, (), Origin(self.stream(topic), offset), heard)


async def all_rows(ledger: Ledger, model: type[SQLModel]) -> list[Row[*tuple[Any, ...]]]:
    """Every row of a table, in order of its key."""
    table = rows.table_of(model)
    async with ledger.reading() as connection:
        return list((await connection.execute(select(table).order_by(*table.primary_key.columns))).all())


async def execute(ledger: Ledger, sql: str, **given: Any) -> None:  # noqa: ANN401 - whatever the statement needs
    """Change the database behind the ledger's back."""
    async with ledger.database.writing() as connection:
        await connection.execute(text(sql), given)
