"""The fold of one order's history: what is known of it, before any clock or ladder is reckoned.

Source of the rules: docs/RULES.md, section 2 (facts, spells, meeting of clocks, pauses as they were asked for).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from models.decision import Ignored
from models.escalation import ClockName
from models.history import OrderEvent, Taken
from models.work_order import (
    Acknowledged,
    Amended,
    Attended,
    Cancelled,
    Closed,
    CloseOutcome,
    Completed,
    CompletionRejected,
    CriticalitySettled,
    MadeSafe,
    OrderReportConfirmed,
    OrderReportRefused,
    OrderRetracted,
    Paused,
    PauseReason,
    Prioritised,
    Priority,
    Raised,
    Reassessed,
    Resumed,
    Scheduled,
    TemporarilyFixed,
)

ALL_CLOCKS: Final = (ClockName.ATTEND, ClockName.MAKE_SAFE, ClockName.FIX)
FIRST_SPELL: Final = "first"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The facets of an order that events say, from an instant on; ``heard`` is when the event that said them was."""

    since: datetime
    heard: datetime
    asset: str
    fault: str
    impacts: tuple[str, ...]
    alternative: bool


@dataclass(slots=True)
class AskedPause:
    """A pause as it was asked for; the policy may allow less. ``ended`` is set by what ended it early."""

    since: datetime
    until: datetime
    reason: PauseReason
    role: str
    taken: Taken
    ended: datetime | None = None


@dataclass(slots=True)
class Spell:
    """A stretch in which the order is open: the first, or the one that a rejection opened."""

    id: str
    start: datetime
    running: tuple[ClockName, ...]
    met: dict[ClockName, datetime] = field(default_factory=dict)
    completion_met: tuple[ClockName, ...] = ()
    ended: datetime | None = None
    unmet: bool = False
    opened_by: Taken | None = None
    ended_by: Taken | None = None

    def meet(self, clock: ClockName, at: datetime) -> bool:
        """Meet a running clock if nothing has met it yet; tell whether this did."""
        if clock in self.met or clock not in self.running:
            return False
        self.met[clock] = at
        return True


class OrderFold:
    """What the events of one order say, in the order of its history; feed it with :func:`fold_order`."""

    __slots__ = (
        "contractor_reference",
        "facts",
        "ignored",
        "may_pause",
        "outcome",
        "pauses",
        "promise",
        "raised",
        "raised_at",
        "settled",
        "spells",
        "status",
        "versions",
        "views",
    )

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.raised: Taken | None = None
        self.raised_at: datetime | None = None
        self.status = "void"
        self.outcome = ""
        self.facts: list[OrderFacts] = []
        self.settled: list[tuple[datetime, Priority]] = []
        self.views: list[tuple[datetime, Priority]] = []
        self.versions: list[tuple[datetime, str]] = []
        self.pauses: list[AskedPause] = []
        self.spells: list[Spell] = []
        self.promise: tuple[datetime, str] | None = None
        self.contractor_reference: str | None = None
        self.ignored: list[Ignored] = []
        self.may_pause: Callable[[PauseReason, str], bool] = lambda reason, role: True

    @property
    def ended_at(self) -> datetime | None:
        """When the last spell ended, if it did."""
        return self.spells[-1].ended if self.spells else None

    def ignore(self, taken: Taken, why: str) -> None:
        """Keep visible that an event changed nothing."""
        self.ignored.append(Ignored(taken.event.source, taken.event.id, why))


def fold_order(kept: Sequence[Taken], may_pause: Callable[[PauseReason, str], bool]) -> OrderFold:
    """What the kept events of one order say; they must be in the order of history (``raised`` first).

    ``may_pause`` tells whether the policy lets a role pause for a reason.
    """
    fold = OrderFold()
    fold.may_pause = may_pause
    for taken in kept:
        handler = _HANDLERS.get(type(taken.event))
        if handler is None:
            continue
        if fold.raised_at is None:
            if type(taken.event) is Raised:
                _raise(fold, taken, taken.event.time)
            else:
                fold.status = "orphan"
            continue
        at = taken.event.time
        handler(fold, taken, at if at > fold.raised_at else fold.raised_at)
    return fold


def _raise(fold: OrderFold, taken: Taken, at: datetime) -> None:
    if fold.raised is not None:
        fold.ignore(taken, "the order was already raised")
        return
    data = taken.event.data
    fold.raised, fold.raised_at, fold.status = taken, at, "open"
    fold.facts.append(OrderFacts(at, taken.heard, data.asset, data.fault, data.impacts, data.alternative_available))  # type: ignore[union-attr]
    fold.spells.append(Spell(FIRST_SPELL, at, ALL_CLOCKS))
    _references(fold, taken, data)


def _references(fold: OrderFold, taken: Taken, data: Any) -> None:
    if data.contractor_reference is not None:
        fold.contractor_reference = data.contractor_reference
    if data.promised_fix is not None:
        fold.promise = (data.promised_fix, taken.event.source)


def _amend(fold: OrderFold, taken: Taken, at: datetime) -> None:
    event = taken.event
    assert isinstance(event, Amended)  # noqa: S101 - the dispatch table pairs each class with its handler
    data, now = event.data, fold.facts[-1]
    changed = OrderFacts(
        at,
        taken.heard,
        now.asset if data.asset is None else data.asset,
        now.fault if data.fault is None else data.fault,
        now.impacts if data.impacts is None else data.impacts,
        now.alternative if data.alternative_available is None else data.alternative_available,
    )
    fold.facts.append(changed)
    _references(fold, taken, data)


