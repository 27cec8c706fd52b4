"""The job as the frameworks' tutorials teach it: one message, one ORM session, one commit, then the messages.

It makes the same decisions from the same history, and less besides: no audit, no outbox, no joined risk, no backlog.
A crash between the commit and the sending would lose messages; that is how the tutorials do it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import JSON, Column, DateTime, LargeBinary
from sqlmodel import Field, Session, SQLModel, create_engine, select

from bench.race.site import HeardClock, Site
from models.decision import NightState, OrderState, Remembered, Said, SourceState, Statement
from models.history import Taken
from models.parse import Refusal, parse, unit_of
from workorders.admission import admit
from workorders.decide import Case, decide
from workorders.policy import default_world

REMEMBERED: Final = TypeAdapter(Remembered)
STATEMENT: Final = TypeAdapter(Statement)
STATE: Final[TypeAdapter[Any]] = TypeAdapter(OrderState | NightState | SourceState)
Headers = Iterable[tuple[str, bytes | str | None]]
Messages = Iterable[tuple[str, bytes]]


class KnownEvent(SQLModel, table=True):
    """One event as it was taken."""

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    unit: str = Field(index=True)
    subject: str = Field(index=True)
    topic: str
    key: str
    value: bytes = Field(sa_column=Column(LargeBinary))
    heard: datetime = Field(sa_column=Column(DateTime(timezone=True)))


class KnownSubject(SQLModel, table=True):
    """What is known of an order or a night, and what was said about it."""

    unit: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    state: dict[str, Any] = Field(sa_column=Column(JSON))
    remembered: dict[str, Any] = Field(sa_column=Column(JSON))
    next_due_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class Job:
    """Handles one record at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._world = default_world()
        self._clock = HeardClock(site.start)
        self._engine = create_engine(site.ledger)
        SQLModel.metadata.create_all(
            self._engine,
            [SQLModel.metadata.tables[name] for name in (KnownEvent.__tablename__, KnownSubject.__tablename__)],  # type: ignore[index]
        )

    def handle(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> Iterable[tuple[str, bytes]]:
        """Record and decide one record; the messages about it, each with its key."""
        heard = self._clock.hear(headers)
        name = topic.removeprefix(self._site.prefix)
        event = parse(value, key, (), name)
        if isinstance(event, Refusal):
            return []
        with Session(self._engine) as session:
            if session.get(KnownEvent, (event.source, event.id)) is not None:
                return []
            unit = unit_of(event)
            session.add(
                KnownEvent(
                    source=event.source,
                    id=event.id,
                    unit=unit,
                    subject=event.subject,
                    topic=name,
                    key=(key or b"").decode(),
                    value=value or b"",
                    heard=heard,
                )
            )
            session.flush()
            messages = [] if event.subject.startswith("source:") else self._decide(session, unit, event.subject)
            session.commit()
            return messages

    def _decide(self, session: Session, unit: str, subject: str) -> list[tuple[str, bytes]]:
        query = select(KnownEvent).where(KnownEvent.unit == unit, KnownEvent.subject == subject)
        history = [taken for row in session.exec(query) if (taken := self._taken(row)) is not None]
        if not history:
            return []
        row = session.get(KnownSubject, (unit, subject))
        remembered = REMEMBERED.validate_python(row.remembered) if row is not None else Remembered()
        found = decide(Case(unit, subject, history, remembered=remembered), self._world, self._clock.now())
        said = {**remembered.said}
        said.update({one.reached.id: Said(one.n, one.statement, one.reached) for one in found.statements})
        after = Remembered(said, found.classification or remembered.classification, found.dispute or remembered.dispute)
        session.merge(
            KnownSubject(
                unit=unit,
                subject=subject,
                state=STATE.dump_python(found.state, mode="json"),
                remembered=REMEMBERED.dump_python(after, mode="json"),
                next_due_at=found.next_due_at,
            )
        )
        return [(unit, STATEMENT.dump_json(one)) for one in found.statements]

    def _taken(self, row: KnownEvent) -> Taken | None:
        event = parse(row.value, row.key.encode(), (), row.topic)
        if isinstance(event, Refusal):
            return None
        admitted = admit(event, row.key.encode(), row.heard, self._world)
        return None if isinstance(admitted, Refusal) else admitted
