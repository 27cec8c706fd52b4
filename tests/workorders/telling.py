"""How the tests tell an order's story: events by short names, in hours from its raising, heard at once."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from models.decision import Context, Decision, Reached, Remembered, Said
from models.history import InputEvent, Taken
from models.premises import Party
from workorders.decide import Case, decide
from workorders.policy import World, default_world

START = datetime(2026, 1, 13, 2, 10, tzinfo=UTC)
PARTIES = {
    "estates-desk": Party.CLIENT,
    "division": Party.DIVISION,
    "provider-helpdesk": Party.PROVIDER,
    "provider-account-manager": Party.PROVIDER,
}
LOCK: dict[str, Any] = {
    "asset": "entry-lock",
    "fault": "will-not-secure",
    "impacts": ["site-security"],
    "alternative_available": False,
}
_FAMILY = {"escalation-response": ("acknowledged", "resolved", "declined")}
_NUMBERS = count(1)


@cache
def _any_event() -> TypeAdapter[Any]:
    return TypeAdapter(InputEvent)


def hour(hours: float) -> datetime:
    """So many hours after the order was raised."""
    return START + timedelta(hours=hours)


def ap() -> str:
    """An approved premises of the default estate."""
    estate = default_world().estates.at(START)
    return estate.watched_premises()[0].id


def event(
    kind: str,
    hours: float,
    *,
    family: str = "work-order",
    role: str = "provider-helpdesk",
    heard: float | None = None,
    subject: str = "WO-1",
    id: str | None = None,  # noqa: A002 - the attribute's own name
    **data: Any,  # noqa: ANN401 - whatever the event says
) -> Taken:
    """One accepted event; ``heard`` in hours, at once if left out."""
    said = {
        "specversion": "1.0",
        "id": id or f"e{next(_NUMBERS)}",
        "source": f"/{role}",
        "type": f"facilities.{family}.{kind}",
        "subject": subject,
        "time": hour(hours).isoformat(),
        "data": {"premises": ap(), **data},
    }
    taken = _any_event().validate_python(said)
    return Taken(taken, hour(hours if heard is None else heard), role, PARTIES[role])


def raised(hours: float = 0, **more: Any) -> Taken:  # noqa: ANN401 - facets and attributes
    """A lock that will not secure at an approved premises: P1."""
    return event("raised", hours, role="estates-desk", **(LOCK | more))


def answer(kind: str, hours: float, escalation: UUID, **data: Any) -> Taken:  # noqa: ANN401 - whatever it says
    """An answer of the provider's account manager to an escalation."""
    return event(
        kind,
        hours,
        family="escalation-response",
        role="provider-account-manager",
        escalation_id=str(escalation),
        **data,
    )


class Telling:
    """Decides one order again and again, remembering what was said."""

    def __init__(self, *history: Taken, context: Context | None = None, world: World | None = None) -> None:
        """Begin with a history and nothing said."""
        self.history = list(history)
        self.context = context or Context()
        self.world = world or default_world()
        self.remembered = Remembered()

    def at(self, hours: float, *news: Taken) -> Decision:
        """What is decided so many hours after the raising, with this news; what it says is remembered."""
        self.history.extend(news)
        case = Case(ap(), "WO-1", self.history, self.context, self.remembered)
        found = decide(case, self.world, hour(hours))
        said = dict(self.remembered.said)
        said.update({one.reached.id: Said(one.n, one.statement, one.reached) for one in found.statements})
        self.remembered = Remembered(
            said, found.classification or self.remembered.classification, found.dispute or self.remembered.dispute
        )
        return found


def standing(found: Decision, kind: str | None = None) -> list[tuple[str, str, float]]:
    """What stands: clock, rung and when it was due in hours from the raising."""
    return sorted(
        (one.clock, one.rung, (one.due_at - START) / timedelta(hours=1))
        for one in found.reached
        if one.ended_at is None and (kind is None or one.kind == kind)
    )


def one(found: Iterable[Reached], **wanted: object) -> Reached:
    """The only rung with these attributes."""
    (match,) = [reached for reached in found if all(getattr(reached, k) == v for k, v in wanted.items())]
    return match


def statements(found: Decision) -> list[tuple[str, str, str]]:
    """What was said: statement, kind and clock of each."""
    return sorted((said.statement.value, said.reached.kind.value, said.reached.clock) for said in found.statements)