def _prioritise(fold: OrderFold, taken: Taken, at: datetime) -> None:
    fold.views.append((at, taken.event.data.priority))  # type: ignore[union-attr]


def _settle(fold: OrderFold, taken: Taken, at: datetime) -> None:
    fold.settled.append((at, taken.event.data.priority))  # type: ignore[union-attr]


def _reassess(fold: OrderFold, taken: Taken, at: datetime) -> None:
    fold.versions.append((at, taken.event.data.policy_version))  # type: ignore[union-attr]


def _acknowledge(fold: OrderFold, taken: Taken, at: datetime) -> None:
    reference = taken.event.data.contractor_reference  # type: ignore[union-attr]
    if reference is not None:
        fold.contractor_reference = reference


def _nothing(fold: OrderFold, taken: Taken, at: datetime) -> None:
    """Part of the timeline only."""


def _pause(fold: OrderFold, taken: Taken, at: datetime) -> None:
    data = taken.event.data
    if fold.status != "open":
        fold.ignore(taken, "the order was not open, so there was nothing to pause")
        return
    if not fold.may_pause(data.reason, taken.role):  # type: ignore[union-attr]
        fold.ignore(taken, f"the role {taken.role} may not pause for {data.reason}")  # type: ignore[union-attr]
        return
    _end_pause(fold, at)
    fold.pauses.append(AskedPause(at, data.until, data.reason, taken.role, taken))  # type: ignore[union-attr]


def _end_pause(fold: OrderFold, at: datetime) -> bool:
    if not fold.pauses or fold.pauses[-1].ended is not None or fold.pauses[-1].until <= at:
        return False
    fold.pauses[-1].ended = at
    return True


def _resume(fold: OrderFold, taken: Taken, at: datetime) -> None:
    if not _end_pause(fold, at):
        fold.ignore(taken, "no pause was running")


def _meet(*clocks: ClockName) -> "Callable[[OrderFold, Taken, datetime], None]":
    def handler(fold: OrderFold, taken: Taken, at: datetime) -> None:
        if fold.status != "open":
            fold.ignore(taken, "the order was not open")
            return
        spell = fold.spells[-1]
        if not any([spell.meet(clock, at) for clock in clocks]):
            fold.ignore(taken, "what it reports was already met")

    return handler


def _complete(fold: OrderFold, taken: Taken, at: datetime) -> None:
    if fold.status != "open":
        fold.ignore(taken, "the order was not open")
        return
    spell = fold.spells[-1]
    spell.completion_met = tuple(clock for clock in ALL_CLOCKS if spell.meet(clock, at))
    spell.ended, spell.ended_by = at, taken
    fold.status = "completed"


def _reject(fold: OrderFold, taken: Taken, at: datetime) -> None:
    if fold.status != "completed" and (fold.status, fold.outcome) != ("closed", CloseOutcome.DONE):
        fold.ignore(taken, "there was no completion to reject")
        return
    before = fold.spells[-1]
    name = f"{taken.event.source}|{taken.event.id}"
    fold.spells.append(Spell(name, at, before.completion_met, opened_by=taken))
    fold.status, fold.outcome = "open", ""


def _close(fold: OrderFold, taken: Taken, at: datetime) -> None:
    outcome = taken.event.data.outcome  # type: ignore[union-attr]
    if fold.status == "completed":
        fold.status, fold.outcome = "closed", CloseOutcome.DONE
        return
    if fold.status == "open" and outcome is CloseOutcome.DONE:
        _complete(fold, taken, at)
        fold.status, fold.outcome = "closed", CloseOutcome.DONE
        return
    _end_unmet(fold, taken, at, "closed", outcome)


def _cancel(fold: OrderFold, taken: Taken, at: datetime) -> None:
    _end_unmet(fold, taken, at, "cancelled", taken.event.data.reason)  # type: ignore[union-attr]


def _end_unmet(fold: OrderFold, taken: Taken, at: datetime, status: str, outcome: str) -> None:
    if fold.status != "open":
        fold.ignore(taken, "the order was not open")
        return
    spell = fold.spells[-1]
    spell.ended, spell.unmet, spell.ended_by = at, True, taken
    fold.status, fold.outcome = status, outcome


_Handler = Callable[[OrderFold, Taken, datetime], None]
_HANDLERS: Final[dict[type[Any], _Handler]] = {
    Raised: _raise,
    Amended: _amend,
    Prioritised: _prioritise,
    Acknowledged: _acknowledge,
    Scheduled: _nothing,
    Paused: _pause,
    Resumed: _resume,
    Attended: _meet(ClockName.ATTEND),
    MadeSafe: _meet(ClockName.ATTEND, ClockName.MAKE_SAFE),
    TemporarilyFixed: _meet(ClockName.ATTEND, ClockName.MAKE_SAFE),
    Completed: _complete,
    CompletionRejected: _reject,
    Closed: _close,
    Cancelled: _cancel,
    CriticalitySettled: _settle,
    Reassessed: _reassess,
}
JUDGED_ELSEWHERE: Final[frozenset[type[Any]]] = frozenset({OrderRetracted, OrderReportConfirmed, OrderReportRefused})
"""Events about other events: they decide which events are kept, so the fold itself never sees their effect."""


def handled_types() -> frozenset[type[OrderEvent]]:
    """Every event type that the fold has a case for."""
    return frozenset(_HANDLERS) | JUDGED_ELSEWHERE
