"""Disputes: the stretches in which the provider's priority differs from ours.

The public-protection view stands until it is settled: a dispute changes no deadline (docs/RULES.md, 2.11).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.work_order import Priority

Views = Sequence[tuple[datetime, Priority]]
"""A priority and the instant from which it holds, in order of time."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """One stretch of disagreement; ``until`` is None while it goes on. The priorities are the latest of the stretch."""

    since: datetime
    until: datetime | None
    ours: Priority
    providers: Priority


def disputes(
    ours: Views,
    providers: Views,
    open_spans: Sequence[tuple[datetime, datetime | None]],
    settlements: Sequence[datetime] = (),
) -> list[Dispute]:
    """Every stretch in which the order was open and the provider's latest priority differed from our base priority.

    What was settled is no dispute, whichever way it was settled, until one of the two priorities changes again.
    """
    found: list[Dispute] = []
    changes = sorted({since for since, _ in (*ours, *providers)} | _edges(open_spans) | set(settlements))
    for n, at in enumerate(changes):
        until = changes[n + 1] if n + 1 < len(changes) else None
        base, view = _at(ours, at), _at(providers, at)
        if base is None or view is None or base == view or not _open(open_spans, at):
            continue
        settled = max((one for one in settlements if one <= at), default=None)
        if settled is not None and (_at(ours, settled), _at(providers, settled)) == (base, view):
            continue
        if found and found[-1].until == at:
            found[-1] = Dispute(found[-1].since, until, base, view)
        else:
            found.append(Dispute(at, until, base, view))
    return found


def _edges(spans: Sequence[tuple[datetime, datetime | None]]) -> set[datetime]:
    return {edge for span in spans for edge in span if edge is not None}


def _at(views: Views, at: datetime) -> Priority | None:
    found = None
    for since, priority in views:
        if since > at:
            break
        found = priority
    return found


def _open(spans: Sequence[tuple[datetime, datetime | None]], at: datetime) -> bool:
    return any(since <= at and (until is None or at < until) for since, until in spans)
