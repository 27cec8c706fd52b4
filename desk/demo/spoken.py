"""What was said about escalations, told: one line for what belongs together, the old orders in sums."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from desk.demo.naming import Names
from desk.instants import length
from desk.printing import counted
from desk.views.escalations import StatementLine

ROUTINE_EVERY: Final = timedelta(hours=3)
_GONE: Final = frozenset({"closed", "withdrawn"})
_WARNING: Final = "warning"
_MATTERS: Final = {
    "breach": "{clocks} overdue",
    "warning": "{clocks} soon due",
    "contested-breach": "{clocks} overdue, contested",
    "rejected-work": "work rejected",
    "dispute": "priority disputed",
    "orphan": "never raised",
    "uncovered-night": "not covered",
    "unconfirmed-night": "not confirmed",
    "silent-source": "not heard",
}
"""What each kind of escalation says of its subject."""
_CLOCKS: Final = {"attend": "attendance", "make-safe": "making safe", "fix": "repair"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story: when it became known, what sort of thing it is, and the sentence.

    ``tone`` is ``heard``, ``decided``, ``refused``, ``duplicate``, ``routine``, ``warned``, or what a statement says
    (``raised``, ``withdrawn``, ...). ``by_time``: time alone brought it on, before anything that is heard just then.
    """

    at: datetime
    tone: str
    text: str
    by_time: bool = False


_ORDER: Final = (
    *("heard", "decided", "refused", "duplicate", "reinstated", "raised", "warned", "amended", "acknowledged"),
    *("withdrawn", "closed", "routine"),
)


def in_order(lines: Iterable[Line]) -> list[Line]:
    """The lines by the instant at which they became known, and at one instant from cause to effect.

    The demo's time stands still while an act is played, so much bears one instant: first what time had made due, then
    what was heard and decided, then who is told, and at last what is over.
    """
    return sorted(lines, key=_place)


def _place(line: Line) -> tuple[datetime, int]:
    # What was heard and what was decided from it belong together and are in order already.
    rank = -1 if line.by_time else max(1, _ORDER.index(line.tone))
    return line.at, rank


class Spoken:
    """Tells statements in the order in which they were said. ``old`` subjects are told in sums, every few hours."""

    def __init__(self, names: Names, begins: datetime) -> None:
        self._names = names
        self._old: frozenset[tuple[str, str]] = frozenset()
        self._onsets: dict[tuple[str, str], datetime] = {}
        self._routine: list[StatementLine] = []
        self._routine_since = begins

    def start(self, old: frozenset[tuple[str, str]]) -> None:
        """These orders were there before the story."""
        self._old = old

    def tell(self, statements: Sequence[StatementLine]) -> Iterator[Line]:
        """The lines for what was said since the last time."""
        fresh: list[StatementLine] = []
        for one in statements:
            (self._routine if (one.premises, one.subject) in self._old else fresh).append(one)
        for group in _groups(fresh):
            yield self._ended(group) if group[0].statement in _GONE else self._told(group)

    def sum_up(self, at: datetime) -> Iterator[Line]:
        """What was said about the old orders since it was last summed up, once a few hours have gone by."""
        if not self._routine or at - self._routine_since < ROUTINE_EVERY:
            return
        orders = len({(one.premises, one.subject) for one in self._routine})
        roles = _listed([self._names.role(one.role) for one in self._routine])
        many = counted(len(self._routine), "statement")
        yield Line(at, "routine", f"{many} about {counted(orders, 'old order')}, to {roles}")
        self._routine, self._routine_since = [], at

    def _told(self, group: Sequence[StatementLine]) -> Line:
        first = group[0]
        roles = _listed([self._names.role(one.role) + _again(one) for one in group])
        about = f"{self._names.subject(first.premises, first.subject)}, {_matter(group)}"
        if first.statement == "acknowledged" and first.acknowledged_until is not None:
            held = length(first.acknowledged_until - first.said_at)
            return Line(
                first.said_at, first.statement, f"{about}; {roles} has taken it on, and the ladder is held for {held}"
            )
        warned = first.kind == _WARNING and first.statement != "amended"
        tone = "warned" if warned else first.statement
        return Line(first.said_at, tone, f"{roles}: {about}{self._why(first)}", by_time=_by_time(first))

    def _why(self, one: StatementLine) -> str:
        """The reason when a ladder is first told, or told anew; later only how long it has lasted."""
        ladder = (one.subject, one.kind + one.clock)
        onset = self._onsets.get(ladder)
        if onset is None or one.due_at <= onset or one.statement == "reinstated":
            self._onsets[ladder] = one.due_at
            return f". {one.reason}"
        return f" for {length(one.due_at - onset)}"

    def _ended(self, group: Sequence[StatementLine]) -> Line:
        first = group[0]
        roles = _listed([self._names.role(one.role) for one in group])
        about = f"{self._names.subject(first.premises, first.subject)}, {_matter(group)}"
        reason = first.reason.partition(":")[0].rstrip(".")
        reason = reason[0].lower() + reason[1:] if reason else "it is over"
        return Line(first.said_at, first.statement, f"{about}: {reason} (told to {roles})")


def _groups(statements: Sequence[StatementLine]) -> list[list[StatementLine]]:
    """What belongs in one line: the ends of one sort about one subject, or news of it for the same roles."""
    ladders: dict[tuple[str, ...], list[StatementLine]] = defaultdict(list)
    for one in statements:
        if not _goes_without_saying(one, statements):
            ladders[one.premises, one.subject, one.statement, one.kind, one.clock].append(one)
    lines: dict[tuple[object, ...], list[StatementLine]] = defaultdict(list)
    for (premises, subject, statement, kind, _), group in ladders.items():
        same = group[0].reason if statement in _GONE else (kind, *sorted({one.role for one in group}))
        lines[premises, subject, statement, same].extend(group)
    return list(lines.values())


def _goes_without_saying(one: StatementLine, batch: Sequence[StatementLine]) -> bool:
    """A warning that is over, or a repeat that the next one has replaced."""
    if one.statement not in _GONE:
        return False
    rung = (one.subject, one.kind, one.clock, one.rung)
    return one.kind == _WARNING or any(
        (other.subject, other.kind, other.clock, other.rung) == rung and other.repeat > one.repeat for other in batch
    )


def _matter(group: Sequence[StatementLine]) -> str:
    """What the escalations say of their subject, the clocks of one kind together."""
    clocks: dict[str, list[str]] = {}
    for one in group:
        clocks.setdefault(one.kind, []).append(_CLOCKS.get(one.clock, one.clock))
    return _listed([_MATTERS.get(kind, kind).format(clocks=_listed(names)) for kind, names in clocks.items()])


def _by_time(one: StatementLine) -> bool:
    """Whether a rung was due before the instant at which it was said, and no event of that instant brought it on."""
    return one.statement == "raised" and one.due_at < one.said_at and one.heard_at != one.said_at


def _again(one: StatementLine) -> str:
    return f" (repeat {one.repeat})" if one.repeat else ""


def _listed(words: Sequence[str]) -> str:
    """The different words as people list them: ``a``, ``a and b``, ``a, b and c``."""
    each = list(dict.fromkeys(words))
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}"
