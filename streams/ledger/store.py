"""The store: everything that the ledger knows of many subjects at once, one statement a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Exposed, NightState, OrderState, Reached, Remembered, Said, SourceState, Span
from models.escalation import StatementKind
from models.history import Taken
from models.ids import SOURCE_PREFIX
from models.premises import Party
from models.tables import EscalationRow, EventRow, ExposureRow, NightRow, SourceStateRow, WorkOrderRow
from streams.ledger import rows, states

Key = tuple[str, str]
"""A unit and a subject; the subject alone names nothing, for two providers may use one order number."""
Tag = tuple[str, str]
"""A unit and the tag of an exposure."""

SHORT: Final = "short"
SECURITY: Final = "security"
_GROUP: Final = "group:"
_DOUBTED: Final = "doubted:"
_KEY: Final = ("unit", "subject")


State = OrderState | NightState | SourceState


@dataclass(frozen=True, slots=True)
class Stretches:
    """Of a state only what other subjects look at: the stretches that count for them, and those in doubt."""

    exposure: tuple[Exposed, ...] = ()
    doubted: tuple[Exposed, ...] = ()
    short: tuple[Span, ...] = ()


_STRETCHES: Final = TypeAdapter(Stretches)


@dataclass(slots=True)
class Known:
    """What the ledger knows of one subject before a decision.

    ``written`` is its state as it is stored, ``exposed`` whether that has stretches that matter to others, ``counted``
    what the backlog counts of it. ``said_class`` and ``said_dispute`` are what was last said, as it is stored, each
    with how often. ``marks`` are, of a source, the instants that its silence is reckoned from. ``decided`` is the state
    itself, where it is at hand. ``due_at`` is when time will change it, where that was just read: it is not remembered.
    ``looked_at`` are its stretches, once somebody asked.
    """

    history: list[Taken] = field(default_factory=list)
    written: str | None = None
    exposed: bool = False
    counted: tuple[str | None, datetime | None] | None = None
    remembered: Remembered = field(default_factory=Remembered)
    first_said: dict[UUID, datetime] = field(default_factory=dict)
    said_class: tuple[str | None, int] = (None, 0)
    said_dispute: tuple[str | None, int] = (None, 0)
    marks: Sequence[datetime] = ()
    decided: State | None = None
    due_at: datetime | None = None
    looked_at: Stretches | None = None

    @property
    def size(self) -> int:
        """How much of a memory it takes: its events and what was said about it."""
        return 1 + len(self.history) + len(self.remembered.said)

    def state(self, key: Key) -> State | None:
        """The state as it was last decided; None if there is none yet."""
        if self.decided is not None or self.written is None:
            return self.decided
        adapter: TypeAdapter[Any] = (
            states.ORDER_STATE if is_order(key) else states.NIGHT_STATE if is_night(key) else states.SOURCE_STATE
        )
        self.decided = adapter.validate_json(self.written)
        return self.decided

    def stretches(self) -> Stretches:
        """The stretches of the state as it was last decided, without reading all of it."""
        if self.looked_at is None:
            if self.decided is not None or self.written is None or not self.exposed:
                self.looked_at = stretches_of(self.decided)
            else:
                self.looked_at = _STRETCHES.validate_json(self.written)
        return self.looked_at


def stretches_of(state: State | None) -> Stretches:
    """The stretches of a state that matter to others; none of one that never counts for any."""
    if isinstance(state, OrderState):
        return Stretches(state.exposure, state.doubted)
    return Stretches(short=state.short) if isinstance(state, NightState) else Stretches()


def _query(model: Any, names: Sequence[str], sql: str, keys: tuple[str, ...] = _KEY) -> rows.Query:  # noqa: ANN401
    return rows.Query(model, keys, tuple(rows.table_of(model).c[name] for name in names), sql)


# A CROSS JOIN keeps SQLite from starting with the large table; PostgreSQL does not mind.
_HISTORY: Final = _query(
    EventRow,
    ("unit", "subject", "type", "body", "heard", "role", "party"),
    """SELECT e.unit, e.subject, e.type, e.body, e.heard, e.role, e.party FROM {wanted} CROSS JOIN event e
    WHERE e.unit = w.unit AND e.subject = w.subject AND NOT e.quarantined
    AND e.type <> 'facilities.source.heartbeat'""",
)
_NAMED: Final = _query(
    EventRow,
    ("unit", "subject", "type", "body", "heard", "role", "party"),
    """SELECT e.unit, e.subject, e.type, e.body, e.heard, e.role, e.party FROM {wanted} CROSS JOIN event e
    WHERE e.source = w.source AND e.id = w.id""",
    ("source", "id"),
)
_SAID: Final = _query(
    EscalationRow,
    ("unit", "subject", "id", "last_n", "last_statement", "first_said_at", "content"),
    """SELECT e.unit, e.subject, e.id, e.last_n, e.last_statement, e.first_said_at, e.content
    FROM {wanted} CROSS JOIN escalation e WHERE e.unit = w.unit AND e.subject = w.subject""",
)
_ORDERS: Final = _query(
    WorkOrderRow,
    (
        *_KEY,
        "state",
        "exposed",
        "is_open",
        "effective",
        "raised_at",
        "said_classification",
        "said_classification_n",
        "said_dispute",
        "said_dispute_n",
        "next_due_at",
    ),
    """SELECT o.unit, o.subject, o.state, o.exposed, o.is_open, o.effective, o.raised_at,
    o.said_classification, o.said_classification_n, o.said_dispute, o.said_dispute_n, o.next_due_at
    FROM {wanted} CROSS JOIN work_order o WHERE o.unit = w.unit AND o.subject = w.subject""",
)
_NIGHTS: Final = _query(
    NightRow,
    (*_KEY, "state"),
    """SELECT n.unit, n.subject, n.state FROM {wanted} CROSS JOIN night n
    WHERE n.unit = w.unit AND n.subject = w.subject""",
)
_SOURCES: Final = _query(
    SourceStateRow,
    (*_KEY, "state", "marks"),
    """SELECT s.unit, s.subject, s.state, s.marks FROM {wanted} CROSS JOIN source_state s
    WHERE s.unit = w.unit AND s.subject = w.subject""",
)
_EXPOSURES: Final = _query(
    ExposureRow,
    ("unit", "tag", "subject", "starts", "until"),
    """SELECT x.unit, x.tag, x.subject, x.starts, x.until FROM {wanted} CROSS JOIN exposure x
    WHERE x.unit = w.unit AND x.tag = w.tag AND (x.until IS NULL OR x.until > w.until)""",
    ("unit", "tag", "until"),
)
_EXPOSED: Final = _query(
    ExposureRow,
    ("unit", "tag", "subject", "starts", "until"),
    """SELECT x.unit, x.tag, x.subject, x.starts, x.until FROM {wanted} CROSS JOIN exposure x
    WHERE x.unit = w.unit AND x.tag = w.tag AND (x.until IS NULL OR x.until > w.starts)
    AND (w.until IS NULL OR x.starts < w.until)""",
    ("unit", "tag", "starts", "until"),
)


async def known(connection: AsyncConnection, keys: Collection[Key]) -> dict[Key, Known]:
    """Everything that a decision about each subject needs, but for its context."""
    found = {key: Known() for key in keys}
    for row in await rows.fetch(connection, _HISTORY, found.keys()):
        found[row.unit, row.subject].history.append(_taken(row))
    for row in await rows.fetch(connection, _SAID, found.keys()):
        one = found[row.unit, row.subject]
        reached: Reached = states.REACHED.validate_json(row.content)
        one.remembered.said[row.id] = Said(row.last_n, StatementKind(row.last_statement), reached)
        one.first_said[row.id] = row.first_said_at
    await _add_states(connection, found)
    return found


async def events(connection: AsyncConnection, names: Collection[tuple[str, str | None]]) -> dict[Key, list[Taken]]:
    """The named events (source and id), quarantined or not, by their subjects."""
    found: dict[Key, list[Taken]] = {}
    for row in await rows.fetch(connection, _NAMED, names):
        found.setdefault((row.unit, row.subject), []).append(_taken(row))
    return found


def _taken(row: Row[Any]) -> Taken:
    return Taken(states.stored_event(row.type, row.body), row.heard, row.role, Party(row.party))


async def _add_states(connection: AsyncConnection, found: dict[Key, Known]) -> None:
    for row in await rows.fetch(connection, _ORDERS, [key for key in found if is_order(key)]):
        one = found[row.unit, row.subject]
        one.written, one.exposed, one.due_at = row.state, row.exposed, row.next_due_at
        one.counted = (row.effective, row.raised_at) if row.is_open else None
        one.said_class = (row.said_classification, row.said_classification_n)
        one.said_dispute = (row.said_dispute, row.said_dispute_n)
        one.remembered = Remembered(
            one.remembered.said,
            states.classification(row.said_classification),
            states.load(states.DISPUTE, row.said_dispute),
        )
    for row in await rows.fetch(connection, _NIGHTS, [key for key in found if is_night(key)]):
        one = found[row.unit, row.subject]
        one.written, one.exposed = row.state, True
    for row in await rows.fetch(connection, _SOURCES, [key for key in found if is_source(key)]):
        one = found[row.unit, row.subject]
        one.written, one.marks = row.state, states.MARKS.validate_json(row.marks)


Exposures = dict[Tag, dict[str, Sequence[Span]]]
"""For each tag of a unit, the stretches of each subject."""


async def exposures(connection: AsyncConnection, since: dict[Tag, datetime]) -> Exposures:
    """The stretches under each tag that reach past the instant given for it."""
    found: dict[Tag, dict[str, list[Span]]] = {tag: {} for tag in since}
    keys = [(unit, tag, instant) for (unit, tag), instant in since.items()]
    for row in await rows.fetch(connection, _EXPOSURES, keys):
        found[row.unit, row.tag].setdefault(row.subject, []).append((row.starts, row.until))
    return {tag: {**spans} for tag, spans in found.items()}


async def exposed(connection: AsyncConnection, within: Mapping[Tag, Span]) -> list[tuple[Tag, str, Span]]:
    """The stretches, of open and of ended orders, that share time with the stretch given for their tag."""
    keys = [(*tag, *span) for tag, span in within.items()]
    found = await rows.fetch(connection, _EXPOSED, keys)
    return [((row.unit, row.tag), row.subject, (row.starts, row.until)) for row in found]


def doubted_tag(tag: str) -> str:
    """The tag of stretches that are in doubt: they count for nobody, but their order looks at what is under the tag."""
    return _DOUBTED + tag


def plain_tag(tag: str) -> str:
    """The tag itself, of stretches in doubt or not."""
    return tag.removeprefix(_DOUBTED)


def group_tag(group: str) -> str:
    """The tag of a control group."""
    return _GROUP + group


def group_of(tag: str) -> str | None:
    """The control group of a tag, if it is one."""
    return tag.removeprefix(_GROUP) if tag.startswith(_GROUP) else None


def is_source(key: Key) -> bool:
    """Whether the subject is a source itself."""
    return key[1].startswith(SOURCE_PREFIX)


def is_night(key: Key) -> bool:
    """Whether the subject is a night."""
    return "/" in key[1] and not is_source(key)


def is_order(key: Key) -> bool:
    """Whether the subject is a work order."""
    subject = key[1]
    return "/" not in subject and not subject.startswith(SOURCE_PREFIX)
