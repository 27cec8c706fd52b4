"""Which ladder an answer belongs to: the one from which the escalation id that it names derives.

An answer counts whether or not the rung that it names stands now; only an id that cannot be derived is without effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.escalation import EscalationAcknowledged, EscalationDeclined, EscalationKind, EscalationResolved
from models.history import Taken
from models.ids import escalation_id
from models.policy import Rung
from workorders.ladder import Answer, AnswerKind

LadderKey = tuple[EscalationKind, str, str]
"""Kind, clock (empty where the kind has none) and spell."""


@dataclass(frozen=True, slots=True)
class Possible:
    """A rung that a ladder of the subject may have: from it the ids of the rung and its repeats derive."""

    ladder: LadderKey
    rung: Rung


@dataclass(frozen=True, slots=True)
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


def sort_answers(subject: str, answers: Sequence[Taken], possible: Sequence[Possible], since: datetime) -> Sorted:
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
        answer = _answer(event, match.rung.name)
        found.by_ladder.setdefault(match.ladder, []).append((answer, taken))
        if not isinstance(event, EscalationDeclined) and event.data.covers_subject:
            found.wide.append((match.ladder, Answer(answer.at, answer.kind, None, answer.commitment), taken))
    return found


def _answer(event: EscalationAcknowledged | EscalationResolved | EscalationDeclined, rung: str) -> Answer:
    if isinstance(event, EscalationDeclined):
        return Answer(event.time, AnswerKind.DECLINE, rung, None)
    commitment = event.data.commitment if isinstance(event, EscalationAcknowledged) else None
    return Answer(event.time, AnswerKind.HOLD, rung, commitment)


def _derive(
    subject: str, wanted: UUID, possible: Sequence[Possible], until: datetime, since: datetime
) -> Possible | None:
    for candidate in possible:
        if _id(subject, candidate.ladder, candidate.rung.name, 0) == wanted:
            return candidate
    for candidate in possible:
        every = candidate.rung.repeat
        last = (until - since) // every + 1 if every is not None and until > since else 0
        if any(_id(subject, candidate.ladder, candidate.rung.name, k) == wanted for k in range(1, last + 1)):
            return candidate
    return None


def _id(subject: str, ladder: LadderKey, rung: str, repeat: int) -> UUID:
    kind, clock, spell = ladder
    return escalation_id(subject, kind, clock, rung, spell, repeat)
