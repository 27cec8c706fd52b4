"""What undoes or doubts events of a subject: retractions, and the client side's word on late reports.

Corrections are looked at from the last to the first; one that has been removed by then has no effect.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.decision import Ignored
from models.escalation import AnswerReportConfirmed, AnswerReportRefused, AnswerRetracted
from models.history import Taken
from models.premises import Party
from models.shift_cover import CoverReportConfirmed, CoverReportRefused, CoverRetracted
from models.work_order import (
    Closed,
    CloseOutcome,
    Completed,
    CompletionRejected,
    OrderReportConfirmed,
    OrderReportRefused,
    OrderRetracted,
)
from workorders.history_order import REPORTS, Identity, identity

Retraction = OrderRetracted | CoverRetracted | AnswerRetracted
Confirmation = OrderReportConfirmed | CoverReportConfirmed | AnswerReportConfirmed
Refusal = OrderReportRefused | CoverReportRefused | AnswerReportRefused
Correction = Retraction | Confirmation | Refusal

_CLIENT_SIDE: Final = frozenset({Party.CLIENT, Party.DIVISION})


@dataclass(slots=True)
class Effect:
    """What the corrections of a history do.

    The events that they remove, what settled each late report, and the late reports that are refused and so left out.
    """

    removed: frozenset[Identity]
    settled: dict[Identity, Taken]
    refused: frozenset[Identity]


class Corrections:
    """The corrections in one subject's history, which is given in order, and the late reports in it.

    ``limit`` gives for a role how long after its time a report of it may be heard before it is late.
    """

    __slots__ = ("_corrections", "_known", "_work", "late")

    def __init__(self, ordered: list[Taken], limit: Callable[[str], timedelta]) -> None:
        self._known = {identity(item.event): item for item in ordered}
        self._corrections = [
            (item, item.event, (item.event.data.of_source, item.event.data.of_id))
            for item in ordered
            if isinstance(item.event, Correction)
        ]
        self.late = {who: item for who, item in self._known.items() if self._is_late(item, limit)}
        self._work = [
            (who, item)
            for who, item in self._known.items()
            if type(item.event) is CompletionRejected or (who in self.late and _completes(item))
        ]

    def effect(self, until: datetime) -> Effect:
        """What they do, the settlements by those alone that bear a time at or before ``until``."""
        removed: set[Identity] = set()
        settled: dict[Identity, Taken] = {}
        for item, event, target in reversed(self._corrections):
            if identity(event) in removed:
                continue
            if isinstance(event, Retraction):
                by = settled.get(identity(event))
                if self._may_retract(item, target) and (by is None or confirms(by)):
                    removed.add(target)
            elif event.time <= until and self._may_settle(item, target):
                settled.setdefault(target, item)
        for completion, rejection in self._rejected(removed):
            if rejection.event.time <= until:
                settled.setdefault(completion, rejection)
        refused = frozenset([late for late, by in settled.items() if not confirms(by)])
        return Effect(frozenset(removed), settled, refused)

    def removed_without(self, left_out: Collection[Identity]) -> frozenset[Identity]:
        """The events that would be retracted if those left out had never come."""
        removed: set[Identity] = set()
        for item, event, target in reversed(self._corrections):
            who = identity(event)
            if isinstance(event, Retraction) and who not in removed and who not in left_out:
                removed.update({target} if self._may_retract(item, target) else ())
        return frozenset(removed)

    def settlement_times(self) -> list[datetime]:
        """The instants at which some late report may be settled, in order, each once."""
        named = {event.time for item, event, target in self._corrections if self._may_settle(item, target)}
        return sorted(named | {rejection.event.time for _, rejection in self._rejected(())})

    def ignored(self, effect: Effect) -> tuple[Ignored, ...]:
        """The events that change nothing, in order, and why."""
        refused = effect.refused
        why = dict.fromkeys(refused, "the client side refused this late report")
        for item, event, target in self._corrections:
            if sentence := self._idle(item, target):
                why[identity(event)] = sentence
        why |= dict.fromkeys(effect.removed, "it was retracted")
        return tuple(Ignored(*who, why[who]) for who in self._known if who in why)

    def _idle(self, item: Taken, target: Identity) -> str:
        """Why the correction can have no effect; empty if it can."""
        if target not in self._known:
            return "it names an event of this subject that is not known"
        if isinstance(item.event, Retraction):
            return "" if self._may_retract(item, target) else "only the same role or the division may retract an event"
        if target not in self.late:
            return "the report that it names was not late"
        return "" if item.party in _CLIENT_SIDE else "only the client side may settle a late report"

    def _may_retract(self, item: Taken, target: Identity) -> bool:
        named = self._known.get(target)
        return named is not None and (item.party is Party.DIVISION or item.role == named.role)

    def _may_settle(self, item: Taken, target: Identity) -> bool:
        return not isinstance(item.event, Retraction) and target in self.late and item.party in _CLIENT_SIDE

    def _is_late(self, item: Taken, limit: Callable[[str], timedelta]) -> bool:
        event = item.event
        if type(event) in REPORTS:
            return item.heard - event.time > limit(item.role)
        if not isinstance(event, Retraction):
            return False
        target = (event.data.of_source, event.data.of_id)
        return self._may_retract(item, target) and item.heard - self._known[target].event.time > limit(item.role)

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
    return isinstance(settlement.event, Confirmation)


def _completes(item: Taken) -> bool:
    event = item.event
    return isinstance(event, Completed) or (isinstance(event, Closed) and event.data.outcome is CloseOutcome.DONE)
