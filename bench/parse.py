"""How fast bytes become events, on one core, beside what only reads JSON and beside the CloudEvents SDK.

``python -m bench.parse`` prints events per second of CPU time (least, median and most of the rounds) and writes
bench/results/parse.json. The contenders take turns in each round, so that a slow moment of the machine meets all.
"""

import gc
import json
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from models.kafka_binding import Headers
from models.parse import Refusal, content_digest, parse

RESULTS: Final = Path(__file__).with_name("results") / "parse.json"
EVENTS: Final = 4_000
ROUNDS: Final = 9
SEED: Final = 2019
GOAL: Final = 100_000
STRUCTURED: Final[Headers] = [("content-type", b"application/cloudevents+json")]
# How often each is said in a month of a division, roughly: an order has many events, most of them about its progress.
MIX: Final = {
    "work-order.raised": 14,
    "work-order.acknowledged": 13,
    "work-order.scheduled": 10,
    "work-order.attended": 12,
    "work-order.made-safe": 3,
    "work-order.paused": 4,
    "work-order.completed": 11,
    "work-order.closed": 10,
    "work-order.prioritised": 6,
    "work-order.amended": 3,
    "shift-cover.confirmed": 4,
    "shift-cover.checked-in": 4,
    "shift-cover.withdrawn": 1,
    "escalation-response.acknowledged": 3,
    "source.heartbeat": 2,
}
NOTES: Final = (
    "Front door lock turns but does not hold; staff cannot secure the building.",
    "Rhan wedi'i harchebu; disgwylir danfoniad ddydd Gwener. Tŷ Derwen, ystafell 4.",
    "Called at 10:40, no answer at reception.\nSecond visit booked.",
    'Engineer says "part on order".',
)


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record, in each form in which a contender takes it."""

    value: bytes
    key: bytes
    topic: str
    data: bytes
    headers: Headers


def _data(kind: str, rng: random.Random, at: datetime) -> dict[str, Any]:
    night = {"from": "2026-01-05T20:00:00+00:00", "until": "2026-01-06T08:00:00+00:00"}
    facts = {
        "asset": "entry-lock",
        "fault": "will-not-secure",
        "impacts": ["site-security"],
        "alternative_available": False,
    }
    later = (at + timedelta(hours=30)).isoformat()
    said: dict[str, dict[str, Any]] = {
        "work-order.raised": {**facts, "contractor_reference": f"NW/{rng.randrange(10**6):06}"},
        "work-order.acknowledged": {"contractor_reference": f"NW/{rng.randrange(10**6):06}"},
        "work-order.scheduled": {"visit_at": later},
        "work-order.paused": {"reason": "parts", "until": later},
        "work-order.closed": {"outcome": "done"},
        "work-order.prioritised": {"priority": "P3"},
        "work-order.amended": {"impacts": ["site-security", "fire-safety"]},
        "shift-cover.confirmed": {"cover_ref": "A-1", "supplier": "agency", **night},
        "shift-cover.checked-in": {"cover_ref": "A-1"},
        "shift-cover.withdrawn": {"cover_ref": "A-1"},
        "escalation-response.acknowledged": {
            "escalation_id": "0b6b4c2e-0f5d-5c7e-9c1d-1f2a3b4c5d6e",
            "commitment": later,
        },
    }
    return said.get(kind, {})


def _record(kind: str, rng: random.Random) -> Record:
    premises = f"ap-{rng.randrange(4)}" if kind.startswith("shift") else f"office-{rng.randrange(40)}"
    source = rng.choice(["fm-north", "fm-south", "agency-north", "estates-desk"])
    at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=rng.randrange(30 * 86_400))
    subject = f"WO-{rng.randrange(10**5):05}"
    if kind == "source.heartbeat":
        premises = subject = f"source:{source}"
    elif kind.startswith("shift"):
        subject = f"{premises}/{at:%Y-%m-%d}"
    data = {"premises": premises, **_data(kind, rng, at)}
    if kind != "source.heartbeat" and rng.random() < 0.3:
        data["note"] = rng.choice(NOTES)
    event = {
        "specversion": "1.0",
        "id": f"{rng.getrandbits(128):032x}",
        "source": source,
        "type": f"facilities.{kind}",
        "subject": subject,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
    }
    if rng.random() < 0.5:
        event["traceparent"] = f"00-{rng.getrandbits(128):032x}-{rng.getrandbits(64):016x}-01"
    headers = [(f"ce_{name}", value.encode()) for name, value in event.items() if name != "datacontenttype"]
    topic = {"shift": "shift-cover", "escal": "escalation-responses"}.get(kind[:5], "work-orders")
    separators = rng.choice([(",", ":"), (", ", ": ")])
    return Record(
        json.dumps({**event, "data": data}, separators=separators, ensure_ascii=rng.random() < 0.5).encode(),
        premises.encode(),
        topic,
        json.dumps(data).encode(),
        [*headers, ("content-type", b"application/json")],
    )


def _spoilt(record: Record, rng: random.Random) -> bytes:
    """The record with one of the mistakes that senders make."""
    return rng.choice(
        [
            record.value[:-1],
            record.value.replace(b'"premises"', b'"premisses"'),
            record.value.replace(b"+00:00", b"", 1),
            record.value.replace(b"facilities.", b"facility."),
            record.value.replace(b'"id"', b'"ID"'),
            record.value.replace(b'"1.0"', b'"0.3"'),
        ]
    )


def _structured(records: Sequence[Record]) -> None:
    for record in records:
        parse(record.value, record.key, STRUCTURED, record.topic)


def _with_digest(records: Sequence[Record]) -> None:
    for record in records:
        event = parse(record.value, record.key, STRUCTURED, record.topic)
        if not isinstance(event, Refusal):
            content_digest(event)


def _binary(records: Sequence[Record]) -> None:
    for record in records:
        parse(record.data, record.key, record.headers, record.topic)


def _only_json(records: Sequence[Record]) -> None:
    for record in records:
        json.loads(record.value)


def _sdk(records: Sequence[Record]) -> None:
    read = JSONFormat().read
    for record in records:
        read(CloudEvent, record.value)


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Events per second of CPU time for each contender, and what they were measured on."""
    rng = random.Random(SEED)
    kinds = rng.choices(list(MIX), weights=list(MIX.values()), k=events)
    records = [_record(kind, rng) for kind in kinds]
    spoilt = [replace(record, value=_spoilt(record, rng)) for record in records]
    _check(records, spoilt)
    contenders: dict[str, tuple[Callable[[Sequence[Record]], None], Sequence[Record]]] = {
        "parse, structured": (_structured, records),
        "parse + content digest": (_with_digest, records),
        "parse, binary": (_binary, records),
        "refusals": (_structured, spoilt),
        "json.loads alone": (_only_json, records),
        "CloudEvents SDK, untyped": (_sdk, records),
    }
    rates: dict[str, list[int]] = {}
    gc.collect()
    for _ in range(rounds):
        for name, (run, over) in contenders.items():
            begun = time.process_time()
            run(over)
            rates.setdefault(name, []).append(round(events / (time.process_time() - begun)))
    return {
        "unit": "events per second of CPU time, one core",
        "events": events,
        "rounds": rounds,
        "mean_bytes": round(sum(len(record.value) for record in records) / events),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("pydantic", "pydantic_core", "orjson", "cloudevents")},
        "goal": {"parse, structured": GOAL},
        "rates": {
            name: {"min": min(found), "median": round(median(found)), "max": max(found), "rounds": found}
            for name, found in rates.items()
        },
    }


def _check(records: Sequence[Record], spoilt: Sequence[Record]) -> None:
    """What is measured is what it is called: every record is taken in both modes, and every spoilt one is refused."""
    for good, bad in zip(records, spoilt, strict=True):
        event = parse(good.value, good.key, STRUCTURED, good.topic)
        assert not isinstance(event, Refusal), event
        assert parse(good.data, good.key, good.headers, good.topic) == event
        assert isinstance(parse(bad.value, bad.key, STRUCTURED, bad.topic), Refusal), bad


def main() -> int:
    """Measure, print, write; 1 if the median misses the goal."""
    found = measure()
    print(
        f"{found['events']} events of {found['mean_bytes']} bytes on average, {found['rounds']} rounds; {found['unit']}"
    )
    print(f"{'':28}{'min':>10}{'median':>10}{'max':>10}")
    for name, rate in found["rates"].items():
        print(f"{name:28}{rate['min']:>10,}{rate['median']:>10,}{rate['max']:>10,}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    reached = found["rates"]["parse, structured"]["median"] >= GOAL
    print(f"Goal {GOAL:,} events/s: {'reached' if reached else 'missed'}.")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
