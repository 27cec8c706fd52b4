"""The fold of one order's history: what is known of it, before any clock or ladder is reckoned.

Source of the rules: docs/RULES.md, section 2 (facts, spells, meeting of clocks, pauses as they were asked for).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from models.decision import Ignored
from models.escalation import ClockName
from models.history import OrderEvent, Taken
from models.work_order import (
    Acknowledged,
    Amended,
    AmendedData,
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
    RaisedData,
    Reassessed,
    Resumed,
    Scheduled,
    TemporarilyFixed,
)

ALL_CLOCKS: Final = (ClockName.ATTEND, ClockName.MAKE_SAFE, ClockName.FIX)
FIRST_SPELL: Final = "first"


class OrderFacts(NamedTuple):
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

    def meet(self, clock: ClockName, at: datetime) -> bool:
        """Meet a running clock if nothing has met it yet; tell whether this did."""
        if clock in self.met or clock not in self.running:
            return False
        self.met[clock] = at
        return True


class OrderFold:
    """What the events of one order say, in the order of its history; made by :func:`fold_order`."""

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

    def __init__(self, raised: Taken, event: Raised, may_pause: Callable[[PauseReason, str], bool]) -> None:
        """Begin with what the raised event says."""
        data, at = event.data, event.time
        self.may_pause = may_pause
        self.raised = raised
        self.raised_at = at
        self.status = "open"
        self.outcome = ""
        self.facts = [OrderFacts(at, raised.heard, data.asset, data.fault, data.impacts, data.alternative_available)]
        self.settled: list[tuple[datetime, Priority]] = []
        self.views: list[tuple[datetime, Priority]] = []
        self.versions: list[tuple[datetime, str]] = []
        self.pauses: list[AskedPause] = []
        self.spells = [Spell(FIRST_SPELL, at, ALL_CLOCKS)]
        self.promise: tuple[datetime, str] | None = None
        self.contractor_reference: str | None = None
        self.ignored: list[Ignored] = []
        _references(self, raised, data)

    @property
    def ended_at(self) -> datetime | None:
        """When the last spell ended, if it did."""
        return self.spells[-1].ended

    def ignore(self, taken: Taken, why: str) -> None:
        """Keep visible that an event changed nothing."""
        self.ignored.append(Ignored(taken.event.source, taken.event.id, why))


_EventT = TypeVar("_EventT", bound=OrderEvent)
_Handler = Callable[["OrderFold", _EventT, Taken, datetime], None]
_CASES: Final[dict[type[Any], _Handler[Any]]] = {}

JUDGED_ELSEWHERE: Final[frozenset[type[Any]]] = frozenset({OrderRetracted, OrderReportConfirmed, OrderReportRefused})
"""Events about other events: they decide which events are kept, so the fold itself never sees their effect."""


def handled_types() -> frozenset[type[Any]]:
    """Every event type that the fold has a case for, the one that opens it among them."""
    return frozenset(_CASES) | {Raised} | JUDGED_ELSEWHERE


def fold_order(event: Raised, kept: Sequence[Taken], may_pause: Callable[[PauseReason, str], bool]) -> OrderFold:
    """What the kept events of one order say; they must be in the order of history, of which ``event`` is the first.

    ``may_pause`` tells whether the policy lets a role pause for a reason.
    """
    fold = OrderFold(kept[0], event, may_pause)
    for taken in kept[1:]:
        said = taken.event
        _CASES[type(said)](fold, said, taken, max(fold.raised_at, said.time))
    return fold


def _case(kind: type[_EventT]) -> Callable[[_Handler[_EventT]], _Handler[_EventT]]:
    """Register what one event type does to the fold."""

    def register(handler: _Handler[_EventT]) -> _Handler[_EventT]:
        _CASES[kind] = handler
        return handler

    return register


def _references(fold: OrderFold, taken: Taken, data: RaisedData | AmendedData) -> None:
    if data.contractor_reference is not None:
        fold.contractor_reference = data.contractor_reference
    if data.promised_fix is not None:
        fold.promise = (data.promised_fix, taken.event.source)


@_case(Amended)
def _amended(fold: OrderFold, event: Amended, taken: Taken, at: datetime) -> None:
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


@_case(Prioritised)
def _prioritised(fold: OrderFold, event: Prioritised, _taken: Taken, at: datetime) -> None:
    fold.views.append((at, event.data.priority))


@_case(CriticalitySettled)
def _settled(fold: OrderFold, event: CriticalitySettled, _taken: Taken, at: datetime) -> None:
    fold.settled.append((at, event.data.priority))


@_case(Reassessed)
def _reassessed(fold: OrderFold, event: Reassessed, _taken: Taken, at: datetime) -> None:
    fold.versions.append((at, event.data.policy_version))


@_case(Acknowledged)
def _acknowledged(fold: OrderFold, event: Acknowledged, _taken: Taken, _at: datetime) -> None:
    if event.data.contractor_reference is not None:
        fold.contractor_reference = event.data.contractor_reference


@_case(Scheduled)
def _scheduled(_fold: OrderFold, _event: Scheduled, _taken: Taken, _at: datetime) -> None:
    """A visit is part of the timeline; it moves no clock."""


@_case(Paused)
def _paused(fold: OrderFold, event: Paused, taken: Taken, at: datetime) -> None:
    data = event.data
    if fold.status != "open":
        fold.ignore(taken, "the order was not open, so there was nothing to pause")
    elif not fold.may_pause(data.reason, taken.role):
        fold.ignore(taken, f"the role {taken.role} may not pause for {data.reason}")
    else:
        _end_pause(fold, at)
        fold.pauses.append(AskedPause(at, data.until, data.reason))


@_case(Resumed)
def _resumed(fold: OrderFold, _event: Resumed, taken: Taken, at: datetime) -> None:
    if not _end_pause(fold, at):
        fold.ignore(taken, "no pause was running")


def _end_pause(fold: OrderFold, at: datetime) -> bool:
    if not fold.pauses or fold.pauses[-1].ended is not None or fold.pauses[-1].until <= at:
        return False
    fold.pauses[-1].ended = at
    return True


@_case(Attended)
def _attended(fold: OrderFold, _event: Attended, taken: Taken, at: datetime) -> None:
    _meet(fold, taken, at, (ClockName.ATTEND,))


@_case(MadeSafe)
def _made_safe(fold: OrderFold, _event: MadeSafe, taken: Taken, at: datetime) -> None:
    _meet(fold, taken, at, (ClockName.ATTEND, ClockName.MAKE_SAFE))


@_case(TemporarilyFixed)
def _temporarily_fixed(fold: OrderFold, _event: TemporarilyFixed, taken: Taken, at: datetime) -> None:
    _meet(fold, taken, at, (ClockName.ATTEND, ClockName.MAKE_SAFE))


def _meet(fold: OrderFold, taken: Taken, at: datetime, clocks: tuple[ClockName, ...]) -> None:
    if fold.status != "open":
        fold.ignore(taken, "the order was not open")
        return
    spell, news = fold.spells[-1], False
    for clock in clocks:
        news = spell.meet(clock, at) or news
    if not news:
        fold.ignore(taken, "what it reports was already met")


@_case(Completed)
def _completed(fold: OrderFold, _event: Completed, taken: Taken, at: datetime) -> None:
    _complete(fold, taken, at)


def _complete(fold: OrderFold, taken: Taken, at: datetime) -> None:
    if fold.status != "open":
        fold.ignore(taken, "the order was not open")
        return
    spell = fold.spells[-1]
    spell.completion_met = tuple(clock for clock in ALL_CLOCKS if spell.meet(clock, at))
    spell.ended = at
    fold.status = "completed"


@_case(CompletionRejected)
def _rejected(fold: OrderFold, event: CompletionRejected, taken: Taken, at: datetime) -> None:
    before = fold.spells[-1]
    if before.ended is None or before.unmet:
        fold.ignore(taken, "there was no completion to reject")
        return
    fold.spells.append(Spell(f"{event.source}|{event.id}", at, before.completion_met, opened_by=taken))
    fold.status, fold.outcome = "open", ""


@_case(Closed)
def _closed(fold: OrderFold, event: Closed, taken: Taken, at: datetime) -> None:
    if fold.status == "completed":
        fold.status, fold.outcome = "closed", event.data.outcome
    elif fold.status == "open" and event.data.outcome is CloseOutcome.DONE:
        _complete(fold, taken, at)
        fold.status, fold.outcome = "closed", CloseOutcome.DONE
    else:
        _end_unmet(fold, taken, at, "closed", event.data.outcome)


@_case(Cancelled)
def _cancelled(fold: OrderFold, event: Cancelled, taken: Taken, at: datetime) -> None:
    _end_unmet(fold, taken, at, "cancelled", event.data.reason)


def _end_unmet(fold: OrderFold, taken: Taken, at: datetime, status: str, outcome: str) -> None:
    if fold.status != "open":
        fold.ignore(taken, "the order was not open")
        return
    spell = fold.spells[-1]
    spell.ended, spell.unmet = at, True
    fold.status, fold.outcome = status, outcome
