"""One event of every type as it comes in, and how a test says it with one thing changed."""

import json
from typing import Any, Final

AP: Final = "ap-bryn-awel"
NIGHT: Final = f"{AP}/2026-01-05"
TOPICS: Final = ("work-orders", "shift-cover", "escalation-responses")
_ESCALATION: Final = "0b6b4c2e-0f5d-5c7e-9c1d-1f2a3b4c5d6e"
_NAMED: Final = {"of_source": "fm-north", "of_id": "e-17"}
_STRETCH: Final = {"from": "2026-01-05T20:00:00+00:00", "until": "2026-01-06T08:00:00Z"}

_ORDER: Final[dict[str, dict[str, Any]]] = {
    "raised": {
        "asset": "entry-lock",
        "fault": "will-not-secure",
        "impacts": ["site-security"],
        "alternative_available": False,
        "contractor_reference": "NW/2026/00417",
        "promised_fix": "2026-01-07T17:00:00+00:00",
        "note": "Front door: the lock turns but does not hold.\nTŷ Derwen, £40 part.",
    },
    "amended": {"impacts": ["site-security", "fire-safety"], "alternative_available": True},
    "prioritised": {"priority": "P3"},
    "acknowledged": {"contractor_reference": "NW/2026/00417"},
    "scheduled": {"visit_at": "2026-01-06T09:30:00.250+01:00"},
    "paused": {"reason": "parts", "until": "2026-01-09T09:00:00Z"},
    "resumed": {},
    "attended": {"note": None},
    "made-safe": {},
    "temporarily-fixed": {},
    "completed": {},
    "completion-rejected": {"defect": "still does not hold"},
    "closed": {"outcome": "done"},
    "cancelled": {"reason": "duplicate", "duplicate_of": "WO-2"},
    "criticality-settled": {"priority": "P1"},
    "reassessed": {"policy_version": "0123456789ab"},
    "retracted": _NAMED,
    "report-confirmed": _NAMED,
    "report-refused": _NAMED,
}
_COVER: Final[dict[str, dict[str, Any]]] = {
    "requirement-changed": {"required": 3, "own_staff": 1},
    "confirmed": {"cover_ref": "A-1", "supplier": "agency", **_STRETCH},
    "withdrawn": {"cover_ref": "A-1"},
    "refused": {"cover_ref": "A-1", "reason": "not-vetted"},
    "not-attended": {"cover_ref": "A-1"},
    "checked-in": {"cover_ref": "A-1"},
    "left-early": {"cover_ref": "A-1"},
    "missing-reported": {"missing": 2},
    "contingency-arranged": {"cover_ref": "C-1", "replaces": "agency", "cost_pence": 18_500, **_STRETCH},
    "stood-down": {"cover_ref": "C-1"},
    "retracted": _NAMED,
    "report-confirmed": _NAMED,
    "report-refused": _NAMED,
}
_ANSWER: Final[dict[str, dict[str, Any]]] = {
    "acknowledged": {
        "escalation_id": _ESCALATION,
        "commitment": "2026-01-05T14:00:00Z",
        "covers_subject": True,
    },
    "resolved": {"escalation_id": _ESCALATION},
    "declined": {"escalation_id": _ESCALATION, "reason": "not our contract"},
    "retracted": _NAMED,
    "report-confirmed": _NAMED,
    "report-refused": _NAMED,
}

Event = dict[str, Any]


def _sample(event_type: str, subject: str, data: dict[str, Any], **attributes: object) -> Event:
    said = {
        "specversion": "1.0",
        "id": "e-18",
        "source": "fm-north",
        "type": f"facilities.{event_type}",
        "subject": subject,
        "time": "2026-01-05T10:00:00+00:00",
        "data": {"premises": AP, **data},
    }
    return said | attributes


HEARTBEAT: Final = _sample("source.heartbeat", "source:fm-north", {"premises": "source:fm-north"})
SAMPLES: Final[dict[str, tuple[str, Event]]] = {
    sample["type"]: (topic, sample)
    for topic, samples in {
        "work-orders": [
            *(_sample(f"work-order.{name}", "WO-1", data) for name, data in _ORDER.items()),
            HEARTBEAT,
        ],
        "shift-cover": [_sample(f"shift-cover.{name}", NIGHT, data) for name, data in _COVER.items()],
        "escalation-responses": [
            _sample(f"escalation-response.{name}", "WO-1", data) for name, data in _ANSWER.items()
        ],
    }.items()
    for sample in samples
}
"""For each input type its topic and one event of it."""

RAISED: Final = SAMPLES["facilities.work-order.raised"][1]


def changed(event: Event, **attributes: object) -> Event:
    """The event with other attributes; ``...`` leaves one out."""
    return {name: value for name, value in (event | attributes).items() if value is not ...}


def with_data(event: Event, **fields: object) -> Event:
    """The event with other fields in its data; ``...`` leaves one out."""
    return event | {"data": changed(event["data"], **fields)}


def written(event: object) -> bytes:
    """The event in structured mode, as most producers write JSON."""
    return json.dumps(event).encode()


def key_of(event: Event) -> bytes:
    """The Kafka key that belongs to the event."""
    return str(event["data"]["premises"]).encode()
