"""What undoes or doubts events of a subject: retractions, and the client side's word on late reports.

Corrections are looked at from the last to the first; one that has been removed by then has no effect.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from models.decision import Ignored
from models.escalation import AnswerReportConfirmed, AnswerReportRefused, AnswerRetracted, NamedAnswerData
from models.history import Taken
from models.premises import Party
from models.shift_cover import CoverReportConfirmed, CoverReportRefused, CoverRetracted, NamedNightEventData
from models.work_order import (
    Closed,
    CloseOutcome,
    Completed,
    CompletionRejected,
    NamedEventData,
    OrderReportConfirmed,
    OrderReportRefused,
    OrderRetracted,
)
from workorders.history_order import REPORTS, Identity, identity

_RETRACTIONS: Final = frozenset({OrderRetracted, CoverRetracted, AnswerRetracted})
_CONFIRMATIONS: Final = frozenset({OrderReportConfirmed, CoverReportConfirmed, AnswerReportConfirmed})
_REFUSALS: Final = frozenset({OrderReportRefused, CoverReportRefused, AnswerReportRefused})
_CORRECTIONS: Final = _RETRACTIONS | _CONFIRMATIONS | _REFUSALS
_CLIENT_SIDE: Final = frozenset({Party.CLIENT, Party.DIVISION})


@dataclass(slots=True)
class Effect:
    """What the corrections of a history do.

    The events that they remove, what settled each late report, and the late reports that are refused and so left out.
    """

    removed: frozenset[Identity]
    settled: dict[Identity, Taken]
    refused: frozenset[Identity]


class _Correcting(NamedTuple):
    """One correction: the event, what it is known by, the event that it names, and whether it retracts that."""

    item: Taken
    who: Identity
    target: Identity
    retracts: bool


def _correcting(who: Identity, item: Taken) -> _Correcting:
    naming = cast("NamedEventData | NamedNightEventData | NamedAnswerData", item.event.data)
    return _Correcting(item, who, (naming.of_source, naming.of_id), type(item.event) in _RETRACTIONS)


class Corrections:
    """The corrections in one subject's history, which is given in order, and the late reports in it.

    ``limit`` gives for a role how long after its time a report of it may be heard before it is late.
    """

    __slots__ = ("_corrections", "_known", "_work", "late")

    def __init__(self, ordered: Sequence[Taken], limit: Callable[[str], timedelta]) -> None:
        self._known = {identity(item.event): item for item in ordered}
        self._corrections = [
            _correcting(who, item) for who, item in self._known.items() if type(item.event) in _CORRECTIONS
        ]
        self.late = self._late_reports(limit)
        self._work = [
            (who, item)
            for who, item in self._known.items()
            if type(item.event) is CompletionRejected or (who in self.late and _completes(item))
        ]

    def _late_reports(self, limit: Callable[[str], timedelta]) -> dict[Identity, Taken]:
        """What was heard late, in order; a retraction is as late as what it names was then."""
        late = {
            who
            for who, item in self._known.items()
            if type(item.event) in REPORTS and item.heard - item.event.time > limit(item.role)
        }
        for one in self._corrections:
            if one.retracts and self._may_retract(one):
                role = one.item.role
                if one.item.heard - self._known[one.target].event.time > limit(role):
                    late.add(one.who)
        return {who: item for who, item in self._known.items() if who in late} if late else {}

    def effect(self, until: datetime) -> Effect:
        """What they do, the settlements by those alone that bear a time at or before ``until``."""
        removed: set[Identity] = set()
        settled: dict[Identity, Taken] = {}
        for one in reversed(self._corrections):
            if one.who in removed:
                continue
            if one.retracts:
                by = settled.get(one.who)
                if self._may_retract(one) and (by is None or confirms(by)):
                    removed.add(one.target)
            elif one.item.event.time <= until and self._may_settle(one):
                settled.setdefault(one.target, one.item)
        for completion, rejection in self._rejected(removed):
            if rejection.event.time <= until:
                settled.setdefault(completion, rejection)
        refused = frozenset([late for late, by in settled.items() if not confirms(by)])
        return Effect(frozenset(removed), settled, refused)

    def removed_without(self, left_out: Collection[Identity]) -> frozenset[Identity]:
        """The events that would be retracted if those left out had never come."""
        removed: set[Identity] = set()
        for one in reversed(self._corrections):
            if one.retracts and one.who not in removed and one.who not in left_out and self._may_retract(one):
                removed.add(one.target)
        return frozenset(removed)

    def settlement_times(self) -> list[datetime]:
        """The instants at which some late report may be settled, in order, each once."""
        named = {one.item.event.time for one in self._corrections if self._may_settle(one)}
        return sorted(named | {rejection.event.time for _, rejection in self._rejected(())})

    def ignored(self, effect: Effect) -> tuple[Ignored, ...]:
        """The events that change nothing, in order, and why."""
        refused = effect.refused
        why = dict.fromkeys(refused, "the client side refused this late report")
        for one in self._corrections:
            if sentence := self._idle(one):
                why[one.who] = sentence
        why |= dict.fromkeys(effect.removed, "it was retracted")
        return tuple(Ignored(*who, why[who]) for who in self._known if who in why)

    def _idle(self, one: _Correcting) -> str:
        """Why the correction can have no effect; empty if it can."""
        if one.target not in self._known:
            return "it names an event of this subject that is not known"
        if one.retracts:
            return "" if self._may_retract(one) else "only the same role or the division may retract an event"
        if one.target not in self.late:
            return "the report that it names was not late"
        return "" if one.item.party in _CLIENT_SIDE else "only the client side may settle a late report"

    def _may_retract(self, one: _Correcting) -> bool:
        named = self._known.get(one.target)
        return named is not None and (one.item.party is Party.DIVISION or one.item.role == named.role)

    def _may_settle(self, one: _Correcting) -> bool:
        return not one.retracts and one.target in self.late and one.item.party in _CLIENT_SIDE

    def _rejected(self, removed: Collection[Identity]) -> Iterator[tuple[Identity, Taken]]:
        """Each late completion with each rejection of the work that comes after it."""
        completions: list[Identity] = []
        for who, item in self._work:
            if who in self.late:
                completions.append(who)
            elif who not in removed:
                yield from ((completion, item) for completion in completions)


def confirms(settlement: Taken) -> bool:
    """Whether what settled a late report confirmed it."""
    return type(settlement.event) in _CONFIRMATIONS


def _completes(item: Taken) -> bool:
    event = item.event
    return type(event) is Completed or (type(event) is Closed and event.data.outcome is CloseOutcome.DONE)
