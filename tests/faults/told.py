"""What the fault tests hand in: orders whose every event bears a value of its own, and a log of what became of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import orjson

from streams.ledger.incoming import Incoming

OFFICES: Final = ("office-aberwennol", "office-porth-gwylan", "court-llanhelyg", "office-trehelyg")
FAULTS: Final = (
    {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"], "alternative_available": False},
    {"asset": "entry-lock", "fault": "damaged", "impacts": ["site-security"], "alternative_available": False},
    {"asset": "decoration", "fault": "damaged", "impacts": [], "alternative_available": True},
)
LATER: Final = ("acknowledged", "attended", "made-safe", "completed", "completion-rejected")
SOURCE: Final = "estates-desk"


@dataclass(frozen=True)
class Told:
    """One event as it was handed in; no two have the same subject and type."""

    event: dict[str, Any]

    @property
    def value(self) -> tuple[str, str]:
        """By what it is found again: its subject and the last part of its type."""
        return self.event["subject"], self.event["type"].rsplit(".", 1)[1]

    @property
    def premises(self) -> str:
        """Where it happened."""
        return str(self.event["data"]["premises"])

    def incoming(self) -> Incoming:
        """The event as an input."""
        return Incoming("work-orders", self.premises.encode(), orjson.dumps(self.event))


@dataclass
class Logbook:
    """What was handed in, by whether we were told that it had been taken; the others may or may not have been."""

    accepted: list[Told] = field(default_factory=list)
    unknown: list[Told] = field(default_factory=list)
    receipts: dict[str, Told] = field(default_factory=dict)
    refused: list[bytes] = field(default_factory=list)
    """Bytes that were put on a topic and must be found among the rejections, each as often as it is here."""
    doubtful: list[bytes] = field(default_factory=list)
    """Bytes that may be on a topic, and then are among the rejections too."""


def order(n: int, start: datetime, rng: Random) -> Iterator[Told]:
    """One order's events, whole minutes apart: raised some hours before the start, and what was done about it."""
    premises = rng.choice(OFFICES)
    at = start.replace(second=0, microsecond=0) - timedelta(minutes=rng.randint(90, 300))
    yield Told(event(n, "raised", premises, at, rng.choice(FAULTS)))
    for kind in LATER[: rng.randint(0, len(LATER))]:
        at += timedelta(minutes=rng.randint(1, 15))
        yield Told(event(n, kind, premises, at, {}))


def event(n: int, kind: str, premises: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """One event about order ``n`` as a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": f"{kind}-{n}",
        "source": SOURCE,
        "type": f"facilities.work-order.{kind}",
        "subject": f"WO-{n}",
        "time": at.isoformat(),
        "data": {"premises": premises, **data},
    }
