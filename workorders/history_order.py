"""In which order the events of one subject are folded: by time, and at one instant danger last."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter, lt
from typing import Final

from models.decision import Ignored
from models.escalation import (
    AnswerReportConfirmed,
    AnswerReportRefused,
    AnswerRetracted,
    EscalationAcknowledged,
    EscalationDeclined,
    EscalationResolved,
    Heartbeat,
)
from models.history import InputEvent, Taken
from models.shift_cover import (
    ContingencyArranged,
    CoverCheckedIn,
    CoverConfirmed,
    CoverLeftEarly,
    CoverMissingReported,
    CoverNotAttended,
    CoverRefused,
    CoverReportConfirmed,
    CoverReportRefused,
    CoverRetracted,
    CoverStoodDown,
    CoverWithdrawn,
    RequirementChanged,
)
from models.work_order import (
    Acknowledged,
    Amended,
    Attended,
    Cancelled,
    Closed,
    Completed,
    CompletionRejected,
    CriticalitySettled,
    MadeSafe,
    OrderReportConfirmed,
    OrderReportRefused,
    OrderRetracted,
    Paused,
    Prioritised,
    Raised,
    Reassessed,
    Resumed,
    Scheduled,
    TemporarilyFixed,
)

Identity = tuple[str, str]
"""What an event is known by: its source and its id."""

ANSWERS_FROM: Final = 20
CORRECTIONS_FROM: Final = 30

RANKS: Final[dict[type[InputEvent], int]] = {
    Raised: 0,
    Amended: 1,
    Reassessed: 1,
    Prioritised: 1,
    CriticalitySettled: 1,
    Acknowledged: 1,
    Scheduled: 1,
    RequirementChanged: 1,
    CoverConfirmed: 1,
    ContingencyArranged: 1,
    CoverCheckedIn: 1,
    Attended: 2,
    MadeSafe: 3,
    TemporarilyFixed: 4,
    Completed: 5,
    CoverStoodDown: 5,
    Resumed: 6,
    Closed: 7,
    Cancelled: 8,
    Paused: 9,
    CoverLeftEarly: 10,
    CoverWithdrawn: 11,
    CoverRefused: 12,
    CoverNotAttended: 13,
    CoverMissingReported: 14,
    CompletionRejected: 15,
    EscalationAcknowledged: ANSWERS_FROM,
    EscalationResolved: ANSWERS_FROM,
    EscalationDeclined: ANSWERS_FROM + 1,
    OrderReportConfirmed: CORRECTIONS_FROM,
    CoverReportConfirmed: CORRECTIONS_FROM,
    AnswerReportConfirmed: CORRECTIONS_FROM,
    OrderReportRefused: CORRECTIONS_FROM + 1,
    CoverReportRefused: CORRECTIONS_FROM + 1,
    AnswerReportRefused: CORRECTIONS_FROM + 1,
    OrderRetracted: CORRECTIONS_FROM + 2,
    CoverRetracted: CORRECTIONS_FROM + 2,
    AnswerRetracted: CORRECTIONS_FROM + 2,
    Heartbeat: CORRECTIONS_FROM + 3,
}
"""The place of each type among events of one instant: a subject's own, then answers, then what is never folded."""

REPORTS: Final[frozenset[type[InputEvent]]] = frozenset(
    {
        Attended,
        MadeSafe,
        TemporarilyFixed,
        Completed,
        Closed,
        Cancelled,
        Paused,
        Resumed,
        Amended,
        CoverConfirmed,
        CoverWithdrawn,
        CoverNotAttended,
        CoverCheckedIn,
        CoverLeftEarly,
        CoverStoodDown,
        ContingencyArranged,
    }
)
"""What can be heard so late that the client side must confirm it; a retraction can be too."""


_TIME: Final = attrgetter("event.time")


def identity(event: InputEvent) -> Identity:
    """What the event is known by."""
    return event.source, event.id


def in_order(taken: Iterable[Taken]) -> list[Taken]:
    """The events in the order in which they are folded, each once; ``raised`` comes first, whatever its time."""
    raised: list[Taken] = []
    others: list[Taken] = []
    for item in taken:
        (raised if type(item.event) is Raised else others).append(item)
    return [*by_time(raised), *by_time(others)]


def by_time(taken: list[Taken]) -> list[Taken]:
    """The events in order, each once; ``raised`` must not be among others."""
    # Mostly no two bear one time: then there is nothing to tell apart, and nothing is there twice.
    if len(taken) < 2:
        return taken
    ordered = sorted(taken, key=_TIME)
    times = list(map(_TIME, ordered))
    if all(map(lt, times, times[1:])):
        return ordered
    first: dict[Identity, Taken] = {}
    for item in sorted(ordered, key=_place):
        first.setdefault((item.event.source, item.event.id), item)
    return list(first.values())


def one_raised(own: list[Taken]) -> tuple[list[Taken], tuple[Ignored, ...]]:
    """The events in order with only the first ``raised``, and the others, which are ignored."""
    repeated = 1
    while repeated < len(own) and type(own[repeated].event) is Raised:
        repeated += 1
    if repeated == 1:
        return own, ()
    why = "the order was raised before; the first counts"
    return own[:1] + own[repeated:], tuple(Ignored(*identity(item.event), why) for item in own[1:repeated])


def _place(item: Taken) -> tuple[datetime, int, str, str, str, datetime]:
    event = item.event
    return event.time, RANKS[type(event)], event.source, event.sequence or "", event.id, item.heard
