"""Silence: a source that is expected to be heard regularly and is not; what it would have said is then unknown.

The rule is docs/RULES.md, section 5. Any event of the source is a sign of life, a heartbeat like any other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from models.decision import Condition, SourceReckoning, SourceState
from models.duration import format_duration
from models.escalation import EscalationKind
from models.ids import source_unit
from models.premises import Source
from workorders.order_fold import FIRST_SPELL

HEARD_AGAIN: Final = "the source was heard again"
NOT_REGISTERED: Final = "the source is not registered any more"


def reckon_source(source: Source, heard: Sequence[datetime], since: datetime, now: datetime) -> SourceReckoning:
    """The source at ``now``: when it was heard last, and the latest stretch in which it was silent.

    ``heard`` are the instants at which events of the source were heard, in any order; those after ``now`` are not known
    yet. Silence is reckoned from ``since`` (the ledger's start) or the start of the registration, if that is later.
    """
    known = sorted(instant for instant in heard if instant <= now)
    begins = since if source.valid_from is None else max(since, source.valid_from)
    silence = _latest_silence(source, known, begins, now)
    going_on = silence is not None and silence.end is None
    next_at = _next_at(source, max(begins, known[-1]) if known else begins, now)
    state = SourceState(
        subject=source_unit(source.id),
        source=source.id,
        last_heard=known[-1] if known else None,
        silent_since=silence.onset if silence is not None and going_on else None,
        next_due_at=next_at,
    )
    return SourceReckoning(state, () if silence is None else (silence,), next_at)


def _latest_silence(source: Source, known: Sequence[datetime], begins: datetime, now: datetime) -> Condition | None:
    """The latest stretch in which the source was silent; ``known`` are its signs of life in order."""
    if source.expect_every is None:
        return None
    registered_until = source.valid_until if source.valid_until is not None and source.valid_until <= now else None
    until = registered_until
    for sign in (*reversed(known), begins):
        last = max(sign, begins)
        onset = last + source.expect_every
        if onset <= now and (until is None or onset < until):
            why = "" if until is None else NOT_REGISTERED if until == registered_until else HEARD_AGAIN
            every = format_duration(source.expect_every)
            reason = (
                f"{source.id} was to be heard every {every} and was not by {onset:%a %d %b %Y %H:%M} UTC; "
                "what it would have said is unknown."
            )
            return Condition(EscalationKind.SILENT_SOURCE, "", FIRST_SPELL, onset, until, why, ((onset, None),), reason)
        until = last if until is None else min(until, last)
    return None


def _next_at(source: Source, last: datetime, now: datetime) -> datetime | None:
    """When time alone will next make the source silent, or end its silence with its registration."""
    if source.expect_every is None or (source.valid_until is not None and source.valid_until <= now):
        return None
    instants = (last + source.expect_every, source.valid_until)
    return min((at for at in instants if at is not None and at > now), default=None)
