"""Which ladder an answer belongs to: the one from which the escalation id that it names derives.

An answer counts whether or not the rung that it names stands now; only an id that cannot be derived is without effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from models.escalation import EscalationAcknowledged, EscalationDeclined, EscalationKind, EscalationResolved
from models.history import Taken
from models.ids import escalation_id
from models.policy import Rung
from workorders.ladder import Answer, AnswerKind

ROUND_UP: Final = 64

LadderKey = tuple[EscalationKind, str, str]
"""Kind, clock (empty where the kind has none) and spell."""


@dataclass(frozen=True, slots=True)
class Possible:
    """The rungs that the ladders of a subject may have: by the id of each, and how often those repeat that do."""

    by_id: Mapping[UUID, tuple[LadderKey, str]]
    repeating: Sequence[tuple[LadderKey, str, timedelta]]

    @classmethod
    def of(cls, subject: str, rungs: Sequence[tuple[LadderKey, Rung]]) -> "Possible":
        """The rungs of the ladders; one that several policies know may be given for each of them."""
        by_id = {_id(subject, ladder, rung.name, 0): (ladder, rung.name) for ladder, rung in rungs}
        return cls(by_id, [(ladder, rung.name, rung.repeat) for ladder, rung in rungs if rung.repeat is not None])


@dataclass(slots=True)
class Sorted:
    """The answers of a subject by the ladder that each names, those that cover the whole subject, and the unmatched."""

    by_ladder: dict[LadderKey, list[tuple[Answer, Taken]]]
    wide: list[tuple[LadderKey, Answer, Taken]]
    unmatched: list[Taken]

    def of(self, key: LadderKey) -> list[Answer]:
        """The answers to one ladder, in order of time."""
        own = self.by_ladder.get(key, ())
        wide = [answer for named, answer, _ in self.wide if named != key]
        return sorted([answer for answer, _ in own] + wide, key=lambda answer: answer.at)


def sort_answers(subject: str, answers: Sequence[Taken], possible: Possible, since: datetime) -> Sorted:
    """The answers by ladder; ``since`` is the earliest instant at which a ladder of the subject can have begun."""
    found = Sorted({}, [], [])
    for taken in answers:
        event = taken.event
        if not isinstance(event, EscalationAcknowledged | EscalationResolved | EscalationDeclined):
            continue
        match = _derive(subject, event.data.escalation_id, possible, max(taken.heard, event.time), since)
        if match is None:
            found.unmatched.append(taken)
            continue
        ladder, rung = match
        answer = _answer(event, rung)
        found.by_ladder.setdefault(ladder, []).append((answer, taken))
        if not isinstance(event, EscalationDeclined) and event.data.covers_subject:
            found.wide.append((ladder, Answer(answer.at, answer.kind, None, answer.commitment), taken))
    return found


def _answer(event: EscalationAcknowledged | EscalationResolved | EscalationDeclined, rung: str) -> Answer:
    if isinstance(event, EscalationDeclined):
        return Answer(event.time, AnswerKind.DECLINE, rung, None)
    commitment = event.data.commitment if isinstance(event, EscalationAcknowledged) else None
    return Answer(event.time, AnswerKind.HOLD, rung, commitment)


def _derive(
    subject: str, wanted: UUID, possible: Possible, until: datetime, since: datetime
) -> tuple[LadderKey, str] | None:
    """The ladder and the rung from which an id derives that was said between the two instants."""
    found = possible.by_id.get(wanted)
    if found is not None or until <= since:
        return found
    for ladder, rung, every in possible.repeating:
        # Rounded up, so that what was derived for one answer serves the next; a repeat yet to come does no harm.
        last = ((until - since) // every // ROUND_UP + 1) * ROUND_UP
        if wanted in _repeats(subject, ladder, rung, last):
            return ladder, rung
    return None


@lru_cache(maxsize=4096)
def _repeats(subject: str, ladder: LadderKey, rung: str, last: int) -> frozenset[UUID]:
    return frozenset([_id(subject, ladder, rung, k) for k in range(1, last + 1)])


def _id(subject: str, ladder: LadderKey, rung: str, repeat: int) -> UUID:
    kind, clock, spell = ladder
    return escalation_id(subject, kind, clock, rung, spell, repeat)
