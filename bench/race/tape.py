"""A tape of what we did to database and topics, for the floor to do again with nothing in between.

Run as a contender it is ``ours`` with a recorder on; the tape is written beside the result.
"""

import asyncio
import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from bench.race.ours import ReplayingIntake, ReplayingReader, until_done
from bench.race.site import HeardClock, Site, Watch, contend, finish, ready
from streams.ledger.ledger import Ledger
from streams.relay import Relay
from streams.sending import Answers, Parcel
from streams.system import open_parts
from workorders.policy import default_world

Statement = tuple[str, Any, bool]
"""SQL, its parameters, and whether they are many rows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction, or some messages sent; ``records`` had been read and ``takes`` batches recorded before it."""

    records: int
    takes: int
    statements: tuple[Statement, ...] = ()
    messages: tuple[tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]], ...] = ()


@dataclass(slots=True)
class Tape:
    """What the intake did, and what the relay did meanwhile."""

    intake: list[Step] = field(default_factory=list)
    relay: list[Step] = field(default_factory=list)

    def write(self, file: Path) -> None:
        """Keep it."""
        file.write_bytes(pickle.dumps(self))

    @classmethod
    def read(cls, file: Path) -> "Tape":
        """Only ever our own file, of this run."""
        found = pickle.loads(file.read_bytes())  # noqa: S301
        assert isinstance(found, cls)
        return found


class Recorder:
    """Listens to every statement, and puts each transaction on the tape when it ends."""

    def __init__(self, watch: Watch) -> None:
        self.tape = Tape()
        self._watch = watch
        self._open: dict[int, list[Statement]] = {}
        self._takers: set[int] = set()

    def listen(self, ledger: Ledger) -> None:
        """From now on everything counts."""
        database = ledger.database
        for engine in (database._writer.sync_engine, database._reader.sync_engine):  # noqa: SLF001 - it looks beneath
            event.listen(engine, "before_cursor_execute", self._note)
            event.listen(engine, "commit", self._ended)
            event.listen(engine, "rollback", self._ended)

    def sent(self, parcels: Sequence[Parcel]) -> None:
        """The relay sent these."""
        messages = tuple((one.topic, one.key, one.value, one.headers) for one in parcels)
        self.tape.relay.append(Step(self._watch.taken, len(self.tape.intake), messages=messages))

    def _note(self, connection: Connection, _: object, sql: str, given: Any, __: object, many: bool) -> None:  # noqa: ANN401, FBT001
        self._open.setdefault(id(connection.connection.dbapi_connection), []).append((sql, given, many))
        if ReplayingReader.taking:
            task = asyncio.current_task()
            if task is not None and task.get_name() == "intake":
                self._takers.add(id(connection.connection.dbapi_connection))

    def _ended(self, connection: Connection) -> None:
        name = id(connection.connection.dbapi_connection)
        statements = tuple(self._open.pop(name, ()))
        taker = name in self._takers
        self._takers.discard(name)
        if statements:
            lane = self.tape.intake if taker else self.tape.relay
            lane.append(Step(self._watch.taken, len(self.tape.intake), statements))


class RecordedRelay(Relay):
    """The relay, overheard."""

    recorder: Recorder

    async def _send(self, producer: Any, parcels: Sequence[Parcel]) -> Answers:  # noqa: ANN401
        if parcels:
            self.recorder.sent(parcels)
        return await super()._send(producer, parcels)


async def taped(site: Site, watch: Watch) -> None:
    """As ``ours``, on tape."""
    clock = HeardClock(site.start)
    ReplayingReader.watch, ReplayingReader.clock = watch, clock
    recorder = RecordedRelay.recorder = Recorder(watch)
    async with open_parts(site.settings, clock, default_world()) as parts:
        recorder.listen(parts.ledger)
        ready()
        duties = {"relay": RecordedRelay(parts), "intake": ReplayingIntake(parts)}
        tasks = [asyncio.create_task(duty.work(), name=name) for name, duty in duties.items()]
        await until_done(parts, site, tasks)
        watch.sent = parts.progress.sent
        recorder.tape.write(Path(os.environ["BENCH_TAPE"]))
        finish(watch)


if __name__ == "__main__":
    contend(taped)
