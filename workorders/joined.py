"""Joined risk: when an order of base priority P2 counts as P1 because of what else is wrong at its premises.

It reads base priorities only, so it never feeds itself (docs/RULES.md, 2.7).
"""

from collections.abc import Iterable, Sequence

from models.decision import Context, Exposed, Span


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


def joined_windows(subject: str, exposure: Sequence[Exposed], context: Context) -> list[Span]:
    """The stretches in which the order counts as P1.

    ``exposure`` are the stretches in which the order itself is open with base P2, each with whether its asset is a
    security asset and which control groups it is of at that time.
    """
    windows: list[Span] = []
    for span, security, groups in exposure:
        others: list[Span] = list(context.short) if security else []
        for group in groups:
            others.extend(other for name, other in context.siblings.get(group, ()) if name != subject)
        windows.extend(shared for other in others if (shared := overlap(span, other)) is not None)
    return merged(windows) if windows else windows
