"""Joined risk: when an order of base priority P2 counts as P1 because of what else is wrong at its premises.

It reads base priorities only, so it never feeds itself (docs/RULES.md, 2.7).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from models.decision import Context, Exposed, Presence, Span

NOBODY: Final = ""
"""Who is there in a presence while no subject is."""


def overlap(a: Span, b: Span) -> Span | None:
    """The stretch that two stretches share, or None."""
    since = max(a[0], b[0])
    until = a[1] if b[1] is None or (a[1] is not None and a[1] < b[1]) else b[1]
    return (since, until) if until is None or since < until else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as separate stretches in order; those that overlap or touch become one."""
    found: list[Span] = []
    for since, until in sorted(spans, key=lambda span: span[0]):
        if found and (found[-1][1] is None or since <= found[-1][1]):
            before = found[-1][1]
            later = None if before is None or until is None else max(before, until)
            found[-1] = (found[-1][0], later)
        else:
            found.append((since, until))
    return found


def presence(spans: Iterable[tuple[str, Span]]) -> Presence:
    """From when on no subject is there, one alone, or several: what each needs to know of the others, in one list."""
    changes: dict[datetime, list[tuple[str, int]]] = {}
    for subject, (since, until) in spans:
        changes.setdefault(since, []).append((subject, 1))
        if until is not None:
            changes.setdefault(until, []).append((subject, -1))
    times: dict[str, int] = {}
    found: list[tuple[datetime, str | None]] = []
    for at in sorted(changes):
        for subject, change in changes[at]:
            times[subject] = times.get(subject, 0) + change
            if not times[subject]:
                del times[subject]
        who = None if len(times) > 1 else next(iter(times), NOBODY)
        if who != (found[-1][1] if found else NOBODY):
            found.append((at, who))
    return tuple(found)


def with_others(subject: str, span: Span, present: Presence) -> Iterator[Span]:
    """The parts of a stretch in which some other subject is there."""
    since, until = span
    for n in range(max(0, bisect_right(present, since, key=_instant) - 1), len(present)):
        begins, who = present[n]
        if until is not None and begins >= until:
            return
        if who not in (NOBODY, subject):
            ends = present[n + 1][0] if n + 1 < len(present) else None
            shared = overlap(span, (begins, ends))
            if shared is not None:
                yield shared


def several_throughout(span: Span, present: Presence) -> bool:
    """Whether two or more subjects are there at every moment of a stretch."""
    n = bisect_right(present, span[0], key=_instant) - 1
    if n < 0 or present[n][1] is not None:
        return False
    ends = present[n + 1][0] if n + 1 < len(present) else None
    return ends is None or (span[1] is not None and span[1] <= ends)


def joined_windows(subject: str, exposure: Sequence[Exposed], context: Context) -> list[Span]:
    """The stretches in which the order counts as P1.

    ``exposure`` are the stretches in which the order itself is open with base P2, each with whether its asset is a
    security asset and which control groups it is of at that time.
    """
    windows: list[Span] = []
    for span, security, groups in exposure:
        if security:
            windows.extend(shared for other in context.short if (shared := overlap(span, other)) is not None)
        for group in groups:
            windows.extend(with_others(subject, span, _present(context, group)))
    return merged(windows) if windows else windows


def _present(context: Context, group: str) -> Presence:
    """Who of a control group is there when; worked out once for all orders that are decided in the context."""
    found = context.present.get(group)
    if found is None:
        found = context.present[group] = presence(context.siblings.get(group, ()))
    return found


def _instant(entry: tuple[datetime, str | None]) -> datetime:
    return entry[0]
