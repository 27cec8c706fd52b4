"""Which ladder an answer belongs to: the one from which the escalation id that it names derives.

An answer counts whether or not the rung that it names stands now; only an id that cannot be derived is without effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID

from models.escalation import EscalationAcknowledged, EscalationDeclined, EscalationKind, EscalationResolved
from models.history import Taken
from models.ids import escalation_number, escalation_stem
from workorders.ladder import Answer, AnswerKind

LadderKey = tuple[EscalationKind, str, str]
"""Kind, clock (empty where the kind has none) and spell."""


class PossibleRung(NamedTuple):
    """A rung that a ladder may have; ``every`` is how often it is said again at the most, if it is.

    ``in_ids`` is what its ids derive from beside the subject (:func:`models.ids.rung_name`).
    """

    ladder: LadderKey
    name: str
    every: timedelta | None
    in_ids: bytes


class Possible:
    """The rungs that the ladders of a subject may have, found by the ids that derive from them.

    Most subjects are never answered, and most answers name what was said early: an id is derived when it is first
    looked for. ``spare`` is how many repeats more there may be than fit into the time, because the end of a hold brings
    the next repeat at once. Of the repeats only what was looked for is remembered, for there is no end to them.
    """

    __slots__ = ("_by_number", "_found", "_left", "_rungs", "_searched", "_spare", "_stem")

    def __init__(self, subject: str, rungs: Sequence[PossibleRung], spare: int) -> None:
        self._stem = escalation_stem(subject)
        self._rungs = rungs
        self._spare = spare
        self._left = iter(rungs)
        self._by_number: dict[int, PossibleRung] = {}
        self._found: dict[int, tuple[PossibleRung, timedelta, int]] = {}
        self._searched: dict[int, timedelta] = {}

    def find(self, escalation: UUID, elapsed: timedelta) -> PossibleRung | None:
        """The rung from which an id derives that can have been said within the time."""
        wanted = escalation.int
        found = self._by_number.get(wanted)
        if found is not None:
            return found
        for rung in self._left:
            number = escalation_number(self._stem, rung.in_ids, 0)
            self._by_number[number] = rung
            if number == wanted:
                return rung
        return self._repeated(wanted, elapsed)

    def _repeated(self, wanted: int, elapsed: timedelta) -> PossibleRung | None:
        """The rung of which some repeat has the id, if there can have been so many within the time."""
        searched = self._searched.get(wanted)
        if wanted not in self._found and (searched is None or searched < elapsed):
            self._search(wanted, searched, elapsed)
            self._searched[wanted] = elapsed
        if wanted not in self._found:
            return None
        rung, every, repeat = self._found[wanted]
        return rung if repeat <= self._most(every, elapsed) else None

    def _search(self, wanted: int, searched: timedelta | None, elapsed: timedelta) -> None:
        """Derive the ids of the repeats within the time, but for those that were derived before."""
        for rung in self._rungs:
            if rung.every is not None:
                first = 1 if searched is None else self._most(rung.every, searched) + 1
                for repeat in range(first, self._most(rung.every, elapsed) + 1):
                    if escalation_number(self._stem, rung.in_ids, repeat) == wanted:
                        self._found[wanted] = rung, rung.every, repeat
                        return

    def _most(self, every: timedelta, elapsed: timedelta) -> int:
        return max(elapsed // every, 0) + self._spare


@dataclass(slots=True)
class Sorted:
    """The answers of a subject by the ladder that each names, those that cover the whole subject, and the unmatched."""

    by_ladder: dict[LadderKey, list[Answer]]
    wide: list[tuple[LadderKey, Answer]]
    unmatched: list[Taken]

    def of(self, key: LadderKey) -> list[Answer]:
        """The answers to one ladder, in order of time."""
        own = self.by_ladder.get(key, [])
        wide = [answer for named, answer in self.wide if named != key]
        return sorted(own + wide, key=lambda answer: answer.at) if wide else own


def sort_answers(answers: Sequence[Taken], possible: Possible, since: datetime) -> Sorted:
    """The answers by ladder; they are acknowledged, resolved and declined events, in order.

    ``since`` is the earliest instant at which a ladder of the subject can have begun.
    """
    found = Sorted({}, [], [])
    for taken in answers:
        event = cast("EscalationAcknowledged | EscalationResolved | EscalationDeclined", taken.event)
        # By the class itself: asking a model whether it is an instance of another takes as long as all the rest.
        if type(event) is EscalationAcknowledged:
            kind, commitment, wide = AnswerKind.HOLD, event.data.commitment, event.data.covers_subject
        elif type(event) is EscalationResolved:
            kind, commitment, wide = AnswerKind.HOLD, None, event.data.covers_subject
        else:
            kind, commitment, wide = AnswerKind.DECLINE, None, False
        rung = possible.find(event.data.escalation_id, max(taken.heard, event.time) - since)
        if rung is None:
            found.unmatched.append(taken)
            continue
        found.by_ladder.setdefault(rung.ladder, []).append(Answer(event.time, kind, rung.name, commitment))
        if wide:
            found.wide.append((rung.ladder, Answer(event.time, kind, None, commitment)))
    return found
