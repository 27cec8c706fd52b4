"""How the tests tell any history: events by short names, minutes from a start, heard at once unless said."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, get_args
from uuid import UUID

from models.history import InputEvent, Taken
from models.premises import Party
from workorders.history import Arranged, arrange

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
LATE_AFTER = {"helpdesk": timedelta(hours=4), "agency-desk": timedelta(hours=1)}
PARTIES = {
    "helpdesk": Party.PROVIDER,
    "account-manager": Party.PROVIDER,
    "agency-desk": Party.AGENCY,
    "estates-desk": Party.CLIENT,
    "division": Party.DIVISION,
}
STRETCH = {"from": START, "until": START + timedelta(hours=12)}
DATA: dict[str, dict[str, Any]] = {
    "raised": {"asset": "lock", "fault": "broken", "impacts": (), "alternative_available": False},
    "prioritised": {"priority": "P2"},
    "criticality-settled": {"priority": "P2"},
    "reassessed": {"policy_version": "0" * 64},
    "scheduled": {"visit_at": START},
    "paused": {"reason": "parts", "until": START},
    "closed": {"outcome": "done"},
    "cancelled": {"reason": "invalid"},
    "requirement-changed": {"required": 2, "own_staff": 1},
    "confirmed": {"cover_ref": "a1", "supplier": "agency"} | STRETCH,
    "contingency-arranged": {"cover_ref": "a1", "replaces": "agency", "cost_pence": 1} | STRETCH,
    "missing-reported": {"missing": 1},
    "escalation-response.acknowledged": {"escalation_id": UUID(int=1)},
    "escalation-response.resolved": {"escalation_id": UUID(int=1)},
    "escalation-response.declined": {"escalation_id": UUID(int=1), "reason": "no"},
}
COVER = {
    "withdrawn",
    "not-attended",
    "checked-in",
    "left-early",
    "stood-down",
    "missing-reported",
    "requirement-changed",
}
COVER |= {"confirmed", "contingency-arranged", "refused"}
CLASSES: dict[str, type[InputEvent]] = {
    get_args(one.model_fields["type"].annotation)[0]: one for one in get_args(InputEvent)
}
_NUMBERS = count(1)


def said(
    kind: str,
    minutes: float = 0,
    *,
    heard: float | None = None,
    role: str = "helpdesk",
    id: str | None = None,  # noqa: A002 -- the attribute's own name
    source: str | None = None,
    sequence: str | None = None,
    **data: Any,  # noqa: ANN401 -- whatever the event says
) -> Taken:
    """One event; ``heard`` in minutes from the start, at once if left out."""
    family = "shift-cover." if kind in COVER else "" if "." in kind else "work-order."
    filled = DATA.get(kind, {"cover_ref": "a1"} if kind in COVER else {})
    filled = filled | ({"reason": "unsuitable"} if kind == "refused" else {})
    name = f"facilities.{family}{kind}"
    event = CLASSES[name].model_validate(
        {
            "id": id or f"e{next(_NUMBERS):04}",
            "source": source or f"/{role}",
            "type": name,
            "subject": "ap/2026-01-13" if family == "shift-cover." else "one",
            "time": START + timedelta(minutes=minutes),
            "data": {"premises": "ap"} | filled | data,
        }
        | ({} if sequence is None else {"sequence": sequence})
    )
    return Taken(event, START + timedelta(minutes=minutes if heard is None else heard), role, PARTIES[role])


def about(kind: str, named: Taken, minutes: float, *, family: str = "work-order", **more: Any) -> Taken:  # noqa: ANN401
    """A retraction, confirmation or refusal that names an event."""
    more = {"of_source": named.event.source, "of_id": named.event.id} | more
    return said(f"{family}.{kind}", minutes, **more)


def arranged(*taken: Taken) -> Arranged:
    """The history in order."""
    return arrange(taken, LATE_AFTER.get)


def kinds(taken: list[Taken] | None) -> list[str]:
    """The short names of the events' types."""
    assert taken is not None
    return [item.event.type.rpartition(".")[2] for item in taken]
