"""Silence: a source that is expected to be heard regularly and is not; what it would have said is then unknown.

The rule is docs/RULES.md, section 5. Any event of the source is a sign of life, a heartbeat like any other.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from models.decision import Condition, SourceReckoning, SourceState
from models.duration import format_duration
from models.escalation import EscalationKind
from models.ids import source_unit
from models.premises import Source

FIRST_SPELL: Final = "first"
HEARD_AGAIN: Final = "the source was heard again"
NOT_REGISTERED: Final = "the source is not registered any more"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _Silence(NamedTuple):
    """One silence: after which sign of life, from when until when (None: going on), and why it is over."""

    after: datetime
    onset: datetime
    end: datetime | None
    end_reason: str


def reckon_source(source: Source, heard: Sequence[datetime], since: datetime, now: datetime) -> SourceReckoning:
    """The source at ``now``: when it was heard last, and the latest stretch in which it was silent.

    ``heard`` are the instants at which events of the source were heard, in any order; those after ``now`` are not known
    yet. Silence is reckoned from ``since`` (the ledger's start) or the start of the registration, if that is later.
    """
    known = sorted(instant for instant in heard if instant <= now)
    begins = since if source.valid_from is None else max(since, source.valid_from)
    latest = _latest_silence(source, known, begins, now)
    going_on = latest is not None and latest.end is None
    next_at = _next_at(source, known, begins, now)
    state = SourceState(
        source_unit(source.id),
        source.id,
        known[-1] if known else None,
        latest.onset if latest is not None and going_on else None,
        next_at,
    )
    conditions = () if latest is None else (_condition(source, latest, ever_heard=bool(known) and known[0] <= latest.after),)
    return SourceReckoning(state, conditions, next_at)
