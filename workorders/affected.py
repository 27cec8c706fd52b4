"""Which orders must be decided again because another subject of their premises changed (docs/RULES.md, 2.7).

An order may have ended long since: what its time was like while it was open can still become known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.decision import Exposed, NightState, OrderState, Span
from workorders.joined import merged, overlap


@dataclass(frozen=True, slots=True)
class Affected:
    """The stretches in which a subject began or ceased to count for others: for each control group, and for security.

    ``groups`` touches orders on an asset of the group, ``security`` those on a security asset.
    """

    groups: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    security: tuple[Span, ...] = ()

    def touches(self, exposure: Iterable[Exposed]) -> bool:
        """Whether an order with these stretches must be decided again."""
        return any(
            (security and meets(span, self.security))
            or any(meets(span, self.groups.get(group, ())) for group in groups)
            for span, security, groups in exposure
        )


NOTHING = Affected()


def affects(before: OrderState | NightState | None, after: OrderState | NightState) -> Affected:
    """What a change of one subject means for the other orders of its premises."""
    if isinstance(after, NightState):
        was = before.short if isinstance(before, NightState) else ()
        return NOTHING if was == after.short else Affected(security=apart(was, after.short))
    old = before.exposure if isinstance(before, OrderState) else ()
    if old == after.exposure:
        return NOTHING
    names = sorted({group for _, _, groups in (*old, *after.exposure) for group in groups})
    found = {group: apart(_under(group, old), _under(group, after.exposure)) for group in names}
    return Affected({group: spans for group, spans in found.items() if spans})


def apart(some: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The stretches that lie in one of two lists alone."""
    edges = Counter(edge for span in (*merged(some), *merged(others)) for edge in span if edge is not None)
    odd = sorted(edge for edge, times in edges.items() if times % 2)
    return tuple(zip(odd[::2], [*odd[1::2], None], strict=False))


def meets(span: Span, others: Iterable[Span]) -> bool:
    """Whether a stretch shares any time with one of the others."""
    return any(overlap(span, other) is not None for other in others)


def _under(group: str, exposure: Iterable[Exposed]) -> list[Span]:
    return [span for span, _, groups in exposure if group in groups]
